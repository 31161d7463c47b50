"""How large the designs of a box may be under caps on sums, by prices of what the caps are on.

With tables a design's costs are sums, of one entry of each table, and whether a cap on memory
forbids an entry its table tells. Whatever a unit of each capped cost is priced at, no design within
the caps has more than the caps at these prices, and of each table the most that an entry has beyond
its own costs at them: the Lagrangian bound of a multiple-choice knapsack (Kellerer, Pferschy and
Pisinger, Knapsack Problems, 2004, chapter 11). Numbers that several tables need have one value in
a box of which this is told; for each combination of their values the prices are those that bound
the whole space best, or nearly so where there are several caps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from math import prod

import numpy as np

from archscope.explore.design.caps.goals import Floats, Goal, Largest
from archscope.explore.design.caps.grid import Grid
from archscope.explore.design.caps.tables import SUMS, Ints, Sides, Table

MOST_ENTRIES = 400_000  # of all tables, each for all numbers that several need: half a second
MOST_SPANS = 30_000_000  # boxes of one table's own numbers
_ROUNDS = 30  # of halving the range of a price
_FAR = 1e6  # times the price at which all of a cap is worth all that there is, and one of it
_SLACK = 1e-12  # of all numbers that are added: far more than is rounded


@dataclass
class _Part:
    """Tables that need the same numbers: an entry for each of these, the shared ones first.

    Attributes:
        own: the places of the numbers that others do not need.
        sides: how many values each has.
        gain: what is to be large, of each entry; -inf where the memory passes its cap.
        costs: what is capped, of each entry.
        most: the most in each span of the own numbers, beyond its costs at the prices.
    """

    own: Sequence[int]
    sides: Sides
    gain: Floats
    costs: Floats
    most: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.most = np.empty((len(self.gain), _spans(self.sides)))  # takes room where it is written

    def worth(self, prices: Floats, which: Ints | slice = slice(None)) -> Floats:
        """What each entry has beyond its costs."""
        priced = np.einsum("nec,nc->ne", self.costs[which], prices[which])
        found: Floats = self.gain[which] - priced
        return found

    def tell(self, prices: Floats, which: Ints) -> None:
        """Write the most of each span, of some combinations of the shared numbers."""
        worth = self.worth(prices, which).reshape(len(which), *self.sides)
        for axis in range(1, worth.ndim):
            along = np.moveaxis(worth, axis, 0)
            every = [np.maximum.accumulate(along[first:]) for first in range(len(along))]
            worth = np.moveaxis(np.concatenate(every), 0, axis)
        self.most[which] = worth.reshape(len(which), -1)

    def within(self, which: Ints, low: Ints, high: Ints) -> Floats:
        """The most in each box."""
        span = np.zeros(len(which), np.int64)
        for place, side in zip(self.own, self.sides, strict=True):
            first = low[:, place]
            span *= _spans((side,))
            span += first * (2 * side - first + 1) // 2 + high[:, place] - first
        return self.most[which, span]


class Relaxed:
    """The bounds of the boxes of a space in which the `shared` numbers have one value each."""

    def __init__(self, shared: Sequence[int], lengths: Sequence[int], parts: list[_Part]) -> None:
        self.shared, self._lengths, self._parts = list(shared), lengths, parts
        self._told = np.zeros(len(parts[0].gain), dtype=bool)

    def price(self, most: Floats) -> None:
        """Find the prices of caps of these, for each combination of the shared numbers.

        One cap after the other: where it is passed at the prices so far, the price at which what
        is then the best just keeps to it.
        """
        number = len(self._told)
        self._prices = np.zeros((number, len(most)))
        gains = sum(np.max(np.where(p.gain > -np.inf, p.gain, 0)) for p in self._parts)
        for cap, value in enumerate(most.tolist()):
            least = np.full(number, gains / max(value, 1) / _FAR)
            enough = np.full(number, gains * _FAR)
            passed = self._excess(self._prices, cap) > value
            for _ in range(_ROUNDS if passed.any() else 0):
                tried = self._prices.copy()
                tried[:, cap] = np.sqrt(least * enough)
                over = self._excess(tried, cap) > value
                least = np.where(over, tried[:, cap], least)
                enough = np.where(over, enough, tried[:, cap])
            self._prices[:, cap] = np.where(passed, enough, 0)
        self._caps = self._prices @ most
        self._slack = _SLACK * (gains + self._caps + sum(map(self._largest, self._parts)))
        self._whole = self._caps + sum(p.worth(self._prices).max(axis=1) for p in self._parts)

    def bound(self, low: Ints, high: Ints, least: float) -> Floats:
        """What no design of each box passes; inf where it is not told.

        It is told more exactly where that of all designs with the same shared numbers is `least`
        or more.
        """
        single = (low[:, self.shared] == high[:, self.shared]).all(axis=1)
        key = np.zeros(len(low), np.int64)
        for place in self.shared:
            key = key * self._lengths[place] + low[:, place]
        found = np.where(single, self._whole[key] + self._slack[key], np.inf)
        some = np.flatnonzero(single & (found >= least))
        if len(some):
            found[some] = self._within(key[some], low[some], high[some])
        return np.floor(found)

    def _within(self, key: Ints, low: Ints, high: Ints) -> Floats:
        new = np.unique(key[~self._told[key]])
        self._told[new] = True
        total: Floats = self._caps[key] + self._slack[key]
        for part in self._parts:
            if len(new):
                part.tell(self._prices, new)
            total = total + part.within(key, low, high)
        return total

    def _excess(self, prices: Floats, cap: int) -> Floats:
        """What is best at the prices has of a capped cost, of each combination."""
        total, rows = np.zeros(len(prices)), np.arange(len(prices))
        for part in self._parts:
            total += part.costs[rows, part.worth(prices).argmax(axis=1), cap]
        return total

    def _largest(self, part: _Part) -> Floats:
        largest: Floats = np.einsum("nc,nc->n", part.costs.max(axis=1), self._prices)
        return largest


def relaxed(grid: Grid, goal: Goal) -> Relaxed | None:
    """The bounds of a space; None where its costs are no sums of few entries, or none is capped."""
    if not isinstance(goal, Largest) or goal.cost not in SUMS or grid.tables is None:
        return None
    ends = {**goal.caps, **goal.reach}
    caps = [cost for cost in ends if cost in SUMS and cost != goal.cost]
    lengths = [len(one) for one in grid.values]
    several = _together(grid.tables.tables)
    used = Counter(place for scope in several for place in scope)
    shared = sorted(place for place, scopes in used.items() if scopes > 1)
    own = [sorted(scope.difference(shared)) for scope in several]
    sides = [tuple(lengths[place] for place in places) for places in own]
    number = prod(lengths[place] for place in shared)
    apart = sum(map(bool, own)) > 1  # otherwise all designs of a box are in one table
    few = number * sum(map(prod, sides)) <= MOST_ENTRIES
    if not (caps and apart and few and number * sum(map(_spans, sides)) <= MOST_SPANS):
        return None
    parts = []
    for tables, places, some in zip(several.values(), own, sides, strict=True):
        gain: Floats = np.zeros((number, prod(some)))
        costs: Floats = np.zeros((number, prod(some), len(caps)))
        for table in tables:
            aligned = partial(_aligned, table, shared, places, lengths)
            gain += aligned(table.sums[:, SUMS.index(goal.cost)])
            gain[aligned(table.peaks) > ends.get("memory", np.inf)] = -np.inf
            for column, cost in enumerate(caps):
                costs[:, :, column] += aligned(table.sums[:, SUMS.index(cost)])
        parts.append(_Part(places, some, gain, costs))
    found = Relaxed(shared, lengths, parts)
    found.price(np.array([ends[cost] for cost in caps], float))
    return found


def _together(tables: Sequence[Table]) -> dict[frozenset[int], list[Table]]:
    """The tables by the numbers that they need; with those of more of them, where there are."""
    found: dict[frozenset[int], list[Table]] = {}
    for table in sorted(tables, key=lambda one: -len(one.places)):
        scope = frozenset(table.places)
        found.setdefault(next((one for one in found if scope <= one), scope), []).append(table)
    return found


def _spans(sides: Sides) -> int:
    """How many boxes there are of numbers with so many values."""
    return prod(side * (side + 1) // 2 for side in sides)


def _aligned(
    table: Table, shared: Sequence[int], own: Sequence[int], lengths: Sequence[int], column: Ints
) -> Ints:
    """A column of a table, laid out: all combinations of the shared numbers, by its own."""
    places = (*shared, *own)
    order = [table.places.index(one) for one in places if one in table.places]
    there = [lengths[one] if one in table.places else 1 for one in places]
    cube = column.reshape(table.sides).transpose(order).reshape(there)
    whole = np.broadcast_to(cube, [lengths[one] for one in places])
    return whole.reshape(prod(lengths[one] for one in shared), -1)
