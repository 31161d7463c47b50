"""`compare --counters`: what every counter says of a network, and why they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archscope.arch.inputs import GivenInput, input_plain
from archscope.arch.network import Network
from archscope.arch.windows import Shape
from archscope.cost.conventions import BACKWARD, CONVENTIONS, COUNTERS, Convention, Term
from archscope.cost.formula import CONVENTION, count
from archscope.cost.tally import Tally, tally
from archscope.errors import UsageError, shown
from archscope.explore.networks.answers import Answer, ask
from archscope.explore.networks.opened import Given, Outside, open_networks, several
from archscope.explore.networks.outside import (
    OutsideCount,
    count_outside,
    image_shape,
    runnable,
)
from archscope.nn.free_memory import available
from archscope.reporting.networks.counters import (
    counters_csv,
    counters_table,
    left_out_notes,
)
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    from archscope.cost.counters import Report

_BEYOND = "its number less ours, by operator"
_OUTSIDE = (
    "What other counters than fvcore add is not taken apart, as that follows from the tree of one "
    "of archscope's own networks: the residue is all that they count more or less"
)


@dataclass(frozen=True, repr=False)
class Counted(ShortRepr):
    """A network as all the counters see it.

    Attributes:
        network: ours, or one from outside.
        params, macs, backward: our own counts; `backward` is None for one from outside.
        answers: of each counter.
        macs_exact: False where it has at least `macs` multiply-adds.
        notes: what a reader must know of it.
    """

    network: Network | Outside
    params: int
    macs: int
    backward: int | None
    answers: list[Answer]
    macs_exact: bool = True
    notes: tuple[str, ...] = ()

    @property
    def conventions(self) -> list[Convention]:
        """Of the answers that have a number."""
        return [answer.convention for answer in self.answers if answer.convention]

    @property
    def left_out(self) -> list[tuple[str, Term, int]]:
        """What each counter leaves out though it counts the like, with the elements."""
        return [(one.counter, *found) for one in self.answers for found in one.left_out]

    def document(self) -> dict[str, Any]:
        """The network's part of the JSON."""
        return {
            "name": self.network.name,
            "input": input_plain(self.network.input),
            "params": self.params,
            "macs": self.macs,
            "macs_exact": self.macs_exact,
            "backward_macs": self.backward,
            "counters": [answer.document() for answer in self.answers],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, repr=False)
