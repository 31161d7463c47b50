"""The nearest designs to some limits, by sums: one half of the numbers is looked up in the other.

With tables what a design costs is a sum. Where a few numbers have their values, the tables of the
others fall into two halves that share no number. So for each form of one half those of the other
that bring it near enough to a limit are looked up in their order; no other pair is gone through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, combinations
from math import ceil, prod
from typing import Any

import numpy as np

from archscope.arch.arrays import LARGEST
from archscope.cost.formula import Count
from archscope.explore.design.caps.tables import SUMS, Ints, Tables
from archscope.explore.design.limits import METRICS
from archscope.explore.design.shortlist import SLACK, TIES, Found
from archscope.explore.design.space import Part

_SHARED = 2  # numbers at most that both halves need
_ROW = 1_000  # sums that take as long as one value of the shared numbers by itself
MOST_SUMS = 100_000_000  # of all halves: some seconds
_MOST_FORMS = 10_000_000  # of two halves, which are held: a gigabyte or so
_PAIRS = 1 << 16  # designs that are looked at together
_BLOCK = 1 << 20  # sums that are held


class TooManyPairs(Exception):
    """More designs are near enough to each limit alone than can be looked at."""


@dataclass(frozen=True)
class Halves:
    """The free numbers of a part, by their places: those `shared`, and two halves of the others.

    No table needs numbers of both halves, so that a design costs what each half costs with the
    shared numbers, together. The first half has more forms.
    """

    part: Part
    tables: Tables
    shared: Sequence[int]
    halves: tuple[Sequence[int], Sequence[int]]

    @property
    def sums(self) -> int:
        """How many there are of both halves."""
        return _number(self.part, self.shared) * self.forms

    @property
    def forms(self) -> int:
        """How many each half has, together."""
        return sum(_number(self.part, half) for half in self.halves)

    @property
    def work(self) -> int:
        """How many sums take as long as all of it."""
        return self.sums + _ROW * _number(self.part, self.shared)

    @property
    def words(self) -> list[list[str]]:
        """The shared numbers, and those of each half."""
        return [[self.part.free[one] for one in some] for some in (self.shared, *self.halves)]

    def search(self, found: Found, most: int) -> None:
        """Take the nearest designs in.

        Raises:
            TooManyPairs: where more than `most` would be looked at.
        """
        near = _Near(self, found)
        several: list[Ints] = []
        held = looked_at = 0
        for rows in self._near(found):
            several.append(rows)
            held, looked_at = held + len(rows), looked_at + len(rows)
            if looked_at > most:
                raise TooManyPairs
            if held > _PAIRS:
                near.take(np.concatenate(several))
                several, held = [], 0
        near.take(np.concatenate([*several, self._rows(())[:0]]))
        near.finish()

    def _near(self, found: Found) -> Iterator[Ints]:
        """The designs that are near enough to one of the limits, as rows of places."""
        forms = [self._rows(half) for half in self.halves]
        one, other = forms
        shared, step = self._rows(self.shared), max(1, _BLOCK // (len(one) + len(other)))
        for start in range(0, len(shared), step):
            some = shared[start : start + step]
            first, second = (self._sums(half, forms[half], some, found.costs) for half in range(2))
            order = [np.argsort(sums, axis=1) for sums in second]
            ordered = [
                np.take_along_axis(*pair, axis=1) for pair in zip(second, order, strict=True)
            ]
            for row in _promising(first, ordered, found):
                sides = [(sums[row], held[row]) for sums, held in zip(first, ordered, strict=True)]
                cost, place, number = _fewest(sides, found)
                for chosen, beside in _pairs(place, number):
                    yield some[row] + one[chosen] + other[order[cost][row][beside]]

    def _sums(self, half: int, forms: Ints, shared: Ints, costs: Sequence[str]) -> list[Ints]:
        """What the forms of a half cost beside each of some shared numbers, for each cost.

        What these decide alone belongs to the second half.
        """
        own = set(self.halves[0])
        found = [np.zeros((len(shared), len(forms)), np.int64) for _ in costs]
        for table in self.tables.tables:
            if own.isdisjoint(table.places) == bool(half):
                entries = table.entries(shared)[:, None] + table.entries(forms)
                for total, cost in zip(found, costs, strict=True):
                    total += table.sums[:, SUMS.index(cost)][entries]
        return found

    def _rows(self, places: Sequence[int]) -> Ints:
        """All values of some numbers, by their places, and zeros for the others."""
        sides = [len(self.part.arrays[self.part.free[one]]) for one in places]
        rows = np.zeros((prod(sides), len(self.part.free)), np.int64)
        if places:
            rows[:, list(places)] = np.indices(sides).reshape(len(sides), -1).T
        return rows


@dataclass
class _Near:
    """The designs that are near enough so far: how far, by what they cost, and their places."""

    halves: Halves
    found: Found
    deviation: Any = field(default_factory=lambda: np.zeros(0))
    costs: Any = field(default_factory=lambda: np.zeros((0, len(METRICS)), np.int64))
    rows: Any = None

    def take(self, rows: Ints) -> None:
        """Take some designs in; none is near enough any more than which enough are nearer."""
        if not len(rows):
            return
        found, told = self.found, self.halves.tables.costs(rows)
        found.counted += len(rows)
        deviation = found.deviation(Count(told["params"], told["macs"], told["activations"]))
        good = deviation <= found.reach
        if found.most_layers is not None:
            good &= told["layers"] <= found.most_layers
        costs = np.stack([told[metric][good] for metric in METRICS], axis=1)
        before = rows[:0] if self.rows is None else self.rows
        deviation = np.concatenate([self.deviation, deviation[good]])
        costs, rows = np.concatenate([self.costs, costs]), np.concatenate([before, rows[good]])
        order = np.lexsort([*rows.T[::-1], *costs.T[::-1], deviation])
        order, last = self._cut(order, costs[order])
        if last is not None:  # as many networks
            found.reach = min(found.reach, float(deviation[last]) * SLACK)
        self.deviation, self.costs, self.rows = deviation[order], costs[order], rows[order]

    def _cut(self, order: Ints, costs: Any) -> tuple[Ints, int | None]:
        """Of designs in order those that are kept, and of so many costs that differ the last.

        Equal networks cost the same, so that many of one crowd out no other.
        """
        number, most = self.found.number, self.found.number + TIES
        is_first = np.ones(len(costs), dtype=bool)
        is_first[1:] = (costs[1:] != costs[:-1]).any(axis=1)
        first = np.flatnonzero(is_first)
        rank = np.arange(len(costs)) - first[np.cumsum(is_first) - 1]
        if len(first) < number:
            return order[rank < most], None
        end = max(most, int(first[number - 1]) + 1)
        return order[:end][rank[:end] < most], int(order[first[number - 1]])

    def finish(self) -> None:
        """Tell what was found."""
        part = self.halves.part
        for place, deviation in enumerate(self.deviation):
            chosen = zip(part.free, self.rows[place].tolist(), strict=True)
            values = part.values({word: part.arrays[word][one] for word, one in chosen})
            costs = dict(zip(METRICS, self.costs[place].tolist(), strict=True))
            self.found.add(float(deviation), values, costs)


def by_sums(part: Part, work: float, most: int, found: Found) -> bool:
    """Take the nearest designs of a part in, where that takes no longer than so many sums.

    Returns whether it does, and at `most` so many designs had to be looked at.
    """
    halves = halves_of(part)
    if halves is None or halves.work > min(work, MOST_SUMS):
        return False
    try:
        halves.search(found, most)
    except TooManyPairs:
        return False
    found.sums += halves.sums
    found.halves.append(halves.words)
    return True


def halves_of(part: Part) -> Halves | None:
    """The halves of a part by which the search takes least; None where it has no tables, or two."""
    if part.tables is None:
        return None
    scopes = [set(table.places) for table in part.tables.tables]
    places = range(len(part.free))
    every = chain.from_iterable(combinations(places, number) for number in range(_SHARED + 1))
    made = [
        Halves(part, part.tables, shared, sides)
        for shared in every
        if (sides := _sides(part, scopes, shared)) is not None
    ]
    held = (one for one in made if one.forms <= _MOST_FORMS)
    return min(held, key=lambda one: one.work, default=None)


def _sides(
    part: Part, scopes: Sequence[set[int]], shared: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]] | None:
    """Two halves that no scope joins beside the shared numbers, as equal as can be; or None."""
    groups: list[set[int]] = []
    for scope in scopes:
        own = scope.difference(shared)
        joined = [group for group in groups if group & own]
        groups = [group for group in groups if not group & own]
        groups += [own.union(*joined)] if own else []
    if len(groups) < 2:
        return None
    halves: list[list[int]] = [[], []]
    for group in sorted(groups, key=lambda one: -_number(part, list(one))):
        min(halves, key=lambda half: _number(part, half)).extend(group)
    one, other = sorted((sorted(half) for half in halves), key=lambda half: -_number(part, half))
    return one, other


def _number(part: Part, places: Sequence[int]) -> int:
    """How many combinations there are of the values of some numbers."""
    return prod(len(part.arrays[part.free[one]]) for one in places)


def _ends(found: Found) -> list[tuple[int, int]]:
    """Of each limited cost the least and the most of a design that is near enough."""
    ends = []
    for limit in found.limits:
        far = ceil(Fraction(found.reach) * limit.value) + 1
        low = 0 if found.rule == "ceil" else far
        high = 0 if found.rule == "floor" else far
        ends.append((max(0, limit.value - low), min(limit.value + high, LARGEST)))
    return ends


def _promising(first: Sequence[Ints], ordered: Sequence[Ints], found: Found) -> list[int]:
    """For which of the shared numbers the sums of both halves may come near enough."""
    may = np.ones(len(first[0]), dtype=bool)
    for sums, held, (low, high) in zip(first, ordered, _ends(found), strict=True):
        may &= sums.max(axis=1) + held[:, -1] >= low
        may &= sums.min(axis=1) + held[:, 0] <= high
    rows: list[int] = np.flatnonzero(may).tolist()
    return rows


def _fewest(sides: Sequence[tuple[Ints, Ints]], found: Found) -> tuple[int, Ints, Ints]:
    """The cost by which fewest pairs are near enough: of each sum the first, and how many."""
    every = []
    for cost, ((sums, held), (low, high)) in enumerate(zip(sides, _ends(found), strict=True)):
        place = held.searchsorted(low - sums)
        number = held.searchsorted(high - sums, side="right") - place
        every.append((int(number.sum()), cost, place, number))
    _, cost, place, number = min(every, key=lambda one: one[:2])
    return cost, place, number


def _pairs(place: Ints, number: Ints) -> Iterator[tuple[Ints, Ints]]:
    """The places of pairs: so many from a place on, of each of the first; some at a time."""
    there = np.flatnonzero(number)
    ends = np.cumsum(number[there])
    start = 0
    while start < len(there):
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(ends.searchsorted(before + _PAIRS, side="right")))
        some = there[start:end]
        chosen = np.repeat(some, number[some])
        within = np.arange(len(chosen)) - np.repeat(
            ends[start:end] - number[some] - before, number[some]
        )
        yield chosen, place[chosen] + within
        start = end
