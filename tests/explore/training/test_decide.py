"""Trainings that stop as soon as a comparison is decided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import archscope as a
from archscope.cli.main import app
from archscope.errors import UsageError
from archscope.explore.training.cifar_sweep import join_sweep
from archscope.explore.training.decide import decide
from archscope.explore.training.decide_plan import decide_plan
from archscope.explore.training.run_plan import Console
from archscope.explore.training.status import status
from archscope.explore.training.until_decided import Stopping
from archscope.reporting.folder.folder import contents
from archscope.reporting.folder.study import judged
from archscope.reporting.judge import boundary
from archscope.reporting.judge.power import simulated
from archscope.studies.reader import read_study
from archscope.sweep.plan.slots import Resources
from archscope.sweep.run import schedule
from archscope.sweep.store.records import read_sweep

TINY = {"preset": "quick", "scale": 0.0625, "samples": 320}
OPTIONS = ["--preset", "quick", "--scale", "0.0625", "--samples", "320", "--gpus", "0"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, quick_workers: None, undrawn: None) -> None:
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:by_network")


def decided(
    tmp_path: Path, *networks: str, said: list[str] | None = None, changes=None, **numbers: object
):
    say = Console((said if said is not None else []).append, live=False)
    rule = Stopping(**{"max_seeds": 5, "resolve": 3.0, **numbers})
    one_at_a_time = Resources(gpus=0, workers=1, threads=1)
    out = tmp_path / "out"
    asked = {**TINY, **(changes or {})}
    return decide(networks, stopping=rule, out=out, console=say, resources=one_at_a_time, **asked)


@pytest.mark.usefixtures("fake")
def test_it_stops_as_soon_as_all_pairs_are_decided(tmp_path: Path) -> None:
    said: list[str] = []
    result = decided(tmp_path, "1x64d", "2x64d", "4x64d", said=said)
    assert result.exit_code == 0
    seeds = [record.trial.seed for record in result.records]
    assert sorted(seeds) == [1, 1, 1, 2, 2, 2, 3, 3, 3]  # three of each were enough
    kinds = {(v.first, v.second): v.kind for v in result.verdicts()}
    assert set(kinds.values()) == {"worse"}  # more paths err less
    assert all("stopped at 3 seeds" in verdict.sentence() for verdict in result.verdicts())
    assert any("Look at 3 seeds: 1x64d and 2x64d: worse" in text for text in said)
    assert any("9 trainings; 5 seeds of each of 3 networks are 15." in text for text in said)
    document = result.document()
    assert document["schema"] == "archscope.decision/1" and document["ended"]
    assert [look["n"] for look in document["looks"]] == [3, 3, 3]
    told = "Trained until it is decided, stopped after 3 seeds of 5 at most: "
    told += "3 of 3 comparisons decided."
    assert (result.folder / "table.md").read_text().startswith(f"> **{told}**")
    page = contents(result.folder).texts["report.html"]()
    assert told in page and "the intervals hold at the stop, 95%" in page
    assert status(result.folder).tables()[0].notes == [told]


@pytest.mark.usefixtures("fake")
def test_the_same_command_again_trains_nothing_and_says_the_same(tmp_path: Path) -> None:
    first = decided(tmp_path, "1x64d", "4x64d").document()
    log = (tmp_path / "out" / "log.txt").read_text()
    assert decided(tmp_path, "1x64d", "4x64d").document() == first
    assert (tmp_path / "out" / "log.txt").read_text() == log


@pytest.mark.usefixtures("fake")
def test_a_decided_folder_refuses_another_plan(tmp_path: Path) -> None:
    decided(tmp_path, "1x64d", "4x64d")
    with pytest.raises(UsageError, match=r"epochs 3 there, 2 asked"):
        decided(tmp_path, "1x64d", "4x64d", changes={"epochs": 2})


@pytest.mark.usefixtures("fake")
def test_the_levels_of_a_begun_folder_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version, or a machine whose simulation differs in a digit, goes on by them."""
    first = decided(tmp_path, "1x64d", "4x64d").document()
    plain = boundary.levels
    monkeypatch.setattr(boundary, "levels", lambda *given: tuple(x / 2 for x in plain(*given)))
    assert decided(tmp_path, "1x64d", "4x64d").document() == first


