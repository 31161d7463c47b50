"""Random lines through a part of a box: designs that differ in one number, which costs grow with.

Of a line it is known by bisection which of its designs lie in the ranges. Where few do, so many
more designs are looked at than are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

import numpy as np

from archscope.cost.formula import count
from archscope.explore.design.caps.conditions import Conditions, bytes_of
from archscope.explore.design.chunks import counted
from archscope.explore.design.collect import Columns
from archscope.explore.design.limits import METRICS
from archscope.explore.design.search import most_expensive
from archscope.explore.design.space import Part

PICK = "pick"
Test: TypeAlias = "Callable[[Columns, Any, Any], Any]"  # of designs, one of each row


@dataclass
class Lines:
    """The lines of a part.

    Along an axis that says where networks begin (`Axis.begins`) only such values are drawn. Two
    picks may be the same value: `first_picks` tells one of them.

    Attributes:
        part: where they lie.
        asked: what the designs must cost.
        divisible: of what group widths must be multiples.
        counted: how many designs were counted so far.
    """

    part: Part
    asked: Conditions
    divisible: int
    counted: int = field(default=0, init=False)

    @property
    def size(self) -> int:
        """How many lines there are, each pick one."""
        return prod(self._number(axis) for axis in self._outer)

    @property
    def length(self) -> int:
        """How many designs each has."""
        return 1 if self._inner is None else len(self.part.arrays[self._inner])

    def drawn(self, rows: int, rng: np.random.Generator) -> Columns:
        """Of so many lines, each as likely as any other, those that are there."""
        rows = rows if self.part.free else 1  # a single design
        places = {axis: rng.integers(self._number(axis), size=rows) for axis in self._outer}
        begins, axis = self._begins, self._begun
        columns = {one: self.part.column(one)[places[one]] for one in places if one != axis}
        if begins is None:
            return {**columns, PICK: np.zeros(rows, np.int64)}
        values = self.part.column(axis)
        place = begins.places(self._all(columns, rows), places[axis])
        there = np.flatnonzero(place < len(values))
        columns |= {axis: values[np.minimum(place, len(values) - 1)], PICK: places[axis]}
        return {name: column[there] for name, column in columns.items()}

    def inside(self, columns: Columns) -> tuple[Any, Any]:
        """Of each line where its first design in the ranges stands, and how many there are."""
        rows = len(columns[PICK])
        first, number = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        ends = np.full(rows, self.length - 1)
        left = self._where(columns, np.arange(rows), first, self._not_past)
        left = self._where(columns, left, ends, self._reached)
        first[left] = self._bisected(columns, left, np.zeros(len(left), np.int64), self._reached)
        left = self._where(columns, left, first, self._not_past)
        end = self._bisected(columns, left, first[left] + 1, self._past)
        number[left] = end - first[left]
        return first, number

    def designs(self, columns: Columns, places: Any) -> Columns:
        """The designs that stand there, one of each line."""
        chosen = {name: column for name, column in columns.items() if name != PICK}
        if self._inner is not None:
            chosen[self._inner] = self.part.column(self._inner)[places]
        return chosen

    def divides(self, designs: Columns, rows: int) -> Any:
        """Which of so many designs have group widths that are multiples as asked."""
        one = self.divisible == 1
        return np.broadcast_to(one or self.part.group_width(designs) % self.divisible == 0, rows)

    def first_picks(self, designs: Columns, picks: Any) -> Any:
        """Which of some picks are the first ones of their values."""
        begins = self._begins
        first = np.ones(len(picks), dtype=bool)
        for row in range(len(picks)) if begins is not None else ():
            one = {axis: np.full(picks[row] + 1, column[row]) for axis, column in designs.items()}
            places = begins.places(self._all(one, picks[row] + 1), np.arange(picks[row] + 1))
            first[row] = not (places[:-1] == places[-1]).any()
        return first

    def _where(self, columns: Columns, rows: Any, places: Any, test: Test) -> Any:
        """Those of the rows whose designs pass."""
        return rows[test(columns, rows, places[rows])] if len(rows) else rows

    def _bisected(self, columns: Columns, rows: Any, low: Any, test: Test) -> Any:
        """The first place from `low` on whose design passes; the length where none does."""
        high = np.full(len(rows), self.length)
        while len(open_ := np.flatnonzero(low < high)):
            middle = (low[open_] + high[open_]) // 2
            passed = test(columns, rows[open_], middle)
            high[open_] = np.where(passed, middle, high[open_])
            low[open_] = np.where(passed, low[open_], middle + 1)
        return low

    def _reached(self, columns: Columns, rows: Any, places: Any) -> Any:
        """Which designs cost the least that is asked for, one of each row."""
        return self._inside(columns, rows, places, lambda low, _, value: value >= low)

    def _not_past(self, columns: Columns, rows: Any, places: Any) -> Any:
        """Which designs cost no more than is asked for."""
        return self._inside(
            columns, rows, places, lambda _, high, value: high is None or value <= high
        )

    def _past(self, columns: Columns, rows: Any, places: Any) -> Any:
        return ~self._not_past(columns, rows, places)

    def _inside(
        self, columns: Columns, rows: Any, places: Any, test: Callable[[int, int | None, Any], Any]
    ) -> Any:
        """Which designs pass; bytes are told of those alone whose counted costs do."""
        self.counted += len(rows)
        inside = np.ones(len(rows), dtype=bool)
        if not len(rows):
            return inside
        designs = self.designs({name: one[rows] for name, one in columns.items()}, places)
        cost = counted(self.part, designs)
        for metric, (low, high) in self.asked.counted.items():
            inside &= test(low, high, getattr(cost, metric))
        if self.asked.stored and inside.any():
            some = np.flatnonzero(inside)
            chosen = {axis: one[some] for axis, one in designs.items()}
            params = np.broadcast_to(cost.params, len(rows))[some]
            stored = bytes_of(self.part, chosen, params, self.asked.stored, self.asked.storage)
            for metric, value in stored.items():
                inside[some] &= test(*self.asked.ranges[metric], value)
        return inside

    def _number(self, axis: str) -> int:
        """From how many an axis's value is drawn."""
        if self._begins is not None and axis == self._begun:
            return int(self._begins.number)
        return len(self.part.arrays[axis])

    def _all(self, columns: Columns, rows: int) -> Columns:
        """The columns of all array axes but those along which lines run."""
        fixed = {a: v for a, v in self._values.items() if len(v) == 1}
        return {**{axis: np.repeat(one, rows) for axis, one in fixed.items()}, **columns}

    @cached_property
    def _values(self) -> dict[str, Any]:
        return {axis: self.part.column(axis) for axis in self.part.arrays}

    @cached_property
    def _outer(self) -> list[str]:
        return [axis for axis in self.part.free if axis != self._inner]

    @cached_property
    def _inner(self) -> str | None:
        """The longest axis with which every cost that has a range grows; None: there is none."""
        of, loose = self.part.space.of, self.part.loose(tuple(self.asked.ranges))
        tight = [
            axis
            for axis in self.part.free
            if axis not in loose and not (self.divisible > 1 and of[axis].channels)
        ]
        if not self.asked.ranges or not tight:
            return None
        largest = count(self.part.network(most_expensive(self.part, {})))
        if max(getattr(largest, metric) for metric in METRICS) >= 2**62:
            return None  # plain numbers do not overflow; those of an array might
        return max(tight, key=lambda axis: len(self.part.arrays[axis]))

    @cached_property
    def _begun(self) -> str:
        """The axis that says where networks begin, where that leaves less to draw from."""
        return next(iter(self._offers), "")

    @cached_property
    def _begins(self) -> Any:
        return self._offers.get(self._begun)

    @cached_property
    def _offers(self) -> dict[str, Any]:
        of = self.part.space.of
        offers = {
            axis: begins(self._values)
            for axis in self.part.free
            if (begins := of[axis].begins) is not None and axis != self._inner
        }
        return {a: one for a, one in offers.items() if one.number < len(self.part.arrays[a])}
