"""Whole-network inverse design: from what a network may cost to the numbers that make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from archscope.arch.eq4 import Rounding
from archscope.arch.shape import Shape
from archscope.cost.formula import count
from archscope.errors import InfeasibleError, UsageError
from archscope.explore.answers import Answer, Inverse
from archscope.explore.base import Base, read_base
from archscope.explore.boxes import box, opened_axes
from archscope.explore.found import Design, Found, Rule
from archscope.explore.limits import Limit
from archscope.explore.search import search
from archscope.explore.space import Names, Space

MOST_QUESTIONS = 1_000
# How far above the limits designs are looked for; only `ceil` ever needs more than the first.
_REACHES = (1.0, 8.0, 64.0, 4096.0)


@dataclass(frozen=True)
class Options:
    """How the answer is to be.

    Attributes:
        rounding: `floor` keeps within every limit, `ceil` reaches every one; a number K asks for
            widths that are multiples of K.
        nearest: how many designs an answer lists (of one question; of several, one each).
        tolerance: the largest relative deviation that counts as an answer.
        classes, input_shape: where not the family's own.
    """

    rounding: Rounding = "nearest"
    nearest: int = 5
    tolerance: float | None = None
    classes: int | None = None
    input_shape: Shape | None = None

    @property
    def rule(self) -> Rule:
        """On which side of the limits a design may be."""
        return "nearest" if isinstance(self.rounding, int) else self.rounding


DEFAULT = Options()


def inverse(
    network: str,
    limits: Sequence[Limit],
    *,
    given: Mapping[str, Sequence[Any]] | None = None,
    free: Sequence[str] = (),
    options: Options = DEFAULT,
) -> Inverse:
    """Find the designs of a network's family that come nearest to some limits.

    Args:
        network: as `resnext50`, `resnext101_32x4d`, `wrn_28`, `wide_resnet50`, `resnext29`.
        limits: what the whole network may cost; of several, the largest relative deviation counts.
        given: values by word (`cardinality`, `width`, `depth`, `widen`, `scale`; for `depth` a list
            for each stage). Of a free number they are its range; of another that has several, each
            is a question of its own.
        free: the words of what is sought; without it, what neither the name nor `given` fixes.
        options: the rule of rounding, how many designs, and the like.

    Raises:
        UsageError: where nothing, or too much, is free.
        InfeasibleError: where no question has an answer; it names the nearest design.
    """
    base = read_base(network)
    axes = base.given(given or {})
    opened = opened_axes(base, axes, free, options.rounding)
    several = {axis: axes[axis] for axis in axes if axis not in opened and len(axes[axis]) > 1}
    questions = [dict(zip(several, one, strict=True)) for one in product(*several.values())]
    if len(questions) > MOST_QUESTIONS:
        raise UsageError(
            f"{len(questions):,} designs were asked for at once, but {MOST_QUESTIONS:,} is the "
            "most; give fewer values, or make a range of them with --free"
        )
    answers, infeasible = [], []
    for fixed in questions:
        chosen = {**axes, **{axis: [value] for axis, value in fixed.items()}}
        number = max(1, options.nearest) if len(questions) == 1 else 1
        try:
            answers.append(_answer(_Task(base, limits, options, number), chosen, opened, fixed))
        except InfeasibleError as error:
            infeasible.append(str(error))
    if not answers:
        raise InfeasibleError(infeasible[0])
    return Inverse(base, limits, options.rounding, answers, infeasible)


@dataclass(frozen=True)
class _Task:
    base: Base
    limits: Sequence[Limit]
    options: Options
    number: int


def _answer(
    task: _Task, axes: Mapping[str, Sequence[Any]], opened: Sequence[str], fixed: Mapping[str, Any]
) -> Answer:
    stated = frozenset(axis for axis in opened if axis in axes)
    rule = task.options.rule
    for reach in _REACHES:
        space = _space(task, axes, opened, reach)
        _check_reachable(task, space)
        found = Found(task.limits, rule, task.number, reach)
        search(space, found)
        if found.designs or rule != "ceil":
            break
    designs = found.result()
    tolerance = task.options.tolerance
    if not designs or (tolerance is not None and designs[0].deviation > tolerance):
        raise InfeasibleError(_too_far(task, space, designs))
    return Answer(space, fixed, stated, designs, found.lines, found.counted)


def _space(
    task: _Task, axes: Mapping[str, Sequence[Any]], opened: Sequence[str], reach: float
) -> Space:
    """The box in which every design within `reach` of the limits lies."""
    share = 1 if task.options.rule == "floor" else 1 + reach
    most = {limit.metric: int(share * limit.value) for limit in task.limits}
    rounding = task.options.rounding
    space = task.base.space(axes, task.options.classes, task.options.input_shape)
    return box(space, axes, opened, most, rounding if isinstance(rounding, int) else 1)


def _check_reachable(task: _Task, space: Space) -> None:
    """Whether the cheapest design is within every limit, where it has to be."""
    smallest = space.smallest()
    assert smallest is not None
    cost = count(space.network(smallest))
    over = [limit for limit in task.limits if getattr(cost, limit.metric) > limit.value]
    if task.options.rule == "ceil" or not over:
        return
    costs = " and ".join(f"{getattr(cost, one.metric):,} {one.metric}" for one in over)
    raise InfeasibleError(
        f"{task.base.name} was asked for at {_limits_text(over)}, but the nearest design, its "
        f"smallest, is {Names(space)(smallest)} with {costs}; raise the budget to that, or free "
        "another number"
    )


def _too_far(task: _Task, space: Space, designs: Sequence[Design]) -> str:
    asked = f"{task.base.name} was asked for at {_limits_text(task.limits)}"
    if not designs:
        return (
            f"{asked} or above, but no design in the range reaches that; widen the range, or free "
            "another number"
        )
    nearest = designs[0]
    costs = " and ".join(f"{nearest.costs[one.metric]:,} {one.metric}" for one in task.limits)
    return (
        f"{asked} within {100 * (task.options.tolerance or 0):g} %, but the nearest design is "
        f"{Names(space)(nearest.values)} with {costs}, {100 * float(nearest.deviation):.2g} % off; "
        "allow a larger --tolerance, or free another number"
    )


def _limits_text(limits: Sequence[Limit]) -> str:
    return " and ".join(f"{limit.value:,} {limit.metric}" for limit in limits)
