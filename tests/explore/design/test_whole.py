"""Going through all designs by parts, against the search by bounds, and what is refused at once."""

from dataclasses import replace

import pytest
from design_spaces import designs

from archscope.cost.memory import peak_elements
from archscope.cost.stored import Storage
from archscope.errors import UsageError
from archscope.explore.design.caps import whole
from archscope.explore.design.caps.branch import best
from archscope.explore.design.caps.goals import Largest, Near
from archscope.explore.design.caps.grid import Grid
from archscope.explore.design.inverse import inverse
from archscope.explore.design.limits import Limit
from archscope.explore.design.question import read_base

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


def test_it_is_the_largest_of_those_counted_one_by_one():
    small = space("resnext50", {"cardinality": [1, 2, 3], "width": [4, 8], "depth1": [1, 2, 3]}, 64)
    every = [(peak_elements(one), costs["macs"]) for _, one, costs in designs(small)]
    most = sorted(peak for peak, _ in every)[len(every) // 2]
    [(_, costs, _)] = whole.best_of_all(Grid(small), Largest({"memory": most}, "macs"), 1)
    assert costs["macs"] == max(macs for peak, macs in every if peak <= most)


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
