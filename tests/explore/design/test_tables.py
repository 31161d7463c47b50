"""Costs told from tables, against those of each design alone."""

from dataclasses import replace

import numpy as np
import pytest

from archscope.cost.formula import count
from archscope.cost.memory import memory
from archscope.cost.stored import Storage
from archscope.explore.design.caps import grid as grids
from archscope.explore.design.caps import tables
from archscope.explore.design.caps.branch import best
from archscope.explore.design.caps.goals import Largest
from archscope.explore.design.caps.grid import Grid
from archscope.explore.design.caps.whole import best_of_all
from archscope.explore.design.question import read_base

MOBILE = {
    "width": [0.25, 0.5, 1, 1.3],
    **{f"expansion{stage}": [1, 2, 6] for stage in (2, 3)},
    **{f"depth{stage}": [1, 2, 4] for stage in (2, 3)},
    "channels3": [32, 48],
    "resolution": [64, 96],
}
SPACES = {
    "mobilenet_v2": MOBILE,
    "resnext50": {"cardinality": [1, 2, 8], "width": [2, 4, 8], "depth2": [1, 2, 5]},
    "wrn": {"widen": [1, 2, 3], "depth": [1, 2, 4]},
    "vgg": {"depth2": [1, 2, 3], "width": [8, 16, 24]},
}


@pytest.fixture(autouse=True)
def _however_few(monkeypatch):
    monkeypatch.setattr(grids, "FEW", 0)


def space(name, fold=False):
    base = read_base(name).by_stage(SPACES[name])
    return replace(base.space(base.given(SPACES[name]), 3), storage=Storage("int8", "int8", fold))


def some_of(grid, number):
    rng = np.random.default_rng(1)
    return np.stack([rng.integers(0, end + 1, number) for end in grid.ends], axis=1)


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("name", SPACES)
def test_a_design_costs_what_it_costs_alone(name, fold):
    grid = Grid(space(name, fold), with_layers=True)
    rows = some_of(grid, 40)
    assert grid.tables is not None
    told = grid.costs(rows)
    bare = Grid(grid.space, with_layers=True)
    bare.tables = None
    for cost, column in bare.costs(rows, lambda costs: costs["params"] > 0).items():
        assert told[cost].tolist() == column.tolist(), cost
    storage = grid.space.storage
    for row, peak in zip(rows[:10], told["memory"], strict=False):
        held = storage.held(grid.space.network(grid.design(row)))
        assert memory(held, element_bytes=1).peak_activation_bytes == peak


def test_what_passes_64_bits_by_repeated_blocks_is_not_told_from_tables():
    given = {"width": [1, 2, 10**6], "depth4": [1, 2, 1000]}
    base = read_base("resnext50").by_stage(given)
    grid = Grid(base.space(base.given(given), 3))
    assert count(grid.space.network(grid.design(grid.ends))).macs > 2**63
    assert grid.tables is None


def test_no_design_costs_between_what_caps_reach_and_the_cap():
    grid = Grid(space("mobilenet_v2"))
    sides = [len(one) for one in grid.values]
    every = grid.costs(np.indices(sides).reshape(len(sides), -1).T)
    gained = 0
    for cost in ("params", "macs", "weights", "memory"):
        for most in np.random.default_rng(2).integers(every[cost].min(), every[cost].max(), 20):
            reach = grid.reach(cost, int(most))
            assert not ((every[cost] > reach) & (every[cost] <= most)).any()
            gained += int(most) - reach
        assert all(grid.reach(cost, one) == one for one in every[cost][:200].tolist())
    assert gained > 0
    assert grid.reach("params", 1) == 1  # below all of them nothing is known


def test_the_best_by_bounds_and_tables_is_the_best_of_all_counted_without():
    goal = Largest({"weights": 500_000, "memory": 300_000}, "macs")
    found = best(Grid(space("mobilenet_v2")), goal, 3)
    assert [one[2] for one in found] == [
        one[2] for one in best_of_all(Grid(space("mobilenet_v2")), goal, 3)
    ]
    assert found[0][2] > 0


def test_where_designs_do_not_exist_there_are_no_tables():
    base = read_base("shufflenet_v2")
    odd = replace(base.space({"width": [24, 25]}), storage=Storage())
    assert Grid(odd).tables is None


def test_where_every_section_needs_most_numbers_designs_are_counted_instead(monkeypatch):
    given = {"depth": [12, 16], "w0": [8, 16, 24], "wa": [8, 16], "wm": [2], "group": [8, 16]}
    base = read_base("regnetx")
    ramps = base.space(base.given(given), 3)
    several = Grid(ramps).tables
    assert several is not None
    entries = sum(len(table.sums) for table in several.tables)
    monkeypatch.setattr(tables, "_MOST_COUNTED", 2 * entries)
    assert Grid(ramps).tables is None  # a section has as many entries as there are designs
