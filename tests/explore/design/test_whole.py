"""Going through all designs by parts, against the search by bounds, and what is refused at once."""

from dataclasses import replace
from itertools import product

import pytest
from design_spaces import designs
from hypothesis import strategies as st
from properties import examples

from archscope.cost.formula import count
from archscope.cost.memory import memory, peak_elements
from archscope.cost.stored import Storage
from archscope.errors import UsageError
from archscope.explore.design.caps import whole
from archscope.explore.design.caps.branch import best
from archscope.explore.design.caps.goals import Closest, Largest, Near
from archscope.explore.design.caps.grid import Grid
from archscope.explore.design.caps.layers import layers
from archscope.explore.design.inverse import inverse
from archscope.explore.design.limits import Limit
from archscope.explore.design.question import read_base
from archscope.explore.design.shortlist import same_network

INT8 = Storage("int8", "int8")
CAPS = {"macs": 25_000_000, "weights": 1_000_000, "memory": 450_000}


def space(name, given, side=96):
    base = read_base(name).by_stage(given)
    return replace(base.space(base.given(given), 2, (3, side, side)), storage=INT8)


def four_stages():
    """Four stages with width, depth and expansion free: 4,096 designs."""
    given = {f"depth{stage}": [1, 2] for stage in (3, 4, 5, 6)}
    given |= {f"expansion{stage}": [1, 2] if stage == 5 else [2, 4] for stage in (3, 4, 5, 6)}
    given |= {"channels3": [24, 32], "channels4": [32, 64], "channels5": [64, 96]}
    return space("mobilenet_v2", {**given, "channels6": [96, 160]})


@pytest.mark.parametrize(
    "goal",
    [Largest(CAPS, "macs"), Near({"params": 700_000}, CAPS)],
    ids=["macs", "near"],
)
def test_both_agree_on_a_small_box(goal, monkeypatch):
    monkeypatch.setattr(whole, "_CHUNK", 1500)  # boxes of which some are not whole
    small = four_stages()
    by_bounds, of_all = (
        best(Grid(small), goal, 3),
        whole.best_of_all(Grid(small), goal, 3),
    )
    assert [score for *_, score in by_bounds] == [score for *_, score in of_all]
    assert by_bounds[0][2] > float("-inf")


TWO = {"params": 700_000, "macs": 5_000_000}


@pytest.mark.parametrize("goal", [Largest(TWO), Near(TWO, {}), Closest(TWO)], ids=type)
def test_both_agree_where_a_number_decides_one_cost_alone(goal):
    small = space("mobilenet_v2", {"width": [0.25, 0.5, 0.75], "resolution": [48, 64]})
    by_bounds, of_all = best(Grid(small), goal, 3), whole.best_of_all(Grid(small), goal, 3)
    assert [score for *_, score in by_bounds] == [score for *_, score in of_all]
    assert by_bounds[0][2] > float("-inf")


def test_it_is_the_largest_of_those_counted_one_by_one():
    small = space("resnext50", {"cardinality": [1, 2, 3], "width": [4, 8], "depth1": [1, 2, 3]}, 64)
    every = [(peak_elements(one), costs["macs"]) for _, one, costs in designs(small)]
    most = sorted(peak for peak, _ in every)[len(every) // 2]
    [(_, costs, _)] = whole.best_of_all(Grid(small), Largest({"memory": most}, "macs"), 1)
    assert costs["macs"] == max(macs for peak, macs in every if peak <= most)


RAMPS = {"w0": [8, 16, 24, 48], "wa": [8, 16, 40], "wm": [1.25, 2, 2.25, 3], "group": [8, 16, 24]}


@st.composite
def ramps(draw):
    """A few RegNets, all of whose costs may fall while any number but the depth grows; and caps."""
    given = {"depth": draw(st.sampled_from([[4, 5], [4, 6, 7], [5, 9]]))}
    for word, values in RAMPS.items():
        sides = st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)
        given[word] = sorted(draw(sides))
    name = draw(st.sampled_from(["regnetx", "regnety"]))
    grid = Grid(space(name, given, 64), with_layers=True)
    every = one_by_one(grid)
    names = draw(st.lists(st.sampled_from([*every[0][1]]), min_size=1, max_size=3, unique=True))
    caps = {one: draw(st.sampled_from(sorted(costs[one] for _, costs in every))) for one in names}
    goals = st.sampled_from([Largest(caps), Largest(caps, "macs"), Near({"params": 10**5}, caps)])
    return grid.space, every, draw(goals)


