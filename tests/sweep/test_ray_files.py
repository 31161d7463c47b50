from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.sweep import ray_files
from archscope.sweep.ray_files import Mirror, apply, contents

DONE = st.sampled_from(["save", "line", "heal", "drop latest", "other files", "result"])


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def do(what: str, folder: Path, number: int) -> None:
    """What a training does in its folder."""
    latest, metrics = folder / "checkpoint.pt", folder / "metrics.jsonl"
    text = f"{number} {what}"
    if what == "save":
        if latest.exists():
            latest.replace(folder / "checkpoint.previous.pt")
        new = folder / ".checkpoint.pt.tmp"
        new.write_text(text)
        new.replace(latest)
    elif what == "line":
        with metrics.open("a") as stream:
            stream.write(text)
    elif what == "heal":
        metrics.write_text("")
    elif what == "drop latest":
        latest.unlink(missing_ok=True)
    elif what == "result":
        (folder / "result.json").write_text(text)
    else:
        (folder / "lease.3").write_text(text)
        (folder / ".checkpoint.pt.half.tmp").write_text(text)


@settings(max_examples=40)
@given(st.lists(st.lists(DONE, max_size=4), max_size=6), st.lists(DONE, max_size=4))
def test_two_folders_stay_alike(steps: list[list[str]], before: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        ours, theirs = Path(name) / "ours", Path(name) / "theirs"
        ours.mkdir()
        theirs.mkdir()
        for number, what in enumerate(before):
            do(what, ours, number)
        for file, content in contents(ours).items():
            (theirs / file).write_bytes(content)
        mirror = Mirror(theirs)
        for number, step in enumerate(steps, 10):
            for what in step:
                do(what, theirs, number)
            apply(mirror.changes(), ours)
            kept = {"checkpoint.pt", "checkpoint.previous.pt", "metrics.jsonl", "result.json"}
            expected = {file: text for file, text in files(theirs).items() if file in kept}
            assert {file: text for file, text in files(ours).items() if file in kept} == expected


def test_a_checkpoint_that_takes_another_name_is_not_sent_again(tmp_path: Path) -> None:
    do("save", tmp_path, 1)
    mirror = Mirror(tmp_path)
    do("save", tmp_path, 2)
    do("line", tmp_path, 2)
    changes = mirror.changes()
    assert changes.moves == (("checkpoint.pt", "checkpoint.previous.pt"),)
    assert changes.contents == {"checkpoint.pt": b"2 save", "metrics.jsonl": b"2 line"}
    assert mirror.changes() == ray_files.Changes((), {}, ())


def test_cut_short_at_any_point_it_leaves_a_whole_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result is there last, and the line of an epoch only after its checkpoint."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    mirror = Mirror(theirs)
    for what in ("result", "line", "save"):
        do(what, theirs, 1)
    order: list[str] = []
    write = ray_files.write_atomically
    monkeypatch.setattr(
        ray_files,
        "write_atomically",
        lambda path, fill: (order.append(path.name), write(path, fill)),
    )
    apply(mirror.changes(), ours)
    assert order == ["checkpoint.pt", "metrics.jsonl", "result.json"]
    assert files(ours) == files(theirs)
