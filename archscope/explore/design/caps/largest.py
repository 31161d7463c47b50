"""The designs under hard caps: the largest ones, or those nearest to a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from archscope.arch.times import LATENCY, MILLISECOND
from archscope.cost.stored import Storage
from archscope.errors import InfeasibleError, UsageError, plural
from archscope.explore.design.answer import Answer, left_out
from archscope.explore.design.boxes import box, declared
from archscope.explore.design.caps.degenerate import ordinary
from archscope.explore.design.caps.found import Kept as Found
from archscope.explore.design.caps.goals import Closest, Largest, Near, caps_of
from archscope.explore.design.caps.grid import Grid
from archscope.explore.design.caps.layers import MOST_LAYERS
from archscope.explore.design.caps.read import storage_of
from archscope.explore.design.caps.whole import highest
from archscope.explore.design.limits import Limit, unit
from archscope.explore.design.question import Base, Options
from archscope.explore.design.shortlist import Design
from archscope.explore.design.space import SIDE, Space, Values
from archscope.reporting.table.formats import brief

if TYPE_CHECKING:
    from archscope.explore.latency.fitted import LatencyModel

_FAR = 1e19  # no cost is further from a budget: costs are below 2^63


@dataclass(frozen=True)
class Fitted(Answer):
    """The designs within some caps, and why there is none larger, or nearer to a budget.

    `is_whole`: because all designs were counted. `left_ties`: others may be as good as the last.
    """

    is_whole: bool = False
    left_ties: bool = False

    def proof(self, costs: Sequence[str]) -> dict[str, Any]:
        """How it is known that no design is better, by these costs."""
        found = super().proof(costs)
        shown = f" over the box {self.shown()}" if self.box() else ""
        better = f"has more {self.cost}" if self.cost else "is nearer"
        said = " It is a proof for the latency that is predicted." if LATENCY in costs else ""
        if self.is_whole:
            text = f"Proof by going through all designs{shown}: none {better}."
            text += said + left_out(self.space)
            return {**found, "method": "exhaustive", "inner": None, "statement": text}
        text = (
            f"Proof by bounds{shown}: boxes of designs were left out where the cheapest one passes "
            f"a cap, or where none {better}; the others were counted "
            f"({plural(self.counted, 'design')} counted)."
        )
        if self.left_ties:
            alike = f"have as much {self.cost}" if self.cost else "be as near"
            text += f" Others, which nobody looked at, may {alike} as the last of these."
        loose = self.space.loose(costs)
        if loose:
            text += f" {', '.join(loose)} had each value, as a cost may fall while it grows."
        if found["derived"]:
            text += f" Beyond the box in {', '.join(found['derived'])} every design costs too much."
        text += said + left_out(self.space)
        return {**found, "method": "bounds", "inner": None, "statement": text}


@dataclass(frozen=True)
class Question:
    """What is asked: of which networks, under which limits, some of them hard."""

    base: Base
    limits: Sequence[Limit]
    options: Options

    @property
    def caps(self) -> dict[str, int]:
        """The most of each cost."""
        return caps_of([limit for limit in self.limits if limit.hard])

    @property
    def budgets(self) -> dict[str, int]:
        """What is to be near."""
        return caps_of([limit for limit in self.limits if not limit.hard])

    @property
    def latency(self) -> LatencyModel | None:
        """The model, where the latency has a limit, or is to be large."""
        asked = {*self.caps, *self.budgets, self.options.maximise}
        return self.options.latency if LATENCY in asked else None

    @property
    def storage(self) -> Storage:
        """How weights and memory are stored."""
        return storage_of(self.limits, fold=self.options.fold)


def fitted(
    asked: Question,
    axes: Mapping[str, Sequence[Any]],
    opened: Sequence[str],
    fixed: Mapping[str, Any],
    number: int,
) -> Answer:
    """The `number` designs within all caps that are the largest, or nearest to the budgets.

    Raises:
        UsageError: where nothing bounds a free number.
        InfeasibleError: where no design keeps within the caps; it names the nearest.
    """
    reach = 1.0
    while True:
        space, stated = _space(asked, axes, opened, reach)
        found = _ranked(asked, space, number)
        kept = found.kept
        far = len(kept) < number or -kept[-1][2] > reach
        if not asked.budgets or not far or stated >= set(opened) or reach >= _FAR:
            break
        reach = min(8 * reach, _FAR)
    if not kept:
        raise InfeasibleError(_none(asked, space))
    designs = [Design(values, costs, _deviation(asked, costs)) for values, costs, _ in kept]
    looked = Fitted(space, fixed, stated, designs, 0, found.counted, found.cost, opened)
    return replace(looked, is_whole=found.is_whole, left_ties=found.left_ties)


Kept = Sequence[tuple[dict[str, Any], dict[str, int], float]]  # numbers, costs, score


class _Ranked(NamedTuple):
    """The cost that was maximised, the best designs, and how many were counted, and how."""

    cost: str | None = None
    kept: Kept = ()
    counted: int = 0
    is_whole: bool = False
    left_ties: bool = False

    def then(self, cost: str | None, others: Kept, number: int, grid: Grid) -> _Ranked:
        """With the best of others behind them, which a grid has counted."""
        known = [values for values, _, _ in self.kept]
        kept = [*self.kept, *(one for one in others if one[0] not in known)][:number]
        return _Ranked(cost, kept, self.counted + grid.counted, grid.is_whole, grid.left_ties)


def _space(
    asked: Question, axes: Mapping[str, Sequence[Any]], opened: Sequence[str], reach: float
) -> tuple[Space, frozenset[str]]:
    """The box in which all answers lie, and the free numbers whose range is stated or declared."""
    options = asked.options
    far = {cost: int((1 + reach) * value) for cost, value in asked.budgets.items()}
    most: dict[str, int] = {}
    for cost, value in (*far.items(), *asked.caps.items()):
        name = "params" if cost == "weights" else cost
        value = asked.storage.most_params(value) if cost == "weights" else value
        most[name] = min(value, most.get(name, value))
    space = asked.base.space(axes, options.classes, options.input_shape)
    space = replace(space, storage=asked.storage)
    stated = frozenset(axis for axis in opened if axis in axes)
    stated |= declared(space, axes, opened, tuple(most)).keys()
    multiple = options.rounding if isinstance(options.rounding, int) else 1
    space = box(space, axes, opened, most, multiple)
    return space, stated | set(space.crowded)


def _ranked(asked: Question, space: Space, number: int) -> _Ranked:
    """The best designs.

    Degenerate designs come last: they are looked at where there are too few others.
    """
    limited = None if asked.options.every else ordinary(space)
    found = _Ranked()
    if limited is not None:
        grid = Grid(limited, with_layers=True, latency=asked.latency)
        caps = {**asked.caps, "layers": MOST_LAYERS}
        found = found.then(*_best(asked, grid, caps, number, None), number, grid)
    if len(found.kept) < number:
        grid = Grid(space, latency=asked.latency)
        found = found.then(*_best(asked, grid, asked.caps, number, found.cost), number, grid)
    return found


def _best(
    asked: Question, grid: Grid, caps: Mapping[str, int], number: int, cost: str | None
) -> tuple[str | None, Kept]:
    if asked.budgets:
        found = highest(grid, Near(asked.budgets, caps), number)
    else:
        cost, found = _largest(asked, grid, caps, number, cost or asked.options.maximise)
    kept = []
    for row, costs, score in found:
        costs.pop("layers", None)
        kept.append((grid.design(row), costs, score))
    return cost, kept


def _largest(
    asked: Question, grid: Grid, caps: Mapping[str, int], number: int, cost: str | None
) -> tuple[str | None, Found]:
    """The largest designs; without a cost, by that which binds most.

    That is the one of which a design comes nearest to its cap.
    """
    if cost is None and len(asked.caps) > 1:
        found = highest(grid, Largest(caps), number)
        bind = [max(asked.caps, key=partial(_share, asked, costs)) for _, costs, _ in found]
        if len(set(bind)) <= 1:  # no other design has more of it than these
            return next(iter(bind), None), found
        cost = bind[0]
    cost = cost or next(iter(asked.caps))
    return cost, highest(grid, Largest(caps, cost), number)


def _share(asked: Question, costs: Mapping[str, int], cost: str) -> Fraction:
    """How much of its cap a design has."""
    return Fraction(costs[cost], asked.caps[cost])


def _deviation(asked: Question, costs: Mapping[str, int]) -> Fraction:
    return max(
        abs(Fraction(costs[limit.metric] - limit.value, limit.value)) for limit in asked.limits
    )


def _none(asked: Question, space: Space) -> str:
    """That no design keeps within the caps: which one comes nearest, and what binds."""
    grid = Grid(space, latency=asked.latency)
    for row, costs, _ in highest(grid, Closest(asked.caps), 1):
        over = {cost: Fraction(costs[cost], most) for cost, most in asked.caps.items()}
        binds = max(over, key=lambda cost: over[cost])
        told = " and ".join(_told(one, costs[one]) for one in over if over[one] > 1)
        return (
            f"no {asked.base.name} with these numbers keeps within the caps, and {binds} binds: "
            f"the nearest, {named(space, grid.design(row))}, has {told}; raise the cap to that, or "
            "free another number"
        )
    raise UsageError(f"there is no {asked.base.name} of any of these numbers; give other ranges")


def _told(cost: str, value: int) -> str:
    if cost == LATENCY:
        return f"{brief(value / MILLISECOND)} ms of {cost}"
    return f"{value:,}{unit(cost)} {cost}"


def named(space: Space, values: Values) -> str:
    """The name of a design; with its image, where the name does not tell it."""
    side = f" at {values[SIDE.word]}" if space.of.get(SIDE.word) is SIDE else ""
    return f"{space.name(values)}{side}"
