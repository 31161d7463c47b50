"""Networks side by side: Table 1, counted in closed form and confirmed by fvcore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from archscope.arch.inputs import GivenInput, input_plain, input_text
from archscope.arch.network import Network
from archscope.arch.papers.published import Published, published_errors
from archscope.cost.formula import CONVENTION, Count, count, count_stages
from archscope.errors import UsageError
from archscope.explore.networks.confirmed import confirmed
from archscope.explore.networks.opened import (
    Given,
    Outside,
    open_networks,
    refuse_outside,
    several,
)
from archscope.reporting.facts.nearest_published import nearest_published, nearest_sentence
from archscope.reporting.networks.architectures import cardinality, describe, table1
from archscope.reporting.table.formats import bound, integer, text
from archscope.reporting.table.result import Result, Tables
from archscope.reporting.table.table import Column, Table
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    from archscope.cost.fvcore import FvcoreCount
    from archscope.explore.latency.fitted import LatencyModel, Predicted

Counter = Literal["fvcore", "formula"]
_SMALLER = "use a smaller input, or --counter formula"


_KEYS = (
    *("name", "source", "input", "classes"),
    *("params", "macs", "activations", "fvcore_flops", "macs_exact"),
)


@dataclass(frozen=True, repr=False)
class Compared(ShortRepr):
    """One network of a comparison.

    Attributes:
        network: ours, or one from outside.
        count: the formula's of ours; of one from outside, what could be counted.
        fvcore: None where fvcore did not count.
        classes: outputs; None where they are not known.
        stages: as `stage_rows`; of a network from outside, its direct submodules.
        notes: what a reader must know of how it was counted.
        macs_exact: False where it has at least `count.macs` multiply-adds.
        predicted: times, where they were asked for.
    """

    network: Network | Outside
    count: Count
    fvcore: FvcoreCount | None
    classes: int | None
    stages: list[dict[str, Any]]
    notes: tuple[str, ...] = ()
    macs_exact: bool = True
    predicted: tuple[Predicted, ...] = ()

    @property
    def published(self) -> list[Published]:
        """The papers' errors."""
        return published_errors(self.network) if isinstance(self.network, Network) else []

    @property
    def nearest_published(self) -> dict[str, Any] | None:
        """The nearest published network of its family, where it has no published error itself."""
        if not isinstance(self.network, Network):
            return None
        return nearest_published(self.network, self.count.params, self.count.macs)

    @property
    def counted_by(self) -> list[str]:
        """Who counted: `formula`, `fvcore`, both (they agree), or `onnx`."""
        formula = isinstance(self.network, Network)
        counters = {
            "formula": formula,
            "fvcore": self.fvcore,
            "onnx": not formula and not self.fvcore,
        }
        return [name for name, counted in counters.items() if counted]

    def document(self) -> dict[str, Any]:
        """The network's part of the JSON."""
        found = {
            "name": self.network.name,
            "source": "archscope" if isinstance(self.network, Network) else self.network.source,
            "counted_by": self.counted_by,
            "input": input_plain(self.network.input),
            "classes": self.classes,
            "params": self.count.params,
            "macs": self.count.macs,
            "macs_exact": self.macs_exact,
            "activations": self.count.activations,
            "fvcore_flops": self.fvcore.flops if self.fvcore else None,
            "fvcore_by_operator": self.fvcore.by_operator if self.fvcore else None,
            "fvcore_unsupported": self.fvcore.unsupported if self.fvcore else None,
            "published_errors": [entry.document() for entry in self.published],
            "nearest_published": self.nearest_published,
            "stages": self.stages,
            "notes": list(self.notes),
        }
        for one in self.predicted:
            found |= one.document()
        return found


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """What `compare` found."""

    networks: list[Compared]
    counter: Counter

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.compare/1`."""
        return {
            "schema": "archscope.compare/1",
            "convention": CONVENTION,
            "counter": self.counter,
            "networks": [compared.document() for compared in self.networks],
        }

    def tables(self) -> list[Table]:
        """Table 1: a row per stage, then the costs and the published errors."""
        totals: list[tuple[str, list[str]]] = [
            ("params", [integer(one.count.params) for one in self.networks]),
            (
                "FLOPs (multiply-adds)",
                [bound(one.count.macs, one.macs_exact) for one in self.networks],
            ),
            ("activations", [integer(one.count.activations) for one in self.networks]),
            *self._fvcore_rows(),
        ]
        for times in zip(*(one.predicted for one in self.networks), strict=True):
            totals.append((times[0].label, [one.text() for one in times]))
        inputs = [input_text(one.network.input, "×") for one in self.networks]
        if len(set(inputs)) > 1:
            totals.insert(0, ("input", inputs))
        if any(one.published for one in self.networks):
            totals.append(
                ("published top-1 error", [_published(one.published) for one in self.networks])
            )
        names = " and ".join(one.network.name for one in self.networks)
        alone = [one.network.name for one in self.networks if one.counted_by == ["fvcore"]]
        notes = [f"Counted by fvcore alone: {', '.join(alone)}."] if alone else []
        notes += dict.fromkeys(note for one in self.networks for note in one.notes)
        notes += dict.fromkeys(
            nearest_sentence(one.network.name, near)
            for one in self.networks
            if (near := one.nearest_published) is not None
        )
        subjects = [one.network for one in self.networks]
        return [table1(subjects, totals, f"Table 1 for {names}", notes)]

    def csv_tables(self) -> list[Table]:
        """A row per network."""
        rows = []
        for one in self.networks:
            row = one.document()
            row["input"] = input_text(one.network.input)
            rows.append(row)
        keys = list(_KEYS)
        keys += [one.key for one in self.networks[0].predicted]
        return [Table("Networks", [Column(key, key, text) for key in keys], rows)]

    def confirmed(self, note: Callable[[str], None] | None = None) -> Comparison:
        """The same, our networks counted by fvcore too; `note` is told which is being counted.

        Raises:
            UsageError: where a trace needs more memory than the machine has free.
            ArchscopeError: where the formula and fvcore disagree.
        """
        found = []
        for number, one in enumerate(self.networks, 1):
            if isinstance(one.network, Network):
                if note is not None:
                    note(f"fvcore counts {one.network.name} ({number} of {len(self.networks)})")
                one = replace(one, fvcore=confirmed(one.network, _SMALLER))
            found.append(one)
        return replace(self, networks=found, counter="fvcore")

    def confirmation(self) -> Tables:
        """What fvcore adds to a table that was shown by formula: its own totals."""
        names = [one.network.name for one in self.networks]
        columns = [Column(str(key), name, text, "left") for key, name in enumerate(["", *names])]
        rows = [
            {str(key): cell for key, cell in enumerate([label, *cells])}
            for label, cells in self._fvcore_rows()
        ]
        title = "Confirmed by fvcore: params and multiply-adds of each, to the integer"
        return Tables([Table(title, columns, rows)])

    def _fvcore_rows(self) -> list[tuple[str, list[str]]]:
        counts = [one.fvcore for one in self.networks]
        counted = [entry for entry in counts if entry]
        if not counted:
            return []
        operators = dict.fromkeys(name for entry in counted for name in entry.by_operator)
        rows = [("fvcore's own total", [integer(entry and entry.flops) for entry in counts])]
        for name in operators:
            cells = [integer(entry and entry.by_operator.get(name)) for entry in counts]
            rows.append((f"- of it {name}", cells))
        rows.append(("- not counted by fvcore", [_unsupported(entry) for entry in counts]))
        return rows


def compare(
    networks: Given | Sequence[Given],
    *,
    input: GivenInput = None,
    classes: int | None = None,
    counter: Counter = "fvcore",
    latency: LatencyModel | Sequence[LatencyModel] | None = None,
    note: Callable[[str], None] | None = None,
) -> Comparison:
    """Count networks and put them side by side.

    Args:
        networks: names, networks, trees, or what else `open_network` takes; at least one.
        input: (channels, height, width) for all, or what else `open_network` takes; without it
            each has its own, but a tree.
        classes: outputs for all the named ones; without it each has its own.
        counter: `fvcore` instantiates each and lets fvcore confirm the formula's parameters and
            multiply-adds, to the integer; `formula` needs no torch, and reads our networks alone.
        latency: a fitted model that predicts our networks' times, or one of each of several modes.
        note: told which network fvcore is counting.

    Raises:
        UsageError: for a name, input or number of classes that cannot be.
        ArchscopeError: where the formula and fvcore disagree, or a network from outside fails.
    """
    if counter not in ("fvcore", "formula"):
        raise UsageError(f"the counter is fvcore or formula, not '{counter}'; use one of these")
    given = several(networks)
    if not given:
        raise UsageError("compare needs at least one network; name one, as resnet50")
    if counter == "formula":
        refuse_outside(given, "counted by the formula", "use --counter fvcore")
    models = latency if isinstance(latency, Sequence) else [latency] if latency else []
    if models:
        from archscope.explore.latency.fitted import check_models

        check_models(*models)
        refuse_outside(given, "told in predicted time", "time it: archscope bench")
    compared = [_compared(one) for one in open_networks(given, classes, input)]
    if models:
        times = (tuple(model.predicted(one.network) for model in models) for one in compared)
        compared = [replace(one, predicted=it) for one, it in zip(compared, times, strict=True)]
    found = Comparison(compared, "formula")
    return found.confirmed(note) if counter == "fvcore" else found


def _compared(network: Network | Outside) -> Compared:
    """Ours by the formula; one from outside by its trace."""
    if isinstance(network, Network):
        total, rows = count(network), stage_rows(network)
        return Compared(network, total, None, network.classes, rows, network.notes_said)
    from archscope.explore.networks.outside import count_outside

    found = count_outside(network)
    counted = (found.count, found.fvcore, found.classes, found.stages)
    return Compared(network, *counted, found.notes, found.macs_exact)


def stage_rows(network: Network) -> list[dict[str, Any]]:
    """The stages of a network as JSON rows: output, block, repeats, C, and what each costs."""
    return [
        {
            "name": stage.name,
            "output": list(stage.output),
            "block": describe(stage),
            "blocks": stage.repeat.n if stage.repeat else None,
            "cardinality": cardinality(stage),
            "params": cost.params,
            "macs": cost.macs,
            "macs_exact": True,
            "activations": cost.activations,
        }
        for stage, cost in count_stages(network)
    ]


def _published(entries: list[Published]) -> str:
    if not entries:
        return text(None)
    return f"{entries[0].error:g} % ({entries[0].dataset}, {entries[0].source})"


def _unsupported(entry: FvcoreCount | None) -> str:
    if entry is None:
        return text(None)
    return ", ".join(f"{times} {name}" for name, times in entry.unsupported.items()) or "nothing"