class CounterComparison(Result):
    """What `compare --counters` found."""

    networks: list[Counted]

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.counters/1`."""
        return {
            "schema": "archscope.counters/1",
            "convention": f"{CONVENTION}; {BACKWARD}",
            "networks": [counted.document() for counted in self.networks],
        }

    def tables(self) -> list[Table]:
        """A table for each network: a row for each number of each counter."""
        return [
            counters_table(
                counted.network.name,
                [answer.row() for answer in counted.answers],
                counted.conventions,
                [*left_out_notes(counted.left_out), *counted.notes],
            )
            for counted in self.networks
        ]

    def csv_tables(self) -> list[Table]:
        """All rows of all networks."""
        rows = [
            {
                "network": counted.network.name,
                **answer.row(),
                "macs_exact": counted.macs_exact,
            }
            for counted in self.networks
            for answer in counted.answers
        ]
        conventions = [found for counted in self.networks for found in counted.conventions]
        return [counters_csv(rows, conventions)]

    def unexplained(self) -> str | None:
        """One sentence that names what no convention explains; None where all is explained."""
        found = [
            f"{answer.counter}'s {answer.convention.quantity if answer.convention else 'count'} "
            f"of {counted.network.name}"
            for counted in self.networks
            for answer in counted.answers
            if answer.unexplained
        ]
        if not found:
            return None
        return (
            f"not every number is what the counter's convention predicts ({', '.join(found[:3])}"
            f"{', ...' if len(found) > 3 else ''}), so a counter has changed or a count is wrong; "
            "compare its version with the source that the JSON names"
        )


def compare_counters(
    networks: Given | Sequence[Given],
    counters: str | Sequence[str] = "all",
    *,
    input: GivenInput = None,
    classes: int | None = None,
) -> CounterComparison:
    """Let several counters count each network, and take their numbers apart.

    Args:
        networks: names, networks or trees, or what else `open_network` takes but ONNX files, at
            least one. Of one from outside fvcore's number alone is taken apart: what others add
            follows from a tree.
        counters: `all`, or some of COUNTERS as a list or with commas between; those that are not
            installed, or cannot count the network, have a row that says so.
        input, classes: as in `compare`.

    Raises:
        UsageError: for a counter that is not known, or a network or input that cannot be.
        ArchscopeError: where a network from outside cannot be made, run or traced.
    """
    chosen = _chosen(counters)
    if not several(networks):
        raise UsageError("compare needs at least one network; name one, as resnet50")
    opened = open_networks(networks, classes, input)
    return CounterComparison([_counted(network, chosen) for network in opened])


def _counted(network: Network | Outside, chosen: Sequence[str]) -> Counted:
    if isinstance(network, Network):
        sums = tally(network)
        answers = list(_answers(network, sums, chosen))
        counts = sums.params, sums.macs, sums.backward
        return Counted(network, *counts, answers, notes=network.notes_said)
    found = count_outside(network)
    answers = list(_answers_outside(network, found, chosen))
    cost, notes = found.count, (*found.notes, f"{_OUTSIDE}.")
    return Counted(network, cost.params, cost.macs, None, answers, found.macs_exact, notes)


def _chosen(counters: str | Sequence[str]) -> list[str]:
    words = counters.split(",") if isinstance(counters, str) else counters
    named = [word.strip().lower() for word in words]
    if "all" in named:
        return list(COUNTERS)
    unknown = [word for word in named if word not in COUNTERS]
    if unknown:
        raise UsageError(
            f"the counters are {', '.join(COUNTERS)}, not '{shown(unknown[0])}'; name some "
            "of them with commas between, or all"
        )
    return [name for name in COUNTERS if name in named]


def _answers(network: Network, sums: Tally, chosen: Sequence[str]) -> Iterator[Answer]:
    from archscope import __version__

    total = count(network)
    own = {"params": total.params, "forward": total.macs, "backward": sums.backward}
    reports: dict[str, tuple[str, Report]] = {}
    problems: list[Answer] = []
    if tools := [name for name in chosen if name != "formula"]:
        from archscope.nn.build import build

        _check_memory(network)
        reports, problems = ask(build(network, init=False), network.input, tools)
    for found in CONVENTIONS:
        name, parts = found.counter, found.parts(sums)
        if name == "formula" and name in chosen:
            yield Answer(name, __version__, found, own[found.quantity], parts)
        elif name in reports:
            version, report = reports[name]
            raw, left_out = report[found.quantity, found.word], found.left_out(sums)
            yield Answer(name, version, found, raw, parts, left_out=left_out)
    yield from problems


def _answers_outside(
    network: Outside, counted: OutsideCount, chosen: Sequence[str]
) -> Iterator[Answer]:
    """Beside our count of the trace; fvcore's own number operator by operator."""
    if "formula" in chosen:
        yield Answer("formula", None, problem="needs one of archscope's own networks")
    tools = [name for name in chosen if name != "formula"]
    reports, problems = ask(runnable(network), image_shape(network), tools)
    for found in CONVENTIONS:
        if found.counter not in reports:
            continue
        version, report = reports[found.counter]
        raw, found = report[found.quantity, found.word], replace(found, terms=())
        if found.quantity == "backward":
            yield Answer(found.counter, version, found, raw, predicted=False)
            continue
        own = Tally(params=counted.count.params, macs=counted.count.macs)
        parts, of_fvcore = found.parts(own), found.counter == "fvcore"
        if of_fvcore and found.quantity == "forward":
            assert counted.fvcore is not None, "what it traced is no ONNX file"
            beyond = counted.fvcore.beyond
            found = replace(found, terms=tuple(Term(name, {}, _BEYOND) for name in beyond))
            parts |= beyond
        yield Answer(found.counter, version, found, raw, parts, predicted=of_fvcore)
    yield from (replace(problem, predicted=False) for problem in problems)


def _check_memory(network: Network) -> None:
    """Refuse what would take the machine down: a copy, the gradients, all that backward keeps."""
    total = count(network)
    kept = sum(_size(row.output) * row.times for row in total.nodes)
    need = 4 * (3 * total.params + 3 * kept)
    free = available()
    if need > free:
        raise UsageError(
            f"the other counters need about {need // 10**6:,} MB for {network.name} at "
            f"{'x'.join(map(str, network.input))}, and this machine has {free // 10**6:,} "
            "MB free; use a smaller input, or --counters formula"
        )


def _size(shape: Shape) -> int:
    channels, height, width = shape
    return int(channels * height * width)
