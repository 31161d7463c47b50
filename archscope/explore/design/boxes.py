"""Boxes: the range of each free number outside which every design costs too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf, lcm, prod
from typing import Any

from archscope.arch.families.axis import Axis
from archscope.arch.network import Network
from archscope.arch.papers.eq4 import Rounding
from archscope.cost.formula import count
from archscope.errors import UsageError
from archscope.explore.design.question import Base
from archscope.explore.design.space import SIDE, Part, Space, ranged

MOST_VALUES = 100_000
MOST_LINES = 500_000  # a second or so


def opened_axes(
    base: Base, axes: Mapping[str, Sequence[Any]], free: Sequence[str], rounding: Rounding
) -> list[str]:
    """The numbers that are sought: those of the words in `free`, or what nothing else fixes.

    Raises:
        UsageError: where there is none, or the rounding or a range has nothing to act on.
    """
    words = [axis for word in free for axis in base.axes_of(word)]
    opened = list(dict.fromkeys(words)) or [
        word
        for word in base.axes
        if (word not in axes and word not in base.numbers)
        or (word == SIDE.word and len(axes.get(word, ())) > 1)
    ]
    if not opened:
        usual = [axis.word for axis in base.axes.values() if axis.word != "scale"]
        raise UsageError(
            f"the name and options of {base.name} fix every number, so nothing is left to "
            f"solve for; free one, as --free {usual[-1] if usual else 'scale'}"
        )
    if base.axes.get(SIDE.word) is SIDE and SIDE.word not in axes:
        raise UsageError("a free resolution needs its sides; give them, as --input 96:224:16")
    widths = [word for word in opened if base.axes[word].word == "width"]
    if isinstance(rounding, int) and not widths:
        raise UsageError(
            f"multiple-of:{rounding} rounds the width, which is not free here; add --free "
            "width, or drop --rounding"
        )
    endless = [word for word in opened if base.axes[word].scaled and word not in axes]
    if "scale" in opened and endless:
        raise UsageError(
            f"scale and {endless[0]} can compensate each other without end; give a range for "
            f"{endless[0]}, as {ranged(endless[0], '1:256')}"
        )
    return opened


def box(
    space: Space,
    axes: Mapping[str, Sequence[Any]],
    opened: Sequence[str],
    most: Mapping[str, int],
    multiple: int = 1,
) -> Space:
    """The space with every opened number as long as its designs cost no more than `most`.

    The most of `memory` is a number of bytes.

    A number in `axes` keeps the values that it has there; of the width, multiples of `multiple`.
    What `declared` names has the values that its family declares; so have all (`Space.crowded`),
    where there would be more than `MOST_LINES` combinations of all but one otherwise.

    Raises:
        UsageError: where no value is left of a number, or it would need too many.
    """
    filled = dict(space.axes)
    limits = {cost: most[cost] for cost in _sound(space, opened, tuple(most))}
    start = declared(space, axes, opened, tuple(most))
    for word in opened:
        if word not in axes:
            filled[word] = start.get(word, [space.of[word].least])
    steps = {}
    for word in opened:
        axis = space.of[word]
        steps[word] = step = axis.step if isinstance(axis.step, int) else 1
        if axis.word == "width" and not axis.fractional:
            steps[word] = step = lcm(step, multiple)
            if word in axes or word in start:
                filled[word] = [width for width in filled[word] if width % multiple == 0]
        if axis.scaled and word not in axes and word not in start:
            scales = filled.get("scale", [1])
            steps[word] = step = lcm(step, *(scale.denominator for scale in scales))
        if step > 1 and word not in axes and word not in start:
            filled[word] = [-(-axis.least // step) * step]
        if not filled[word]:
            raise UsageError(f"the range of widths must hold a multiple of {multiple}; widen it")
    first = replace(space, axes=filled)
    longer: dict[str, Sequence[Any]] = {}
    for word in opened:
        if word not in axes and word not in start:
            values = _values(first, word, limits, steps[word])
            part = space.of[word].step
            longer[word] = _split(values, part) if isinstance(part, Fraction) else values
    endless = [word for word in longer if len(longer[word]) >= _most(space, word)]
    if endless and len(longer) == 1:
        raise UsageError(
            f"{_most(space, endless[0]):,} values of the {endless[0]} cost too little to end the "
            f"search; give a range, as {ranged(endless[0], '1:64')}, or a smaller budget"
        )
    crowded = longer if endless or _lines({**filled, **longer}) > MOST_LINES else {}
    fewer = {word: _fewer(space.of[word], word, longer[word]) for word in crowded}
    return replace(first, axes={**filled, **longer, **fewer}, crowded=tuple(crowded))


def _lines(axes: Mapping[str, Sequence[Any]]) -> int:
    """How many combinations there are of the values of all axes but the longest."""
    lengths = [len(values) for values in axes.values()]
    return prod(lengths) // max(lengths)


def _fewer(axis: Axis, word: str, values: Sequence[Any]) -> Sequence[Any]:
    """Of the values whose designs cost little enough those that the family declares."""
    kept = set(values)
    return [value for value in axis.box_of(word) if value in kept] or values[:1]


def declared(
    space: Space, axes: Mapping[str, Sequence[Any]], opened: Sequence[str], costs: Sequence[str]
) -> dict[str, Sequence[Any]]:
    """The opened numbers that go through values which their family declares, with those.

    These are the ones that nothing else bounds: no cost with a limit shows that all designs
    beyond some value cost too much, as it may fall while this number, or another free one, grows.
    """
    sound = _sound(space, opened, costs)
    return {
        word: space.of[word].sought or space.of[word].box
        for word in opened
        if word not in axes and (_is_declared(space.of[word]) or not sound)
    }


def _is_declared(axis: Axis) -> bool:
    """Whether its values are not simply all from the least on."""
    below = bool(axis.box) and axis.box[0] < axis.least  # fractions, as 0.25, 0.5, ...
    return axis.sought is not None or not isinstance(axis.least, int) or below


def _split(values: Sequence[int], step: Fraction) -> list[Any]:
    """From the first value to below the one after the last, in steps of a part of one."""
    steps = range(int(values[0] / step), int((values[-1] + 1) / step))
    parts = [number * step for number in steps]
    return [int(value) if value.denominator == 1 else value for value in parts]


def _sound(space: Space, opened: Sequence[str], costs: Sequence[str]) -> list[str]:
    """Those of the costs that never fall while a free number grows."""
    free = [word for word in space.axes if len(space.axes[word]) > 1 or word in opened]
    return [cost for cost in costs if all(space.of[word].monotone(cost) for word in free)]


def _most(space: Space, word: str) -> int:
    """How many values a number may have."""
    return space.of[word].most or MOST_VALUES


def _values(space: Space, word: str, most: Mapping[str, int], step: int) -> list[int]:
    """The values of one number up to the last that costs no more, all others at their smallest.

    Where a space has several trees, each may be the cheapest: the longest range is taken.
    """
    first, parts = space.axes[word][0], 0
    last, end = 1, _most(space, word)
    for part in space.parts():
        last, parts = _last(part, word, most, (first, step), (last, end)), parts + 1
    if not parts:
        raise UsageError(
            f"no {word} keeps the scaled widths whole; use another scale, as 0.5, or other widths"
        )
    return list(range(first, first + last * step, step))


def _memory(space: Space, network: Network) -> float:
    """The bytes that are alive at once; without end where it grows more often than is told."""
    try:
        return float(space.storage.peak_bytes(network))
    except UsageError:
        return inf


def _last(
    part: Part, word: str, most: Mapping[str, int], steps: tuple[int, int], ends: tuple[int, int]
) -> int:
    """How many steps cost no more than `most`; not fewer or more than the `ends`."""
    first, step = steps

    def fits(number: int) -> bool:
        network = part.network({word: first + (number - 1) * step})
        cost = count(network)
        counted = {metric: value for metric, value in most.items() if metric != "memory"}
        if any(getattr(cost, metric) > value for metric, value in counted.items()):
            return False
        return "memory" not in most or _memory(part.space, network) <= most["memory"]

    low, end = ends
    if low >= end or not fits(low + 1):
        return low
    low, high = low + 1, min(2 * (low + 1), end)
    while high < end and fits(high):
        low, high = high, min(2 * high, end)
    if high == end and fits(end):
        return end
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
