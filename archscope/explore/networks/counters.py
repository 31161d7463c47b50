"""`compare --counters`: what every counter says of a network, and why they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archscope.arch.inputs import input_plain
from archscope.arch.network import Network
from archscope.arch.shape import Shape
from archscope.cost.conventions import BACKWARD, CONVENTIONS, COUNTERS, Convention
from archscope.cost.formula import CONVENTION, count
from archscope.cost.tally import Tally, tally
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.explore.networks.opened import Given, own_networks
from archscope.nn.free_memory import available
from archscope.reporting.networks.counters import counters_csv, counters_table
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    from archscope.cost.counters import Report

EXTRAS = {"deepspeed": "deepspeed"}  # the others stand in the extra `counters`


@dataclass(frozen=True, repr=False)
class Answer(ShortRepr):
    """One number of one counter, taken apart; or that it gives none.

    Attributes:
        counter: its name.
        version: of its package; None where it is not installed.
        convention: what the number should be made of; None without a number.
        raw: what the counter reported.
        parts: column -> amount: the formula's own count first, then every known difference.
        problem: why there is no number.
    """

    counter: str
    version: str | None
    convention: Convention | None = None
    raw: int | None = None
    parts: dict[str, int] = field(default_factory=dict)
    problem: str | None = None

    @property
    def residue(self) -> int | None:
        """What no convention and no known defect explains; None without a number."""
        return None if self.raw is None else self.raw - sum(self.parts.values())

    @property
    def unexplained(self) -> bool:
        """Whether the counter says something else than it should, or failed to say anything."""
        return bool(self.residue) or (self.raw is None and self.version is not None)

    def document(self) -> dict[str, Any]:
        """The row as JSON."""
        found = self.convention
        return {
            "counter": self.counter,
            "version": self.version,
            "quantity": found.quantity if found else None,
            "word": found.word if found else None,
            "unit": found.unit if found else None,
            "raw": self.raw,
            "formula": self.parts.get("formula"),
            "terms": self._terms(),
            "predicted": sum(self.parts.values()) if found else None,
            "residue": self.residue,
            "problem": self.problem,
            "source": found.source or None if found else None,
        }

    def row(self) -> dict[str, Any]:
        """The row as table cells."""
        kept = {key: value for key, value in self.document().items() if key != "terms"}
        return {**kept, **self.parts, "unexplained": self.unexplained}

    def _terms(self) -> list[dict[str, Any]]:
        known = {term.name: term for term in self.convention.terms} if self.convention else {}
        return [
            {
                "name": name,
                "kind": known[name].kind if name in known else "convention",
                "why": known[name].why if name in known else "a multiply-add counts as 2",
                "value": value,
            }
            for name, value in self.parts.items()
            if name != "formula"
        ]


@dataclass(frozen=True, repr=False)
class Counted(ShortRepr):
    """A network as all the counters see it."""

    network: Network
    tally: Tally
    answers: list[Answer]

    def document(self) -> dict[str, Any]:
        """The network's part of the JSON."""
        return {
            "name": self.network.name,
            "input": input_plain(self.network.input),
            "params": self.tally.params,
            "macs": self.tally.macs,
            "backward_macs": self.tally.backward,
            "counters": [answer.document() for answer in self.answers],
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
                [answer.convention for answer in counted.answers if answer.convention],
            )
            for counted in self.networks
        ]

    def csv_tables(self) -> list[Table]:
        """All rows of all networks."""
        rows = [
            {"network": counted.network.name, **answer.row()}
            for counted in self.networks
            for answer in counted.answers
        ]
        return [counters_csv(rows)]

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
    input: Shape | None = None,
    classes: int | None = None,
) -> CounterComparison:
    """Let several counters count each network, and take their numbers apart.

    Args:
        networks: names, networks or trees, at least one.
        counters: `all`, or some of COUNTERS as a list or with commas between; those that are not
            installed have a row that says so.
        input, classes: as in `compare`.

    Raises:
        UsageError: for a counter that is not known, or a network or input that cannot be.
    """
    chosen = _chosen(counters)
    if not networks:
        raise UsageError("nothing was to be compared; name at least one network, as resnet50")
    refused = "counted by every counter", "compare it without --counters"
    counted = []
    for network in own_networks(networks, classes, input, refused):
        sums = tally(network)
        counted.append(Counted(network, sums, list(_answers(network, sums, chosen))))
    return CounterComparison(counted)


def _chosen(counters: str | Sequence[str]) -> list[str]:
    words = counters.split(",") if isinstance(counters, str) else counters
    named = [word.strip().lower() for word in words]
    if "all" in named:
        return list(COUNTERS)
    unknown = [word for word in named if word not in COUNTERS]
    if unknown:
        raise UsageError(
            f"the counter '{shown(unknown[0])}' was asked for, but there are "
            f"{', '.join(COUNTERS)}; name some of them with commas between, or all"
        )
    return [name for name in COUNTERS if name in named]


def _answers(network: Network, sums: Tally, chosen: Sequence[str]) -> Iterator[Answer]:
    from archscope import __version__

    total = count(network)
    own = {"params": total.params, "forward": total.macs, "backward": sums.backward}
    tools = [name for name in chosen if name != "formula"]
    reports, problems = _ask(network, tools) if tools else ({}, [])
    for found in CONVENTIONS:
        name, parts = found.counter, found.parts(sums)
        if name == "formula" and name in chosen:
            yield Answer(name, __version__, found, own[found.quantity], parts)
        elif name in reports:
            version, report = reports[name]
            yield Answer(name, version, found, report[found.quantity, found.word], parts)
    yield from problems


def _ask(
    network: Network, names: Sequence[str]
) -> tuple[dict[str, tuple[str, Report]], list[Answer]]:
    """What each tool says, with its version; and the tools that say nothing, with the reason."""
    from archscope.cost.counters import TOOLS, count_with
    from archscope.nn.build import build

    _check_memory(network)
    module = build(network, init=False)
    reports: dict[str, tuple[str, Report]] = {}
    problems: list[Answer] = []
    for name in names:
        version = TOOLS[name].version
        if version is None:
            missing = f"not installed: pip install 'archscope[{EXTRAS.get(name, 'counters')}]'"
            problems.append(Answer(name, None, problem=missing))
            continue
        try:
            reports[name] = version, count_with(TOOLS[name], module, network.input)
        except ArchscopeError:
            raise
        except Exception as error:  # a tool may fail in any way; the others still count
            first = (str(error).strip() or "no reason given").splitlines()[0]
            why = f"failed: {type(error).__name__}: {shown(first)}"
            problems.append(Answer(name, version, problem=why))
    return reports, problems


def _check_memory(network: Network) -> None:
    """Refuse what would take the machine down: a copy, the gradients, all that backward keeps."""
    total = count(network)
    kept = sum(_size(row.output) * row.times for row in total.nodes)
    need = 4 * (3 * total.params + 3 * kept)
    free = available()
    if need > free:
        raise UsageError(
            f"{network.name} was to be run at {'x'.join(map(str, network.input))} by other "
            f"counters, but that takes about {need // 10**6:,} MB and this machine has "
            f"{free // 10**6:,} MB free; use a smaller input, or --counters formula"
        )


def _size(shape: Shape) -> int:
    channels, height, width = shape
    return int(channels * height * width)
