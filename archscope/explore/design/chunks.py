"""All designs of a part of a space in chunks, with their costs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from archscope.arch.arrays import TooLarge
from archscope.arch.scaling import plain
from archscope.cost.formula import Count, count
from archscope.errors import UsageError
from archscope.explore.design.caps.conditions import Over, Range
from archscope.explore.design.collect import Columns
from archscope.explore.design.limits import METRICS
from archscope.explore.design.nearest import Cannot
from archscope.explore.design.search import expand
from archscope.explore.design.space import Part

CHUNK = 65_536


def out_of(ranges: Mapping[str, Range]) -> Cannot:
    """Decides whether nothing between the cheapest and the most expensive can be in range."""

    def cannot(cheapest: Count, most_expensive: Count | None) -> Any:
        out: Any = False
        for metric, (low, high) in ranges.items():
            if high is not None:
                out = out | (getattr(cheapest, metric) > high)
            if most_expensive is not None:
                out = out | (getattr(most_expensive, metric) < low)
        return np.broadcast_to(out, np.shape(cheapest.params))

    return cannot


def chunks(
    part: Part, cannot: Cannot, ranges: Mapping[str, Range], over: Over | None = None
) -> Iterator[tuple[Columns, Count]]:
    """All designs of a part with their costs, without most of those that are out of question."""
    loose = part.loose(tuple(ranges))
    inner = max(
        part.free or ["-"],
        # Nothing can be ruled out before the loose ones are fixed, so they are not the last.
        key=lambda axis: (axis not in loose, len(part.arrays.get(axis, ()))),
    )
    if not part.free:
        yield {}, counted(part, {})
        return
    values = part.column(inner)
    step = max(1, CHUNK // len(values))
    others = [axis for axis in part.free if axis != inner]
    for outer, rows in expand(part, others, cannot, tuple(ranges), over=over):
        for start in range(0, rows, step):
            piece = {axis: one[start : start + step] for axis, one in outer.items()}
            grown = {axis: np.repeat(one, len(values)) for axis, one in piece.items()}
            grown[inner] = np.tile(values, min(step, rows - start))
            yield grown, counted(part, grown)


def counted(part: Part, columns: Columns) -> Count:
    """The costs of the designs of these columns, as arrays; of one design where there are none.

    Raises `UsageError` where one of them is more than 64 bits hold.
    """
    if (told := part.told(columns)) is not None:
        return Count(*(told[metric] for metric in METRICS))
    try:
        cost = count(part.network(columns))
    except TooLarge:
        raise UsageError(
            "Designs in the box cost more than a 64-bit number holds: state smaller ranges, as "
            "--width 1:1000, or a most, as --params :1G"
        ) from None
    if columns:
        return cost
    return Count(*(np.array([getattr(cost, metric)]) for metric in METRICS))  # type: ignore[arg-type]


def position(part: Part, columns: Columns) -> float:
    """How far through a part the last of these designs stands, from 0 to 1.

    `chunks` goes through the first column slowest.
    """
    share, place = 1.0, 0.0
    for axis, values in columns.items():
        share /= len(part.arrays[axis])
        place += share * bisect_left(part.arrays[axis], plain(values[-1]))
    return place + share
