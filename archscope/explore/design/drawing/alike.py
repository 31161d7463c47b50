"""Which designs of a box are the first of their network, so that each network counts once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from archscope.arch.scaling import plain
from archscope.arch.structure import arrays_in
from archscope.explore.design.collect import Columns
from archscope.explore.design.drawing.fingerprints import fingerprints
from archscope.explore.design.drawing.joined import Joined
from archscope.explore.design.space import Part

CHUNK = 16_384
MOST_ALIKE = 1_000_000  # designs that are compared with one: a second or two
MOST_COMPARED = 10_000_000  # in all


@dataclass
class Alike:
    """Of a part of a box, the designs that no other one before them gives the network of.

    Before: in the order of the values of one axis, then of another, and so on.

    Attributes:
        part: where all designs lie.
    """

    part: Part
    _unknown: int = field(default=0, init=False)
    _compared: int = field(default=0, init=False)

    @property
    def unknown(self) -> int:
        """How many were taken for the first although there were too many to compare with."""
        return self._unknown + (self._joined.unknown if self._joined else 0)

    def first(self, designs: Columns, prints: Any) -> Any:
        """Which of some designs are the first of their network; `prints` are their fingerprints."""
        first = np.ones(len(prints), dtype=bool)
        if self._joined is not None and len(prints):
            return self._joined.first(self.part.places(designs))
        for axis, values in self._values.items():
            # Cheap, and true of most that are not: one step down it is the same network.
            place = np.searchsorted(values, designs[axis])
            rows = np.flatnonzero(first & (place > 0))
            if len(rows):
                below = {name: column[rows] for name, column in designs.items()}
                below[axis] = values[place[rows] - 1]
                first[rows] = fingerprints(self.part, below) != prints[rows]
        for row in np.flatnonzero(first):
            one = {name: column[row] for name, column in designs.items()}
            first[row] = not self._any_before(one, prints[row])
        return first

    @cached_property
    def _joined(self) -> Joined | None:
        """The tables of the part, where it has any."""
        part = self.part
        lengths = [len(part.arrays[word]) for word in part.free]
        return None if part.tables is None else Joined(part.tables.tables, lengths)

    def _any_before(self, design: Mapping[str, Any], print_: Any) -> bool:
        near = self._near(design)
        rows = 0 if near is None else len(next(iter(near.values()), ()))
        self._compared += rows
        if near is None or self._compared > MOST_COMPARED:
            self._unknown += 1
            return False
        for start in range(0, rows, CHUNK):
            several = {axis: column[start : start + CHUNK] for axis, column in near.items()}
            number = len(next(iter(several.values())))
            every = {axis: np.full(number, value) for axis, value in design.items()} | several
            if (fingerprints(self.part, every) == print_).any():
                return True
        return False

    def _near(self, design: Mapping[str, Any]) -> Columns | None:
        """The designs before one that might give its network; None where they are too many."""
        space = self.part.space
        chosen = {axis: plain(value) for axis, value in design.items()}
        numbers = space.family.numbers(space.numbers(self.part.values(chosen)))
        near: Columns = {}
        rows, before = 1, np.zeros(1, dtype=bool)  # whether a design is surely before
        for axis, values in sorted(self._values.items(), key=lambda item: len(item[1])):
            if rows * len(values) > MOST_ALIKE:
                return None
            alike = space.of[axis].alike
            might = np.ones((rows, len(values)), dtype=bool)
            if alike is not None:
                might &= alike(numbers, near, values)
            might &= before[:, None] | (values <= design[axis])
            row, place = np.nonzero(might)
            near = {name: column[row] for name, column in near.items()} | {axis: values[place]}
            rows, before = len(row), before[row] | (values[place] < design[axis])
        return {axis: column[before] for axis, column in near.items()}

    @cached_property
    def _values(self) -> dict[str, Any]:
        """Of each axis that may have several values in one network, all its values.

        Those of the others stand in the tree as they are: the same network has the same.
        """
        columns = {axis: self.part.column(axis) for axis in self.part.free}
        two = {axis: values[:2].copy() for axis, values in columns.items()}
        plain_there = {id(array) for array in arrays_in(self.part.network(two).tree)}
        return {axis: columns[axis] for axis, pair in two.items() if id(pair) not in plain_there}
