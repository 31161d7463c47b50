"""The nearest designs of a space to some limits, with the proof that nothing is nearer.

One free axis, the inner one, is bracketed by bisection: all limited costs grow with it, so the best
value is one of two neighbours. The other free axes are gone through exhaustively; what cannot hold
a nearer design, because its cheapest one already costs too much or its most expensive too little,
is left out. Where that leaves many, and tables tell the costs, they are searched by sums instead.
Axes with which a limited cost may fall (they are called loose) are never bisected, and nothing is
left out before each of them has its value.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from archscope.arch.scaling import plain
from archscope.cost.formula import Count, count
from archscope.errors import UsageError
from archscope.explore.design.caps.conditions import Over
from archscope.explore.design.caps.halves import by_sums
from archscope.explore.design.limits import METRICS
from archscope.explore.design.lines import Ints, Line, first_past, walk_out
from archscope.explore.design.shortlist import Found
from archscope.explore.design.space import Part, Space, ranged

Columns: TypeAlias = "dict[str, Ints]"

CHUNK = 65_536
MOST_LINES = 10_000_000  # a minute or so
FEW_LINES = 20_000  # a fraction of a second
_SUMS = 20  # that take less long than one of them
SAMPLE = 64


def inner_axis(space: Space, costs: Sequence[str]) -> str | None:
    """The axis to bisect: an array one if any is free, and of those the longest.

    None where there is none with which all of these costs grow.
    """
    loose = space.loose(costs)
    free = [word for word in space.free or list(space.axes) if word not in loose]
    arrays = [word for word in free if word not in space.scalars]
    if not arrays and any(word in loose for word in space.axes if word not in space.scalars):
        return None  # each value of the loose ones is looked at
    return max(arrays or free, key=lambda word: len(space.axes[word]), default=None)


class _TooManyError(Exception):
    """It would take more than a minute or so."""


def search(space: Space, found: Found) -> None:
    """Find the nearest designs of a space.

    Raises:
        UsageError: where there are too many combinations.
    """
    try:
        _search(space, found)
    except _TooManyError:
        raise UsageError(
            f"more than {MOST_LINES:,} combinations could hold the nearest design, too many to "
            f"search; fix a number, or give a smaller range, as {ranged(space.free[-1], '1:64')}"
        ) from None


def _search(space: Space, found: Found) -> None:
    inner = inner_axis(space, found.costs)
    if inner in space.scalars or not any(part.free for part in space.parts()):
        _search_scalar(space, inner, found)
        return
    parts = [part for part in space.parts() if not _out(part, found)]
    for part in parts:
        _search_sample(part, inner, found)
    found.lines = 0
    for part in parts:
        if _out(part, found):
            continue
        outer = [axis for axis in part.free if axis != inner]
        lines = _lines(part, outer, found)
        if lines > FEW_LINES and by_sums(part, _SUMS * lines, MOST_LINES, found):
            continue
        if lines > 2 * MOST_LINES:
            raise _TooManyError

        def cannot(cheapest: Count, most_expensive: Count | None) -> Any:
            _check_work(found)
            return found.cannot(cheapest, most_expensive)

        for columns, rows in expand(part, outer, cannot, found.costs, found.too_deep):
            _search_line(_array_line(part, inner, columns, rows, found), found)


def _out(part: Part, found: Found) -> bool:
    if part.loose(found.costs):
        return False
    cheapest, last = part.network({}), part.network(most_expensive(part, {}))
    return bool(found.cannot(count(cheapest), count(last)) or found.too_deep(part, {}))


def expand(
    part: Part,
    axes: Sequence[str],
    cannot: Callable[[Count, Count | None], Any],
    costs: Sequence[str],
    too_deep: Callable[[Part, Columns], Any] = lambda *_: False,
    over: Over | None = None,
) -> Iterator[tuple[Columns, int]]:
    """All combinations of the axes' values, in chunks, without what `cannot` hold an answer.

    Nor do networks that are `too_deep`, as layers never get fewer while a number grows; nor those
    that are `over`, by their columns and costs, which is asked of the others alone.

    `cannot` is asked after each axis, with the costs of the cheapest and the most expensive design
    left (None where that might pass 64 bits); not before all those are fixed with which one of the
    `costs` may fall, which are the first for that.
    """
    fits = bounded(part)
    loose = part.loose(costs)

    def out(columns: Columns) -> Any:
        if any(word not in columns for word in loose):
            return np.zeros(len(next(iter(columns.values()))), dtype=bool)
        most = _counted(part, columns, last=True) if fits else None
        cheapest = _counted(part, columns)
        found = cannot(cheapest, most) | too_deep(part, columns)
        rows = np.flatnonzero(~found)
        if over is not None and len(rows):
            some = Count(*(getattr(cheapest, metric)[rows] for metric in METRICS))
            found[rows] = over({word: one[rows] for word, one in columns.items()}, some)
        return found

    yield from _expand(part, sorted(axes, key=lambda axis: axis not in loose), out, {}, 1)


def _counted(part: Part, columns: Columns, *, last: bool = False) -> Count:
    """The cheapest designs of these columns, or the most expensive ones."""
    if (told := part.told(columns, last=last)) is not None:
        return Count(*(told[metric] for metric in METRICS))
    return count(part.network(most_expensive(part, columns) if last else columns))


def _expand(
    part: Part, axes: Sequence[str], out: Callable[[Columns], Any], columns: Columns, rows: int
) -> Iterator[tuple[Columns, int]]:
    if not axes:
        yield columns, rows
        return
    axis, rest = axes[0], axes[1:]
    values = part.column(axis)
    step = max(1, CHUNK // len(values))
    for start in range(0, rows, step):
        held = min(step, rows - start)
        grown = {
            name: np.repeat(before[start : start + step], len(values))
            for name, before in columns.items()
        }
        grown[axis] = np.tile(values, held)
        kept = np.flatnonzero(~out(grown))
        if len(kept):
            smaller = {name: one[kept] for name, one in grown.items()}
            yield from _expand(part, rest, out, smaller, len(kept))


def bounded(part: Part) -> bool:
    """Whether the costs of all designs are known to fit in 64 bits."""
    if part.loose(METRICS):
        return False
    most = count(part.network(most_expensive(part, {})))  # plain numbers do not overflow
    return bool(max(most.params, most.macs, most.activations) < 2**62)


def cut(part: Part, highest: Mapping[str, int]) -> Part | None:
    """The part without values with which every design costs more than that; None where all do.

    A small one whose costs fit in 64 bits is left as it is. Of others, designs that nobody asked
    for would be counted, or refused.
    """
    if part.loose(tuple(highest)) or (part.size <= CHUNK and bounded(part)):
        return part

    def above(axis: str, value: int) -> bool:
        cost = count(part.network({axis: value}))  # plain numbers do not overflow
        return any(getattr(cost, metric) > high for metric, high in highest.items())

    arrays = {
        axis: values[: bisect_left(values, True, key=partial(above, axis))]
        for axis, values in part.arrays.items()
    }
    if not all(arrays.values()):
        return None
    return replace(part, arrays=arrays)


def most_expensive(part: Part, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with the largest value of every other array axis."""
    return {axis: columns.get(axis, values[-1]) for axis, values in part.arrays.items()}


