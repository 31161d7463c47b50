"""Methods of one's own on a table: against the built-in ones, by hand, and with mistakes."""

import contextlib
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from small_table import small_table
from typer.testing import CliRunner

import archscope as a
from archscope.cli.main import app
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.searching.judged import BudgetSpent, KnownTrainings, judged
from archscope.explore.searching.methods import schedule_for, select
from archscope.explore.searching.replay import Curves, replayed
from archscope.explore.searching.table import CURVES, TrainedTable, write_table
from archscope.sweep.plan.settings import settings

NAMES = "abcdefghijklmnopqrstuvwxyz"
COSTS = {name: {"params": 1, "macs": 2, "activations": 3} for name in NAMES}


def curves(designs="abcdefgh", seeds=2, epochs=5):
    errors = np.random.default_rng(3).uniform(20, 60, size=(len(designs), seeds, epochs))
    errors[1, 0, 2:] = np.inf  # diverged in its third epoch
    last = np.where(np.isfinite(errors[:, :, -1]), errors[:, :, -1], 90.0)
    costs = 1.0 + np.arange(len(designs))
    return Curves(tuple(designs), errors, last.mean(axis=1), costs, 90.0, errors[:, :, ::-1])


class Unnameable:
    def __repr__(self):
        raise ValueError("no name")


def random_search(known):
    for network in known.networks:
        known.train(network)


def halving(known):
    rungs = schedule_for("halving", known.epochs, budget=known.budget).rungs
    going = list(known.networks[: rungs[0].designs])
    for place, rung in enumerate(rungs):
        errors = {name: known.train(name, rung.epochs) for name in going}
        finite = {name: error for name, error in errors.items() if np.isfinite(error)}
        if place + 1 < len(rungs):
            finite = {name: known.training_error(name) for name in finite}
        going = select(finite, rungs[place + 1].designs if place + 1 < len(rungs) else 1)
    return going[0] if going else None


@pytest.mark.parametrize(("mine", "name"), [(random_search, "random"), (halving, "halving")])
def test_a_method_written_by_hand_has_the_regret_of_the_built_in_one(mine, name):
    known, budget = curves(NAMES), 25
    own = judged(known, COSTS, mine, budget, 600, seed=1)
    theirs = replayed(known, schedule_for(name, 5, budget=budget), 10_000, seed=2)
    for ours, built_in in ((own.regret, theirs.regret), (own.macs, theirs.macs)):
        noise = (ours.var() / len(ours) + built_in.var() / len(built_in)) ** 0.5
        assert abs(ours.mean() - built_in.mean()) < 4.5 * noise + 1e-9
    assert own.epochs.max() <= budget


def test_what_trainings_cost_and_tell():
    data = curves()
    known = KnownTrainings(data, COSTS, 9, np.random.default_rng(0))
    assert sorted(known.networks) == list("abcdefgh")
    assert (known.epochs, known.budget, known.left) == (5, 9, 9)
    assert known.costs("a") == COSTS["a"]
    assert known.best() is None
    first = known.train("a", 1)
    assert first in data.errors[0, :, 0]
    assert (known.left, known.macs) == (8, 1.0)
    assert known.train("a", np.int64(1)) == first and known.left == 8
    assert known.train("c") in data.errors[2, :, -1]
    assert (known.left, known.macs, known.best()) == (3, 16.0, "c")
    assert known.training_error("c") == data.errors[2, known._seed["c"], 0]
    with pytest.raises(UsageError, match="'d' was not trained here yet"):
        known.training_error("d")
    with pytest.raises(BudgetSpent):
        known.train("a")
    assert known.left == 3
    known.train("a", 4)
    assert known.left == 0 and known.best() == "c"


def test_what_diverged_is_over_and_never_the_best():
    data = curves(seeds=1)
    known = KnownTrainings(data, COSTS, 20, np.random.default_rng(0))
    assert np.isfinite(known.train("b", 2))
    assert known.train("b", 3) == np.inf and known.left == 17
    assert known.train("b") == np.inf and known.left == 17
    assert known.best() is None
    known.train("d", 1)
    assert known.best() == "d"


def test_a_method_that_returns_a_design_is_judged_by_it():
    data = curves()
    worst = data.networks[int(data.final.argmax())]
    found = judged(data, COSTS, lambda known: worst, 5, 3, seed=1)
    assert set(found.regret) == {data.final.max() - data.final.min()}
    assert set(found.epochs) == {0}
    none = judged(data, COSTS, lambda known: None, 5, 3, seed=1)
    assert set(none.regret) == {data.guess - data.final.min()}


@pytest.mark.parametrize(
    ("mine", "message"),
    [
        (lambda known: known.train("z"), "'z' is not a design"),
        (lambda known: known.train("a", 6), "1 to 5 epochs, not 6"),
        (lambda known: known.train("a", 1.5), "1 to 5 epochs"),
        (lambda known: "resnet50", "returns a design of networks"),
        (lambda known: np.array(known.networks)[:2], "returns a design of networks"),
        (lambda known: Unnameable(), "the search method failed with ValueError: no name"),
        (lambda known: 1 / 0, "the search method failed with ZeroDivisionError"),
    ],
)
def test_mistakes_of_a_method_are_one_sentence(mine, message):
    with pytest.raises(ArchscopeError, match=message):
        judged(curves(), COSTS, mine, 5, 2, seed=1)


