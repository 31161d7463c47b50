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
from archscope.arch.windows import Shape
from archscope.cost.formula import CONVENTION, Count, count, count_stages
from archscope.errors import UsageError
from archscope.explore.networks.opened import Given, own_networks
from archscope.reporting.networks.difference import (
    COSTS,
    difference_csv,
    difference_tables,
    in_words,
)
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

ORDER = (
    *("input", "stem", "depth", "block", "output", "width", "cardinality"),
    *("stride", "squeeze", "shortcut", "head"),
)
Costs = dict[str, int]


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
    """What `difference` found. `steps` is None where a network is not made of such choices."""

    first: Network
    second: Network
    by_stage: list[dict[str, Any]]
    steps: list[Step] | None

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.diff/1`."""
        first, second = _head(self.first), _head(self.second)
        return {
            "schema": "archscope.diff/1",
            "convention": CONVENTION,
            "from": first,
            "to": second,
            "gap": {cost: second[cost] - first[cost] for cost in COSTS},
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
        }

    def tables(self) -> list[Table]:
        """The two splits."""
        return difference_tables(self.document())

    def csv_tables(self) -> list[Table]:
        """Both splits in one table."""
        return [difference_csv(self.document())]

    def draw(self, suffix: str, on: Sequence[str] = COSTS) -> bytes:
        """Both splits as waterfalls, a column of panels a cost: a file of that extension."""
        from archscope.reporting.figure.canvas import file_bytes
        from archscope.reporting.figure.waterfall import draw_waterfalls

        return file_bytes(draw_waterfalls(self.document(), on), suffix)

    def _no_choice_split(self) -> str | None:
        if self.steps is not None:
            return None
        others = [one.name for one in (self.first, self.second) if choices_of(one) is None]
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

    Args:
        first, second: names, networks or trees; the gap is the second's cost less the first's.
        input: (channels, height, width) for both; without it each has its family's.
        classes: outputs of named ones; without it each has its family's.

    Raises:
        UsageError: for a name, input or number of classes that cannot be.
    """
    refused = "split by choice", "compare it without --diff"
    one, other = own_networks([first, second], classes, input, refused)
    found = Difference(one, other, _by_stage(one, other), _by_choice(one, other))
    gap = _minus(_costs(count(other)), _costs(count(one)))
    for split in (found.by_stage, [{"change": step.change} for step in found.steps or ()]):
        assert not split or _sum([row["change"] for row in split]) == gap, "a split loses something"
    return found


def _by_stage(one: Network, other: Network) -> list[dict[str, Any]]:
    first, second = (
        {stage.name: _costs(cost) for stage, cost in count_stages(network)}
        for network in (one, other)
    )
    last = ("aux", "head")
    names = sorted({*first, *second}, key=lambda name: (name in last, len(name), name))
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
        words = {name: (in_words(start, name), in_words(end, name)) for name in shown}
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
                self._known[taken] = _costs(count(network))
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


def _head(network: Network) -> dict[str, Any]:
    return {
        "name": network.name,
        "input": list(network.input),
        "classes": network.classes,
        **_costs(count(network)),
    }


def _costs(cost: Count) -> Costs:
    return {"params": cost.params, "macs": cost.macs, "activations": cost.activations}


def _minus(one: Costs, other: Costs) -> Costs:
    return {cost: one[cost] - other[cost] for cost in COSTS}


def _sum(changes: Sequence[Costs]) -> Costs:
    return {cost: sum(change[cost] for change in changes) for cost in COSTS}