def _search_sample(part: Part, inner: str | None, found: Found) -> None:
    """A few lines first: what they find lets the exhaustive pass leave most lines out."""
    outer = [axis for axis in part.free if axis != inner]
    if not outer:
        return
    rng = np.random.default_rng(0)
    columns = {axis: np.sort(rng.choice(part.column(axis), SAMPLE)) for axis in outer}
    _search_line(_array_line(part, inner, columns, SAMPLE, found), found)


def _array_line(part: Part, inner: str | None, columns: Columns, rows: int, found: Found) -> Line:
    """Rows along the inner axis; without one, rows of one design."""
    word = next(iter(part.arrays)) if inner is None and not columns else inner
    along = {} if word is None else {word: part.column(word)}

    def columns_of(chosen: Ints, index: Ints) -> Columns:
        held = {axis: values[chosen] for axis, values in columns.items()}
        return {**held, **{axis: one[index] for axis, one in along.items()}}

    def values_of(row: int, index: int) -> dict[str, Any]:
        held = {axis: plain(values[row]) for axis, values in columns.items()}
        return part.values({**held, **{axis: plain(one[index]) for axis, one in along.items()}})

    return Line(
        rows,
        len(next(iter(along.values()), [0])),
        lambda chosen, index: _counted(part, columns_of(chosen, index)),
        lambda chosen, index: found.too_deep(part, columns_of(chosen, index)),
        values_of,
    )


def _search_scalar(space: Space, inner: str | None, found: Found) -> None:
    """Where only such axes are free, each design is a tree of its own, and counted alone."""
    others = [axis for axis in space.scalars if axis != inner]
    for fixed in product(*(space.axes[axis] for axis in others)):
        held = {axis: [value] for axis, value in zip(others, fixed, strict=True)}
        parts = list(replace(space, axes={**space.axes, **held}).parts())

        def count_of(_: Ints, index: Ints, parts: list[Part] = parts) -> Count:
            costs = [count(parts[int(one)].network({})) for one in index]
            params, macs, activations = (
                np.array([getattr(cost, metric) for cost in costs]) for metric in METRICS
            )
            return Count(params, macs, activations)

        def deep(_: Ints, index: Ints, parts: list[Part] = parts) -> Any:
            return np.array([bool(found.too_deep(parts[int(one)], {})) for one in index])

        def values_of(_: int, index: int, parts: list[Part] = parts) -> dict[str, Any]:
            return parts[index].values()

        if parts:
            _search_line(Line(1, len(parts), count_of, deep, values_of), found)


def _check_work(found: Found) -> None:
    if max(found.lines, found.looked_at) > MOST_LINES:
        raise _TooManyError


def _lines(part: Part, outer: Sequence[str], found: Found) -> float:
    """About how many lines could hold the nearest design, by the share of a sample of many."""
    size = prod(len(part.arrays[axis]) for axis in outer)
    few = FEW_LINES if part.tables is not None else MOST_LINES
    if size <= few or part.loose(found.costs) or not bounded(part):
        return min(size, MOST_LINES)
    rng = np.random.default_rng(0)
    columns = {axis: rng.choice(part.column(axis), SAMPLE**2) for axis in outer}
    looked_at = found.looked_at
    cheapest, most = (_counted(part, columns, last=last) for last in (False, True))
    share = 1 - np.mean(found.cannot(cheapest, most))
    found.looked_at = looked_at
    return float(share * size)


def _search_line(line: Line, found: Found) -> None:
    """Bracket every row, then walk from the bracket outward while designs are near enough."""
    found.lines += line.rows
    _check_work(found)
    past = first_past(line, found)
    steps = {"nearest": (-1, 1), "floor": (-1,), "ceil": (1,)}[found.rule]
    for step in steps:
        walk_out(line, past - 1 if step < 0 else past, step, found)
