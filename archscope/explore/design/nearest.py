"""The design that comes nearest to conditions which no design fulfils."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.arch.scaling import plain
from archscope.cost.formula import Count, count
from archscope.explore.design.caps.conditions import Conditions, Over, bytes_of, over_stored
from archscope.explore.design.limits import METRICS, unit
from archscope.explore.design.search import SAMPLE, bounded, cut, most_expensive
from archscope.explore.design.space import Part
from archscope.reporting.table.formats import brief

Columns = Mapping[str, npt.NDArray[np.int64]]
Cannot = Callable[[Count, "Count | None"], Any]
Chunks = Callable[[Part, Cannot, "Over | None"], Iterator[tuple[Columns, Count]]]


@dataclass
class Nearest:
    """The nearest design so far.

    Its distance is the largest relative excess above the most, or lack below the least, of all
    costs; a group width that is no multiple of `divisible` puts a design out of the question. Where
    all are, the one that lacks least is kept: (channels to the next multiple, channels, name).

    Attributes:
        asked: the ranges of costs.
        divisible: of what the group widths must be multiples.
        distance: of the nearest design, infinite where there is none.
        name: of that design.
        costs: its costs.
        undivided: of the group width that comes nearest to a multiple.
    """

    asked: Conditions
    divisible: int
    distance: float = math.inf
    name: str = ""
    costs: dict[str, int] = field(default_factory=dict)
    undivided: tuple[int, int, str] | None = None

    def cannot(self, cheapest: Count, most: Count | None) -> Any:
        """Whether nothing between the two can be nearer."""
        bound = self._distance(_counts(cheapest), excess=True)
        if most is not None:
            bound = np.maximum(bound, self._distance(_counts(most), excess=False))
        return bound >= self.distance

    def highest(self) -> dict[str, int]:
        """Costs above which nothing can be nearer."""
        if math.isinf(self.distance):
            return {}
        return {
            metric: high + math.ceil(self.distance * max(high, 1))
            for metric, (_, high) in self.asked.ranges.items()
            if high is not None and metric in METRICS
        }

    def look(self, part: Part, columns: Columns, cost: Count) -> None:
        """Take the nearest of some designs, if it is nearer than what was found before."""
        costs = _counts(cost)
        distance = self._both(costs)
        if self.divisible > 1:
            channels = np.broadcast_to(part.group_width(columns), distance.shape)
            distance = np.where(channels % self.divisible == 0, distance, np.inf)
        rows = np.flatnonzero(distance < self.distance)
        if not len(rows):
            return
        costs, distance = {name: one[rows] for name, one in costs.items()}, distance[rows]
        if self.asked.stored:
            several = {axis: values[rows] for axis, values in columns.items()}
            costs |= bytes_of(part, several, costs["params"], self.asked.stored, self.asked.storage)
            distance = np.maximum(distance, self._both(costs))
        best = int(np.argmin(distance))
        if distance[best] < self.distance:
            self.distance = float(distance[best])
            self.name = _name(part, columns, int(rows[best]))
            self.costs = {metric: int(one[best]) for metric, one in costs.items()}

    def look_at_widths(self, part: Part, columns: Columns) -> None:
        """Take the group width that lacks least, if it lacks less than what was found before."""
        channels = np.atleast_1d(part.group_width(columns))
        over = channels % self.divisible
        under = self.divisible - over
        lack = np.where(channels < self.divisible, under, np.minimum(over, under))
        best = int(np.argmin(lack))
        if self.undivided is None or lack[best] < self.undivided[0]:
            self.undivided = int(lack[best]), int(channels[best]), _name(part, columns, best)

    def _both(self, costs: Columns) -> Any:
        return np.maximum(self._distance(costs, excess=True), self._distance(costs, excess=False))

    def _distance(self, costs: Columns, *, excess: bool) -> Any:
        """How far designs are out of the ranges at least, by those costs that are known."""
        found: Any = np.zeros(np.shape(costs["params"]))
        for metric, (low, high) in self.asked.ranges.items():
            if metric not in costs:
                continue
            value = np.asarray(costs[metric], dtype=float)
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
            f"{self.costs[metric]:,}{unit(metric)} {metric}, {_off(self.costs[metric], *ends)}"
            for metric, ends in self.asked.ranges.items()
        ]
        return f"the nearest is {self.name} with {' and '.join(off)}"


def nearest(parts: Sequence[Part], asked: Conditions, divisible: int, chunks: Chunks) -> Nearest:
    """The design of `parts` that comes nearest to the ranges.

    All designs are gone through, without those that cannot be nearer than what was found: costs
    grow with every number. `chunks` yields a part's designs with their costs. Where no group width
    divides, there is nothing to be nearer than: the group widths alone are gone through.
    """
    found = Nearest(asked, divisible)
    dividing = [
        (part, pair) for part in parts if (pair := dividing_numbers(part, divisible)) is not None
    ]
    if not dividing:
        for part in parts:
            _look_at_widths(part, found)
        return found
    for part, pair in dividing:
        for values in (
            part.values(),
            most_expensive(part, {}),
            part.values(pair),
            most_expensive(part, pair),
        ):
            chosen = {axis: values[axis] for axis in part.arrays}
            single = {axis: np.array([chosen[axis]], part.column(axis).dtype) for axis in chosen}
            found.look(part, single, _counted(part, chosen))
        if bounded(part):
            sample = _sample(part)
            found.look(part, sample, count(part.network(sample)))
    for part, _ in dividing:
        smaller = cut(part, found.highest())
        over = over_stored(part, asked, lambda: found.distance)
        for columns, cost in chunks(smaller, found.cannot, over) if smaller else ():
            found.look(part, columns, cost)
    return found


def _counts(cost: Count) -> dict[str, Any]:
    return {metric: getattr(cost, metric) for metric in METRICS}


def dividing_numbers(part: Part, divisible: int) -> dict[str, int] | None:
    """Small numbers whose group width is a multiple of `divisible`; None where there are none."""
    if divisible == 1:
        return {}
    *outer, inner = _width_axes(part) or ("",)
    if not inner:
        return {} if int(part.group_width({})) % divisible == 0 else None
    # Of numbers that share the same divisors with it, the smallest speaks for all.
    speakers = {
        axis: {math.gcd(value, divisible): value for value in reversed(part.arrays[axis])}
        for axis in outer
    }
    for chosen, columns in _width_columns(part, inner, speakers):
        fits = np.flatnonzero(part.group_width(columns) % divisible == 0)
        if len(fits):
            return {**chosen, inner: int(columns[inner][fits[0]])}
    return None


def _look_at_widths(part: Part, found: Nearest) -> None:
    """Let it take the group width that lacks least, where none divides."""
    axes, divisible = _width_axes(part), found.divisible
    largest = {axis: np.array(part.arrays[axis][-1:]) for axis in axes}
    if not axes or part.group_width(largest)[0] < divisible:
        found.look_at_widths(part, largest)  # below the first multiple the widest lacks least
        return
    *outer, inner = axes
    # Of numbers with the same remainder the largest lacks least, or as little as the others.
    speakers = {axis: {value % divisible: value for value in part.arrays[axis]} for axis in outer}
    unit = part.group_width({**dict.fromkeys(outer, 1), inner: np.array(part.arrays[inner])})
    steps = [math.gcd(*part.arrays[axis]) for axis in outer] + [int(np.gcd.reduce(unit))]
    least = math.gcd(divisible, math.prod(steps))  # divides all group widths and multiples
    for _, columns in _width_columns(part, inner, speakers):
        found.look_at_widths(part, columns)
        if found.undivided is not None and found.undivided[0] <= least:
            return


def _width_axes(part: Part) -> list[str]:
    """The array axes of which the group width is the product: none, one or two."""
    return [word for word in part.arrays if part.space.of[word].channels]


def _width_columns(
    part: Part, inner: str, speakers: Mapping[str, Mapping[int, int]]
) -> Iterator[tuple[dict[str, int], Columns]]:
    """Each value of the outer axis (if there is one), and it beside all of the inner one."""
    values = part.column(inner)
    for numbers in product(*(sorted(some.values()) for some in speakers.values())):
        chosen = dict(zip(speakers, numbers, strict=True))
        held = {axis: np.full(len(values), number) for axis, number in chosen.items()}
        yield chosen, {**held, inner: values}


def _counted(part: Part, chosen: Mapping[str, int]) -> Count:
    """One design, counted as plain numbers, which do not overflow."""
    cost = count(part.network(chosen))
    return Count(*(np.array([getattr(cost, metric)], dtype=object) for metric in METRICS))  # type: ignore[arg-type]


def _sample(part: Part) -> Columns:
    rng = np.random.default_rng(0)
    return {axis: rng.choice(part.column(axis), SAMPLE**2) for axis in part.arrays}


def _name(part: Part, columns: Columns, index: int) -> str:
    chosen = {axis: plain(values[index]) for axis, values in columns.items()}
    return part.space.name(part.values(chosen))


def _off(value: int, low: int, high: int | None) -> str:
    if high is not None and value > high:
        if value >= 2 * high:
            return f"{value / max(high, 1):,.1f} times the most"
        return f"{brief(100 * (value - high) / high)} % above the most"
    if value < low:
        return f"{brief(100 * (low - value) / low)} % below the least"
    return "as asked"
