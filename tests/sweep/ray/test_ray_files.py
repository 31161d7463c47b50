from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.sweep.ray import files as ray_files
from archscope.sweep.ray.files import Mirror, apply, contents

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


class Cut(Exception):
    """The end of the process that writes."""


class Steps:
    """Cuts short before the system's n-th write, rename or removal."""

    def __init__(self, patch: pytest.MonkeyPatch, last: int) -> None:
        self.done, self.last = 0, last
        for where, name in ((Path, "replace"), (Path, "unlink"), (os, "fsync")):
            patch.setattr(where, name, self._counted(getattr(where, name)))
        patch.setattr(ray_files, "_write", self._counted(self._half))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if self.done == self.last:
                raise Cut
            self.done += 1
            return call(*arguments, **options)

        return counted

    def _half(self, content: bytes, stream: BinaryIO) -> None:
        stream.write(content[: len(content) // 2])
        if self.done == self.last:
            raise Cut
        stream.write(content[len(content) // 2 :])


def test_cut_short_at_any_point_it_leaves_a_whole_state(tmp_path: Path) -> None:
    """A result is there last, and the line of an epoch only after its checkpoint."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for what in ("save", "line"):
        do(what, theirs, 1)
    (theirs / "gone.pt").write_text("not after the epoch")
    before, mirror = contents(theirs), Mirror(theirs)
    for what in ("save", "line", "result"):
        do(what, theirs, 2)
    (theirs / "gone.pt").unlink()
    changes, after = mirror.changes(), files(theirs)
    seen = []
    for last in range(100):
        ours = tmp_path / f"ours {last}"
        ours.mkdir()
        for name, content in before.items():
            (ours / name).write_bytes(content)
        with pytest.MonkeyPatch.context() as patch:
            Steps(patch, last)
            try:
                apply(changes, ours)
            except Cut:
                whole = False
            else:
                whole = True
        found = contents(ours)
        assert_whole(found, before, after)
        seen.append(found)
        if whole:
            break
    assert whole and seen[-1] == after
    assert len({str(found) for found in seen}) == 6  # the start, and one for each change


def assert_whole(
    found: dict[str, bytes], before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    """Nothing is half written, nothing tells of what is not there."""
    latest, previous = found.get("checkpoint.pt"), found.get("checkpoint.previous.pt")
    assert latest in (before["checkpoint.pt"], after["checkpoint.pt"], None)
    assert previous in (after["checkpoint.previous.pt"], None)
    assert latest or previous
    assert found["metrics.jsonl"] in (before["metrics.jsonl"], after["metrics.jsonl"])
    if found["metrics.jsonl"] == after["metrics.jsonl"]:
        assert latest == after["checkpoint.pt"]
    if "result.json" in found:
        assert found["result.json"] == after["result.json"]
        assert found["metrics.jsonl"] == after["metrics.jsonl"]
