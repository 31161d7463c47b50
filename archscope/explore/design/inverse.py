"""Whole-network inverse design: from what a network may cost to the numbers that make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from archscope.arch.quantities import STORED
from archscope.arch.times import LATENCY
from archscope.cost.formula import count
from archscope.errors import InfeasibleError, UsageError
from archscope.explore.design.answer import Answer, Inverse
from archscope.explore.design.boxes import box, declared, opened_axes
from archscope.explore.design.caps.degenerate import ordinary
from archscope.explore.design.caps.largest import Question, fitted
from archscope.explore.design.caps.layers import MOST_LAYERS
from archscope.explore.design.limits import Limit, all_limits
from archscope.explore.design.question import DEFAULT, Base, Options, read_base
from archscope.explore.design.search import search
from archscope.explore.design.shortlist import Design, Found, Rule
from archscope.explore.design.space import Space
from archscope.reporting.table.formats import brief

MOST_QUESTIONS = 1_000
EVERYTHING = 1e19  # no cost is further from a limit than this: costs are below 2^63, limits above 0


def inverse(
    network: str,
    limits: str | Sequence[str | Limit],
    *,
    given: Mapping[str, Sequence[Any]] | None = None,
    free: Sequence[str] = (),
    options: Options = DEFAULT,
) -> Inverse:
    """Find the designs of a network's family that come nearest to some limits.

        found = a.inverse("resnext50", "4.1GMACs", given={"cardinality": [32]})
        found.answers[0].designs[0].values  # {"depth1": 3, ..., "cardinality": 32, "width": 4}
        found.document()                    # all of it, schema archscope.inverse/1

    Args:
        network: as `resnext50`, `resnext101_32x4d`, `wrn_28`, `wide_resnet50`, `resnext29`,
            `wrn_40-B(3,1,3)`; or a whole family, as `preresnet-basic`. Block types and dropout are
            kept as they are.
        limits: what the whole network may cost, as `4.1GMACs`, `25M params`, `as resnet50`, or
            `Limit`s; of several, the largest relative deviation counts.
        given: values by word (`cardinality`, `width`, `depth`, `widen`, `deepening`, `scale`; for
            `depth` a list of blocks for each stage, or one for all). Of a free number they are its
            range; of another that has several, each is a question of its own.
        free: the words of what is sought; without it, what neither the name nor `given` fixes.
        options: the rule of rounding, how many designs, and the like.

    Returns:
        the nearest designs, each with its exact costs (parameters; multiply-adds and activations of
        one image), and the proof that none is nearer.

    Raises:
        UsageError: where nothing, or too much, is free.
        InfeasibleError: where no question has an answer; it names the nearest design.
    """
    listed = [limits] if isinstance(limits, str) else limits
    caps = [one for one in listed if isinstance(one, Limit) and one.hard]
    budgets = [one for one in listed if one not in caps]
    read = all_limits(budgets, options.input_shape) if budgets or not caps else []
    asked = [*read, *caps]
    stored = any(limit.metric in (*STORED, LATENCY) for limit in read)
    _check_goal(options, budgets, caps, stored=stored)
    timed = LATENCY in (options.maximise, *(limit.metric for limit in asked))
    if timed and options.latency is None:
        raise UsageError("latency is predicted by a fitted model; give the options one")
    base = read_base(network).by_stage(given or {}, free)
    axes = base.given(given or {})
    opened = opened_axes(base, axes, free, options.rounding)
    several = {axis: axes[axis] for axis in axes if axis not in opened and len(axes[axis]) > 1}
    questions = [dict(zip(several, one, strict=True)) for one in product(*several.values())]
    if len(questions) > MOST_QUESTIONS:
        raise UsageError(
            f"at most {MOST_QUESTIONS:,} designs are solved for at once, not "
            f"{len(questions):,}; give fewer values, or make a range of them with --free"
        )
    answers, infeasible = [], []
    for fixed in questions:
        chosen = {**axes, **{axis: [value] for axis, value in fixed.items()}}
        number = max(1, options.nearest) if len(questions) == 1 else 1
        try:
            if caps or stored:
                question = Question(base, asked, options)
                answers.append(fitted(question, chosen, opened, fixed, number))
            else:
                task = _Task(base, asked, options, number)
                answers.append(_answer(task, chosen, opened, fixed))
        except InfeasibleError as error:
            infeasible.append(str(error))
    if not answers:
        raise InfeasibleError(infeasible[0])
    model = options.latency if timed else None
    return Inverse(base, asked, options.rounding, answers, infeasible, options.fold, model)


def _check_goal(
    options: Options, budgets: Sequence[Any], caps: Sequence[Limit], *, stored: bool
) -> None:
    """Raise UsageError where an option has nothing to act on."""
    if options.maximise and (budgets or not caps):
        raise UsageError(
            "what is maximised needs a cap and no budget; write --at-most 5Mparams --maximise macs"
        )
    if (caps or stored) and options.rule != "nearest":
        raise UsageError(
            f"--rounding {options.rounding} goes with a budget of params, macs or activations "
            "alone; drop it, or write --at-most, which is never passed"
        )
    if caps and not budgets and options.tolerance is not None:
        raise UsageError("--tolerance is about a budget, not a cap; drop it, or add --budget")


@dataclass(frozen=True)
class _Task:
    base: Base
    limits: Sequence[Limit]
    options: Options
    number: int


def _answer(
    task: _Task, axes: Mapping[str, Sequence[Any]], opened: Sequence[str], fixed: Mapping[str, Any]
) -> Answer:
    rule, tolerance = task.options.rule, task.options.tolerance
    space = _space(task, axes, opened, rule, 1.0)
    costs = [limit.metric for limit in task.limits]
    stated = frozenset(axis for axis in opened if axis in axes)
    stated |= declared(space, axes, opened, costs).keys()
    over = [] if rule == "ceil" else _always_over(task, space)
    if over:
        raise InfeasibleError(_not_within(task, axes, opened, over))
    space, designs, by = _ranked(task, axes, opened)
    if not designs:
        raise InfeasibleError(_not_reached(task, axes, opened))
    if tolerance is not None and designs[0].deviation > tolerance:
        raise InfeasibleError(_too_far(task, space, designs[0], tolerance))
    stated |= set(space.crowded)
    how = sum(one.lines + one.sums for one in by), sum(one.counted for one in by)
    halves = [words for one in by for words in one.halves]
    return Answer(space, fixed, stated, designs, *how, opened=opened, halves=halves)


def _ranked(
    task: _Task, axes: Mapping[str, Sequence[Any]], opened: Sequence[str]
) -> tuple[Space, list[Design], list[Found]]:
    """The nearest designs, by which searches; degenerate ones after those within 100 %."""
    rule, number = task.options.rule, task.number
    designs: list[Design] = []
    by: list[Found] = []
    if not task.options.every:
        whole = _space(task, axes, opened, rule, 1.0)
        space = ordinary(whole)
        if space is not None:
            found = Found(task.limits, rule, number, 1.0, MOST_LAYERS, space.network)
            search(space, found)
            designs, by = found.result(), [found]
            if len(designs) == number:
                return whole, designs, by
    space, found = _search(task, axes, opened, rule, number)
    known = [one.values for one in designs]
    designs += [one for one in found.result() if one.values not in known]
    return space, designs[:number], [*by, found]


def _search(
    task: _Task,
    axes: Mapping[str, Sequence[Any]],
    opened: Sequence[str],
    rule: Rule,
    number: int,
) -> tuple[Space, Found]:
    """The nearest designs, looked for further and further out until there are `number`."""
    smallest = task.base.space(axes)
    ends = declared(smallest, axes, opened, [limit.metric for limit in task.limits])
    grows = any(axis not in axes and axis not in ends for axis in opened)
    reach, counted = 1.0, 0
    space = _space(task, axes, opened, rule, reach)
    while True:
        found = Found(task.limits, rule, number, reach, network=space.network)
        search(space, found)
        found.counted += counted
        if len(found.designs) >= number or rule == "floor" or reach == EVERYTHING:
            return space, found
        counted = found.counted
        # A box of stated ranges does not grow, so that the next round sees all of it.
        reach = min(8 * reach, EVERYTHING) if grows else EVERYTHING
        try:
            space = _space(task, axes, opened, rule, reach)
        except UsageError:
            if not found.designs:
                raise
            return space, found


def _space(
    task: _Task,
    axes: Mapping[str, Sequence[Any]],
    opened: Sequence[str],
    rule: Rule,
    reach: float,
) -> Space:
    """The box in which every design within `reach` of the limits lies."""
    share = 1 if rule == "floor" else 1 + reach
    most = {limit.metric: int(share * limit.value) for limit in task.limits}
    rounding = task.options.rounding
    space = task.base.space(axes, task.options.classes, task.options.input_shape)
    return box(space, axes, opened, most, rounding if isinstance(rounding, int) else 1)


def _always_over(task: _Task, space: Space) -> list[Limit]:
    """The limits that the smallest design passes, where every design passes one of them."""
    first: list[Limit] = []
    if space.loose([limit.metric for limit in task.limits]):
        return []  # the smallest need not be the cheapest
    for part in space.parts():
        cost = count(part.network({}))
        over = [limit for limit in task.limits if getattr(cost, limit.metric) > limit.value]
        if not over:
            return []
        first = first or over
    return first


def _not_within(
    task: _Task, axes: Mapping[str, Sequence[Any]], opened: Sequence[str], over: Sequence[Limit]
) -> str:
    space, found = _search(task, axes, opened, "nearest", 1)
    nearest = found.result()[0]
    which = "the nearest design, its smallest," if nearest.values == space.smallest() else None
    return (
        f"no {task.base.name} with these numbers has at most {_costs(over)}: "
        f"{which or 'the nearest design'} is {_design(task, space, nearest)}; raise the "
        "budget to that, or free another number"
    )


def _not_reached(task: _Task, axes: Mapping[str, Sequence[Any]], opened: Sequence[str]) -> str:
    space, found = _search(task, axes, opened, "nearest", 1)
    side = "at most" if task.options.rule == "floor" else "at least"
    return (
        f"no {task.base.name} with these numbers has {side} {_costs(task.limits)}: the "
        f"nearest is {_design(task, space, found.result()[0])}; widen the range, or free "
        "another number"
    )


def _too_far(task: _Task, space: Space, nearest: Design, tolerance: float) -> str:
    return (
        f"no {task.base.name} with these numbers is within {100 * tolerance:g} % of "
        f"{_costs(task.limits)}: the nearest is {_design(task, space, nearest)}, "
        f"{brief(100 * float(nearest.deviation))} % off; allow a larger --tolerance, or free "
        "another number"
    )


def _costs(limits: Sequence[Limit]) -> str:
    return " and ".join(f"{limit.value:,} {limit.metric}" for limit in limits)


def _design(task: _Task, space: Space, design: Design) -> str:
    costs = " and ".join(f"{design.costs[one.metric]:,} {one.metric}" for one in task.limits)
    return f"{space.name(design.values)} with {costs}"


__all__ = ["DEFAULT", "Options", "inverse"]
