"""Costs told from tables: of each section of a network, for all values of the numbers it needs.

Where a stage is decided by few numbers, as its own and a width factor, the costs of all its forms
are counted once; those of a design are the sum of its stages', and its memory is the largest of
theirs. So a design is looked up, and it is known which costs no design can have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd, prod
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from archscope.arch.arrays import LARGEST, product
from archscope.arch.network import Network
from archscope.arch.structure import arrays_in
from archscope.cost.formula import count_box
from archscope.cost.memory import Section, peak_of_box, sections
from archscope.cost.stored import Storage
from archscope.errors import UsageError
from archscope.explore.design.caps.layers import layers
from archscope.explore.design.limits import METRICS

Ints: TypeAlias = "npt.NDArray[np.int64]"
Sides: TypeAlias = tuple[int, ...]
Box: TypeAlias = Callable[[Sequence[int]], Network]  # of so many first values of each number
SUMS = (*METRICS, "weights", "layers")  # over the sections
FEW = 5_000  # designs that are counted as soon
MOST_ENTRIES = 1_000_000  # of all tables
_MOST_COUNTED = 4_000_000  # the same of all sections, each by itself: a second or so
_MOST_FREE = 24  # numbers: a box of two values of each is looked at first


@dataclass(frozen=True)
class Table:
    """Of the sections that some numbers decide, an entry for each combination of their values.

    Attributes:
        places: which of a design's numbers these are.
        sides: how many values each has.
        sums: of each entry what is added up, in the order of `SUMS`.
        peaks: of each entry the memory.
        sections: the sections, as boxes of all entries.
        box: the sides of such a box.
    """

    places: tuple[int, ...]
    sides: tuple[int, ...]
    sums: Ints
    peaks: Ints
    sections: Sequence[Section]
    box: Sides

    def entries(self, rows: Ints) -> Ints:
        """The entry of each design."""
        found = np.zeros(len(rows), np.int64)
        for place, side in zip(self.places, self.sides, strict=True):
            found = found * side + rows[:, place]
        return found


@dataclass(frozen=True)
class Tables:
    """What the designs of a space cost, by the places of their numbers."""

    tables: Sequence[Table]

    def costs(self, rows: Ints) -> dict[str, Ints]:
        """What each design costs, its memory too."""
        sums = np.zeros((len(rows), len(SUMS)), np.int64)
        peaks = np.zeros(len(rows), np.int64)
        for table in self.tables:
            entries = table.entries(rows)
            sums += table.sums[entries]
            peaks = np.maximum(peaks, table.peaks[entries])
        columns = np.ascontiguousarray(sums.T)
        return {**dict(zip(SUMS, columns, strict=True)), "memory": peaks}

    def reach(self, cost: str, most: int) -> int:
        """A cost that no design of at most `most` passes."""
        if cost == "memory":
            return max((one for one in self._peaks if one <= most), default=most)
        least, step = self._steps[SUMS.index(cost)]
        return most - (most - least) % step if step and most >= least else most

    @cached_property
    def _peaks(self) -> list[int]:
        """What the memory of a design may be: that of one of its sections."""
        every = np.concatenate([table.peaks for table in self.tables])
        different: list[int] = np.unique(every).tolist()
        return different

    @cached_property
    def _steps(self) -> list[tuple[int, int]]:
        """Of each sum the least, and what the distance of any other from it is a multiple of."""
        least = [table.sums.min(axis=0) for table in self.tables]
        pairs = zip(self.tables, least, strict=True)
        steps = [np.gcd.reduce(table.sums - one, axis=0).tolist() for table, one in pairs]
        firsts = np.sum(least, axis=0).tolist()
        return [(first, gcd(*step)) for first, *step in zip(firsts, *steps, strict=True)]


class _Part(NamedTuple):
    """A section with its sums and its memory, of each combination of the values that decide it."""

    sides: Sides
    sums: Ints
    peaks: Ints
    section: Section

    @staticmethod
    def of(whole: Network, section: Section, storage: Storage) -> _Part:
        """That of a section of a network."""
        network = replace(whole, tree=section.tree, input=section.input, design=None)
        cost = count_box(network)
        weights = storage.weight_bytes(network, cost.params, count_box)
        peak = storage.peak_bytes(network, peak_of_box)
        sums = [cost.params, cost.macs, cost.activations, weights, layers(network)]
        every = [*(product(one, section.times) for one in sums), peak * (section.times > 0)]
        sides = np.broadcast_shapes(*map(np.shape, every), _sides(section))
        *sums, peak = (np.broadcast_to(one, sides).reshape(-1) for one in every)
        return _Part(sides, np.stack(sums, axis=1), peak.astype(np.int64), section)


def tables_of(box: Box, lengths: Sequence[int], storage: Storage) -> Tables | None:
    """The tables of a space; None where they would be large, or not all of its designs exist.

    Args:
        box: makes the designs of so many first values of each number, as `count_box` takes them.
        lengths: how many values each has.
        storage: the formats of weights and memory.
    """
    free = [place for place, length in enumerate(lengths) if length > 1]
    if len(free) > _MOST_FREE:
        return None
    try:
        small = box([min(2, length) for length in lengths])
        decided = [_sides(one) for one in sections(small.tree, small.input)]
        entries = {sides: _entries(sides, free, lengths) for sides in decided}
        if sum(entries.values()) > MOST_ENTRIES:
            return None
        if sum(entries[sides] for sides in decided) > _MOST_COUNTED:
            return None
        whole = box(lengths)
        parts = [_Part.of(whole, one, storage) for one in sections(whole.tree, whole.input)]
    except UsageError:  # one of them does not exist, or may not fit 64 bits
        return None
    if sum(int(one.sums.max()) for one in parts) > LARGEST:
        return None
    return Tables([_table(sides, parts, free) for sides in {one.sides for one in parts}])


def _sides(section: Section) -> Sides:
    """How many values the numbers have that decide a section; of others 1, of plain ones none."""
    arrays = [*arrays_in(section.tree, section.input), np.asarray(section.times)]
    return np.broadcast_shapes(*map(np.shape, arrays))


def _entries(sides: Sides, free: Sequence[int], lengths: Sequence[int]) -> int:
    """How many entries a table has whose numbers have several values in these `sides`."""
    return prod(lengths[place] for place, side in zip(free, sides, strict=False) if side > 1)


def _table(sides: Sides, parts: Sequence[_Part], free: Sequence[int]) -> Table:
    """The table of the parts with these sides."""
    mine = [one for one in parts if one.sides == sides]
    return Table(
        tuple(place for place, side in zip(free, sides, strict=False) if side > 1),
        tuple(side for side in sides if side > 1),
        np.sum([one.sums for one in mine], axis=0),
        np.max([one.peaks for one in mine], axis=0),
        [one.section for one in mine],
        sides,
    )
