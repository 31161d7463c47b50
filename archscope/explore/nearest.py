"""The design that comes nearest to conditions which no design fulfils."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.cost.formula import Count, count
from archscope.explore.limits import METRICS
from archscope.explore.search import SAMPLE, dearest
from archscope.explore.space import Names, Part

Range = tuple[int, "int | None"]
Columns = Mapping[str, npt.NDArray[np.int64]]
Cannot = Callable[[Count, "Count | None"], Any]
Chunks = Callable[[Part, Cannot], Iterator[tuple[Columns, Count]]]


@dataclass
class Nearest:
    """The nearest design so far.

    Its distance is the largest relative excess above the most, or lack below the least, of all
    costs; a group width that is no multiple of `divisible` puts a design out of the question, but
    the one that lacks least is kept as well: (channels to the next multiple, channels, name).

    Attributes:
        ranges: the least and the most of costs; None: no end.
        divisible: of what the group widths must be multiples.
        distance: of the nearest design, infinite where there is none.
        name: of that design.
        costs: its costs.
        undivided: of the group width that comes nearest to a multiple.
    """

    ranges: Mapping[str, Range]
    divisible: int
    distance: float = math.inf
    name: str = ""
    costs: dict[str, int] = field(default_factory=dict)
    undivided: tuple[int, int, str] | None = None

    def cannot(self, cheapest: Count, most: Count | None) -> Any:
        """Whether nothing between the two can be nearer."""
        bound = self._distance(cheapest, excess=True)
        if most is not None:
            bound = np.maximum(bound, self._distance(most, excess=False))
        return bound >= self.distance

    def look(self, part: Part, columns: Columns, cost: Count) -> None:
        """Take the nearest of some designs, if it is nearer than what was found before."""
        distance = np.maximum(self._distance(cost, excess=True), self._distance(cost, excess=False))
        channels = np.broadcast_to(group_width(part, columns), distance.shape)
        if self.divisible > 1:
            self._look_at_widths(part, columns, channels)
            distance = np.where(channels % self.divisible == 0, distance, np.inf)
        best = int(np.argmin(distance))
        if distance[best] < self.distance:
            self.distance = float(distance[best])
            self.name = _name(part, columns, best)
            self.costs = {metric: int(getattr(cost, metric)[best]) for metric in METRICS}

    def _look_at_widths(self, part: Part, columns: Columns, channels: Any) -> None:
        over = channels % self.divisible
        under = self.divisible - over
        lack = np.where(channels < self.divisible, under, np.minimum(over, under))
        best = int(np.argmin(lack))
        if self.undivided is None or lack[best] < self.undivided[0]:
            self.undivided = int(lack[best]), int(channels[best]), _name(part, columns, best)

    def _distance(self, cost: Count, *, excess: bool) -> Any:
        found: Any = np.zeros(np.shape(cost.params))
        for metric, (low, high) in self.ranges.items():
            value = getattr(cost, metric)
            if excess and high is not None:
                found = np.maximum(found, (value - float(high)) / max(high, 1))
            elif not excess and low:
                found = np.maximum(found, (float(low) - value) / low)
        return found

    def sentence(self) -> str:
        """It, and how far it is off: "the nearest is resnet18 with 11 params, 2 % above ..."."""
        if not self.name:
            assert self.undivided is not None
            lack, channels, name = self.undivided
            return f"the nearest is {name} with a group width of {channels:,}, {lack:,} off"
        off = [
            f"{self.costs[metric]:,} {metric}, {_off(self.costs[metric], *ends)}"
            for metric, ends in self.ranges.items()
        ]
        return f"the nearest is {self.name} with {' and '.join(off)}"


def nearest(
    parts: Sequence[Part], ranges: Mapping[str, Range], divisible: int, chunks: Chunks
) -> Nearest:
    """The design of `parts` that comes nearest to the ranges.

    All designs are gone through, without those that cannot be nearer than what was found: costs
    grow with every number. `chunks` yields a part's designs with their costs.
    """
    found = Nearest(ranges, divisible)
    for part in parts:
        for columns in _corners(part), _sample(part):
            found.look(part, columns, count(part.network(columns)))
    for part in parts:
        for columns, cost in chunks(part, found.cannot):
            found.look(part, columns, cost)
    return found


def group_width(part: Part, columns: Mapping[str, Any]) -> Any:
    """The channels of the 3x3 convolutions of the first stage."""
    scale = part.scalars["scale"]
    channels = part.space.family.channels(part.values(columns))
    return channels * scale.numerator // scale.denominator


def _corners(part: Part) -> Columns:
    """The cheapest design and the dearest."""
    last = dearest(part, {})
    return {axis: np.array([values[0], last[axis]]) for axis, values in part.arrays.items()}


def _sample(part: Part) -> Columns:
    rng = np.random.default_rng(0)
    return {axis: rng.choice(values, SAMPLE**2) for axis, values in part.arrays.items()}


def _name(part: Part, columns: Columns, index: int) -> str:
    chosen = {axis: int(column[index]) for axis, column in columns.items()}
    return Names(part.space)(part.values(chosen))


def _off(value: int, low: int, high: int | None) -> str:
    if high is not None and value > high:
        if value >= 2 * high:
            return f"{value / max(high, 1):,.1f} times the most"
        return f"{100 * (value - high) / high:.2g} % above the most"
    if value < low:
        return f"{100 * (low - value) / low:.2g} % below the least"
    return "as asked"
