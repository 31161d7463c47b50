from __future__ import annotations

import json

import pytest

from archscope.studies.reader import study_names
from archscope.sweep.run import schedule

OWN = """schema = "archscope.study/1"
name = "mine"
title = "Mine"
source = "nobody"
question = "Is it so?"
measures = ["error (%)"]
rows = [
    { label = "narrow", network = "resnext29_1x64d", published = [4.39], train = "1x64d" },
    { label = "wide", network = "resnext29_1x96d", published = [4.12], train = "1x96d" },
]
pairs = [["wide", "narrow"]]

[presets.quick]
dataset = "shapes"
samples = 64
depth = 11
scale = 0.125
seeds = 2
epochs = 1
batch = 32
"""


def test_without_a_name_the_studies_are_listed(run):
    result = run("study", "--format", "csv")
    assert result.exit_code == 0
    assert [line.split(",")[0] for line in result.output.splitlines()[1:]] == study_names()


def test_a_study_without_training_shows_exact_complexity_beside_the_published(run):
    result = run("study", "resnext-table2", "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.output)
    assert document["schema"] == "archscope.study_result/1" and document["preset"] is None
    row = document["rows"][4]
    # Eq. 4: 32 * (256*4 + 9*16 + 256*4) = 70,144; times 56*56 positions.
    assert (row["params"], row["macs"]) == (70_144, 219_971_584)
    assert row["published"]["group width"] == 128


@pytest.mark.usefixtures("quick_workers", "undrawn")
@pytest.mark.parametrize(
    "runner", ["fake_runners:steady", pytest.param(schedule.RUNNER, marks=pytest.mark.slow)]
)
def test_a_study_of_ones_own_is_trained_judged_and_written(run, tmp_path, monkeypatch, runner):
    monkeypatch.setattr(schedule, "RUNNER", runner)
    path, out = tmp_path / "own.toml", tmp_path / "out"
    path.write_text(OWN)
    result = run("study", path, "--preset", "quick", "--gpus", "0", "--out", out)
    assert result.exit_code == 0, result.output
    assert "test error (%)" in result.stdout and "Verdicts" in result.stdout
    document = json.loads((out / "study.json").read_text())
    assert [row["n"] for row in document["rows"]] == [2, 2]
    verdict = document["verdicts"][0]
    ours = {row["label"]: row["test_error"] for row in document["rows"]}
    assert verdict["difference"] == ours["wide"] - ours["narrow"]
    assert "| wide" in (out / "study.md").read_text()
    assert (out / "results.csv").is_file()


def test_wrong_names_and_presets_are_usage_errors(run, tmp_path):
    for arguments, said in (
        (("resnext-table99",), "there is no study 'resnext-table99'"),
        (("resnext-table3", "--preset", "paper"), "it has proxy, quick"),
        (("resnext-table2", "--preset", "quick"), "has no preset 'quick'; it trains nothing"),
        (
            ("resnext-fig7", "--preset", "quick", "--resolve", "0"),
            "must be above 0 points, not 0; give one",
        ),
    ):
        result = run("study", *arguments, "--out", tmp_path / "out")
        assert result.exit_code == 2, result.output
        assert said in result.stderr
        assert not (tmp_path / "out").exists()


def test_braces_in_a_command_are_left_alone_and_a_frame_is_flat(run, tmp_path):
    from archscope.explore.training.study import study

    path = tmp_path / "own.toml"
    path.write_text(OWN.replace("pairs =", 'command = "train {network} {other}"\npairs ='))
    result = run("study", path, "--preset", "none")
    assert result.exit_code == 0
    assert "The command: train resnext29_1x64d {other}" in result.stdout
    frame = study(str(path), "none").to_frame()
    assert frame["error (%)"].tolist() == [4.39, 4.12] and "published" not in frame.columns


@pytest.mark.slow
@pytest.mark.usefixtures("quick_workers")
def test_an_interrupted_study_is_a_study_and_a_worker_ends_it_as_one(run, tmp_path, monkeypatch):
    from archscope.errors import ArchscopeError
    from archscope.explore.training import run_plan as conduct

    path, out = tmp_path / "own.toml", tmp_path / "out"
    path.write_text(OWN)
    seen = []

    def die(opened, *_):
        seen.extend(sorted(p.name for p in out.iterdir() if not p.name.startswith(".")))
        raise ArchscopeError("killed before the first trial")

    with monkeypatch.context() as patched:
        patched.setattr(conduct, "_run", die)
        result = run("study", path, "--preset", "quick", "--gpus", "0", "--out", out)
    assert result.exit_code == 1
    assert seen == ["study.json", "study.toml", "sweep.json"]
    result = run("report", out, "--figures", "", "--resolve", "2")
    assert result.exit_code == 0, result.output
    assert "Unfinished: 0 of 4 trials ended" in result.stdout and "(published)" in result.stdout
    path.unlink()  # the folder has its text
    assert run("cifar-sweep", "--worker", out, "--gpus", "0").exit_code == 0
    assert "<h1>Mine</h1>" in (out / "report.html").read_text()
    assert [row["n"] for row in json.loads((out / "study.json").read_text())["rows"]] == [2, 2]


@pytest.mark.slow
def test_a_folder_is_of_one_study(run, tmp_path, monkeypatch):
    from archscope.explore.training import run_plan as conduct

    monkeypatch.setattr(conduct, "_run", lambda *_: None)
    monkeypatch.setattr(conduct, "_check_complete", lambda *_: None)  # nothing is trained
    path, out = tmp_path / "own.toml", tmp_path / "out"
    path.write_text(OWN)
    assert run("study", path, "--preset", "quick", "--gpus", "0", "--out", out).exit_code == 0
    other = tmp_path / "other.toml"
    other.write_text(OWN.replace('name = "mine"', 'name = "other"'))
    result = run("study", other, "--preset", "quick", "--gpus", "0", "--out", out)
    assert result.exit_code == 2
    assert "holds study mine (preset quick), not other (preset quick)" in result.stderr
    # Damaged, it is written anew.
    (out / "study.json").write_text("{")
    assert run("report", out).exit_code == 1
    assert run("study", path, "--preset", "quick", "--gpus", "0", "--out", out).exit_code == 0
    assert json.loads((out / "study.json").read_text())["preset"] == "quick"
