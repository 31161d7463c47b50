"""All designs of a space, gone through: those with the highest scores.

A box of designs is counted by parts: each number that varies is an array along an axis of its own,
so that what a few numbers decide, as the cost of a stage, is counted once for all designs that
share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from archscope.arch.times import LATENCY
from archscope.errors import UsageError
from archscope.explore.design.caps.boxes import Box, boxes
from archscope.explore.design.caps.branch import MOST_COUNTED, best
from archscope.explore.design.caps.found import Best, Kept
from archscope.explore.design.caps.goals import Goal
from archscope.explore.design.caps.grid import Costs, Enough, Grid
from archscope.explore.design.caps.in_time import is_in_time, largest_in_time
from archscope.explore.design.space import Space, ranged
from archscope.reporting.networks.designs import values_text

MOST_WHOLE = 500_000_000  # designs: half a minute or so
MOST_TIMED = 20_000_000  # of which the latency is predicted
_CHUNK = 1 << 20  # of a box that is counted at once
_CHUNK_TIMED = 1 << 15  # the same where times are predicted: all operations are held at once
_FEW = 100_000  # designs that are counted one by one in any case
_TREES = 500  # of numbers that are one tree for each value: as long


def highest(grid: Grid, goal: Goal, number: int) -> Kept:
    """The `number` designs with the highest scores, by bounds, or where that is slow of all.

    Raises:
        UsageError: where it would take minutes.
    """
    size = prod(map(len, grid.values))
    timed = LATENCY in (*goal.caps, *goal.costs)
    most = MOST_TIMED if timed else MOST_WHOLE
    by_parts = size <= most and prod(len(grid.values[one]) for one in grid.singles) <= _TREES
    if timed and by_parts:  # no bound tells latency, and by parts all are predicted fast
        return best_of_all(grid, goal, number)
    try:
        if is_in_time(goal, grid):
            return largest_in_time(grid, goal, number, MOST_COUNTED)
        return best(grid, goal, number, max(size // 20, _FEW) if by_parts else MOST_COUNTED)
    except Enough:
        if by_parts:
            return best_of_all(grid, goal, number)
    raise UsageError(
        f"after {grid.counted:,} designs it is not known which are best; fix a number, or give "
        f"smaller ranges, as {_smaller(grid.space)}"
    )


def _smaller(space: Space) -> str:
    """How half of the values is stated of the number that has most of them, in all stages."""
    values: dict[str, list[Sequence[Any]]] = {}
    for word in space.free:
        values.setdefault(space.of[word].word, []).append(space.axes[word])
    word = max(values, key=lambda word: prod(map(len, values[word])))
    first = values[word][0]
    return ranged(word, values_text(first[: max(2, len(first) // 2)]))


def best_of_all(grid: Grid, goal: Goal, number: int) -> Kept:
    """The `number` designs with the highest scores, of all; those of -inf are none."""
    found, grid.counted, grid.is_whole = Best(number, grid.same), 0, True
    grid.left_ties = False
    peaks = goal.peaks if "memory" in (*goal.caps, *goal.costs) else None
    for box in boxes(grid, _CHUNK_TIMED if grid.latency else _CHUNK):
        try:
            costs = grid.box_costs(box.first, box.sides, memory=peaks is not None)
        except UsageError:  # one of them does not exist, or does not fit 64 bits
            costs = grid.costs(box.every, peaks)
            found.take(box.every, costs, goal.score(costs))
            continue
        _take(found, box, costs, goal)
    return found.kept()


def _take(found: Best, box: Box, costs: Costs, goal: Goal) -> None:
    """Take the highest of a box; more of them where several are one network."""
    scores = np.broadcast_to(goal.score(costs), box.sides).reshape(-1)
    good = np.flatnonzero(scores >= max(found.least, np.finfo(float).min))
    number = 4 * found.number
    while len(good):
        few = len(good) <= number
        least = scores[good].min() if few else np.partition(scores[good], -number)[-number]
        above = scores[good] >= least
        which = np.unravel_index(good[above], box.sides)
        some = {name: np.broadcast_to(one, box.sides)[which] for name, one in costs.items()}
        found.take(box.rows(good[above]), some, scores[good[above]])
        good = good[~above]
        good = good[scores[good] >= found.least]
        number *= 4
