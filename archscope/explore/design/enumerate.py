"""All designs of some families whose costs lie in given ranges, streamed in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.arch.network import Network
from archscope.cost.formula import Count, count
from archscope.errors import InfeasibleError, UsageError
from archscope.explore.design.collect import SORTS, Collector, Columns, Order
from archscope.explore.design.enumeration import FAMILIES, Enumeration, Query
from archscope.explore.design.limits import METRICS
from archscope.explore.design.nearest import Cannot, Range, dividing_numbers, group_width, nearest
from archscope.explore.design.question import Base, read_base
from archscope.explore.design.search import expand
from archscope.explore.design.space import Part, Space
from archscope.explore.networks.opened import name_of
from archscope.reporting.networks.designs import (
    number,
    range_text,
)

MOST_CANDIDATES = 10**12
CHUNK = 65_536


def enumerate_designs(
    query: Query | str | Network | Sequence[str | Network],
    order: Order | None = None,
    *,
    sampled: int = 0,
) -> Enumeration:
    """Go through every design of the families and keep those that fulfil the query.

        query = a.Query(["resnext50"], ranges={"macs": (4_000_000_000, 4_300_000_000)})
        found = a.enumerate(query, a.Order("params", limit=10))
        list(found.rows())  # a mapping each: network, its numbers, its costs
        found.network(0)    # the first, to build or to count

    Memory holds the listed designs and one chunk: with a limit or a Pareto front, little.

    Args:
        query: the families, their numbers, and the ranges of parameters, and of multiply-adds and
            activations of one image; or the families alone. A network stands for its family, its
            numbers fixed.
        order: how they are listed; by parameters where there is none.
        sampled: how many of all that fulfil the query are kept for a picture, about.

    Raises:
        UsageError: for a name, number or word that cannot be.
        InfeasibleError: where no design fulfils the query; it names the nearest one.
    """
    if not isinstance(query, Query):
        families = [query] if isinstance(query, (str, Network)) else query
        query = Query([name_of(one, "a family") for one in families])
    order = order or Order()
    spaces = _spaces(query)
    candidates = sum(space.size for space in spaces)
    if candidates > MOST_CANDIDATES:
        raise UsageError(
            f"{candidates:,} designs were to be gone through, but {MOST_CANDIDATES:,} is the most; "
            "state smaller ranges, as --depth 1:6"
        )
    parts = [part for space in spaces for part in space.parts()]
    axes = list(dict.fromkeys(axis for part in parts for axis in part.free))
    key = order.sort.removeprefix("-")
    if key not in (*METRICS, *axes):
        axes.append(key)
    collector = Collector(order, ["part", *axes, *METRICS], sampled)
    counted = 0
    for index, part in enumerate(parts):
        if dividing_numbers(part, query.divisible) is None:
            continue
        for columns, cost in _chunks(part, _out_of(query.ranges)):
            counted += len(cost.params)
            divisible = query.divisible == 1 or group_width(part, columns) % query.divisible == 0
            keep = np.flatnonzero(_within(cost, query.ranges) & divisible)
            fixed = {axis: part.values().get(axis, 0) for axis in axes}
            found: dict[str, Any] = {"part": index, **fixed, **columns}
            found |= {metric: getattr(cost, metric) for metric in METRICS}
            collector.add({name: _taken(value, keep) for name, value in found.items()})
    if not collector.matches:
        raise InfeasibleError(_none(query, parts))
    listed, sample = collector.finish()
    front = collector.kept if order.pareto else None
    numbers = candidates, counted, collector.matches, front
    return Enumeration(query, order, spaces, parts, *numbers, listed, sample)


def _none(query: Query, parts: Sequence[Part]) -> str:
    """That nothing was found, and what comes nearest."""
    asked = [range_text(metric, ends) for metric, ends in query.ranges.items()]
    if query.divisible > 1:
        asked.append(f"group widths that are multiples of {query.divisible}")
    what = f"{', '.join(query.families)} with {' and '.join(asked) or 'these numbers'}"
    found = nearest(parts, query.ranges, query.divisible, _chunks)
    return (
        f"{what} was asked for, but no design in the box has that, and {found.sentence()}; widen "
        "what is asked for, or the box, as with --cardinality 1:128"
    )


def _spaces(query: Query) -> list[Space]:
    bases = [read_base(name).by_stage(query.given) for name in query.families]
    used: set[str] = set()
    spaces = []
    for base in bases:
        given = {word: values for word, values in query.given.items() if _has(base, word)}
        used |= given.keys()
        filled = {
            axis: [base.numbers[axis]] if axis in base.numbers else base.family.box[axis]
            for axis in base.family.axes
        }
        axes = {**filled, **base.given(given)}
        spaces.append(base.space(axes, query.classes, query.input_shape))
    for word in query.given.keys() - used:
        bases[0].axes_of(word)  # raises: no family has it
    return spaces


def _has(base: Base, word: str) -> bool:
    return any(word in (axis, axis.rstrip("1234")) for axis in base.family.axes)


def _out_of(ranges: Mapping[str, Range]) -> Cannot:
    """What tells whether nothing between the cheapest and the dearest can be in range."""

    def cannot(cheapest: Count, dearest: Count | None) -> Any:
        out: Any = False
        for metric, (low, high) in ranges.items():
            if high is not None:
                out = out | (getattr(cheapest, metric) > high)
            if dearest is not None:
                out = out | (getattr(dearest, metric) < low)
        return np.broadcast_to(out, np.shape(cheapest.params))

    return cannot


def _chunks(part: Part, cannot: Cannot) -> Iterator[tuple[Columns, Count]]:
    """All designs of a part with their costs, without most of those that are out of question."""
    inner = max(part.free or ["-"], key=lambda axis: len(part.arrays.get(axis, ())))
    if not part.free:
        cost = count(part.network({}))
        yield {}, Count(*(np.array([getattr(cost, metric)]) for metric in METRICS))  # type: ignore[arg-type]
        return
    values = np.array(part.arrays[inner], dtype=np.int64)
    step = max(1, CHUNK // len(values))
    for outer, rows in expand(part, [axis for axis in part.free if axis != inner], cannot):
        for start in range(0, rows, step):
            piece = {axis: column[start : start + step] for axis, column in outer.items()}
            grown = {axis: np.repeat(column, len(values)) for axis, column in piece.items()}
            grown[inner] = np.tile(values, min(step, rows - start))
            yield grown, count(part.network(grown))


def _within(cost: Count, ranges: Mapping[str, Range]) -> Any:
    inside = np.ones(len(cost.params), dtype=bool)
    for metric, (low, high) in ranges.items():
        inside &= getattr(cost, metric) >= low
        if high is not None:
            inside &= getattr(cost, metric) <= high
    return inside


def _taken(value: Any, keep: npt.NDArray[np.intp]) -> Any:
    return value[keep] if isinstance(value, np.ndarray) else np.full(len(keep), number(value))


__all__ = ["FAMILIES", "SORTS", "Enumeration", "Order", "Query", "enumerate_designs"]
