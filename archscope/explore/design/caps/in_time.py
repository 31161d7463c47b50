"""The largest designs within a time: predicted only where they would be among the largest.

To predict the latency takes far longer than to count, and no bound tells it. So the largest designs
are sought by their counts, and of those found the time is predicted, the largest first, until there
is none that is as large as what has kept the time. That more multiply-adds than a model's fastest
would do in that time do not keep it is a further cap.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

import numpy as np

from archscope.arch.times import LATENCY
from archscope.explore.design.caps.branch import best
from archscope.explore.design.caps.found import Best, Kept, taken
from archscope.explore.design.caps.goals import Floats, Goal, Largest
from archscope.explore.design.caps.grid import Costs, Grid, Ints

_FIRST, _BLOCK = 64, 4_096  # designs that are predicted at once


def is_in_time(goal: Goal, grid: Grid) -> TypeGuard[Largest]:
    """Whether a goal is the most of another cost within a time."""
    timed = grid.latency is not None and LATENCY in goal.caps
    return timed and isinstance(goal, Largest) and goal.cost not in (None, LATENCY)


def largest_in_time(grid: Grid, goal: Largest, number: int, most: int) -> Kept:
    """The `number` largest designs within all caps, one of them on the latency.

    Raises:
        Enough: where more than `most` would be counted, or it would take minutes.
    """
    assert grid.latency is not None
    caps = {name: value for name, value in goal.caps.items() if name != LATENCY}
    macs = grid.latency.most_macs(goal.caps[LATENCY])
    if macs is not None:
        caps["macs"] = min(macs, caps.get("macs", macs))
    untimed = replace(grid, latency=None)
    found = InTime(number, grid, goal.caps[LATENCY])
    try:
        return best(untimed, replace(goal, caps=caps), number, most, found)
    finally:
        grid.counted, grid.left_ties = untimed.counted, untimed.left_ties


class InTime(Best):
    """The designs with the highest scores so far of those that keep a time."""

    def __init__(self, number: int, grid: Grid, most: int) -> None:
        super().__init__(number, grid.same)
        self._grid, self._within = grid, most

    def take(self, rows: Ints, costs: Costs, scores: Floats) -> None:
        """Take those that are good enough, the highest first, until the rest is not."""
        order = np.argsort(-scores, kind="stable")
        order = order[scores[order] > -np.inf]
        start, size = 0, _FIRST
        while start < len(order) and scores[order[start]] >= self.least:
            some = order[start : start + size]
            some = some[scores[some] >= self.least]
            times = self._times(rows[some])
            kept = times <= self._within
            told = {**taken(costs, some[kept]), LATENCY: times[kept]}
            super().take(rows[some[kept]], told, scores[some[kept]])
            start, size = start + size, min(4 * size, _BLOCK)

    def _times(self, rows: Ints) -> Ints:
        """The predicted nanoseconds of designs."""
        self._grid.trees = 0  # these are as many as must be
        return self._grid.costs(rows)[LATENCY]
