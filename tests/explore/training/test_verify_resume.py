"""A killed sweep ends with the same numbers: real processes, real kills."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sweep_fixture import write_fake_sweep
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.explore.training import verify_resume as explore

TINY = [
    *("--templates", "1x64d", "--scale", "0.0625", "--samples", "320", "--epochs", "3"),
    *("--gpus", "0", "--batch", "64"),
]


def verify(*options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["verify-resume", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.stdout, result.stderr


def test_a_run_is_killed_at_its_instant(tmp_path: Path) -> None:
    """What a killed sweep keeps is tested in tests/sweep by default, and below where it is slow."""
    seconds = explore._run(TINY, tmp_path / "out", explore.Instant(0.0, after_an_epoch=False))
    assert seconds is not None and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_three_kills_change_nothing() -> None:
    code, shown, notes = verify(*TINY, "--kills", "3", "--random-seed", "3", "--format", "json")
    assert code == 0, notes
    document = json.loads(shown)
    assert document["schema"] == "archscope.verify_resume/1"
    assert document["identical"] is True and len(document["kills"]) == 3
    assert document["kills"][1]["epochs"]  # in the midst of training
    [trial] = document["trials"]
    assert set(trial["killed"]) == {trial["undisturbed"]} and len(trial["undisturbed"]) == 64


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills_change_nothing() -> None:
    """Two networks of two seeds, two at a time."""
    options = [*TINY, "--templates", "1x64d,2x64d", "--seeds", "2", "--epochs", "6"]
    code, shown, notes = verify(*options, "--kills", "20", "--format", "json")
    assert code == 0, notes
    document = json.loads(shown)
    assert len(document["kills"]) == 20 and len(document["trials"]) == 4
    assert sum(kill["epochs"] > 0 for kill in document["kills"]) >= 10


class Plan:
    """Instead of `_run`: every second call of a run strikes; `wrong` changes a number."""

    def __init__(self, wrong: bool) -> None:
        self.wrong = wrong
        self.folders: list[Path] = []

    def __call__(self, options: Any, folder: Path, kill: explore.Instant | None) -> float | None:
        first = folder not in self.folders
        self.folders.append(folder)
        write_fake_sweep(folder, templates=("1x64d",), seeds=(1,))
        if kill and first:
            return 1.0
        if self.wrong and "killed" in folder.name:
            [path] = folder.glob("trials/*/result.json")
            path.write_text(path.read_text().replace('"test_error": 39.5', '"test_error": 39.25'))
        return None


@pytest.mark.parametrize("wrong", [False, True])
def test_a_difference_is_found_told_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: bool
) -> None:
    monkeypatch.setattr(explore, "_run", Plan(wrong))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, shown, _ = verify("--kills", "2")
    assert code == int(wrong)
    assert ("NOT identical" in shown) == wrong
    assert ("killed 2 times" in shown) and ("in 2 runs" in shown)
    assert bool(list(tmp_path.iterdir())) == wrong  # the evidence


def test_the_instants_follow_from_their_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def strike(options: Any, folder: Path, kill: explore.Instant | None) -> float | None:
        return kill and kill.seconds

    monkeypatch.setattr(explore, "_run", strike)
    found = [explore._killed(4, [], Path("/nowhere"), Random(n), 10.0)[0] for n in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    assert all(0 <= kill.after_seconds <= 10 for kills in found for kill in kills)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--kills", "0"], 2, "--kills must be a number from 1 to 10,000, not 0"),
        (["--epochs", "0"], 2, "epochs"),
        (["--templates", "7x"], 2, "CxWd"),
    ],
)
def test_what_cannot_be_is_a_sentence(options: list[str], code: int, says: str) -> None:
    got, shown, notes = verify(*options)
    assert got == code and says in notes and shown == ""
    assert notes.count("\n") == 1
