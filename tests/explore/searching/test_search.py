"""A search: what it refuses, what it keeps, and that a killed one ends as if undisturbed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from archscope.cli import app
from archscope.errors import ArchscopeError
from archscope.explore.searching.goal import Goal
from archscope.explore.searching.methods import select
from archscope.explore.searching.space import small_forms
from archscope.explore.searching.work import Work
from archscope.explore.training.run_plan import Console
from archscope.sweep.store.records import read_sweep
from archscope.sweep.store.search import (
    Asked,
    Decision,
    Round,
    Search,
    has_paused,
    read_search,
    record,
)

ASKED = Asked(
    families=("wrn",),
    caps=("1Mparams",),
    method="halving",
    trials=4,
    seconds=None,
    seed=1,
    baselines=(),
    scale=(),
    first_look=3,
    max_seeds=16,
    alpha=0.05,
    resolve=0.5,
)
FIRST = Decision(("b", "c"), ("d",), 40.0, 10.0, 4)
SECOND = Decision(("c",), (), 45.0, 16.0, 8)
ONE = Round(("a", "b", "c", "d"), (1, 3), (4, 2), (FIRST,))


def test_designs_wait_where_they_were_left() -> None:
    now = Search(ASKED, rounds=(ONE,))
    assert [now.waits_at(name) for name in "abcd"] == [1, 3, 3, 1]
    assert has_paused(now, "a", 1) and not has_paused(now, "b", 1) and not has_paused(now, "a", 0)
    assert replace(now, random=("a",)).waits_at("a") is None
    # Where time ran out, no rung comes after the last decision: all wait, none is unfinished.
    assert [replace(now, winner="b").waits_at(name) for name in "abcd"] == [1, 1, 1, 1]


def test_a_round_that_the_time_ends_trains_the_best_two_to_the_end() -> None:
    three = Decision(("c", "b", "a"), (), 45.0, 16.0, 8)
    open_ = Round(("a", "b", "c", "d"), (1, 2, 3, 4), (4, 3, 3, 1), (three,))
    assert not open_.closes
    closing = open_.closing(4)
    assert (closing.epochs, closing.designs) == ((1, 4), (4, 2))
    assert closing.climbing(1) == ("c", "b")
    assert closing.closes and not closing.over
    assert replace(open_, epochs=(1, 4), designs=(4, 1)).closes
    assert not Round(("a", "b"), (4,), (2,)).closes  # it has not begun


def test_where_the_last_designs_diverge_the_best_of_an_earlier_round_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = replace(ONE, decisions=(FIRST, SECOND))
    first = Decision(("e", "f"), (), 20.0, 20.0, 12)
    last = Round(("e", "f", "g", "h"), (1, 3), (4, 2), (first,))
    made = Search(replace(ASKED, trials=None, seconds=9.0), rounds=(whole, last))
    work, said = object.__new__(Work), list[str]()
    work.goal, work.folder = Goal(("wrn",), ("1Mparams",), seconds=9.0), tmp_path
    work.say = Console(said.append, live=False)
    ended = [
        SimpleNamespace(
            trial=SimpleNamespace(template=name), epochs=[], result=None, status="diverged"
        )
        for name in "ef"
    ]
    monkeypatch.setattr(Work, "train", lambda *_: 1.0)
    monkeypatch.setattr(Work, "_epochs", 3)
    monkeypatch.setattr(f"{Work.__module__}.read_sweep", lambda _: SimpleNamespace(trials=ended))
    record(tmp_path, lambda there: made)
    work.climb()
    assert work.state.winner == "c"
    assert said == ["All designs of this rung diverged: the best before is c."]
    record(tmp_path, lambda there: replace(made, rounds=(last,)))  # nothing was trained to the end
    with pytest.raises(ArchscopeError, match="what diverged needs another search"):
        work.climb()


@pytest.mark.slow
def test_where_time_ends_a_search_the_best_two_have_a_whole_training(tmp_path: Path) -> None:
    words = COMMAND.replace("--trials 4", "--time 1s").split()
    result = CliRunner().invoke(app, [*words, str(tmp_path / "s")])
    assert result.exit_code == 0
    assert "The time is over: the best 2 designs of round 1 train to the end." in result.stderr
    now = read_search(tmp_path / "s")
    assert now is not None
    assert (now.rounds[0].epochs, now.rounds[0].designs) == ((1, 4), (4, 2))
    ended = {
        one.trial.template for one in read_sweep(tmp_path / "s").trials if one.epochs_done == 4
    }
    assert ended == set(now.rounds[0].decisions[0].kept[:2])
    assert now.winner in ended


def test_more_epochs_take_the_place_of_fewer_though_the_error_is_higher() -> None:
    now = Search(ASKED, rounds=(replace(ONE, decisions=(FIRST, SECOND)),))
    assert [one.kept[0] for _, _, one in now.incumbents()] == ["b", "c"]
    assert (now.seconds, now.epochs_spent) == (16.0, 8)


def test_a_record_is_read_as_it_was_written_and_decided_once(tmp_path: Path) -> None:
    now = Search(ASKED, "a", (ONE,))
    assert record(tmp_path, lambda there: there or now) == now
    assert read_search(tmp_path) == now
    assert record(tmp_path, lambda there: there or Search(ASKED)) == now


@pytest.mark.parametrize("content", ["", "{}", '{"schema": "archscope.search-record/1"}', "[1]"])
def test_a_damaged_record_is_told_in_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "search.json").write_text(content)
    with pytest.raises(ArchscopeError, match="cannot be read"):
        read_search(tmp_path)


def test_families_are_taken_in_their_forms_for_small_images() -> None:
    found = small_forms(("resnext", "wrn", "regnetx", "imagenet_resnet"), (3, 32, 32))
    assert found == ("cifar_resnext", "wrn", "cifar_regnetx", "imagenet_resnet")
    assert small_forms(("resnext",), None) == ("resnext",)


@pytest.mark.parametrize(
    ("words", "rule", "code"),
    [
        (["wrn"], "--trials N or --time T", 2),
        (["wrn", "--trials", "4", "--time", "1h"], "one of them", 2),
        (["wrn", "--trials", "1"], "trials must be at least 2, not 1", 2),
        (["wrn", "--time", "soon"], "write 90s, 30min or 1h", 2),
        (["wrn", "--trials", "4", "--method", "luck"], "a method is halving", 2),
        (["wrn", "--trials", "4", "--baselines", "luck"], "largest and random", 2),
        (["wrn", "--trials", "4"], "needs a cap; give --at-most", 2),
        (["wrn", "--trials", "4", "--at-most", "9params"], "raise the cap", 4),
        (["nonsense", "--trials", "4", "--at-most", "1Mparams"], "nonsense", 2),
    ],
)
def test_what_cannot_be_is_refused(
    words: list[str], rule: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["search", *words, "--preset", "quick"])
    assert result.exit_code == code
    assert rule in result.stderr


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--batch", "10000"], "batch 10000 is more than the"),
        (["--gpus", "99"], "--gpus 99: this machine has"),
        (["--test-crop", "32"], "only image folders have test crops"),
    ],
)
def test_what_no_training_could_be_is_refused_before_there_is_a_folder(
    words: list[str], rule: str, tmp_path: Path
) -> None:
    asked = ["search", "wrn_10", "--trials", "4", "--at-most", "300kparams", "--preset", "quick"]
    result = CliRunner().invoke(app, [*asked, *words, "--out", str(tmp_path / "s")])
    assert (result.exit_code, rule in result.stderr) == (2, True), result.stderr
    assert not list(tmp_path.iterdir())


def test_a_round_goes_on_by_what_it_was_begun_with(tmp_path: Path) -> None:
    work = object.__new__(Work)
    work.goal = Goal(("wrn",), ("1Mparams",), trials=4)
    record(tmp_path, lambda there: Search(ASKED, rounds=(replace(ONE, by_training=False),)))
    now = read_search(tmp_path)
    assert now is not None and now.rounds[0].by_training is False
    assert not work._by_training(0, now.rounds[0])
    begun = replace(now.rounds[0], by_training=True)
    assert work._by_training(0, begun) and not work._by_training(1, begun)
    older = replace(begun, by_training=None)  # of before it was kept: what the method does
    assert older.selects_by_training("halving") and not older.selects_by_training("random")


COMMAND = (
    "search wrn_10,wrn_16 --scale 0.25,0.5,0.75,1 --at-most 200kparams --trials 4 --preset quick "
    "--baselines none "
    "--samples 100 --batch 20 --epochs 4 --workers 1 --threads 1 --out"
)


def _results(folder: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in folder.rglob("result.json"):
        found[path.parent.name] = json.loads(path.read_text())["metrics"]
    for path in folder.rglob("metrics.jsonl"):
        lines = map(json.loads, path.read_text().splitlines())
        found[f"{path.parent.name} epochs"] = [
            {name: one[name] for name in ("epoch", "train_loss", "validation_error", "lr")}
            for one in lines
        ]
    now = read_search(folder)
    assert now is not None
    found["decided"] = [(one.kept, one.best, one.epochs_spent) for _, _, one in now.decisions]
    found["ends"] = [now.winner, now.largest, now.random, now.best_of_random]
    return found


@pytest.mark.slow
def test_a_search_that_was_killed_is_the_same_to_the_bit(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "archscope", *COMMAND.split()]
    subprocess.run([*words, str(tmp_path / "whole")], check=True, capture_output=True)
    killed = [*words, str(tmp_path / "killed")]
    for seen in (2,):  # lines of epochs when it is killed
        run = subprocess.Popen(killed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while time.monotonic() < until and run.poll() is None:
            lines = [len(p.read_text().splitlines()) for p in tmp_path.rglob("killed/**/*.jsonl")]
            if sum(lines) >= seen:
                break
            time.sleep(0.05)
        assert run.poll() is None
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    subprocess.run(killed, check=True, capture_output=True)
    whole = _results(tmp_path / "whole")
    assert len(whole) == 1 + 4 + 2  # a result, epochs of all four designs, what was decided
    assert _results(tmp_path / "killed") == whole
    now = read_search(tmp_path / "whole")
    assert now is not None and now.rounds[0].epochs == (1, 3, 4)
    after_one = {
        record.trial.template: record.epochs[0]["train_error"]
        for record in read_sweep(tmp_path / "whole").trials
    }
    assert list(now.decisions[0][2].kept) == select(after_one, 2)
    page = subprocess.run(
        [*words[:3], "report", str(tmp_path / "whole"), "--format", "json"],
        check=True,
        capture_output=True,
        text=True,
    )
    document = json.loads(page.stdout)
    assert document["schema"] == "archscope.search/1"
    assert document["winner"]["params"] <= 200_000
    assert {"verdicts", "trials", "incumbents", "spent"} <= document.keys()
