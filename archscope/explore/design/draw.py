"""A random sample of a box that is too large to go through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from archscope.arch.scaling import plain
from archscope.cost.formula import Count
from archscope.errors import ArchscopeError
from archscope.explore.design.chunks import CHUNK, counted
from archscope.explore.design.collect import Collector, Columns, Order
from archscope.explore.design.space import Part

MOST_DRAWS = 10_000_000  # some seconds
Kept: TypeAlias = Callable[[int, Part, Columns, Count], Columns]


def sampled(
    kept: Kept, parts: Mapping[int, Part], order: Order, names: Sequence[str]
) -> tuple[Columns, int]:
    """So many different designs that fulfil a query, each as likely as any other, and the draws.

    Args:
        kept: the columns of those that fulfil it, of a part's number and some of its designs.
        parts: to draw from, by number.
        order: its sample, seed and sort.
        names: of the columns.

    Raises:
        ArchscopeError: where none of `MOST_DRAWS` fulfils it.
    """
    assert order.sample is not None
    rng = np.random.default_rng(order.seed)
    sizes = [float(part.size) for part in parts.values()]
    shares = np.array(sizes) / sum(sizes)
    collector = Collector(replace(order, sample=None), names)
    seen: set[tuple[Any, ...]] = set()
    drawn = 0
    while len(seen) < order.sample and drawn < MOST_DRAWS:
        drawn += CHUNK
        for (index, part), rows in zip(parts.items(), rng.multinomial(CHUNK, shares), strict=True):
            if rows:
                columns = _drawn(part, int(rows), rng)
                found = kept(index, part, columns, counted(part, columns))
                collector.add(_new(found, part.free, seen, order.sample))
    if not seen:
        raise ArchscopeError(
            f"None of {drawn:,} designs drawn at random fulfils the conditions: state a smaller "
            "box, as --depth 1:6, or go through all of it with --exhaustive"
        )
    return collector.finish()[0], drawn


def _drawn(part: Part, rows: int, rng: np.random.Generator) -> Columns:
    """Random values of each axis with several."""
    values = {axis: part.column(axis) for axis in part.free}
    return {axis: one[rng.integers(len(one), size=rows)] for axis, one in values.items()}


def _new(found: Columns, axes: Sequence[str], seen: set[tuple[Any, ...]], most: int) -> Columns:
    """The designs that were not drawn before, and no more than are wanted."""
    rows = []
    for row in range(len(found["part"])):
        key = tuple(plain(found[name][row]) for name in ("part", *axes))
        if key not in seen and len(seen) < most:
            seen.add(key)
            rows.append(row)
    return {name: column[rows] for name, column in found.items()}
