"""What designs must cost: ranges of counted costs, and of bytes in a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archscope.arch.arrays import TooLarge
from archscope.arch.quantities import STORED
from archscope.cost.formula import Count
from archscope.cost.stored import Storage
from archscope.errors import UsageError
from archscope.explore.design.caps.grid import groups
from archscope.explore.design.limits import METRICS
from archscope.explore.design.space import Part

Range = tuple[int, "int | None"]
Columns = Mapping[str, Any]
Over = Callable[[Columns, Count], Any]


@dataclass(frozen=True)
class Conditions:
    """Ranges of costs, and how weights and memory are stored.

    Attributes:
        ranges: the least and the most of each cost, bytes of weights and memory; None: no end.
        storage: their formats.
    """

    ranges: Mapping[str, Range] = field(default_factory=dict)
    storage: Storage = field(default_factory=Storage)

    @property
    def counted(self) -> dict[str, Range]:
        """The ranges of what is counted; the bytes of the weights as parameters."""
        found = {cost: ends for cost, ends in self.ranges.items() if cost in METRICS}
        if "weights" in self.ranges and not self.storage.fold:
            size = self.storage.sizes["weights"]
            (least, most), (low, high) = self.ranges["weights"], found.get("params", (0, None))
            ends = [
                end for end in (high, None if most is None else most // size) if end is not None
            ]
            found["params"] = max(low, -(-least // size)), min(ends, default=None)
        return found

    @property
    def stored(self) -> tuple[str, ...]:
        """The costs in bytes that are told of a design one by one, after it is counted."""
        return tuple(cost for cost in STORED if cost in self.ranges)

    def stored_within(self, found: Mapping[str, Any], rows: int) -> Any:
        """Which of so many designs lie in the ranges of bytes."""
        return inside({cost: self.ranges[cost] for cost in self.stored}, found, rows)


def counted_within(cost: Count, ranges: Mapping[str, Range]) -> Any:
    """Which of the designs lie in the ranges of counted costs."""
    found = {metric: getattr(cost, metric) for metric in ranges}
    return inside(ranges, found, len(cost.params))


def inside(ranges: Mapping[str, Range], found: Mapping[str, Any], rows: int) -> Any:
    """Which of so many designs, whose costs are columns, lie in every range."""
    every = np.ones(rows, dtype=bool)
    for cost, (low, high) in ranges.items():
        every &= found[cost] >= low
        every &= True if high is None else found[cost] <= high
    return every


def over_stored(
    part: Part, asked: Conditions, nearer: Callable[[], float] | None = None
) -> Over | None:
    """Decides which designs need more bytes than the most, as do all with larger numbers.

    None where no bytes have a most, or numbers are free with which they may fall. With `nearer`
    those with less than such a part of the most on top of it are not.
    """
    most = {cost: high for cost in asked.stored if (high := asked.ranges[cost][1]) is not None}
    if not most or part.loose(tuple(most)):
        return None

    def over(columns: Columns, cheapest: Count) -> Any:
        needed = bytes_of(part, columns, cheapest.params, tuple(most), asked.storage)
        excess = [(needed[cost] - high) / max(high, 1) for cost, high in most.items()]
        largest = np.max(excess, axis=0)
        return largest > 0 if nearer is None else largest >= nearer()

    return over


def bytes_of(
    part: Part, columns: Columns, params: Any, costs: Sequence[str], storage: Storage
) -> dict[str, Any]:
    """The bytes of weights and memory of the designs of these columns.

    Args:
        part: to which they belong.
        columns: their numbers.
        params: their parameters.
        costs: `weights`, `memory` or both.
        storage: the formats.

    Raises:
        UsageError: where one needs more bytes than 64 bits hold.
    """
    found: dict[str, Any] = {}
    rows = len(params)
    if storage == part.space.storage and rows and (told := part.told(columns)) is not None:
        return {cost: told[cost] for cost in costs}
    try:
        if "weights" in costs and rows:
            weights = storage.weight_bytes(part.network(columns), params)
            found["weights"] = np.broadcast_to(weights, rows)
        if "memory" in costs and rows:
            found["memory"] = _peaks(part, columns, rows, storage)
    except TooLarge:
        raise UsageError(
            "Designs in the box need more bytes than a 64-bit number holds: state smaller ranges, "
            "as --width 1:1000"
        ) from None
    return {cost: found.get(cost, np.zeros(0, np.int64)) for cost in costs}


def _peaks(part: Part, columns: Columns, rows: int, storage: Storage) -> Any:
    """Those of designs that run different programs by themselves."""
    others = [word for word in columns if not part.space.of[word].programs]
    keys = np.array([columns[word] for word in others], np.int64).reshape(len(others), rows).T
    peaks = np.zeros(rows, np.int64)
    for alike in groups(keys, np.arange(rows)):
        several = {
            word: int(one[alike[0]]) if word in others else one[alike]
            for word, one in columns.items()
        }
        peaks[alike] = storage.peak_bytes(part.network(several))
    return peaks
