"""Replays on known curves: by hand, and against a loop that carries a schedule out one by one."""

import time

import numpy as np
import pytest

from archscope.errors import UsageError
from archscope.explore.searching.methods import METHODS, Schedule, schedule_for, select
from archscope.explore.searching.replay import Curves, draws, replayed


def curves(designs=30, seeds=2, epochs=5, seed=0):
    rng = np.random.default_rng(seed)
    errors = rng.integers(20, 60, size=(designs, seeds, epochs)).astype(float)  # with ties
    errors[3, 0, 2:] = np.inf  # diverged in its third epoch
    errors[7, :, :] = np.inf
    last = errors[:, :, -1]
    final = np.where(np.isfinite(last), last, 90.0).mean(axis=1)
    names = tuple(f"net{place:02}" for place in range(designs))
    training = np.where(np.isfinite(errors), rng.integers(20, 60, size=errors.shape), np.inf)
    return Curves(names, errors, final, 1000.0 + np.arange(designs), 90.0, training)


def by_hand(known, schedule, designs, seeds):
    """A schedule carried out for one replay, as the words say it."""
    going = [(known.networks[d], d, s) for d, s in zip(designs, seeds, strict=True)]
    epochs = macs = done = 0
    for place, rung in enumerate(schedule.rungs):
        for _, design, _ in going:
            epochs += rung.epochs - done
            macs += (rung.epochs - done) * known.macs[design]
        done = rung.epochs
        after = schedule.rungs[place + 1 :]
        errors = {name: known.errors[d, s, done - 1] for name, d, s in going}
        finite = {name: one for name, one in errors.items() if np.isfinite(one)}
        if after and schedule.by_training:
            finite = {n: known.training[d, s, done - 1] for n, d, s in going if n in finite}
        chosen = select(finite, after[0].designs if after else 1)
        going = [one for one in going if one[0] in chosen]
    found = known.final[going[0][1]] if going else known.guess
    return found - known.final.min(), epochs, macs


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("budget", [5, 20, 60])
def test_all_replays_at_once_are_those_one_by_one(method, budget):
    known = curves()
    schedule = schedule_for(method, 5, budget=min(budget, 40))
    found = replayed(known, schedule, 60, seed=4)
    drawn = zip(*draws(known, schedule.designs, 60, 4), strict=True)
    loop = [by_hand(known, schedule, designs, seeds) for designs, seeds in drawn]
    assert list(zip(found.regret, found.epochs, found.macs, strict=True)) == loop


def test_a_small_case_by_hand():
    # The best after one epoch (b) is the second best at the end; all three are begun.
    errors = np.array([[[50.0, 40, 10]], [[30, 25, 20]], [[60, 50, 30]]])
    training = np.array([[[40.0, 40, 10]], [[50, 25, 20]], [[60, 50, 30]]])
    costs = np.array([1.0, 2, 4])
    known = Curves(("a", "b", "c"), errors, errors[:, 0, -1], costs, 90.0, training)
    one = replayed(known, Schedule(((1, 3), (3, 1))), 5)
    assert set(one.regret) == {10.0}
    assert set(one.epochs) == {5.0}
    assert set(one.macs) == {1 + 2 + 4 + 2 * 2.0}
    by_training = replayed(known, Schedule(((1, 3), (3, 1)), by_training=True), 5)
    assert set(by_training.regret) == {0.0}  # a has the least training error after one epoch
    both = replayed(known, Schedule(((1, 3), (3, 2))), 5)
    assert set(both.regret) == {0.0}
    assert set(both.macs) == {7 + 2 * (1 + 2.0)}


def test_designs_are_drawn_alike_without_one_twice():
    designs, seeds = draws(curves(), 10, 3000, seed=1)
    assert all(len(set(row)) == 10 for row in designs[:50])
    share = np.bincount(designs.ravel(), minlength=30) / 3000
    assert np.abs(share - 1 / 3).max() < 5 * (1 / 3 * 2 / 3 / 3000) ** 0.5
    assert abs(seeds.mean() - 0.5) < 0.02


def test_what_cannot_be_drawn():
    with pytest.raises(UsageError, match="30 designs at most"):
        replayed(curves(), schedule_for("random", 5, designs=31), 10)
    with pytest.raises(UsageError, match="4 designs or more"):
        curves().only(np.arange(3)).halves()


def test_halves_are_a_partition():
    known = curves()
    first, second = known.halves()
    assert sorted(first.networks + second.networks) == list(known.networks)
    assert len(first.networks) == 15
    assert list(first.networks) == sorted(first.networks)


@pytest.mark.slow
def test_ten_thousand_replays_take_seconds():
    known = curves(designs=200)
    started = time.process_time()
    for budget in [5, 10, 20, 40, 80, 120, 160]:
        replayed(known, schedule_for("halving", 5, budget=budget), 10_000)
    assert time.process_time() - started < 15
