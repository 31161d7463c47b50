"""Branch and bound: the designs of a space with the highest scores, and no other is higher.

A box of a space is a first and a last place on each axis. Its first design costs least and its last
most, in all costs that grow with every number that is open in the box; so one look at both tells
what no design of the box can be, and where that is not good enough, the box is dropped with all
that it holds. Others are cut in two along their longest axis, those first with which a cost may
fall, and the more promising half is looked at first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np
import numpy.typing as npt

from archscope.explore.design.caps.boxes import boxes, costs_in
from archscope.explore.design.caps.found import Best, Kept, taken
from archscope.explore.design.caps.goals import Floats, Goal
from archscope.explore.design.caps.grid import Costs, Enough, Grid, Ints
from archscope.explore.design.caps.relaxed import relaxed

MOST_COUNTED = 30_000_000  # designs of arrays: a minute or so
_BATCH = {True: 32_768, False: 4}  # boxes looked at together, where all numbers are arrays
_RELAXED_BATCH = 1_024  # fewer, where bounds by prices soon tell the good ones
_SAMPLE = 16_384  # of the smallest boxes
_LINES = 1 << 18  # whose ends are counted: a second
_CHUNK = 1 << 16  # ends that are counted at once
# Designs after which those that are no better are not looked for any more: with tables, without.
_TIES = {True: 800_000, False: 200_000}


@dataclass(frozen=True)
class _Boxes:
    """Some boxes: the places of their first and last designs, with costs; and their bounds."""

    low: Ints
    high: Ints
    cheapest: Costs
    dearest: Costs
    bound: Floats

    def __len__(self) -> int:
        return len(self.low)

    def some(self, which: npt.NDArray[np.intp]) -> _Boxes:
        return _Boxes(
            self.low[which],
            self.high[which],
            taken(self.cheapest, which),
            taken(self.dearest, which),
            self.bound[which],
        )


def best(
    grid: Grid, goal: Goal, number: int, most: int = MOST_COUNTED, into: Best | None = None
) -> Kept:
    """The `number` designs with the highest scores; those of -inf are none.

    They are taken `into` what may refuse some of them for reasons of its own.

    Raises:
        Enough: where more than `most` would be counted, or it would take minutes.
    """
    search = _Search(grid, goal, into or Best(number, grid.same), most)
    search.run()
    return search.found.kept()


class _Search:
    """A goal in a space, and the best designs so far."""

    def __init__(self, grid: Grid, goal: Goal, found: Best, most: int) -> None:
        self.grid, self.goal, self._most = grid, goal.reaching(grid.reach), most
        self.found = found
        self._before = grid.counted
        self._ties = _TIES[grid.tables is not None]
        self._looked = False
        self._loose = {cost: grid.loose(cost) for cost in (*goal.caps, *goal.costs)}
        self._first = np.logical_or.reduce(list(self._loose.values()))
        self._never = np.flatnonzero(np.logical_and.reduce(list(self._loose.values())))
        self._peaks = goal.peaks if "memory" in self._loose else None
        self._relaxed = relaxed(grid, self.goal)
        if self._relaxed:  # it bounds boxes in which these have one value
            self._first[self._relaxed.shared] = True

    @property
    def counted(self) -> int:
        """How many designs it has counted."""
        return self.grid.counted - self._before

    def run(self) -> None:
        """Look at all boxes that may hold one of the best.

        Raises:
            Enough: where it would take minutes.
        """
        fast = self._is_fast
        batch = _RELAXED_BATCH if self._relaxed else _BATCH[fast]
        stack = self.lines() or [self.everything()]
        while stack:
            boxes = self.promising(stack.pop())
            if self.counted > self._most or (fast and self._hopeless()):
                raise Enough
            if len(boxes):
                halves = self.halved(boxes)
                order = np.argsort(halves.bound, kind="stable")  # the most promising are the last
                starts = range(0, len(order), batch)
                stack += [halves.some(order[start : start + batch]) for start in starts]

    @property
    def _is_fast(self) -> bool:
        return self.grid.tells_memory if self._peaks else self.grid.is_array

    def _hopeless(self) -> bool:
        """Whether a sample of the smallest boxes shows that too many may hold one of the best."""
        if self._looked or self.counted < self._ties or self._most < MOST_COUNTED:
            return False
        self._looked = True
        lengths = self.grid.ends + 1
        low = np.random.default_rng(0).integers(0, lengths, (_SAMPLE, len(lengths)))
        high = np.minimum(low + ~self._first, self.grid.ends)
        costs = self._looked_at(np.concatenate([low, high]))
        rows = np.arange(_SAMPLE)
        boxes = self._boxes(low, high, taken(costs, rows), taken(costs, rows + _SAMPLE))
        share = len(self.promising(boxes)) / _SAMPLE
        return bool(share * prod(lengths.tolist()) > self._most)

    def lines(self) -> list[_Boxes]:
        """A box for each value of the axes along which every cost may fall; none where many are."""
        grid, ends = self.grid, self.grid.ends
        rest = [place for place in np.flatnonzero(ends).tolist() if place not in self._never]
        number = prod((ends[self._never] + 1).tolist())
        if not rest or not 1 < number <= _LINES or grid.tables is not None or not self._is_fast:
            return []
        several = []
        for box in boxes(grid, _CHUNK, rest):
            low = box.every
            high = low.copy()
            high[:, rest] = ends[rest]
            dearest = replace(box, first=high[0])
            some = [costs_in(grid, one, self._peaks) for one in (box, dearest)]
            for rows, costs in zip((low, high), some, strict=True):
                self.found.take(rows, costs, self.goal.score(costs))
            several.append(self._boxes(low, high, *some))
        self._before = grid.counted  # those were counted together, which is far faster
        return several

    def everything(self) -> _Boxes:
        """The box of all designs."""
        ends = self.grid.ends[None]
        corners = np.concatenate([np.zeros_like(ends), ends])
        costs = self._looked_at(corners)
        first, last = np.array([0]), np.array([1])
        return self._boxes(corners[:1], ends, taken(costs, first), taken(costs, last))

    def promising(self, boxes: _Boxes) -> _Boxes:
        """Those that may hold one of the best, beside their first and last design."""
        enough = boxes.bound >= self.found.least
        if self.counted > self._ties:
            self.grid.left_ties |= bool((boxes.bound == self.found.least).any())
            enough = boxes.bound > self.found.least
        more = (boxes.high - boxes.low).sum(axis=1) > 1
        return boxes.some(np.flatnonzero(enough & more & (boxes.bound > -np.inf)))

    def halved(self, boxes: _Boxes) -> _Boxes:
        """Both halves of each box, cut where a cost may fall, or else along the longest axis."""
        length = boxes.high - boxes.low
        axis = np.argmax(np.where(self._first & (length > 0), length + 2**40, length), axis=1)
        rows = np.arange(len(boxes))
        middle = (boxes.low[rows, axis] + boxes.high[rows, axis]) // 2
        end, start = boxes.high.copy(), boxes.low.copy()
        end[rows, axis] = middle
        start[rows, axis] = middle + 1
        costs = self._looked_at(np.concatenate([end, start]))
        dearest, cheapest = taken(costs, rows), taken(costs, rows + len(boxes))
        return self._boxes(
            np.concatenate([boxes.low, start]),
            np.concatenate([end, boxes.high]),
            _joined(boxes.cheapest, cheapest),
            _joined(dearest, boxes.dearest),
        )

    def _looked_at(self, designs: Ints) -> Costs:
        costs = self.grid.costs(designs, self._peaks)
        self.found.take(designs, costs, self.goal.score(costs))
        return costs

    def _boxes(self, low: Ints, high: Ints, cheapest: Costs, dearest: Costs) -> _Boxes:
        open_ = low != high
        sound = {cost: ~(open_ & axes).any(axis=1) for cost, axes in self._loose.items()}
        bound = self.goal.bound(cheapest, dearest, sound)
        if self._relaxed:
            bound = np.minimum(bound, self._relaxed.bound(low, high, self.found.least))
        return _Boxes(low, high, cheapest, dearest, bound)


def _joined(one: Costs, other: Costs) -> Costs:
    return {name: np.concatenate([one[name], other[name]]) for name in one}
