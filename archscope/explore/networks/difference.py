"""Why two networks cost what they do: the gap split by stage, and by choice.

By stage: a row of Table 1 at a time. By choice: the first network is turned into the second, one
choice after the other (in `ORDER`), and each network on the way is counted. Both splits add up to
the gap exactly. What a choice brings depends on what was chosen before it, so a split by choice is
one for its order; beside it is the least and the most that each choice brings in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from archscope.arch.families.residual.choices import Choices, aligned, choices_of
from archscope.arch.network import Network
from archscope.arch.quantities import COSTS
from archscope.arch.windows import Shape
from archscope.cost.formula import CONVENTION, count
from archscope.errors import UsageError
from archscope.explore.networks.opened import Given, Outside, open_networks
from archscope.explore.networks.parts import (
    Costs,
    by_fields,
    by_stages,
    by_submodules,
    costs_of,
)
from archscope.reporting.figure.plot import PLAIN, Style
from archscope.reporting.networks.difference import (
    both_in_words,
    difference_csv,
    difference_tables,
)
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

ORDER = (
    *("input", "stem", "depth", "block", "output", "width", "cardinality"),
    *("stride", "splits", "squeeze", "shortcut", "pooled", "head"),
)


@dataclass(frozen=True)
class Step:
    """Some choices of the second network, taken after the steps before it.

    Attributes:
        choices: of ORDER, each with what the two networks chose, in words; several where only
            together they make a network.
        change: what they bring here.
        total: the cost of the network on the way.
        span: the least and the most that they bring in any order of the steps.
    """

    choices: dict[str, tuple[str, str]]
    change: Costs
    total: Costs
    span: dict[str, tuple[int, int]]


@dataclass(frozen=True, repr=False)
class Difference(Result):
    """What `difference` found.

    Attributes:
        first, second: the networks.
        heads: the facts and costs of each.
        by_stage: a row a stage; a direct submodule, where one is from outside.
        steps: None where a network is not made of such choices.
    """

    first: Network | Outside
    second: Network | Outside
    heads: tuple[dict[str, Any], dict[str, Any]]
    by_stage: list[dict[str, Any]]
    steps: list[Step] | None

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.diff/1`."""
        first, second = self.heads
        return {
            "schema": "archscope.diff/1",
            "convention": CONVENTION,
            "from": first,
            "to": second,
            "gap": {cost: second[cost] - first[cost] for cost in COSTS},
            "stages_are": "rows of Table 1" if self._trees() else "direct submodules",
            "by_stage": self.by_stage,
            "order": list(ORDER),
            "by_choice": None
            if self.steps is None
            else [
                {
                    "choices": [
                        {"choice": name, "from": before, "to": after}
                        for name, (before, after) in step.choices.items()
                    ],
                    "change": step.change,
                    "total": step.total,
                    "span": {cost: list(ends) for cost, ends in step.span.items()},
                }
                for step in self.steps
            ],
            "no_choice_split": self._no_choice_split(),
            "by_field": self.by_field(),
        }

    def tables(self) -> list[Table]:
        """The two splits, and what layers have otherwise."""
        return difference_tables(self.document())

    def csv_tables(self) -> list[Table]:
        """Both splits in one table."""
        return [difference_csv(self.document())]

    def draw(self, suffix: str, on: Sequence[str] = COSTS, style: Style = PLAIN) -> bytes:
        """Both splits as waterfalls, a column of panels a cost: a file of that extension."""
        from archscope.reporting.figure.canvas import file_bytes
        from archscope.reporting.figure.waterfall import draw_waterfalls

        return file_bytes(draw_waterfalls(self.document(), on, style), suffix)

    def by_field(self) -> list[dict[str, Any]] | None:
        """The fields of layers at the same place that differ; None with one from outside."""
        if isinstance(self.first, Network) and isinstance(self.second, Network):
            return by_fields(self.first, self.second)
        return None

    def _trees(self) -> bool:
        return isinstance(self.first, Network) and isinstance(self.second, Network)

    def _no_choice_split(self) -> str | None:
        if self.steps is not None:
            return None
        both = (self.first, self.second)
        others = [one.name for one in both if isinstance(one, Outside) or choices_of(one) is None]
        return (
            "There is no split by choice: no family of residual networks made "
            f"{' or '.join(dict.fromkeys(others))}, so no network lies between the two."
        )