@pytest.mark.usefixtures("fake")
def test_a_worker_goes_on_round_by_round(tmp_path: Path) -> None:
    """Here the command that began it is gone after its first round."""
    folder = decided(tmp_path, "2x64d", "3x64d", resolve=0.01).folder
    document = json.loads((folder / "sweep.json").read_text())
    document["trials"] = [one for one in document["trials"] if one["seed"] <= 3]
    document["settings"]["seeds"] = [1, 2, 3]
    (folder / "sweep.json").write_text(json.dumps(document))
    waits = status(folder)
    assert not waits.finished and "the look at 4 seeds waits for" in waits.tables()[0].notes[0]
    assert waits.document()["decision"] == {
        "ended": False,
        "look": 4,
        "open": 1,
        "missing": [{"template": one, "seed": 4} for one in ("2x64d", "3x64d")],
    }
    silent = Console(lambda text: None, live=False)
    machine = Resources(gpus=0, workers=1, threads=1)
    joined = join_sweep(folder, console=silent, resources=machine)
    assert {record.trial.seed for record in joined.records} == {1, 2, 3, 4}
    assert status(folder).finished and joined.files


@pytest.mark.usefixtures("fake")
def test_a_damaged_rule_is_told_in_a_sentence_and_mended_by_the_same_command(
    tmp_path: Path,
) -> None:
    first = decided(tmp_path, "1x64d", "4x64d")
    path = first.folder / "sweep.json"
    for name, value, said in (
        ("first", ["zzz"], "its rule compares zzz, which it does not list"),
        ("looks", [3, 4], "the parts of its rule do not go together"),
    ):
        document = json.loads(path.read_text())
        document["rule"][name] = value
        path.write_text(json.dumps(document))
        for command in ("status", "report"):
            told = CliRunner().invoke(app, [command, str(first.folder)])
            assert told.exit_code == 1 and said in " ".join(told.output.split())
        assert decided(tmp_path, "1x64d", "4x64d").document() == first.document()


@pytest.mark.usefixtures("fake")
def test_networks_alike_are_trained_up_to_no_difference(tmp_path: Path) -> None:
    result = decided(tmp_path, "2x64d", "3x64d", max_seeds=3, resolve=3.0)
    [verdict] = result.verdicts()
    assert verdict.kind == "none"
    assert "no difference of 3 points or more" in verdict.sentence()


@pytest.mark.usefixtures("fake")
def test_a_network_that_diverges_is_out(tmp_path: Path) -> None:
    result = decided(tmp_path, "2x64d", "3x64d", resolve=0.01)
    assert result.exit_code == 3
    [verdict] = result.verdicts()
    assert verdict.kind == "open" and "3x64d is out: a run of it diverged" in verdict.sentence()
    assert max(record.trial.seed for record in result.records) == 4


@pytest.mark.usefixtures("fake")
def test_another_rule_for_a_begun_folder_is_refused(tmp_path: Path) -> None:
    decided(tmp_path, "1x64d", "4x64d")
    with pytest.raises(UsageError, match=r"rule of stopping: resolve 3\.0 there, 1\.0 asked"):
        decided(tmp_path, "1x64d", "4x64d", resolve=1.0)
    with pytest.raises(UsageError, match="comparisons"):
        decided(tmp_path, "1x64d", "2x64d")


@pytest.mark.usefixtures("fake")
def test_a_rule_for_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    machine = Resources(gpus=0, workers=1, threads=1)
    a.cifar_sweep(templates="1x64d,4x64d", seeds=1, out=tmp_path / "out", resources=machine, **TINY)
    with pytest.raises(UsageError, match="begun without a rule of stopping"):
        decided(tmp_path, "1x64d", "4x64d")


