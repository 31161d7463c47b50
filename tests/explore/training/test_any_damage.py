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

COMMAND = ["cifar-sweep", "--preset", "quick", "--templates", "1x64d,2x64d", "--scale", "0.0625"]
COMMAND += ["--samples", "320", "--epochs", "2", "--seeds", "1", "--threads", "1", "--workers", "1"]
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
    """Put the second trial back to where it was after its first epoch."""
    path = sorted(folder.glob("trials/*"))[1]
    (path / "result.json").unlink()
    if (path / "checkpoint.pt").exists():
        (path / "checkpoint.previous.pt").replace(path / "checkpoint.pt")
    (path / "metrics.jsonl").write_text((path / "metrics.jsonl").read_text().splitlines()[0] + "\n")


@pytest.mark.usefixtures("quick_workers", "undrawn")
@pytest.mark.parametrize(
    ("number", "runner"),
    [(8, "fake_runners:steady"), pytest.param(20, schedule.RUNNER, marks=pytest.mark.slow)],
)
def test_any_file_damaged_in_any_way(
    number: int, runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "RUNNER", runner)
    finished = tmp_path / "finished"
    assert call(*COMMAND, "--out", str(finished))[0] == 0
    right = metrics(finished)
    # As `report` prints them: neither says where, or when.
    looks = [["status", str(tmp_path / "sweep")], ["report", str(tmp_path / "sweep")]]
    files = [path.relative_to(finished) for path in finished.rglob("*") if path.is_file()]
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
        code, _, said = call(*COMMAND, "--out", str(folder))
        assert (code == 0 and metrics(folder) == right) or code in (1, 2, 3), (code, said)
        assert "Traceback" not in said

    check()
