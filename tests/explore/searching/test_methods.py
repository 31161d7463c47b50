"""Schedules of search methods, and who goes on."""

import math

import pytest

from archscope.errors import UsageError
from archscope.explore.searching.methods import Rung, Schedule, schedule_for, select


@pytest.mark.parametrize(
    ("method", "rungs", "spent"),
    [
        ("random", [(5, 32)], 160),
        ("one-epoch", [(1, 32), (5, 16)], 32 + 16 * 4),
        ("halving", [(1, 32), (3, 16), (5, 8)], 32 + 16 * 2 + 8 * 2),
    ],
)
def test_a_method_is_a_schedule(method, rungs, spent):
    schedule = schedule_for(method, 5, designs=32)
    assert list(schedule.rungs) == rungs
    assert schedule.spent == spent
    assert sum(schedule.spent_by_rung) == spent
    assert schedule.by_training is (method == "halving")


@pytest.mark.parametrize(
    ("epochs", "chosen", "ends"),
    [
        (9, {}, [2, 6, 9]),
        (9, {"growth": 2}, [2, 4, 8, 9]),
        (9, {"first": 1}, [1, 3, 9]),
        (30, {"first": 2, "growth": 3}, [2, 6, 18, 30]),
        (2, {}, [1, 2]),
        (3, {"first": 3}, [3]),
        (3, {"first": 8}, [3]),
    ],
)
def test_the_rungs_of_halving(epochs, chosen, ends):
    schedule = schedule_for("halving", epochs, designs=100, **chosen)
    assert [rung.epochs for rung in schedule.rungs] == ends


@pytest.mark.parametrize("method", ["random", "one-epoch", "halving"])
@pytest.mark.parametrize("budget", [5, 6, 37, 100, 1000])
def test_a_budget_is_kept_and_one_design_more_would_break_it(method, budget):
    schedule = schedule_for(method, 5, budget=budget)
    assert schedule.spent <= budget
    assert schedule_for(method, 5, designs=schedule.designs + 1).spent > budget
    assert schedule.epochs == 5


def test_one_epoch_is_one_rung():
    assert schedule_for("halving", 1, designs=8).rungs == (Rung(1, 8),)


def test_the_best_go_on_ties_by_name_and_those_without_an_error_never():
    errors = {"b": 20.0, "c": 10.0, "a": 20.0, "lost": None, "diverged": math.nan}
    assert select(errors, 2) == ["c", "a"]
    assert select(errors, 5) == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: schedule_for("grid", 5, designs=4), "not 'grid'"),
        (lambda: schedule_for("random", 5), "give one of them"),
        (lambda: schedule_for("random", 5, designs=2, budget=10), "give one of them"),
        (lambda: schedule_for("random", 5, budget=4), "larger budget"),
        (lambda: schedule_for("random", 5, designs=0), "one design at least"),
        (lambda: schedule_for("halving", 5, designs=9, growth=1), "growth is 2"),
        (lambda: Schedule(()), "a rung at least"),
        (lambda: Schedule(((3, 4), (3, 2))), "longer than the one before"),
        (lambda: Schedule(((1, 4), (3, 8))), "no more designs"),
    ],
)
def test_what_cannot_be(call, message):
    with pytest.raises(UsageError, match=message):
        call()
