"""The width of a block that keeps a budget, from the costs of its tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import sqrt

from archscope.arch.nodes import Norm, Seq
from archscope.arch.papers.eq4 import Block, Rounding, rounded
from archscope.cost.formula import Count, count
from archscope.errors import InfeasibleError, UsageError
from archscope.explore.design.templates.kinds import Kind

MOST_WIDTH = 2**40  # a width whose weights are far above every budget


@dataclass(frozen=True)
class Template:
    """A block's template against a budget.

    Attributes:
        name: `32x4d`, `26w4s`, `k32`.
        number: of its cardinality or splits; 1 where it has none.
        width: the free width.
        exact: the unrounded width: where the second-order curve through the counts beside it meets
            the budget. Counts of convolutions are such curves, so that it is exact for them.
        params: of the block, norms left out.
        macs, activations: of the block at the stage's resolution.
        deviation: (params - budget) / budget, a fraction.
    """

    name: str
    number: int
    width: int
    exact: float
    params: int
    macs: int
    activations: int
    deviation: float


def solve_template(
    kind: Kind, number: int, size: Block, budget: int, rounding: Rounding
) -> Template:
    """The width at which a block has `budget` parameters, made whole by `rounding`.

    Raises:
        InfeasibleError: where the width would be below 1, whatever the rounding.
        UsageError: where the parameters do not grow with the width.
    """
    params = _params(kind, size, number)
    if params(1) > budget:
        fewer = f", or fewer {kind.word}" if kind.word == "splits" and number > 1 else ""
        raise InfeasibleError(
            f"the {kind.name} block as {_name(kind, number, 1)}, its narrowest, has {params(1):,} "
            f"parameters, more than {budget:,}; raise the budget to that{fewer}"
        )
    floor = _floor(params, budget, kind)
    exact = floor + _beyond(params, floor, budget)
    if isinstance(rounding, int):
        width = rounding * _nearest(lambda n: params(rounding * n), budget, kind)
    else:
        half_up = _half_is_within(params, floor, budget)
        width = rounded(floor, half_up, params(floor) == budget, rounding)
    cost = block_cost(kind, size, number, width)
    deviation = (cost.params - budget) / budget
    name = _name(kind, number, width)
    return Template(name, number, width, exact, cost.params, cost.macs, cost.activations, deviation)


def block_cost(kind: Kind, size: Block, number: int, width: int) -> Count:
    """What the block's tree costs; the parameters without those of its norms."""
    shape = (size.w_in, size.resolution, size.resolution)
    cost = count(Seq(kind.make(size, width, number)), shape)
    norms = sum(row.params for row in cost.nodes if isinstance(row.node, Norm))
    return Count(cost.params - norms, cost.macs, cost.activations)


def _params(kind: Kind, size: Block, number: int) -> Callable[[int], int]:
    return cache(lambda width: int(block_cost(kind, size, number, width).params))


def _floor(params: Callable[[int], int], budget: int, kind: Kind) -> int:
    """The largest width within `budget`; 0 where there is none."""
    low, high = 0, 1
    while params(high) <= budget:
        low, high = high, 2 * high
        if high > MOST_WIDTH:
            raise UsageError(
                f"the parameters of the {kind.name} block must grow with its width; let a "
                "convolution have the width"
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if params(middle) <= budget else (low, middle)
    return low


def _nearest(params: Callable[[int], int], budget: int, kind: Kind) -> int:
    floor = _floor(params, budget, kind)
    return max(1, floor + (floor > 0 and _half_is_within(params, floor, budget)))


def _differences(params: Callable[[int], int], width: int) -> tuple[int, int]:
    """The first and the second difference of the counts at a width."""
    first, second, third = (params(width + step) for step in range(3))
    return second - first, third - 2 * second + first


def _half_is_within(params: Callable[[int], int], width: int, budget: int) -> bool:
    """Whether the curve at `width` + 1/2 stays within `budget`, in integers."""
    first, second = _differences(params, width)
    return 8 * params(width) + 4 * first - second <= 8 * budget


def _beyond(params: Callable[[int], int], floor: int, budget: int) -> float:
    """How far beyond `floor` the curve meets the budget: 0 to 1."""
    first, second = _differences(params, floor)
    left = budget - params(floor)
    slope = first - second / 2
    # The root of second/2 x^2 + slope x = left, in the form without cancellation.
    return 2 * left / (slope + sqrt(slope * slope + 2 * second * left)) if left else 0.0


def _name(kind: Kind, number: int, width: int) -> str:
    return kind.spelled.format(number=number, width=width)
