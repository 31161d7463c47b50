"""Folders that may only be read: reports, and the commands that made them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from read_only import read_only
from sweep_fixture import write_fake_sweep
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.sweep.run import schedule


def invoke(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, list(arguments))
    assert "Traceback" not in found.stderr
    return found.exit_code, found.stdout, found.stderr


@pytest.mark.usefixtures("undrawn")
def test_a_report_is_printed_and_written_elsewhere(tmp_path: Path) -> None:
    folder, out = write_fake_sweep(tmp_path / "sweep"), tmp_path / "some/where"
    before = sorted(folder.rglob("*"))
    with read_only(folder):
        code, shown, said = invoke("report", str(folder))
        assert code == 0 and "8x64d" in shown
        assert said == (
            f"{folder} may only be read (Read-only file system): nothing is written without "
            "--out DIR.\n"
        )
        code, shown, said = invoke(
            "report", str(folder), "--out", str(out), "--output", str(tmp_path / "table.md")
        )
        assert (code, shown) == (0, "")
        assert "8x64d" in (tmp_path / "table.md").read_text()
        assert said.splitlines()[-1].startswith(f"Written to {out}: results.csv, table.md")
        code, _, said = invoke("report", str(folder), "--out", str(folder / "within"))
        assert code == 1 and "cannot be written (Read-only file system)" in said
    assert sorted(folder.rglob("*")) == before
    assert (out / "table.md").is_file() and (out / "results.csv").is_file()


SMALL = ["--epochs", "1", "--samples", "64", "--batch", "32", "--gpus", "0"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, quick_workers: None, undrawn: None) -> None:
    """Trainings of no time: it is about what is kept of them."""
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:by_seed")


@pytest.mark.usefixtures("fake")
def test_a_finished_sweeps_own_command_prints_its_table(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    options = ["--preset", "quick", "--templates", "1x64d,2x64d", "--seeds", "1", *SMALL]
    command = ["cifar-sweep", *options, "--out", str(folder)]
    code, shown, said = invoke(*command)
    assert code == 0, said
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with read_only(folder):
        code, again, said = invoke(*command)
        assert (code, again) == (0, shown)
        assert "All 2 trials in" in said and "Traceback" not in said
        assert "may only be read (Read-only file system), so nothing is written there" in said
        assert "Written to" not in said
        code, shown, said = invoke(*command, "--output", str(tmp_path / "table.json"))
        assert code == 0 and len(json.loads((tmp_path / "table.json").read_text())["trials"]) == 2
        # What is missing cannot be trained there.
        code, shown, said = invoke(*command, "--seeds", "2")
        assert code == 1 and "cannot be written (Read-only file system)" in said
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    trial = next((folder / "trials").iterdir())
    shutil.rmtree(trial)
    with read_only(folder):
        code, shown, said = invoke(*command)
    assert (code, shown) == (1, "") and "cannot be written (Read-only file system)" in said
    assert not trial.exists()


@pytest.mark.usefixtures("fake")
def test_a_finished_study_prints_its_tables(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    study = tmp_path / "own.toml"
    text = (Path(__file__).parents[3] / "examples/own-study.toml").read_text()
    study.write_text(text.replace("2500", "64").replace("epochs = 3", "epochs = 1"))
    command = ["study", str(study), "--preset", "quick", "--gpus", "0", "--out", str(folder)]
    code, shown, said = invoke(*command)
    assert code == 0, said
    with read_only(folder):
        code, again, said = invoke(*command)
    assert (code, again) == (0, shown)
    assert "may only be read" in said and "Written to" not in said
