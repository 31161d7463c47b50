"""The named networks, and one network in detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from archscope.arch.families.family import Family
from archscope.arch.families.own import check_named, place_of
from archscope.arch.families.spelling import normal
from archscope.arch.inputs import GivenInput, input_plain
from archscope.arch.names import forms, parse, read, well_known
from archscope.arch.network import Network
from archscope.arch.papers.published import published_errors
from archscope.arch.roundings import roundings
from archscope.cost.formula import CONVENTION, count
from archscope.cost.memory import memory
from archscope.errors import UsageError
from archscope.explore.latency.fitted import LatencyModel
from archscope.explore.networks.compare import stage_rows
from archscope.explore.networks.opened import Given, Outside, open_network, refuse_outside
from archscope.explore.networks.outside import OutsideCount, count_outside, known_memory
from archscope.reporting.facts.nearest_published import nearest_published
from archscope.reporting.facts.published_points import published_points
from archscope.reporting.figure.plot import PLAIN, Style
from archscope.reporting.networks.architectures import network_list
from archscope.reporting.networks.shown import shown_csv_table, shown_table
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table


@dataclass(frozen=True, repr=False)
class NetworkList(Result):
    """Named networks, a row each, with their costs; `family` is theirs, where it is a user's.

    Their `latency` is predicted, where a model is given.
    """

    rows: Sequence[dict[str, Any]]
    family: Family[Any] | None = None
    latency: LatencyModel | None = None

    def document(self) -> dict[str, Any]:
        """The list as JSON, schema `archscope.list/1`."""
        return {
            "schema": "archscope.list/1",
            "convention": CONVENTION,
            "networks": list(self.rows),
        }

    def tables(self) -> list[Table]:
        """A row a network."""
        table = network_list(self.rows, forms())
        if self.latency:
            table = replace(table, notes=[*table.notes, self.latency.sentence()])
        if (own := self.family) is None:
            return [table]
        notes = [f"Its members are spelled {own.form}.", *table.notes[1:]]
        return [replace(table, title=f"Named networks of {own.title}", notes=notes)]

    def draw(self, suffix: str, cost: str = "macs", style: Style = PLAIN) -> bytes:
        """Published errors against a cost (params, macs, activations, latency).

        Returns:
            a file of that extension.

        Raises:
            UsageError: for another cost, a latency that was not predicted, or where no network has
                a published error.
        """
        about = self.latency.sentence() if self.latency and cost == "latency" else ""
        points = published_points(self.rows, cost, about)
        from archscope.reporting.figure.canvas import file_bytes
        from archscope.reporting.figure.published_plot import draw

        return file_bytes(draw(points, cost, style), suffix)


def list_networks(pattern: str = "", latency: LatencyModel | None = None) -> NetworkList:
    """The named networks of the papers whose name holds `pattern`, with their costs.

    With a fitted model of `latency` also with the time that it predicts.

    Of `FILE.py:NAME` those that the family in the file says to be known.

    Raises:
        UsageError: where none does.
    """
    check_named(pattern)
    spelled = normal(pattern)
    names, own = [name for name in well_known() if spelled in normal(name)], None
    if (place := place_of(pattern)) is not None:
        own = read(pattern).family
        names = [f"{place.path}:{name}" for name in own.names.known]
    if own and not names:
        raise UsageError(f"{own.title} says no known members; show one, spelled {own.form}")
    if not names:
        raise UsageError(
            f"the list has no network with '{pattern}' in its name; run archscope list for "
            "all, or show NAME for any template"
        )
    rows = []
    for name in names:
        network = parse(name)
        cost, errors = count(network), published_errors(network)
        rows.append(
            {
                "name": network.name,
                "input": "x".join(map(str, network.input)),
                "params": cost.params,
                "macs": cost.macs,
                "activations": cost.activations,
                "published_error": errors[0].error if errors else None,
                "published_dataset": errors[0].dataset if errors else None,
                "published_source": errors[0].source if errors else None,
                "published_recipe": errors[0].recipe if errors else None,
                "family": network.design.family.name if network.design else None,
                **(latency.predicted(network).document() if latency else {}),
            }
        )
    return NetworkList(rows, own, latency)


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
