"""Scaling rules brought to one budget, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Required, TypedDict

from archscope.arch.inputs import input_plain
from archscope.arch.network import Network
from archscope.arch.papers.eq4 import Rounding
from archscope.arch.windows import Shape
from archscope.cost.formula import CONVENTION, Count
from archscope.cost.memory import FP32, MEMORY_CONVENTION, memory
from archscope.errors import InfeasibleError, UsageError, joined
from archscope.explore.design.limits import METRICS, Limit
from archscope.explore.design.scaling.along import Point, nearest_point
from archscope.explore.design.scaling.ray import Ray, ray_of
from archscope.explore.design.scaling.rules import ScalingRule, rules_of
from archscope.explore.networks.opened import named, own_network
from archscope.reporting.networks.scaling import scaling_table
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table


@dataclass(frozen=True)
class Scaled:
    """A network scaled by a rule to a budget.

    Attributes:
        rule: the rule; None of the network as it was.
        phi: the power of the rule's bases; 0 of the network as it was.
        network: with its name and input.
        cost: exact.
        memory: peak bytes of its activations in fp32, batch 1.
        memory_at: where in the tree that peak is.
        numbers: what the rule may change, by word, and the resolution.
    """

    rule: ScalingRule | None
    phi: float
    network: Network
    cost: Count
    memory: int
    memory_at: str
    numbers: dict[str, Any]


@dataclass(frozen=True, repr=False)
class Scalings(Result):
    """One network by several rules, each brought to one budget.

    Attributes:
        base: the network as it was.
        limit: the cost that is brought to a number.
        rounding: nearest, floor (within the budget) or ceil (not below it).
        rules: the network by each rule, in the order asked for.
        left_out: one sentence for each rule of `all` that the family has no number for.
        infeasible: one sentence for each rule that does not come to the budget.
        notes: what a reader must know.
    """

    base: Scaled
    limit: Limit
    rounding: Rounding
    rules: list[Scaled]
    left_out: list[str] = field(default_factory=list)
    infeasible: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.scaling/1`."""
        metric, value, source = self.limit.metric, self.limit.value, self.limit.source
        memory_convention = MEMORY_CONVENTION.format(element_bytes=FP32).split("; ", 1)[1]
        return {
            "schema": "archscope.scaling/1",
            "convention": f"{CONVENTION}; memory: {memory_convention}",
            "network": self.base.network.name,
            "limit": {"metric": metric, "value": value, "source": source},
            "rounding": self.rounding,
            "base": self._row(self.base),
            "rules": [self._row(one) for one in self.rules],
            "left_out": self.left_out,
            "infeasible": self.infeasible,
            "notes": self.notes,
        }

    def tables(self) -> list[Table]:
        """The network as it was, then a row for each rule."""
        return [scaling_table(self.document())]

    def _row(self, scaled: Scaled) -> dict[str, Any]:
        costs = {m: getattr(scaled.cost, m) for m in METRICS}
        residual = costs[self.limit.metric] - self.limit.value
        return {
            "name": scaled.rule.name if scaled.rule else None,
            "source": scaled.rule.source if scaled.rule else None,
            "bases": scaled.rule.document() if scaled.rule else None,
            "phi": scaled.phi,
            "network": scaled.network.name,
            "input": input_plain(scaled.network.input),
            "numbers": scaled.numbers,
            **costs,
            "memory": scaled.memory,
            "memory_at": scaled.memory_at,
            "residual": residual,
            "deviation": residual / self.limit.value,
        }


class RuleOptions(TypedDict, total=False):
    """What may be asked of a network that a rule scales: see `archscope.solve`."""

    rule: Required[str | ScalingRule | Sequence[str | ScalingRule]]
    rounding: Rounding
    tolerance: float
    classes: int
    input: Shape


def scale_named(
    network: str | Network,
    limits: Sequence[Limit],
    *,
    rule: str | ScalingRule | Sequence[str | ScalingRule],
    rounding: Rounding = "nearest",
    tolerance: float | None = None,
    classes: int | None = None,
    input: Shape | None = None,
    **others: Any,
) -> Scalings:
    """Scale a network by its name; arguments as `scale_network`.

    Args:
        network: its name, or a `Network` that a name makes.
        limits: the budget.
        rule: names of rules (`compound,dwr`, `all`), or `ScalingRule`s.
        rounding, tolerance: as `scale_network`.
        classes, input: where not the network's own.
        others: what is said of `solve` without a rule, which is refused.

    Raises:
        UsageError, InfeasibleError: as `scale_network`.
    """
    refuse_others(others)
    asked = named(network, "a rule")
    return scale_network(
        own_network(asked.name, classes or asked.classes, input or asked.input),
        rules_of(rule),
        limits,
        rounding=rounding,
        tolerance=tolerance,
    )


