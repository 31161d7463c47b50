"""Any file of a sweep's folder, damaged in any way: healed to the bit, or one sentence."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.sweep.run import schedule

QUICK = ["--preset", "quick", "--scale", "0.0625", "--samples", "320", "--epochs", "2"]
QUICK += ["--threads", "1", "--workers", "1"]
SWEEP = ["cifar-sweep", *QUICK, "--templates", "1x64d,2x64d", "--seeds", "1"]
DECIDED = ["decide", *QUICK, "2x64d", "3x64d", "--first-look", "2", "--max-seeds", "3"]
KINDS = ("cut", "zeroed", "folder", "pipe", "link", "swapped")


def call(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def metrics(folder: Path) -> dict[str, Any]:
    """What each trial has come to: its numbers, and not how long it took."""
    found = (json.loads(path.read_text()) for path in folder.glob("trials/*/result.json"))
    return {result["key"]: result["metrics"] for result in found}


def damage(folder: Path, path: Path, kind: str, data: st.DataObject) -> None:
    whole = path.read_bytes()
    if kind == "cut":
        path.write_bytes(whole[: data.draw(st.integers(0, max(0, len(whole) - 1)))])
    elif kind == "zeroed":
        first = data.draw(st.integers(0, max(0, len(whole) - 1)))
        length = data.draw(st.integers(1, 5000))
        zeros = bytes(len(whole[first : first + length]))
        path.write_bytes(whole[:first] + zeros + whole[first + length :])
    elif kind == "swapped":
        others = sorted(other for other in folder.rglob("*") if other.is_file())
        path.write_bytes(data.draw(st.sampled_from(others)).read_bytes())
    else:
        path.unlink()
        make = {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}
        make.get(kind, lambda: path.symlink_to("gone"))()


def interrupted(folder: Path) -> None:
    """Put a trial back to where it was after its first epoch: of a decision, the last look's."""
    path = sorted(folder.glob("trials/*"), key=lambda path: path.name.partition("-s")[2])[-1]
    (path / "result.json").unlink()
    if (path / "checkpoint.pt").exists():
        (path / "checkpoint.previous.pt").replace(path / "checkpoint.pt")
    if (lines := path / "metrics.jsonl").exists():
        lines.write_text(lines.read_text().splitlines()[0] + "\n")


# ARCHSCOPE_DAMAGE=N tries N damages of each kind of folder in the slow run.
MANY = int(os.environ.get("ARCHSCOPE_DAMAGE", "20"))


@pytest.mark.usefixtures("quick_workers", "undrawn")
@pytest.mark.parametrize(
    ("number", "runner", "command"),
    [
        (4, "fake_runners:steady", SWEEP),
        pytest.param(MANY, schedule.RUNNER, SWEEP, marks=pytest.mark.slow),
        (2, "fake_runners:by_network", DECIDED),
        pytest.param(MANY, "fake_runners:by_network", DECIDED, marks=pytest.mark.slow),
    ],
)
def test_any_file_damaged_in_any_way(
    number: int,
    runner: str,
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a sweep, and of a decision with its rule and its looks."""
    monkeypatch.setattr(schedule, "RUNNER", runner)
    finished = tmp_path / "finished"
    assert call(*command, "--out", str(finished))[0] == 0
    right = metrics(finished)
    # As `report` prints them: neither says where, or when.
    looks = [["status", str(tmp_path / "sweep")], ["report", str(tmp_path / "sweep")]]
    files = [path.relative_to(finished) for path in finished.rglob("*") if path.is_file()]
    files = [path for path in files if path.name != "log.txt"]  # of the fake runner
    shutil.copytree(finished, tmp_path / "sweep")
    told = [call(*look, "--format", "json")[1] for look in looks]

    @settings(max_examples=number)
    @given(st.sampled_from(sorted(files)), st.sampled_from(KINDS), st.booleans(), st.data())
    def check(name: Path, kind: str, begun: bool, data: st.DataObject) -> None:
        folder = tmp_path / "sweep"
        shutil.rmtree(folder)
        shutil.copytree(finished, folder)
        if begun:
            interrupted(folder)
        if not os.path.lexists(folder / name):
            return
        damage(folder, folder / name, kind, data)
        for look, before in zip(looks, told, strict=True) if not begun else ():
            code, shown, said = call(*look, "--format", "json")
            assert (code, shown) == (0, before) or (code in (1, 2) and said.count("\n") == 1), said
        code, _, said = call(*command, "--out", str(folder))
        assert (code == 0 and metrics(folder) == right) or code in (1, 2, 3), (code, said)
        assert "Traceback" not in said

    check()
