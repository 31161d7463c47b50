"""All designs of a part of a space in chunks, with their costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from archscope.cost.formula import Count, count
from archscope.explore.design.collect import Columns
from archscope.explore.design.limits import METRICS
from archscope.explore.design.nearest import Cannot, Range
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
    part: Part, cannot: Cannot, ranges: Mapping[str, Range]
) -> Iterator[tuple[Columns, Count]]:
    """All designs of a part with their costs, without most of those that are out of question."""
    loose = part.loose(tuple(ranges))
    inner = max(
        part.free or ["-"],
        # Nothing can be ruled out before the loose ones are fixed, so they are not the last.
        key=lambda axis: (axis not in loose, len(part.arrays.get(axis, ()))),
    )
    if not part.free:
        cost = count(part.network({}))
        yield {}, Count(*(np.array([getattr(cost, metric)]) for metric in METRICS))  # type: ignore[arg-type]
        return
    values = np.array(part.arrays[inner], dtype=np.int64)
    step = max(1, CHUNK // len(values))
    others = [axis for axis in part.free if axis != inner]
    for outer, rows in expand(part, others, cannot, tuple(ranges)):
        for start in range(0, rows, step):
            piece = {axis: column[start : start + step] for axis, column in outer.items()}
            grown = {axis: np.repeat(column, len(values)) for axis, column in piece.items()}
            grown[inner] = np.tile(values, min(step, rows - start))
            yield grown, count(part.network(grown))


def within(cost: Count, ranges: Mapping[str, Range]) -> Any:
    """Which of the designs lie in the ranges."""
    inside = np.ones(len(cost.params), dtype=bool)
    for metric, (low, high) in ranges.items():
        inside &= getattr(cost, metric) >= low
        if high is not None:
            inside &= getattr(cost, metric) <= high
    return inside
