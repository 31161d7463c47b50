"""Boxes: the range of each free number outside which every design costs too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import lcm
from typing import Any

from archscope.arch.families import MOST_DEEPENING
from archscope.arch.papers.eq4 import Rounding
from archscope.cost.formula import count
from archscope.errors import UsageError
from archscope.explore.design.question import Base
from archscope.explore.design.space import Part, Space

MOST_VALUES = 100_000
MOST_SCALE = 8


def opened_axes(
    base: Base, axes: Mapping[str, Sequence[Any]], free: Sequence[str], rounding: Rounding
) -> list[str]:
    """The axes that are sought: those of the words in `free`, or what nothing else fixes.

    Raises:
        UsageError: where there is none, or the rounding or a range has nothing to act on.
    """
    words = [axis for word in free for axis in base.axes_of(word)]
    opened = list(dict.fromkeys(words)) or [
        axis
        for axis in base.family.axes
        if axis not in axes and axis not in base.numbers and axis != "scale"
    ]
    if not opened:
        raise UsageError(
            f"{base.name} was to be designed, but its name and options fix every number; free one, "
            f"as --free {base.family.axes[-2].rstrip('1234')}"
        )
    if isinstance(rounding, int) and "width" not in opened:
        raise UsageError(
            f"multiples of {rounding} were asked for, but that is a rule for the width, which is "
            "not free here; add --free width, or drop --rounding"
        )
    if "scale" in opened and "width" in opened and "width" not in axes:
        raise UsageError(
            "scale and width were both freed, but the one moves the other without end; state the "
            "widths, as --width 1:256"
        )
    return opened


def box(
    space: Space,
    axes: Mapping[str, Sequence[Any]],
    opened: Sequence[str],
    most: Mapping[str, int],
    multiple: int = 1,
) -> Space:
    """The space with every opened axis as long as its designs cost no more than `most`.

    An axis in `axes` keeps the values that it has there; of the width, multiples of `multiple`.

    Raises:
        UsageError: where no value is left of an axis, or it would need too many.
    """
    filled = dict(space.axes)
    for axis in opened:
        if axis not in axes:
            filled[axis] = _scales(space) if axis == "scale" else [1]
    step = multiple
    if "width" in opened:
        if "width" in axes:
            filled["width"] = [width for width in axes["width"] if width % multiple == 0]
        else:
            step = lcm(multiple, *(scale.denominator for scale in filled["scale"]))
            filled["width"] = [step]
        if not filled["width"]:
            raise UsageError(
                f"widths that are multiples of {multiple} were asked for, but the range given "
                "holds none; widen it"
            )
    start = replace(space, axes=filled)
    longer: dict[str, list[Any]] = {}
    for axis in opened:
        if axis not in axes and axis != "scale":
            values = _values(start, axis, most, step if axis == "width" else 1)
            part = space.family.steps.get(axis)
            longer[axis] = _split(values, part) if part else values
    return replace(start, axes={**filled, **longer})


def _scales(space: Space) -> list[Fraction]:
    stem = space.family.stem
    return [Fraction(number, stem) for number in range(1, MOST_SCALE * stem + 1)]


def _split(values: Sequence[int], step: Fraction) -> list[Any]:
    """From the first value to below the one after the last, in steps of a part of one."""
    steps = range(int(values[0] / step), int((values[-1] + 1) / step))
    parts = [number * step for number in steps]
    return [int(value) if value.denominator == 1 else value for value in parts]


def _values(space: Space, axis: str, most: Mapping[str, int], step: int) -> list[int]:
    """The values of one axis up to the last that costs no more, all others at their smallest.

    Where a space has several trees, each may be the cheapest: the longest range is taken.
    """
    last, parts = 1, 0
    end = MOST_DEEPENING if axis == "deepening" else MOST_VALUES
    for part in space.parts():
        last, parts = _last(part, axis, most, step, (last, end)), parts + 1
    if not parts:
        raise UsageError(
            f"no {axis} keeps the scaled widths whole; use another scale, as 0.5, or other widths"
        )
    if last >= end:
        raise UsageError(
            f"the {axis} was to be sought, but {end:,} values of it cost too little to end "
            f"the search; state a range for it, as --{axis.rstrip('1234')} 1:64, or a smaller "
            "budget"
        )
    return list(range(step, (last + 1) * step, step))


def _last(part: Part, axis: str, most: Mapping[str, int], step: int, ends: tuple[int, int]) -> int:
    """The last number of steps that costs no more than `most`; not below or above the `ends`."""

    def fits(number: int) -> bool:
        cost = count(part.network({axis: number * step}))
        return all(getattr(cost, metric) <= value for metric, value in most.items())

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
