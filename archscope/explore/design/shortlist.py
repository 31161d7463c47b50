"""The nearest designs found so far, and what cannot be among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from archscope.arch.network import Network
from archscope.arch.nodes import Dropout, Node
from archscope.arch.rebuild import rebuild
from archscope.cost.formula import Count
from archscope.explore.design.caps.layers import layers
from archscope.explore.design.limits import Limit
from archscope.explore.design.space import Part

Rule = Literal["nearest", "floor", "ceil"]
# Deviations are compared as floats while searching, and exactly at the end.
SLACK = 1 + 1e-12
TIES = 500


def same_network(one: Network, other: Network) -> bool:
    """Whether two designs are one: the same layers in the same order, on the same image.

    Rates of dropout do not count: they are how a network is trained.
    """
    first, second = (rebuild(network.tree, _as_used) for network in (one, other))
    return one.input == other.input and first == second


def _as_used(node: Node) -> Node:
    return replace(node, p=0.0) if isinstance(node, Dropout) else node


@dataclass(frozen=True)
class Design:
    """A design and its exact distance from the limits.

    `deviation` is the largest |cost - limit| / limit of all limits.
    """

    values: dict[str, Any]
    costs: dict[str, int]
    deviation: Fraction


@dataclass
class Found:
    """The `number` nearest designs so far, and how many were looked at.

    `reach` is the deviation that a design must not pass to be among them. `lines` were searched;
    `looked_at` is how many combinations, whole or of some of the axes, it took to find them. With
    more than `most_layers` convolutions no design is among them. Of those that are one `network`,
    the first is. `halves` names the numbers of parts that were searched by so many `sums`: those
    that both halves share, and those of each.
    """

    limits: Sequence[Limit]
    rule: Rule
    number: int
    reach: float
    most_layers: int | None = None
    network: Callable[[dict[str, Any]], Network] | None = None
    counted: int = 0
    lines: int = 0
    sums: int = 0
    looked_at: int = 0
    designs: list[tuple[float, dict[str, Any], dict[str, int]]] = field(default_factory=list)
    halves: list[list[list[str]]] = field(default_factory=list)

    @property
    def costs(self) -> tuple[str, ...]:
        """The costs that have a limit."""
        return tuple(limit.metric for limit in self.limits)

    def distances(self, cost: Count) -> tuple[Any, Any]:
        """The largest relative excess and the largest relative lack."""
        excess = [
            (getattr(cost, limit.metric) - limit.value) / limit.value for limit in self.limits
        ]
        return np.max(excess, axis=0), np.max(np.negative(excess), axis=0)

    def deviation(self, cost: Count) -> Any:
        """How far each design is, infinite where the rule forbids it."""
        excess, lack = self.distances(cost)
        distance = np.maximum(excess, lack)
        if self.rule == "floor":
            return np.where(excess <= 0, distance, np.inf)
        return np.where(lack <= 0, distance, np.inf) if self.rule == "ceil" else distance

    def past(self, cost: Count) -> Any:
        """Whether each design lies on the far side of the best one along any axis."""
        excess, lack = self.distances(cost)
        if self.rule == "floor":
            return excess > 0
        return lack <= 0 if self.rule == "ceil" else excess >= lack

    def cannot(self, cheapest: Count, most_expensive: Count | None = None) -> Any:
        """Whether nothing between the two can be near enough."""
        self.looked_at += np.size(cheapest.params)
        out = self.distances(cheapest)[0] > (0 if self.rule == "floor" else self.reach)
        if most_expensive is None:
            return out
        return out | (
            self.distances(most_expensive)[1] > (0 if self.rule == "ceil" else self.reach)
        )

    def too_deep(self, part: Part, columns: Mapping[str, Any]) -> Any:
        """Whether each design of these columns has too many layers."""
        if self.most_layers is None:
            return False
        told = part.told(columns)
        number = layers(part.network(columns)) if told is None else told["layers"]
        return number > self.most_layers

    def add(self, deviation: float, values: dict[str, Any], costs: dict[str, int]) -> None:
        """Take a design in, if it is near enough."""
        if deviation > self.reach or self._has(values, costs):
            return
        self.designs.append((deviation, values, costs))
        self.designs.sort(key=lambda entry: entry[0])
        if len(self.designs) >= self.number:
            self.reach = self.designs[self.number - 1][0] * SLACK
            kept = [entry for entry in self.designs if entry[0] <= self.reach]
            self.designs = kept[: self.number + TIES]

    def _has(self, values: dict[str, Any], costs: dict[str, int]) -> bool:
        """Whether the design is there, or another that is the same network."""
        alike = [kept for _, kept, other in self.designs if other == costs]
        if values in alike or not alike or self.network is None:
            return values in alike
        own = self.network(values)
        return any(same_network(own, self.network(kept)) for kept in alike)

    def result(self) -> list[Design]:
        """The designs, nearest first, compared exactly; then those that cost less."""
        exact = [
            Design(
                values,
                costs,
                max(
                    abs(Fraction(costs[limit.metric] - limit.value, limit.value))
                    for limit in self.limits
                ),
            )
            for _, values, costs in self.designs
        ]
        exact.sort(key=lambda one: (one.deviation, *one.costs.values(), *one.values.values()))
        return exact[: self.number]
