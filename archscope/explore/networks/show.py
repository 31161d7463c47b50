"""One network in detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archscope.arch.inputs import GivenInput, input_plain
from archscope.arch.network import Network
from archscope.arch.papers.published import published_errors
from archscope.arch.roundings import roundings
from archscope.cost.formula import CONVENTION, count
from archscope.cost.memory import memory
from archscope.errors import UsageError, shown
from archscope.explore.networks.compare import stage_rows
from archscope.explore.networks.opened import Given, Outside, open_network, refuse_outside
from archscope.explore.networks.outside import OutsideCount, count_outside, known_memory
from archscope.reporting.facts.nearest_published import nearest_published
from archscope.reporting.figure.plot import PLAIN, Style
from archscope.reporting.networks.diagram import diagrams
from archscope.reporting.networks.shown import shown_csv_table, shown_table
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table


@dataclass(frozen=True, repr=False)
class Shown(Result):
    """One network in detail: a row for each stage or, with `layers`, for each layer.

    One from outside has been `counted`: a row for each of its direct submodules.
    """

    network: Network | Outside
    layers: bool = False
    counted: OutsideCount | None = None

    def document(self) -> dict[str, Any]:
        """The network as JSON, schema `archscope.show/1`: totals, stages, and every layer.

        Of one from outside, what only a tree has is null or empty.
        """
        if isinstance(self.network, Network):
            return _document(self.network)
        assert self.counted is not None
        return _document_outside(self.network, self.counted)

    def tables(self) -> list[Table]:
        """A row a part, then the totals."""
        return [shown_table(self.document(), self.layers)]

    def draw(self, suffix: str, style: Style = PLAIN) -> bytes:
        """A residual block as the ResNeXt paper draws it: a file of that extension.

        Raises:
            UsageError: where the network has no residual block, or is from outside.
        """
        if not isinstance(self.network, Network):
            raise UsageError(
                f"a diagram is drawn from a tree, which {shown(self.network.name)} from outside "
                "has none of; draw one of archscope's own"
            )
        found = diagrams(self.network)
        from archscope.reporting.figure.canvas import file_bytes
        from archscope.reporting.figure.papers.blocks import draw

        return file_bytes(draw(found, f"A block of {self.network.name}", style), suffix)

    def csv_tables(self) -> list[Table]:
        """A row a part, a column a fact."""
        return [shown_csv_table(self.document(), self.layers)]


def show(
    network: Given,
    *,
    layers: bool = False,
    input: GivenInput = None,
    classes: int | None = None,
) -> Shown:
    """Show one network: its stages, or its layers, and what each costs.

    Args:
        network: a name, a network or a tree, or what else `open_network` takes.
        layers: a row for each layer rather than for each stage; of our own networks alone.
        input: (channels, height, width), or what else `open_network` takes, where not its own.
        classes: outputs of a name, where not its own.

    Raises:
        UsageError: for a network, input or number of classes that cannot be.
        ArchscopeError: where a network from outside cannot be made, run or traced.
    """
    if layers:
        refuse_outside([network], "shown layer by layer", "leave --layers out")
    found = open_network(network, classes, input)
    if isinstance(found, Network):
        return Shown(found, layers)
    return Shown(found, counted=count_outside(found))


def _document(network: Network) -> dict[str, Any]:
    cost = count(network)
    return {
        "schema": "archscope.show/1",
        "convention": CONVENTION,
        "name": network.name,
        "template": network.template,
        "input": list(network.input),
        "classes": network.classes,
        "init": network.init,
        "params": cost.params,
        "macs": cost.macs,
        "macs_exact": True,
        "activations": cost.activations,
        **memory(network).document(),
        "published_errors": [entry.document() for entry in published_errors(network)],
        "nearest_published": nearest_published(network, cost.params, cost.macs),
        "roundings": [one.document() for one in roundings(network)],
        "notes": list(network.notes_said),
        "stages": stage_rows(network),
        "nodes": [
            {
                "path": row.path,
                "kind": type(row.node).__name__,
                "times": row.times,
                "input": list(row.input),
                "output": list(row.output),
                "params": row.params,
                "macs": row.macs,
                "activations": row.activations,
            }
            for row in cost.nodes
        ],
    }


def _document_outside(network: Outside, counted: OutsideCount) -> dict[str, Any]:
    cost = counted.count
    return {
        "schema": "archscope.show/1",
        "convention": CONVENTION,
        "name": network.name,
        "source": network.source,
        "template": None,
        "input": input_plain(network.input),
        "classes": counted.classes,
        "init": None,
        "params": cost.params,
        "macs": cost.macs,
        "macs_exact": counted.macs_exact,
        "activations": cost.activations,
        **known_memory(cost),
        "published_errors": [],
        "nearest_published": None,
        "roundings": [],
        "stages": counted.stages,
        "nodes": [],
        "notes": list(counted.notes),
    }
