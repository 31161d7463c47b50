"""Networks side by side: Table 1, counted in closed form and confirmed by fvcore."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.published import Published, published_errors
from archscope.arch.shape import Shape
from archscope.cost.formula import CONVENTION, Count, count, count_stages
from archscope.errors import ArchscopeError, UsageError
from archscope.nn.memory import available
from archscope.report.architectures import cardinality, describe, table1
from archscope.report.formats import integer, text
from archscope.report.table import Column, Table

if TYPE_CHECKING:
    import pandas

    from archscope.cost.measured import FvcoreCount

Counter = Literal["fvcore", "formula"]


@dataclass(frozen=True)
class Compared:
    """One network of a comparison; `fvcore` is None where only the formula counted."""

    network: Network
    count: Count
    fvcore: FvcoreCount | None
    published: list[Published]

    def document(self) -> dict[str, Any]:
        """The network's part of the JSON."""
        return {
            "name": self.network.name,
            "input": list(self.network.input),
            "classes": self.network.classes,
            "params": self.count.params,
            "macs": self.count.macs,
            "activations": self.count.activations,
            "fvcore_flops": self.fvcore.flops if self.fvcore else None,
            "fvcore_by_operator": self.fvcore.by_operator if self.fvcore else None,
            "fvcore_unsupported": self.fvcore.unsupported if self.fvcore else None,
            "published_errors": [
                {"dataset": entry.dataset, "error": entry.error, "source": entry.source}
                for entry in self.published
            ],
            "stages": stage_rows(self.network),
        }


@dataclass(frozen=True)
class Comparison:
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

    def table(self) -> Table:
        """Table 1: a row per stage, then the costs and the published errors."""
        totals: list[tuple[str, list[str]]] = [
            ("params", [integer(one.count.params) for one in self.networks]),
            ("FLOPs (multiply-adds)", [integer(one.count.macs) for one in self.networks]),
            ("activations", [integer(one.count.activations) for one in self.networks]),
            *self._fvcore_rows(),
        ]
        if any(one.published for one in self.networks):
            totals.append(
                ("published top-1 error", [_published(one.published) for one in self.networks])
            )
        names = " and ".join(one.network.name for one in self.networks)
        return table1([one.network for one in self.networks], totals, f"Table 1 for {names}")

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.table()._repr_html_()

    def csv_table(self) -> Table:
        """A row per network, for machines."""
        keys = ("name", "input", "classes", "params", "macs", "activations", "fvcore_flops")
        rows = []
        for one in self.networks:
            row = one.document()
            row["input"] = "x".join(map(str, row["input"]))
            rows.append(row)
        return Table("Networks", [Column(key, key, text) for key in keys], rows)

    def to_frame(self) -> pandas.DataFrame:
        """A pandas row per network."""
        import pandas

        documents = [one.document() for one in self.networks]
        keys = ("name", "input", "classes", "params", "macs", "activations", "fvcore_flops")
        return pandas.DataFrame([{key: row[key] for key in keys} for row in documents])

    def _fvcore_rows(self) -> list[tuple[str, list[str]]]:
        counts = [one.fvcore for one in self.networks if one.fvcore]
        if not counts:
            return []
        operators = dict.fromkeys(name for entry in counts for name in entry.by_operator)
        rows = [("fvcore's own total", [integer(entry.flops) for entry in counts])]
        for name in operators:
            cells = [integer(entry.by_operator.get(name)) for entry in counts]
            rows.append((f"- of it {name}", cells))
        rows.append(("- not counted by fvcore", [_unsupported(entry) for entry in counts]))
        return rows


def compare(
    networks: Sequence[str | Network],
    *,
    input_shape: Shape | None = None,
    classes: int | None = None,
    counter: Counter = "fvcore",
) -> Comparison:
    """Count networks and put them side by side.

    Args:
        networks: names or networks, at least one.
        input_shape: (channels, height, width) for all; without it each has its family's.
        classes: outputs for all the named ones; without it each has its family's.
        counter: `fvcore` instantiates each and lets fvcore confirm the formula's parameters and
            multiply-adds, to the integer; `formula` needs no torch.

    Raises:
        UsageError: for a name, input or number of classes that cannot be.
        ArchscopeError: where the formula and fvcore disagree.
    """
    if counter not in ("fvcore", "formula"):
        raise UsageError(f"counter '{counter}' was asked for; use fvcore or formula")
    if not networks:
        raise UsageError("nothing was to be compared; name at least one network, as resnet50")
    compared = []
    for entry in networks:
        network = parse(entry, classes, input_shape) if isinstance(entry, str) else entry
        if isinstance(entry, Network) and input_shape is not None:
            network = replace(network, input=input_shape)
        total = count(network)
        measured = _confirm(network, total) if counter == "fvcore" else None
        compared.append(Compared(network, total, measured, published_errors(network)))
    return Comparison(compared, counter)


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
            "activations": cost.activations,
        }
        for stage, cost in count_stages(network)
    ]


def _confirm(network: Network, total: Count) -> FvcoreCount:
    from archscope.cost.measured import count_with_fvcore
    from archscope.nn.build import build

    _check_memory(network, total)
    measured = count_with_fvcore(build(network, init=False), network.input)
    ours, theirs = (total.params, total.macs), (measured.params, measured.macs)
    if ours != theirs:
        raise ArchscopeError(
            f"{network.name} was counted as {ours[0]:,} params and {ours[1]:,} multiply-adds by "
            f"the formula, but as {theirs[0]:,} and {theirs[1]:,} by fvcore; they must agree, so "
            "please report this as a defect of archscope"
        )
    return measured


def _check_memory(network: Network, total: Count) -> None:
    """Refuse a trace that would take the machine down: the system kills what asks too much."""
    sizes = [math.prod(row.input) + math.prod(row.output) for row in total.nodes]
    need = 4 * (total.params + 2 * max(sizes))
    free = available()
    if need > free:
        raise UsageError(
            f"{network.name} was to be traced at {'x'.join(map(str, network.input))}, but that "
            f"takes about {need // 10**6:,} MB and this machine has {free // 10**6:,} MB free; use "
            "a smaller input, or --counter formula"
        )


def _published(entries: list[Published]) -> str:
    if not entries:
        return text(None)
    return f"{entries[0].error:g} % ({entries[0].dataset}, {entries[0].source})"


def _unsupported(entry: FvcoreCount) -> str:
    return ", ".join(f"{times} {name}" for name, times in entry.unsupported.items()) or "nothing"
