"""The largest design within a time, without predicting the time of all designs."""

import numpy as np
import pytest

from archscope.cost.formula import count
from archscope.errors import InfeasibleError
from archscope.explore.design.caps import whole
from archscope.explore.design.caps.goals import Largest
from archscope.explore.design.caps.grid import Grid
from archscope.explore.design.enumerate import spaces
from archscope.explore.design.enumeration import Query
from archscope.explore.latency.fitted import LatencyModel
from archscope.explore.searching.feasible import FeasibleSet
from archscope.explore.searching.space import largest

# RegNets: a design runs a program of its own, so that no box of them is predicted at once.
GIVEN = {"w0": [24, 32, 48, 64], "wa": [8.0, 16.0, 24.0, 32.0], "wm": [2.0, 2.25, 2.5]}


class Counting(LatencyModel):
    """A model whose times are known, which counts the designs that it is asked for."""

    def nanoseconds(self, network):
        cost = count(network)
        slower = 1 + np.asarray(cost.params) // 64 % 7  # by no number that grows
        times = np.asarray(cost.macs) // 40 * (10 + slower) // 10
        asked.append(times.size)
        return times

    def nanoseconds_of_box(self, network):
        raise AssertionError("a box of many programs")

    def most_macs(self, nanoseconds):
        return 40 * (nanoseconds + 1)


asked: list[int] = []
MODEL = Counting({}, {}, [0.1], {})


@pytest.fixture
def space():
    (found,) = spaces(Query(["cifar_regnetx"], {**GIVEN, "depth": list(range(8, 20))}))
    return found


def best_of(grid: Grid, most: int, cost: str) -> int:
    """Of all designs the largest within a time, each told alone."""
    rows = np.array(list(np.ndindex(*(len(one) for one in grid.values))))
    costs = grid.costs(rows)
    there = costs["params"] < 2**62
    return int(costs[cost][there & (costs["latency"] <= most)].max(initial=0))


@pytest.mark.parametrize("cost", ["macs", "params"])
@pytest.mark.parametrize("share", [0.15, 0.5, 0.9])
def test_the_largest_is_that_of_all_and_few_are_predicted(space, monkeypatch, cost, share):
    monkeypatch.setattr(whole, "_TREES", 0)  # as where it is too large to go through
    grid = Grid(space, latency=MODEL)
    every = grid.costs(np.array(list(np.ndindex(*(len(one) for one in grid.values)))))
    most = int(np.quantile(every["latency"][every["params"] < 2**62], share))
    expected = best_of(grid, most, cost)
    asked.clear()
    grid = Grid(space, latency=MODEL)
    [(row, costs, score)] = whole.highest(grid, Largest({"latency": most}, cost), 1)
    assert costs[cost] == score == expected
    network = space.network(grid.design(row))
    assert MODEL.nanoseconds(network) == costs["latency"] <= most
    assert sum(asked) < len(every["latency"]) / (2 if cost == "macs" else 1)
    assert not grid.is_whole and grid.counted > 0
    several = whole.highest(Grid(space, latency=MODEL), Largest({"latency": most}, cost), 4)
    assert [one[2] for one in several] == sorted((one[2] for one in several), reverse=True)
    assert several[0][2] == expected and len(several) == 4


def test_the_largest_baseline_of_a_search_predicts_no_more_than_it_must(monkeypatch):
    monkeypatch.setattr(whole, "_TREES", 0)
    few = FeasibleSet(["cifar_regnetx"], "1ms", given={**GIVEN, "depth": [8, 9]}, latency=MODEL)
    asked.clear()
    top = largest(few, ["1ms"])
    assert MODEL.nanoseconds(top) <= 1_000_000 and sum(asked) < few.spaces[0].size
    with pytest.raises(InfeasibleError, match="latency binds"):
        largest(few, ["1us"])


def test_more_multiply_adds_than_the_fastest_kind_would_do_are_ruled_out():
    every = ("image", "pointwise", "dense", "depthwise", "grouped", "uneven")
    weights = {f"conv {kind}": {"macs": 4e-11} for kind in every}
    weights["conv dense"] = {"macs": 1e-11, "filled macs": 1e-11}
    weights["linear"] = {"weights": 1e-10}
    model = LatencyModel({}, weights, [0.1], {}, paces=(2.0,))
    assert model.most_macs(1_000_000) == pytest.approx(1e-3 / 4e-11, rel=1e-5)
    del weights["conv depthwise"]  # which costs nothing then, whatever it multiplies
    assert LatencyModel({}, weights, [0.1], {}).most_macs(1_000_000) is None
