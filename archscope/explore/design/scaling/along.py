"""The network of a rule that comes nearest to a budget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import log

from archscope.arch.network import Network
from archscope.arch.papers.eq4 import Rounding
from archscope.cost.formula import Count, count
from archscope.errors import InfeasibleError
from archscope.explore.design.limits import Limit
from archscope.explore.design.scaling.ray import Ray
from archscope.explore.design.scaling.rules import ScalingRule

STEPS = 1_000  # of phi between two whole numbers
_FURTHEST = 40 * STEPS
_STRIDE = 32  # steps from the first guess to where the budget is looked for
# Steps around a crossing that are looked at where a cost may fall, and around the best of them.
_WINDOW = range(-240, 241, 16)
_CLOSE = range(-15, 16)


@dataclass(frozen=True)
class Point:
    """A network of a ray, at a power of a rule's bases."""

    phi: float
    network: Network

    @cached_property
    def cost(self) -> Count:
        """What the network costs."""
        return count(self.network)


class _Line:
    """A rule's networks by the steps of phi, and how far each is from a budget."""

    def __init__(self, ray: Ray, rule: ScalingRule, limit: Limit) -> None:
        self.ray, self.rule, self.limit = ray, rule, limit
        self._points: dict[int, Point | None] = {}
        self._same: dict[str, Point] = {}

    def point(self, step: int) -> Point | None:
        """The network at a step; None where there is none so small, or so large."""
        if step not in self._points:
            phi = step / STEPS
            network = self.ray.at(self.rule.factors(phi))
            point = None
            if network is not None:
                key = f"{network.name} {network.input}"
                point = self._same.setdefault(key, Point(phi, network))
            self._points[step] = point
        return self._points[step]

    def off(self, point: Point) -> int:
        """How much more than the budget a network costs."""
        return int(getattr(point.cost, self.limit.metric)) - self.limit.value

    def over(self, step: int) -> bool:
        """Whether the network at a step costs more than the budget, or is too large to be one."""
        point = self.point(step)
        return step > 0 if point is None else self.off(point) > 0

    def crossing(self) -> int:
        """The last step that is not over the budget, before one that is; else an end."""
        near = self._guess()
        sign = -1 if self.over(near) else 1
        reach, far = _STRIDE, near + sign * _STRIDE
        while self.over(far) == (sign < 0) and abs(far) < _FURTHEST:
            reach *= 2
            near, far = far, far + sign * reach
        low, high = sorted((near, far))
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.over(middle) else (middle, high)
        return low

    def nearest_of(self, steps: Iterable[int]) -> list[Point]:
        """The networks at these steps, the nearest to the budget first; a tie goes by the cost."""
        points = (point for step in sorted(steps) if (point := self.point(step)) is not None)
        return sorted(points, key=lambda point: (abs(self.off(point)), self.off(point)))

    def _guess(self) -> int:
        """About where the budget is met: costs grow as depth and powers of the others."""
        rule, metric = self.rule, self.limit.metric
        wide, sized = {"params": (2, 0), "activations": (1, 2)}.get(metric, (2, 2))
        growth = log(rule.depth) + wide * log(rule.width) + sized * log(rule.resolution)
        own = max(1, getattr(count(self.ray.network), metric))
        guess = log(self.limit.value / own) / growth
        return max(-_FURTHEST, min(_FURTHEST, round(STEPS * guess)))


def nearest_point(
    ray: Ray,
    rule: ScalingRule,
    limit: Limit,
    rounding: Rounding = "nearest",
    tolerance: float | None = None,
) -> Point:
    """The network of a rule that comes nearest to a budget: phi goes by thousandths.

    Where the cost never falls while the network grows, the two beside the crossing decide;
    elsewhere the best of those around it. Of two that are as near it is the cheaper one.

    Raises:
        InfeasibleError: where all networks of the rule cost more than the budget, or all less, or
            the nearest is further off than `tolerance`.
    """
    line = _Line(ray, rule, limit)
    crossing = line.crossing()
    points = line.nearest_of({crossing, crossing + 1})
    if ray.may_fall(rule, limit.metric):
        around = {crossing + 1, *(crossing + step for step in _WINDOW)}
        middle = round(STEPS * line.nearest_of(around)[0].phi)
        close = {middle + step for step in _CLOSE}
        points = line.nearest_of({*around, *close})
    within = [point for point in points if line.off(point) <= 0]
    reaching = [point for point in points if line.off(point) >= 0]
    if not within or not reaching:
        raise InfeasibleError(_out_of_reach(line, points[0], "at most" if within else "at least"))
    best = {"floor": within, "ceil": reaching}.get(str(rounding), points)[0]
    if tolerance is not None and abs(line.off(best)) > tolerance * limit.value:
        raise InfeasibleError(
            f"by {rule.name} no {ray.network.name} is within {100 * tolerance:g} % of "
            f"{limit.value:,} {limit.metric}: the nearest is {_told(line, best)}; allow a larger "
            "--tolerance, or use another rule"
        )
    return best


def _out_of_reach(line: _Line, nearest: Point, side: str) -> str:
    limit = line.limit
    change = "lower" if side == "at most" else "raise"
    return (
        f"by {line.rule.name} {line.ray.network.name} has {side} {_told(line, nearest)}, not "
        f"{limit.value:,}; {change} the budget to that, or use another rule"
    )


def _told(line: _Line, point: Point) -> str:
    cost = getattr(point.cost, line.limit.metric)
    sides = "x".join(map(str, point.network.input))
    return f"{cost:,} {line.limit.metric}, as {point.network.name} at {sides}"
