"""A run's folder: whole at any instant, and what is done about damage."""

from __future__ import annotations

import builtins
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from archscope.errors import ArchscopeError
from archscope.files import Unreadable
from archscope.training import checkpoint
from archscope.training.checkpoint import Folder


def folder(path: Path, identity: str = "a run") -> Folder:
    return Folder(path / "trial", identity)


def history(epochs: int) -> list[dict[str, Any]]:
    return [{"epoch": n, "test_error": 50.0 / n} for n in range(1, epochs + 1)]


def save(it: Folder, epochs: int) -> None:
    it.save(history(epochs), {"weight": torch.full((1000,), float(epochs)), "scale": 0.5})


def lines(it: Folder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in it.metrics.read_text().splitlines()]


def saved(path: Path, epochs: int) -> Folder:
    it = folder(path)
    assert it.open() is None
    for done in range(1, epochs + 1):
        save(it, done)
    return it


def epochs_found(it: Folder) -> int:
    found = it.open()
    if found is None:
        assert lines(it) == []
        return 0
    assert found.history == lines(it) == history(len(found.history))
    assert torch.equal(found.state["weight"], torch.full((1000,), float(len(found.history))))
    return len(found.history)


def test_what_was_saved_is_found(tmp_path: Path) -> None:
    it = saved(tmp_path, 3)
    assert lines(it) == history(3)
    found = it.open()
    assert found is not None and found.state["scale"] == 0.5
    assert epochs_found(it) == 3


def test_a_new_folder_is_empty_but_there(tmp_path: Path) -> None:
    it = folder(tmp_path)
    assert it.open() is None
    assert it.metrics.read_text() == ""


def flip_a_bit(file: Path) -> None:
    """In the middle: within the weights, where only a checksum tells."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGE = {
    "missing": Path.unlink,
    "empty": lambda file: file.write_bytes(b""),
    "torn": lambda file: file.write_bytes(file.read_bytes()[:-100]),
    "flipped": flip_a_bit,
    "other": lambda file: file.write_text("not a checkpoint"),
    "hollow": lambda file: torch.save({"schema": checkpoint.SCHEMA}, file),
    "odd": lambda file: torch.save({**torch.load(file), "history": [1]}, file),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_checkpoint_before_a_damaged_one_is_used(damage: str, tmp_path: Path) -> None:
    it = saved(tmp_path, 3)
    DAMAGE[damage](it.latest)
    assert epochs_found(it) == 2
    DAMAGE[damage](it.previous)
    assert epochs_found(it) == 0


def test_a_damaged_checkpoint_does_not_push_out_the_whole_one(tmp_path: Path) -> None:
    it = saved(tmp_path, 3)
    DAMAGE["torn"](it.latest)
    it.open()
    save(it, 3)
    DAMAGE["torn"](it.latest)
    assert epochs_found(it) == 2


TORN = {
    "empty": "",
    "half": '{"epoch": 1, "te',
    "a line short": json.dumps(history(1)[0]),
    "rubbish": "x\n" * 5,
    "zeros": "\0" * 80,  # what a power cut leaves on some file systems
}


@pytest.mark.parametrize("text", TORN.values(), ids=TORN)
def test_torn_metrics_heal(text: str, tmp_path: Path) -> None:
    it = saved(tmp_path, 2)
    it.metrics.write_text(text)
    assert epochs_found(it) == 2
    save(it, 3)
    assert lines(it) == history(3)


def test_lines_beyond_the_checkpoint_are_cut(tmp_path: Path) -> None:
    it = saved(tmp_path, 3)
    it.latest.unlink()
    assert epochs_found(it) == 2


def test_left_over_temporary_files_are_removed(tmp_path: Path) -> None:
    it = saved(tmp_path, 1)
    stale = it.path / ".checkpoint.pt.4711.tmp"
    stale.touch()
    it.open()
    assert not stale.exists()


def test_another_run_is_not_taken_up(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    with pytest.raises(ArchscopeError, match="holds the checkpoint of another training"):
        folder(tmp_path, "another").open()
    assert epochs_found(folder(tmp_path)) == 1


def test_another_versions_checkpoint_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = saved(tmp_path, 1)
    with monkeypatch.context() as later:
        later.setattr(checkpoint, "_READ", ("archscope.checkpoint/9",))
        with pytest.raises(ArchscopeError, match="written by another version of archscope: give"):
            it.open()
    assert epochs_found(it) == 1


@pytest.mark.parametrize("error", [OSError("device went away"), MemoryError()])
def test_a_checkpoint_that_cannot_be_read_now_is_kept(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = saved(tmp_path, 2)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(torch, "load", fail)
        with pytest.raises(Unreadable if isinstance(error, OSError) else MemoryError):
            it.open()
    assert epochs_found(it) == 2


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (Path("exploded"),)


def test_nothing_in_a_checkpoint_is_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    it = saved(tmp_path, 1)
    torch.save({"schema": checkpoint.SCHEMA, "state": Bomb()}, it.latest)
    assert epochs_found(it) == 0
    it.latest.write_bytes(pickle.dumps(Bomb()))
    assert epochs_found(it) == 0
    assert not Path("exploded").exists()


def test_a_full_disk_tears_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    it = saved(tmp_path, 2)
    with monkeypatch.context() as full:

        def no_space(stream: Any, function: Any) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(checkpoint, "write_atomically", no_space)
        for _ in range(2):
            with pytest.raises(OSError, match="No space"):
                save(it, 3)
    assert epochs_found(it) == 2
    save(it, 3)
    assert epochs_found(it) == 3


CALLS = (
    (os, "replace"),
    (os, "fsync"),
    (os, "rename"),
    (Path, "replace"),
    (builtins, "open"),
    (Path, "open"),
)


def die_at(moment: int) -> None:
    """Have this process killed before its `moment`-th call that touches files."""
    left = [moment]

    def watched(call: Any) -> Any:
        def counted(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)
            return call(*args, **kwargs)

        return counted

    for owner, name in CALLS:
        setattr(owner, name, watched(getattr(owner, name)))


def kill_at_every_instant(kept: int, place: Path) -> None:
    """One epoch more is saved by processes that die, each at a later moment, until one does not."""
    for moment in range(100):
        it = saved(place / str(moment), kept)
        child = os.fork()
        if child == 0:
            try:
                die_at(moment)
                save(it, kept + 1)
            finally:
                os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert epochs_found(it) in (kept, kept + 1)
        if code == 0:
            break
    assert moment > 4
    assert epochs_found(it) == kept + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "kept", [1, *(pytest.param(kept, marks=pytest.mark.slow) for kept in (0, 2))]
)
def test_killed_at_any_instant_a_folder_is_whole(kept: int, tmp_path: Path) -> None:
    """In a process without threads: this one may have some, and then should not fork."""
    program = (
        "import pathlib, sys, test_checkpoint\n"
        "test_checkpoint.kill_at_every_instant(int(sys.argv[1]), pathlib.Path(sys.argv[2]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program, str(kept), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