def test_a_method_that_does_not_end_where_its_budget_does_is_stopped():
    asked = []

    def stubborn(known):
        for turn in count():
            try:
                known.train(known.networks[turn % len(known.networks)])
            except Exception:
                asked.append(known.left)

    with pytest.raises(ArchscopeError, match=r"^stubborn asked for 10,000 trainings above its bud"):
        judged(curves(), COSTS, stubborn, 5, 2, seed=1)
    assert len(asked) >= 10_000 and set(asked) == {0}


def test_a_method_that_repeats_what_costs_nothing_is_stopped(monkeypatch):
    monkeypatch.setattr("archscope.explore.searching.judged._MOST_FREE", 1_000)
    turns = count()

    def circling(known):
        known.train("a", 1)
        while next(turns) < 5_000:
            with contextlib.suppress(Exception):
                known.train("a", 1)
        return "a"

    with pytest.raises(ArchscopeError, match=r"^circling asked 1,000 times in a row for what it"):
        judged(curves(), COSTS, circling, 5, 2, seed=1)

    def looking_up(known):  # often, but with trainings between
        for name in known.networks:
            for epochs in (1, 2):
                known.train(name, epochs)
                for _ in range(900):
                    known.train(name, 1)

    assert set(judged(curves(), COSTS, looking_up, 16, 2, seed=1).epochs) == {16}


def test_a_method_that_tries_all_and_catches_is_judged():
    def patient(known):
        for network in known.networks:
            try:
                known.train(network)
            except BudgetSpent:
                continue

    found = judged(curves(), COSTS, patient, 12, 3, seed=1)
    assert set(found.epochs) <= {10, 12, 11}


def test_known_costs_cannot_be_changed():
    known = KnownTrainings(curves(), COSTS, 9, np.random.default_rng(0))
    with pytest.raises(TypeError):
        known.costs("a")["params"] = 0
    assert known.costs("a") == {"params": 1, "macs": 2, "activations": 3}


def test_a_file_of_ones_own_is_named_on_the_command_line(tmp_path):
    write_table(tmp_path / "t.csv.gz", small_table())
    mine = tmp_path / "mine.py"
    mine.write_text(
        "def cheap_first(known):\n"
        "    by_cost = sorted(known.networks, key=lambda one: known.costs(one)['params'])\n"
        "    for network in by_cost:\n"
        "        known.train(network)\n"
    )

    def run(*words):
        words = ["table", "replay", str(tmp_path / "t.csv.gz"), *words]
        return CliRunner().invoke(app, words, env={"COLUMNS": "100"})

    shown = run("--method", f"{mine}:cheap_first", "--repeats", "20")
    assert shown.exit_code == 0, shown.output
    assert "mine.py:cheap_first on t.csv.gz" in shown.stdout.replace("\n", " ")
    assert "Rungs" not in shown.stdout
    # The cheapest design of the small table is its best one: no replay misses it.
    found = a.table_replay(tmp_path / "t.csv.gz", method=f"{mine}:cheap_first", repeats=20)
    assert {row["regret"] for row in found.rows} == {0.0}
    assert found.repeats == 20 and found.method.endswith("mine.py:cheap_first")

    missing = run("--method", f"{mine}:other")
    assert (missing.exit_code, "has no function other" in missing.stderr) == (2, True)
    unnamed = run("--method", str(mine))
    assert unnamed.exit_code == 2 and "write FILE.py:NAME" in " ".join(unnamed.stderr.split())
    unknown = run("--method", "hyperband")
    assert unknown.exit_code == 2 and "a search method is halving" in unknown.stderr


def test_a_function_is_a_method_of_the_library(tmp_path):
    write_table(tmp_path / "t.csv.gz", small_table())
    found = a.table_replay(tmp_path / "t.csv.gz", method=random_search)
    assert (found.method, found.repeats) == ("random_search", 500)
    with pytest.raises(UsageError, match="repeats must be at least 2"):
        a.table_replay(tmp_path / "t.csv.gz", method=random_search, repeats=1)


def test_a_method_may_train_as_long_as_something_is_left(tmp_path):
    def until_it_is_spent(known):
        for network in known.networks:
            known.train(network)
        assert not known.left, "every design is trained, and there would be no end"

    about = small_table(designs=4)
    one = settings("quick", epochs=1, templates="wrn_10_1", test_samples=100).document()
    rows = [
        replace(row, **{name: getattr(row, name)[-1:] for name in CURVES}) for row in about.rows
    ]
    kept = {name: one[name] for name in about.about["settings"]}
    write_table(tmp_path / "t.csv.gz", TrainedTable({**about.about, "settings": kept}, rows))
    found = a.table_replay(tmp_path / "t.csv.gz", method=until_it_is_spent, repeats=2)
    assert [row["budget"] for row in found.rows] == [1, 2]
