"""Bounds by prices of what the caps are on: never below what a box holds, and soon near it."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from archscope.cost.stored import Storage
from archscope.explore.design.caps import grid as grids
from archscope.explore.design.caps.branch import best
from archscope.explore.design.caps.goals import Largest
from archscope.explore.design.caps.grid import Grid
from archscope.explore.design.caps.relaxed import relaxed
from archscope.explore.design.caps.whole import best_of_all
from archscope.explore.design.question import read_base

STAGES = {
    **{f"expansion{stage}": [1, 2, 4] for stage in (2, 3, 4)},
    **{f"depth{stage}": [1, 2, 3] for stage in (2, 3, 4)},
}
SPACES = {
    "one_width": {"width": [0.25, 0.5, 0.75], **STAGES},
    "several": {"channels3": [24, 32, 48], "resolution": [48, 64], **STAGES},
}


@pytest.fixture(autouse=True)
def _however_few(monkeypatch):
    monkeypatch.setattr(grids, "FEW", 0)


def space(given, fold=True):
    base = read_base("mobilenet_v2").by_stage(given)
    made = base.space(base.given(given), 2, (3, 64, 64))
    return replace(made, storage=Storage("int8", "int8", fold))


def every_design(grid):
    rows = np.array(list(product(*(range(end + 1) for end in grid.ends.tolist()))))
    return rows, grid.costs(rows)


def caps_of(costs, share):
    """Caps that about so many designs keep to, each."""
    return {cost: int(np.quantile(costs[cost], share)) for cost in ("weights", "memory", "params")}


@pytest.mark.parametrize("cost", ["macs", "activations"])
@pytest.mark.parametrize("name", SPACES)
def test_no_design_of_a_box_passes_its_bound(name, cost):
    grid = Grid(space(SPACES[name]))
    rows, costs = every_design(grid)
    rng = np.random.default_rng(1)
    for share in (0.3, 0.6, 1.0):
        goal = Largest(caps_of(costs, share), cost)
        bounds, score = relaxed(grid, goal), goal.score(costs)
        ends = [rng.integers(0, grid.ends + 1, (80, len(grid.ends))) for _ in range(2)]
        low, high = np.minimum(*ends), np.maximum(*ends)
        high[:, bounds.shared] = low[:, bounds.shared]
        low[:2], high[:2] = rows[score.argmax()], rows[score.argmax()]  # one design alone
        found = bounds.bound(low, high, -np.inf)
        for first, last, most in zip(low, high, found, strict=True):
            inside = ((rows >= first) & (rows <= last)).all(axis=1)
            assert score[inside].max() <= most
        assert found[0] == score.max() or share < 1  # where no cap binds it is the design's own


def test_it_is_near_what_there_is_where_the_last_design_is_far():
    grid = Grid(space(SPACES["one_width"]))
    rows, costs = every_design(grid)
    goal = Largest(caps_of(costs, 0.4), "macs")
    most, bounds = goal.score(costs), relaxed(grid, goal)
    assert bounds.shared == [0]
    low, high = np.zeros((3, len(grid.ends)), np.int64), np.repeat(grid.ends[None], 3, axis=0)
    low[:, 0] = high[:, 0] = range(3)
    found = bounds.bound(low, high, -np.inf)
    held = [most[rows[:, 0] == width].max() for width in range(3)]
    last = grid.costs(high)["macs"]
    near = [bound / real for bound, real in zip(found, held, strict=True) if real > 0]
    assert len(near) > 1 and max(near) < 1.1
    assert (last / found)[np.array(held) > 0].max() > 1.3


@pytest.mark.parametrize("name", SPACES)
def test_the_best_are_those_of_all_gone_through(name):
    grid = Grid(space(SPACES[name], fold=False))
    _, costs = every_design(grid)
    goal = Largest(caps_of(costs, 0.4), "macs")
    told = [costs["macs"] for _, costs, _ in best(grid, goal, 4)]
    assert told == [costs["macs"] for _, costs, _ in best_of_all(Grid(grid.space), goal, 4)]


def test_of_very_many_designs_none_that_differs_in_two_numbers_is_better():
    """Of 1.6 x 10^11; what its last design costs bounds none of it."""
    stages = product(("depth", "expansion"), range(1, 8))
    free = {f"{word}{stage}": list(range(1, 7)) for word, stage in stages}
    grid = Grid(space({"width": [0.6, 0.75], **free}))
    goal = Largest({"weights": 1_000_000, "memory": 100_000}, "macs")
    [(row, costs, _)] = best(grid, goal, 1)
    assert grid.counted < 200_000
    others = []
    for axes in combinations(np.flatnonzero(grid.ends), 2):
        for values in product(*(range(grid.ends[axis] + 1) for axis in axes)):
            others.append(row.copy())
            others[-1][list(axes)] = values
    assert goal.score(grid.costs(np.array(others))).max() == costs["macs"]
