"""A random sample of a box that is too large to go through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from archscope.cost.formula import Count
from archscope.errors import ArchscopeError
from archscope.explore.design.chunks import CHUNK, counted
from archscope.explore.design.collect import PRINT, Collector, Columns, Order
from archscope.explore.design.drawing.alike import Alike
from archscope.explore.design.space import Part

MOST_DRAWS = 10_000_000  # some seconds
Kept: TypeAlias = Callable[[int, Part, Columns, Count], Columns]


class Drawn(NamedTuple):
    """A random sample.

    Attributes:
        listed: its designs, in order.
        draws: how many were drawn at random for it, of all designs of the parts.
        found: how many of those fulfil the query.
        unknown: how many of the sample may be likelier than others: there were too many other
            designs to see which give the same network.
    """

    listed: Columns
    draws: int
    found: int
    unknown: int


def sampled(
    kept: Kept, parts: Mapping[int, Part], order: Order, names: Sequence[str]
) -> Drawn:
    """So many different networks that fulfil a query, each as likely as any other.

    Designs are drawn, each as likely as any other; one that fulfils the query is kept where it is
    the first of the designs that give its network (see `Alike`).

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
    alike = {index: Alike(part) for index, part in parts.items()}
    seen: set[int] = set()
    draws = found = 0
    while len(seen) < order.sample and draws < MOST_DRAWS:
        draws += CHUNK
        several = []
        for (index, part), rows in zip(parts.items(), rng.multinomial(CHUNK, shares), strict=True):
            if rows:
                columns = _drawn(part, int(rows), rng)
                several.append(kept(index, part, columns, counted(part, columns)))
        chunk = {name: np.concatenate([one[name] for one in several]) for name in names}
        found += len(chunk["part"])
        for one in _first(chunk, alike, seen, order.sample, rng):
            collector.add(one)
    if not found:
        raise ArchscopeError(
            f"None of {draws:,} designs drawn at random fulfils the conditions: state a smaller "
            "box, as --depth 1:6, or go through all of it with --exhaustive"
        )
    unknown = sum(one.unknown for one in alike.values())
    return Drawn(collector.finish()[0], draws, found, unknown)


def _drawn(part: Part, rows: int, rng: np.random.Generator) -> Columns:
    """Random values of each axis with several."""
    values = {axis: part.column(axis) for axis in part.free}
    return {axis: one[rng.integers(len(one), size=rows)] for axis, one in values.items()}


def _first(
    chunk: Columns, alike: Mapping[int, Alike], seen: set[int], most: int, rng: np.random.Generator
) -> Iterator[Columns]:
    """The networks that were not drawn before, and no more than are wanted; `seen` takes them."""
    # The parts stand one after the other: in that order the first ones would be likelier.
    order = rng.permutation(len(chunk["part"]))
    for start in range(0, len(order), _step(most)):
        rows = order[start : start + _step(most)]
        rows = rows[[int(number) not in seen for number in chunk[PRINT][rows]]]
        kept = np.zeros(len(rows), dtype=bool)
        for index in np.unique(chunk["part"][rows]):
            of_part = np.flatnonzero(chunk["part"][rows] == index)
            part = alike[int(index)].part
            designs = {axis: chunk[axis][rows[of_part]] for axis in part.free}
            kept[of_part] = alike[int(index)].first(designs, chunk[PRINT][rows[of_part]])
        for row in rows[kept]:
            number = int(chunk[PRINT][row])
            if number not in seen and len(seen) < most:
                seen.add(number)
                yield {name: column[[row]] for name, column in chunk.items()}
        if len(seen) >= most:
            return


def _step(most: int) -> int:
    """How many are looked at together."""
    return max(16, 2 * most)
