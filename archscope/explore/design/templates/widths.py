"""The width of a block that keeps a budget, from the costs of its tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import sqrt

from archscope.arch.nodes import Norm, Seq
from archscope.arch.papers.eq4 import Block, Rounding, rounded
from archscope.cost.formula import Count, count
from archscope.errors import InfeasibleError, UsageError, joined
from archscope.explore.design.templates.kinds import Kind, Paths

MOST_WIDTH = 2**40  # a width whose weights are far above every budget


@dataclass(frozen=True)
class Template:
    """A block's template against a budget.

    Attributes:
        name: `32x4d`, `26w4s`, `k32`.
        paths: its cardinality and splits; 1 where it has none.
        width: the free width.
        exact: the unrounded width: where the second-order curve through the counts beside it meets
            the budget. Counts of convolutions are such curves, so that it is exact for them.
        params: of the block, norms left out.
        macs, activations: of the block at the stage's resolution.
        deviation: (params - budget) / budget, a fraction.
    """

    name: str
    paths: Paths
    width: int
    exact: float
    params: int
    macs: int
    activations: int
    deviation: float


def solve_template(
    kind: Kind, paths: Paths, size: Block, budget: int, rounding: Rounding
) -> Template:
    """The width at which a block has `budget` parameters, made whole by `rounding`.

    Raises:
        InfeasibleError: where the width would be below 1, whatever the rounding.
        UsageError: where the parameters do not grow with the width.
    """
    params = _params(kind, size, paths)
    if params(1) > budget:
        many = [word for word in kind.words if getattr(paths, word) > 1]
        raise InfeasibleError(
            f"the {kind.name} block as {kind.template(1, paths)}, its narrowest, has "
            f"{params(1):,} parameters, more than {budget:,}; raise the budget to that"
            f"{f', or lower its {joined(many)}' if many else ''}"
        )
    floor = _floor(params, budget, kind)
    exact = floor + _beyond(params, floor, budget)
    if isinstance(rounding, int):
        width = rounding * _nearest(lambda n: params(rounding * n), budget, kind)
    else:
        half_up = _half_is_within(params, floor, budget)
        width = rounded(floor, half_up, params(floor) == budget, rounding)
    cost = block_cost(kind, size, paths, width)
    deviation = (cost.params - budget) / budget
    name = kind.template(width, paths)
    return Template(name, paths, width, exact, cost.params, cost.macs, cost.activations, deviation)


def block_cost(kind: Kind, size: Block, paths: Paths, width: int) -> Count:
    """What the block's tree costs; the parameters without those of its norms."""
    shape = (size.w_in, size.resolution, size.resolution)
    cost = count(Seq(kind.make(size, width, paths)), shape)
    norms = sum(row.params for row in cost.nodes if isinstance(row.node, Norm))
    return Count(cost.params - norms, cost.macs, cost.activations)


def _params(kind: Kind, size: Block, paths: Paths) -> Callable[[int], int]:
    return cache(lambda width: int(block_cost(kind, size, paths, width).params))


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
