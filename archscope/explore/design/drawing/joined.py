"""Which designs are the first of their network, by tables: section by section, without the others.

Before: by the places of their numbers, in the order in which the tables need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from archscope.explore.design.caps.tables import Table
from archscope.explore.design.drawing.fingerprints import table_prints

MOST_TRIED = 10_000  # sections of one design


@dataclass
class _Step:
    """A table, of whose numbers those before it have set some, and it sets the `new` ones.

    Attributes:
        prints: of each entry.
        new: the places of the numbers that it sets.
        values: the places of their values, all combinations in order, a row each.
    """

    table: Table
    prints: Any
    new: list[int]
    values: Any

    @cached_property
    def tells(self) -> Any:
        """Of each entry whether its print tells each of the table's numbers, a row each."""
        group = np.cumsum(np.diff(self._sorted, prepend=self._sorted[:1]) != 0)
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        most, least = (one.reduceat(self._numbers, starts) for one in (np.maximum, np.minimum))
        found = np.empty(self._numbers.shape, dtype=bool)
        found[self._order] = (most == least)[group]
        return found

    def might(self, own: Any) -> Any:
        """The places of the numbers of each entry with a print, a row each."""
        first, last = (int(self._sorted.searchsorted(own, side)) for side in ("left", "right"))
        return self._numbers[first:last]

    @cached_property
    def _order(self) -> Any:
        return np.argsort(self.prints, kind="stable")

    @cached_property
    def _sorted(self) -> Any:
        return self.prints[self._order]

    @cached_property
    def _numbers(self) -> Any:
        """The places of the numbers of each entry, in the order of the prints."""
        return np.stack(np.unravel_index(self._order, self.table.sides or (1,)), axis=1)

    @cached_property
    def _offsets(self) -> Any:
        rows = np.zeros((len(self.values), 1 + max(self.table.places, default=0)), np.int64)
        rows[:, self.new] = self.values
        return self.table.entries(rows)

    def fitting(self, row: Any, own: Any, domains: Sequence[Any]) -> Any:
        """The rows of `values` with which the sections are those of a design, in order.

        Of each number only the values in its domain.
        """
        given = row.copy()
        given[self.new] = 0
        entries = self.table.entries(given[None])[0] + self._offsets
        fits = self.prints[entries] == own
        for place, column in zip(self.new, self.values.T, strict=True):
            fits &= domains[place][column]
        return np.flatnonzero(fits)


class Joined:
    """The tables of a part, one after the other.

    `unknown` counts the designs of which it was not seen within `MOST_TRIED` sections.
    """

    def __init__(self, tables: Sequence[Table], lengths: Sequence[int]) -> None:
        self.unknown = 0
        self._steps: list[_Step] = []
        self._lengths = lengths
        known: set[int] = set()
        for table in sorted(tables, key=lambda one: (len(one.places), one.places)):
            new = [place for place in table.places if place not in known]
            sides = [lengths[place] for place in new]
            values = np.indices(sides).reshape(len(new), prod(sides)).T
            self._steps.append(_Step(table, table_prints(table), new, values))
            known |= set(new)

    def first(self, rows: Any) -> Any:
        """Which of the designs, rows of places, are the first of their network."""
        first = np.ones(len(rows), dtype=bool)
        open_ = np.flatnonzero(~self._told(rows))
        first[open_] = self._first(rows[open_])
        return first

    def _told(self, rows: Any) -> Any:
        """Of which designs the prints tell each number, so that no other gives their network."""
        told = np.zeros(rows.shape, dtype=bool)
        for step in self._steps:
            tells = step.tells[step.table.entries(rows)]
            for place, column in zip(step.table.places, tells.T, strict=False):
                told[:, place] |= column
        return told.all(axis=1)

    def _first(self, rows: Any) -> Any:
        own = [step.prints[step.table.entries(rows)] for step in self._steps]
        first = np.ones(len(rows), dtype=bool)
        for place in range(len(self._lengths)):  # true of most that are not: one step down
            lower = rows - (np.arange(rows.shape[1]) == place)
            same = first & (rows[:, place] > 0)
            for step, prints in zip(self._steps, own, strict=True):
                if place in step.table.places and same.any():
                    some = np.flatnonzero(same)
                    same[some] = step.prints[step.table.entries(lower[some])] == prints[some]
            first &= ~same
        for row in np.flatnonzero(first):
            self._left = MOST_TRIED
            prints = [one[row] for one in own]
            self._domains = self._might(prints)
            found = self._smallest(np.zeros_like(rows[row]), prints, 0)
            self.unknown += found is None and self._left < 0
            first[row] = found is None or bool((found == rows[row]).all())
        return first

    def _might(self, own: Sequence[Any]) -> list[Any]:
        """Of each number the values that every table has an entry with the design's print for."""
        domains = [np.ones(length, dtype=bool) for length in self._lengths]
        for step, print_ in zip(self._steps, own, strict=True):
            for place, column in zip(step.table.places, step.might(print_).T, strict=False):
                there = np.zeros(self._lengths[place], dtype=bool)
                there[column] = True
                domains[place] &= there
        return domains

    def _smallest(self, row: Any, own: Sequence[Any], number: int) -> Any:
        """The first design with these sections, where the steps before this one have set a row."""
        self._left -= 1
        if number == len(self._steps) or self._left < 0:
            return None if self._left < 0 else row
        step = self._steps[number]
        for place in step.fitting(row, own[number], self._domains):
            row[step.new] = step.values[place]
            if (found := self._smallest(row, own, number + 1)) is not None or self._left < 0:
                return found
        return None