def difference(
    first: Given,
    second: Given,
    *,
    input: Shape | None = None,
    classes: int | None = None,
) -> Difference:
    """Split the gap between two networks by stage and by choice.

    One from outside has no choices, and its direct submodules for stages; one of ours beside it is
    split in the same way.

    Args:
        first, second: names, networks or trees, or what else `open_network` takes; the gap is the
            second's cost less the first's.
        input: (channels, height, width) for both; without it each has its family's.
        classes: outputs of named ones; without it each has its family's.

    Raises:
        UsageError: for a name, input or number of classes that cannot be.
        ArchscopeError: where a network from outside cannot be made, run or traced.
    """
    one, other = open_networks([first, second], classes, input)
    if isinstance(one, Network) and isinstance(other, Network):
        sides, steps = (by_stages(one), by_stages(other)), _by_choice(one, other)
    else:
        sides, steps = (by_submodules(one), by_submodules(other)), None
    (start, before), (end, after) = sides
    found = Difference(one, other, (start, end), _by_stage(before, after), steps)
    gap = _minus(end, start)
    for split in (found.by_stage, [{"change": step.change} for step in found.steps or ()]):
        assert not split or _sum([row["change"] for row in split]) == gap, "a split loses something"
    return found


def _by_stage(first: dict[str, Costs], second: dict[str, Costs]) -> list[dict[str, Any]]:
    last = ("aux", "head")
    names = sorted(dict.fromkeys([*first, *second]), key=lambda name: name in last)
    nothing = dict.fromkeys(COSTS, 0)
    return [
        {
            "stage": name,
            "from": first.get(name),
            "to": second.get(name),
            "change": _minus(second.get(name, nothing), first.get(name, nothing)),
        }
        for name in names
    ]


def _by_choice(one: Network, other: Network) -> list[Step] | None:
    read_one, read_other = choices_of(one), choices_of(other)
    if read_one is None or read_other is None:
        return None
    start, end = aligned(read_one, read_other)
    cost_of = _Mixtures(start, end)
    plain = start.is_plain and end.is_plain
    joined = _standing(start, end, cost_of, plain)
    spans = _spans(joined, cost_of)
    steps, taken, total = [], frozenset[str](), cost_of(frozenset())
    assert total is not None, "the first network is a network"
    for names, span in zip(joined, spans, strict=True):
        taken |= set(names)
        after = cost_of(taken)
        assert after is not None, "steps were joined until each makes a network"
        # Where all convolutions of a block are equally wide, that is one choice: the width.
        shown = [name for name in names if not (plain and name == "output")]
        words = {name: both_in_words(start, end, name) for name in shown}
        steps.append(Step(words, _minus(after, total), after, span))
        total = after
    return steps


class _Mixtures:
    """The costs of the networks between two: with some choices of the second. None: no network."""

    def __init__(self, start: Choices, end: Choices) -> None:
        self._start, self._end = start, end
        self._known: dict[frozenset[str], Costs | None] = {}

    def __call__(self, taken: frozenset[str]) -> Costs | None:
        if taken not in self._known:
            values = {name: getattr(self._end, name) for name in taken}
            try:
                network = replace(self._start, **values).network("a network between")
                self._known[taken] = costs_of(count(network))
            except UsageError:  # such as a width that the cardinality does not divide
                self._known[taken] = None
        return self._known[taken]


def _standing(
    start: Choices, end: Choices, cost_of: _Mixtures, plain: bool
) -> list[tuple[str, ...]]:
    """The choices that differ, in order; those that make no network alone join the next."""
    steps: list[tuple[str, ...]] = []
    taken, waiting = frozenset[str](), tuple[str, ...]()
    for name in ORDER:
        if getattr(start, name) == getattr(end, name):
            continue
        waiting += (name,)
        if (plain and name == "output") or cost_of(taken | set(waiting)) is None:
            continue
        steps.append(waiting)
        taken, waiting = taken | set(waiting), ()
    assert not waiting, "the second network is a network"
    return steps


def _spans(
    steps: Sequence[tuple[str, ...]], cost_of: _Mixtures
) -> list[dict[str, tuple[int, int]]]:
    """The least and the most that each step brings, whichever others were taken before it."""
    spans = []
    for index, names in enumerate(steps):
        others = [step for place, step in enumerate(steps) if place != index]
        changes: list[Costs] = []
        for chosen in range(2 ** len(others)):
            before = frozenset(
                name for place, step in enumerate(others) if chosen >> place & 1 for name in step
            )
            one, other = cost_of(before), cost_of(before | set(names))
            if one is not None and other is not None:
                changes.append(_minus(other, one))
        spans.append(
            {
                cost: (min(row[cost] for row in changes), max(row[cost] for row in changes))
                for cost in COSTS
            }
        )
    return spans


def _minus(one: Costs, other: Costs) -> Costs:
    return {cost: one[cost] - other[cost] for cost in COSTS}


def _sum(changes: Sequence[Costs]) -> Costs:
    return {cost: sum(change[cost] for change in changes) for cost in COSTS}