def refuse_others(words: Iterable[str]) -> None:
    """Refuse what says of other designs which they are.

    Raises:
        UsageError: naming the first word.
    """
    for word in words:
        raise UsageError(
            f"a rule scales the network's own numbers, so {word} cannot be given; drop --{word}, "
            "or --rule"
        )


def scale_network(
    network: Network,
    rules: Sequence[ScalingRule],
    limits: Sequence[Limit],
    *,
    rounding: Rounding = "nearest",
    tolerance: float | None = None,
) -> Scalings:
    """Scale a network by each of some rules to a budget.

    Args:
        network: one of a family, complete.
        rules: of several, those are left out that the family has no number for.
        limits: the budget, one.
        rounding: on which side of the budget a network may be.
        tolerance: the largest relative deviation that counts as an answer.

    Raises:
        UsageError: where there is no one budget, or the one rule cannot be followed.
        InfeasibleError: where no rule comes to the budget.
    """
    if len(limits) != 1:
        raise UsageError(
            f"a scaling rule is brought to one budget, not {len(limits)}; drop the others, or name "
            "the cost, as resnet50:macs"
        )
    if rounding not in ("nearest", "floor", "ceil"):
        raise UsageError(
            "a rule rounds each number as its family does; use --rounding nearest, floor or ceil"
        )
    (limit,) = limits
    if limit.metric not in METRICS:
        raise UsageError(
            f"a scaling rule is brought to {', '.join(METRICS)}, not to {limit.metric}; give a "
            "budget of one of them"
        )
    ray = ray_of(network)
    followed = [rule for rule in rules if not _lacking(ray, rule, limit)]
    if not followed:
        raise UsageError(f"{_lacking(ray, rules[0], limit)}; use another rule than {rules[0].name}")
    left_out = _left_out(ray, rules, limit)
    found, infeasible = [], []
    for rule in followed:
        try:
            point = nearest_point(ray, rule, limit, rounding, tolerance)
        except InfeasibleError as error:
            infeasible.append(str(error))
        else:
            found.append(_scaled(ray, rule, point))
    if not found:
        raise InfeasibleError(infeasible[0])
    base = _scaled(ray, None, Point(0, network))
    notes = [*_notes(ray, found, limit), *network.notes_said]
    return Scalings(base, limit, rounding, found, left_out, infeasible, notes)


def _left_out(ray: Ray, rules: Sequence[ScalingRule], limit: Limit) -> list[str]:
    """A sentence for each reason to leave rules out."""
    because: dict[str, list[str]] = {}
    for rule in rules:
        if reason := _lacking(ray, rule, limit):
            because.setdefault(reason, []).append(rule.name)
    return [
        f"{reason}, so {joined(names)} {'is' if len(names) == 1 else 'are'} left out."
        for reason, names in because.items()
    ]


def _lacking(ray: Ray, rule: ScalingRule, limit: Limit) -> str | None:
    """Why a rule cannot be followed, as the beginning of a sentence."""
    if words := ray.lacks(rule):
        return f"{ray.family.title} has no number for {joined(words)}"
    if limit.metric == "params" and rule.depth == rule.width == 1:
        return "the resolution changes no parameters"
    return None


def _scaled(ray: Ray, rule: ScalingRule | None, point: Point) -> Scaled:
    needs = memory(point.network)
    return Scaled(
        rule,
        point.phi,
        point.network,
        point.cost,
        needs.peak_activation_bytes,
        needs.peak_at,
        ray.told(point.network),
    )


def _notes(ray: Ray, found: Sequence[Scaled], limit: Limit) -> list[str]:
    rules = [one.rule for one in found if one.rule is not None]
    loose = [rule.name for rule in rules if ray.may_fall(rule, limit.metric)]
    if not loose:
        return []
    return [
        f"By {joined(loose)} {limit.metric} may fall while the network grows: the networks "
        "around the crossing were counted, and a nearer one may lie further off."
    ]