@pytest.mark.usefixtures("fake")
def test_a_sweep_stops_when_its_pairs_of_interest_are_decided(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["cifar-sweep", *OPTIONS, "--templates", "1x64d,4x64d", "--out", str(out)]
    result = CliRunner().invoke(app, [*words, "--until-decided", "--max-seeds", "4"])
    assert result.exit_code == 0, result.output
    assert "4x64d better than 1x64d" in result.output
    assert len(read_sweep(out).trials) == 6
    assert "4x64d better than 1x64d" in CliRunner().invoke(app, ["report", str(out)]).output
    other = CliRunner().invoke(app, ["report", str(out), "--resolve", "2"])
    assert other.exit_code == 2 and "by its own rule, of 0.5 points" in " ".join(
        other.output.split()
    )
    refused = CliRunner().invoke(app, [*words, "--until-decided", "--seeds", "3"])
    assert refused.exit_code == 2 and "leave --seeds out" in refused.output


@pytest.mark.usefixtures("fake")
def test_a_study_stops_when_its_pairs_are_decided(tmp_path: Path) -> None:
    machine = Resources(gpus=0, workers=1, threads=1)
    result = a.study(
        "resnext-fig7",
        "quick",
        resources=machine,
        out=tmp_path / "out",
        until=Stopping(max_seeds=3),
    )
    assert result.trained is not None
    assert {record.trial.seed for record in result.trained.records} == {1, 2, 3}
    [_, table, *_] = result.tables()
    assert "A test that stops itself" in table.notes[0]
    assert all("at 3 seeds" in row["verdict"] for row in table.rows)
    assert not result.document()["more_seeds"]


@pytest.mark.usefixtures("fake")
def test_a_study_shows_pairs_that_it_does_not_name_as_they_are(tmp_path: Path) -> None:
    """Of a folder that cifar-sweep had begun, with other networks besides."""
    result = decided(tmp_path, "1x64d", "5x64d")
    [verdict] = judged(read_study("resnext-fig7"), "quick", result.sweep)
    assert (verdict.first, verdict.second) == ("1x64d", "5x64d")


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["decide", "1x64d"], "two networks or more"),
        (["decide", "1x64d", "1x64d"], "two networks or more"),
        (["decide", "1x64d", "2x64d", "--max-seeds", "2"], "from 3 to 2"),
        (["decide", "1x64d", "2x64d", "--alpha", "2"], "alpha is above 0"),
        (["decide", "1x64d", "2x64d", "--resolve", "0"], "above 0 points"),
        (["decide", "1x64d", "2x64d", "--like", "here"], "of --plan"),
        (["decide", "--plan"], "give --like"),
        (["decide", "1x64d", "--plan", "--spread", "1"], "two networks or more"),
        (["decide", "--plan", "--spread", "-1"], "above 0 points, not -1"),
        (["decide", "--plan", "--spread", "1", "--like", "x"], "give --like"),
        (["cifar-sweep", "--max-seeds", "4"], "--max-seeds is of --until-decided"),
        (["study", "resnext-table3", "--alpha", "0.1"], "--alpha is of --until-decided"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], rule: str) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert rule in " ".join(result.output.split())


def test_a_plan_says_what_a_decision_takes() -> None:
    found = decide_plan(Stopping(max_seeds=8), spread=0.5)
    rows = found.document()["rows"]
    assert [row["difference"] for row in rows] == [0.25, 0.5, 1, 2]
    assert [row["decided"] for row in rows] == sorted(row["decided"] for row in rows)
    assert [row["seeds"] for row in rows] == sorted((r["seeds"] for r in rows), reverse=True)
    for row in rows:
        shares = [row[name] for name in ("decided", "wrong", "no_difference", "undecided")]
        assert sum(shares) == pytest.approx(1)
    assert json.dumps(found.document())
    assert "One run varies by 0.5 points" in found.tables()[0].notes[0]


def test_the_plan_of_several_takes_the_noise_of_all_and_shares_the_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("archscope.explore.training.decide_plan.DIFFERENCES", (1.0,))
    rule = Stopping(max_seeds=6)
    two, ten = (decide_plan(rule, networks=k, spread=0.5).document() for k in (2, 5))
    assert (two["comparisons"], ten["comparisons"]) == (1, 10)
    test = a.SequentialTest(comparisons=10, most=6, resolve=0.5)
    alone = simulated(test, 1.0, [0.5, 0.5])
    assert alone.worse < ten["rows"][0]["decided"] < two["rows"][0]["decided"]


@pytest.mark.usefixtures("fake")
def test_a_plan_takes_its_noise_from_a_folder(tmp_path: Path) -> None:
    result = decided(tmp_path, "1x64d", "4x64d")
    errors = [
        [r.result.test_error for r in result.records if r.trial.template == one]
        for one in ("1x64d", "4x64d")
    ]
    pooled = (sum(sum((e - sum(g) / 3) ** 2 for e in g) for g in errors) / 4) ** 0.5
    assert decide_plan(Stopping(max_seeds=5), like=result.folder).spread == pytest.approx(pooled)
