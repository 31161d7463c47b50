"""All designs of some families whose costs lie in given ranges, streamed in chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.arch.network import Network
from archscope.arch.quantities import STORED
from archscope.arch.times import LATENCY
from archscope.cost.formula import Count
from archscope.errors import ArchscopeError, InfeasibleError, UsageError, shown
from archscope.explore.design import draw
from archscope.explore.design.caps.conditions import (
    Conditions,
    bytes_of,
    counted_within,
    over_stored,
)
from archscope.explore.design.caps.timed import Timed
from archscope.explore.design.chunks import chunks, counted, out_of, position
from archscope.explore.design.collect import PRINT, SORTS, Collector, Columns, Order
from archscope.explore.design.drawing.fingerprints import fingerprints
from archscope.explore.design.enumeration import FAMILIES, Enumeration, Query
from archscope.explore.design.limits import CAPPED, METRICS
from archscope.explore.design.nearest import dividing_numbers, nearest
from archscope.explore.design.question import Base, read_base
from archscope.explore.design.search import cut
from archscope.explore.design.space import Part, Space
from archscope.explore.latency.fitted import check_models
from archscope.explore.networks.opened import Named, named
from archscope.reporting.networks.designs import number, range_text

MOST_CANDIDATES = 10**9  # minutes
_NONE = np.zeros(0, np.uint64)
_NOTHING: Columns = {}
MOST_THIN = 20_000_000  # designs that are counted where a draw found few: some 20 seconds
_SOON = 10**7  # candidates that take seconds, of which nothing is said
_BETWEEN = 5.0  # seconds between two words about how far it is


def enumerate_designs(
    query: Query | str | Network | Sequence[str | Network],
    order: Order | None = None,
    *,
    sampled: int = 0,
    exhaustive: bool = False,
    note: Callable[[str], None] | None = None,
) -> Enumeration:
    """Go through every design of the families and keep those that fulfil the query.

        query = a.Query(["resnext50"], ranges={"macs": (4_000_000_000, 4_300_000_000)})
        found = a.enumerate(query, a.Order("params", limit=10))
        list(found.rows())  # a mapping each: network, its numbers, its costs
        found.network(0)    # the first, to build or to count

    Memory holds the listed designs and one chunk: with a limit or a Pareto front, little.

    Args:
        query: the families, their numbers, and the ranges of parameters, and of multiply-adds and
            activations of one image; or the families alone. A network means its family, its
            numbers fixed.
        order: how they are listed; under an upper bound the largest first, else by parameters.
        sampled: how many of all that fulfil the query are kept for a picture, about.
        exhaustive: go through more than `MOST_CANDIDATES` designs as well, for hours. Without it
            the networks of a sample are drawn at random from so large a box; also from a smaller
            one, where that finds as many as are asked for. Where it does not, what costs leave of
            the box is gone through, if that is little.
        note: told how many candidates there are, and how far it is, where that takes long.

    Raises:
        UsageError: for a name, number or word that cannot be, or too many designs.
        InfeasibleError: where no design fulfils the query; it names the nearest one.
        ArchscopeError: where none of the designs drawn from a large box fulfils it.
    """
    if not isinstance(query, Query):
        families = [query] if isinstance(query, (str, Network)) else query
        query = _query([named(one, "a family") for one in families])
    order = (order or Order()).within(query.ranges)
    _check_latency(query, order)
    asked, stored = query.conditions, _stored(query, order)
    counted_ranges = asked.counted
    boxes = spaces(query)
    candidates = sum(space.size for space in boxes)
    parts = [part for space in boxes for part in space.parts()]
    axes = list(dict.fromkeys(axis for part in parts for axis in part.free))
    key = order.sort.removeprefix("-")
    if key not in (*SORTS, *axes):
        raise UsageError(
            f"designs are sorted by {', '.join(dict.fromkeys((*SORTS, *axes)))}, not "
            f"'{shown(key)}'; write params, or -params for the largest first"
        )
    if key not in (*CAPPED, *axes):
        axes.append(key)
    timed = Timed(query.latency, query.ranges.get(LATENCY))
    names = ["part", *axes, *METRICS, *stored, *([LATENCY] if query.latency else []), PRINT]

    def kept(
        index: int, part: Part, columns: Columns, cost: Count, beside: Columns = _NOTHING
    ) -> Columns:
        """Of some designs of a part those that fulfil the query, and what stands `beside` them."""
        divisible = query.divisible == 1 or part.group_width(columns) % query.divisible == 0
        keep = np.flatnonzero(counted_within(cost, counted_ranges) & divisible)
        fixed = {axis: parts[index].values().get(axis, 0) for axis in axes}
        found: dict[str, Any] = {"part": index, **fixed, **columns, **beside}
        found |= {metric: getattr(cost, metric) for metric in METRICS}
        taken = {name: _taken(value, keep) for name, value in found.items()}
        if stored:
            chosen = {axis: taken[axis] for axis in columns}
            taken |= bytes_of(part, chosen, taken["params"], stored, query.storage)
            keep = np.flatnonzero(asked.stored_within(taken, len(keep)))
            taken = {name: value[keep] for name, value in taken.items()}
        taken = timed.within(part, columns, taken)
        chosen, rows = {axis: taken[axis] for axis in columns}, len(taken["part"])
        taken[PRINT] = fingerprints(part, chosen)[:rows] if rows else _NONE
        return taken

    open_parts = _open(parts, query)
    left = sum(part.size for part in open_parts.values())
    few = draw.FEW_TIMED if LATENCY in query.ranges else min(draw.SMALL, MOST_CANDIDATES)
    drawn: draw.Drawn | None = None
    if order.sample is not None and left > few and not exhaustive:
        drawn = draw.sampled(kept, open_parts, order, names, asked, query.divisible)
        thin = drawn.found * left <= MOST_THIN * drawn.looked_at or left <= MOST_CANDIDATES
        if drawn.again or not thin or len(drawn.listed["part"]) == order.sample:
            return _of_draw(drawn, query, order, boxes, parts)
    if left > MOST_CANDIDATES and not exhaustive and drawn is None:
        raise UsageError(
            f"{left:,} designs are too many to go through (most: {MOST_CANDIDATES:,}): state "
            "smaller ranges, as --depth 1:6, draw some with --sample N, or give --exhaustive"
        )
    collector, counted = Collector(order, names, sampled), 0
    told, most_timed = _Progress(left, note), timed.looked_at + draw.MOST_TIMED
    for done, (index, part) in enumerate(open_parts.items()):
        over = over_stored(part, asked)
        for columns, cost in chunks(part, out_of(counted_ranges), counted_ranges, over):
            counted += len(cost.params)
            if drawn is not None and (counted > MOST_THIN or timed.looked_at > most_timed):
                return _of_draw(drawn, query, order, boxes, parts)
            collector.add(kept(index, part, columns, cost))
            told.at((done + position(part, columns)) / len(open_parts), collector.matches)
    if not collector.matches:
        raise InfeasibleError(timed.none() or _none(query, parts))
    listed, sample = collector.finish()
    front = collector.kept if order.pareto else None
    numbers = candidates, counted, collector.matches, front
    return Enumeration(
        *(query, order, boxes, parts, *numbers, listed, sample), whole_front=collector.front
    )


def _of_draw(
    drawn: draw.Drawn, query: Query, order: Order, boxes: Sequence[Space], parts: Sequence[Part]
) -> Enumeration:
    if drawn.found and not len(drawn.listed["part"]):
        raise ArchscopeError(
            f"{drawn.found:,} of {drawn.looked_at:,} designs drawn at random meet the conditions, "
            "but so many give the same network that none could be told: free fewer numbers, or "
            "give --exhaustive"
        )
    if not drawn.found:
        timed = ", cap the macs as well" if LATENCY in query.ranges else ""
        raise ArchscopeError(
            f"none of {drawn.looked_at:,} designs drawn at random meets the conditions, if any "
            f"does: widen them{timed}, state a smaller box, as --depth 1:6, or give --exhaustive"
        )
    return Enumeration(
        *(query, order, boxes, parts, sum(space.size for space in boxes), drawn.looked_at),
        *(drawn.found, None, drawn.listed, drawn.listed),
        drawn=drawn.looked_at,
        unknown=drawn.unknown,
        again=drawn.again,
    )


def _query(families: Sequence[Named]) -> Query:
    """All designs of these families."""
    asked = {(one.classes, one.input) for one in families}
    if len(asked) > 1:
        raise UsageError(
            "the designs of one enumeration have the same input and classes, and those of "
            f"{', '.join(shown(one.name) for one in families)} differ; enumerate them one by one"
        )
    [(classes, input_shape)] = asked or {(None, None)}
    names = [one.name for one in families]
    return Query(names, classes=classes, input_shape=input_shape)


def _stored(query: Query, order: Order) -> tuple[str, ...]:
    """The costs in bytes that are told: those of ranges, of the sort, and of a front."""
    asked = {*query.ranges, *(key.removeprefix("-") for key in (order.sort, *(order.pareto or ())))}
    return tuple(cost for cost in STORED if cost in asked)


def _open(parts: Sequence[Part], query: Query) -> dict[int, Part]:
    """What can hold an answer, by the number of the part."""
    ranges = query.conditions.counted
    highest = {metric: high for metric, (_, high) in ranges.items() if high is not None}
    return {
        index: smaller
        for index, part in enumerate(parts)
        if dividing_numbers(part, query.divisible) is not None
        and (smaller := cut(part, highest)) is not None
        and not _needs_more(smaller, query.conditions)
    }


def _needs_more(part: Part, asked: Conditions) -> bool:
    """Whether the smallest design of a part needs more bytes than the most, and so do all."""
    over = over_stored(part, asked)
    first = {axis: part.column(axis)[:1] for axis in part.free}
    return bool(first and over is not None and over(first, counted(part, first)).any())


def _check_latency(query: Query, order: Order) -> None:
    """Raise UsageError where latency is asked for and nothing predicts it, or what is no model."""
    check_models(query.latency)
    used = {word.removeprefix("-") for word in (order.sort, *(order.pareto or ()), *query.ranges)}
    if query.latency is None and LATENCY in used:
        raise UsageError("latency is predicted by a fitted model; give the query one, as latency=")


class _Progress:
    """Says how many candidates there are and, every few seconds, how far it is."""

    def __init__(self, candidates: int, note: Callable[[str], None] | None) -> None:
        self._note = note
        self._last = time.monotonic()
        if note is not None and candidates > _SOON:
            note(f"archscope: {candidates:,} candidates to go through")

    def at(self, share: float, matches: int) -> None:
        """So much of them is done."""
        if self._note is not None and time.monotonic() - self._last >= _BETWEEN:
            self._last = time.monotonic()
            self._note(f"archscope: {100 * share:.0f} % done, {matches:,} designs found")


def _none(query: Query, parts: Sequence[Part]) -> str:
    """That nothing was found, and what comes nearest."""
    asked = [range_text(metric, ends) for metric, ends in query.counted.items()]
    if query.divisible > 1:
        asked.append(f"group widths that are multiples of {query.divisible}")
    what = " and ".join(asked) or "these numbers"
    ranges = query.conditions.counted
    found = nearest(
        parts,
        query.conditions,
        query.divisible,
        lambda part, cannot, over: chunks(part, cannot, ranges, over),
    )
    return (
        f"no design of {', '.join(query.families)} in the box has {what}, and "
        f"{found.sentence()}; widen the conditions, or the ranges of the numbers"
    )


def spaces(query: Query) -> list[Space]:
    """The box of each family; raises UsageError for a name or a number that cannot be."""
    bases = [read_base(name).by_stage(query.given) for name in query.families]
    used: set[str] = set()
    found = []
    for base in bases:
        given = {word: values for word, values in query.given.items() if _has(base, word)}
        used |= given.keys()
        filled = {
            word: [base.numbers[word]] if word in base.numbers else axis.box_of(word)
            for word, axis in base.axes.items()
        }
        axes = {**filled, **base.given(given)}
        space = base.space(axes, query.classes, query.input_shape)
        found.append(replace(space, storage=query.storage))
    for word in query.given.keys() - used:
        bases[0].axes_of(word)  # raises: no family has it
    return found


def _has(base: Base, word: str) -> bool:
    return any(word in (one, axis.word) for one, axis in base.axes.items())


def _taken(value: Any, keep: npt.NDArray[np.intp]) -> Any:
    return value[keep] if isinstance(value, np.ndarray) else np.full(len(keep), number(value))


__all__ = ["FAMILIES", "SORTS", "Enumeration", "Order", "Query", "enumerate_designs"]
