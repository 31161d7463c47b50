"""Ticks of a logarithmic axis: round numbers that stand side by side."""

from __future__ import annotations

import math

from matplotlib.ticker import MaxNLocator

from archscope.reporting.table.formats import prefixed

TICK_STEPS = (
    (1.0,),
    (1.0, 3.0),
    (1.0, 2.0, 5.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0),
    tuple(0.5 * step for step in range(2, 20)),
)
NARROW = 2.5  # high over low: there a logarithm is nearly straight, and its round numbers few
MOST_TICKS = 10  # that fit side by side, each with its label, in so many inches:
ROOMY = 5.7


def ticks_within(inches: float) -> int:
    """How many ticks with their labels fit side by side."""
    return max(3, round(MOST_TICKS * inches / ROOMY))


def log_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Round numbers between the limits: the coarsest set that has four, no two too near.

    `most` are as many as fit side by side.
    """
    if high / low < NARROW:
        nbins = min(5, most)
        equal = MaxNLocator(nbins=nbins, steps=[1, 2, 5, 10]).tick_values(low, high)
        return [float(tick) for tick in equal if low <= tick <= high]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for steps in TICK_STEPS:
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) >= 4:
            break
    apart = math.log10(high / low) / most
    kept: list[float] = []
    for tick in ticks:
        if not kept or math.log10(tick / kept[-1]) >= apart:
            kept.append(tick)
    return kept


def tick_label(value: float) -> str:
    """`0.5`, `500 k`, `1 M`, `1.5 M`."""
    if value < 1000:
        return f"{value:g}"
    number, _, prefix = prefixed(3)(round(value)).partition(" ")
    return f"{float(number):g} {prefix}".rstrip()