def one_by_one(grid):
    """The places and the costs of each design, counted alone; the costs in the grid's order."""
    every = []
    for row in product(*(range(len(one)) for one in grid.values)):
        network = grid.space.network(grid.design(row))
        cost, storage = count(network), grid.space.storage
        told = {"params": cost.params, "macs": cost.macs, "activations": cost.activations}
        told["weights"] = storage.weight_bytes(network, cost.params)
        told["memory"] = memory(network, element_bytes=1).peak_activation_bytes
        every.append((row, {**told, "layers": layers(network)}))
    return every


def score(goal, costs):
    """Of one design, as `Largest` and `Near` describe it; None: it is past a cap."""
    if any(costs[name] > most for name, most in goal.caps.items()):
        return None
    if isinstance(goal, Near):
        return -abs(costs["params"] - 10**5) / 10**5
    shares = [costs[name] / most for name, most in goal.caps.items() if name != "layers"]
    return costs[goal.cost] if goal.cost else max(shares)


@examples(3, 25, ramps(), st.booleans())
def test_the_best_are_those_of_all_counted_one_by_one(drawn, by_bounds):
    small, every, goal = drawn
    if set(goal.caps) == {"layers"} and isinstance(goal, Largest):
        goal = replace(goal, cost="macs")
    scored = [(score(goal, costs), row, costs) for row, costs in every]
    inside = [one for one in scored if one[0] is not None]
    inside.sort(key=lambda one: (-one[0], *one[2].values(), one[1]))
    expected = []
    for number, row, costs in inside:
        network = small.network(Grid(small).design(row))
        if not any(same_network(network, other) for *_, other in expected):
            expected.append((list(row), costs, number, network))
    grid = Grid(small, with_layers=True)
    found = (best if by_bounds else whole.best_of_all)(grid, goal, 3)
    assert [(row.tolist(), score) for row, _, score in found] == [
        (row, score) for row, _, score, _ in expected[:3]
    ]
    told = {*goal.caps, *goal.costs, "params", "macs", "activations", "weights"}
    for (_, costs, _), (_, other, *_) in zip(found, expected, strict=False):
        assert {name: costs[name] for name in told} == {name: other[name] for name in told}


def test_lines_past_a_cap_are_dropped_by_what_is_counted_together():
    given = {"depth": list(range(4, 68)), "w0": [8, 48], "wa": [8, 40], "wm": [2], "group": [8]}
    grid = Grid(space("regnetx", given))
    assert best(grid, Largest({"params": 1}, "params"), 1) == []
    assert grid.counted == 2 * 4 and not grid.trees


def test_where_many_of_the_highest_are_one_network_the_next_follow():
    ramps = {"wa": [8, 9], "wm": [2, 2.125, 2.25, 2.375], "group": [8, 64]}
    grid = Grid(space("regnetx", {"depth": [4, 5], "w0": [48, 64], **ramps}))
    goal = Largest({"weights": 10**9}, "macs")
    found = whole.best_of_all(grid, goal, 6)
    by_bounds = best(Grid(grid.space), goal, 6)
    assert [row.tolist() for row, *_ in found] == [row.tolist() for row, *_ in by_bounds]
    assert len(found) == 6


def test_where_bounds_are_slow_all_are_gone_through(monkeypatch):
    monkeypatch.setattr(whole, "_FEW", 1)
    limit = Limit("macs", 300_000_000, hard=True)
    found = inverse("mobilenet_v2", [limit], given={"depth3": [1, 2]}, free=["width", "depth3"])
    [answer] = found.document()["answers"]
    assert answer["proof"]["method"] == "exhaustive"
    assert "going through all" in answer["proof"]["statement"]


def test_what_would_take_minutes_is_refused_soon(monkeypatch):
    monkeypatch.setattr("archscope.explore.design.caps.branch._TIES", {True: 20_000, False: 20_000})
    caps = [Limit("params", 5_000_000, hard=True), Limit("macs", 400_000_000, hard=True)]
    with pytest.raises(UsageError, match="fix a number, or give smaller ranges"):
        inverse("anynet", caps, free=["depth", "width"])
