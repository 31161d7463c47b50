"""The named networks, and one network in detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archscope.arch.names import parse, well_known
from archscope.arch.network import Network
from archscope.arch.papers.published import published_errors
from archscope.arch.shape import Shape
from archscope.cost.formula import CONVENTION, count
from archscope.cost.memory import memory
from archscope.errors import UsageError
from archscope.explore.networks.compare import stage_rows
from archscope.explore.networks.opened import Given, own_network
from archscope.reporting.networks.architectures import network_list, stage_table
from archscope.reporting.table.formats import bytes_text, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table


@dataclass(frozen=True, repr=False)
class NetworkList(Result):
    """Named networks, a row each, with their costs."""

    rows: Sequence[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """The list as JSON, schema `archscope.list/1`."""
        return {
            "schema": "archscope.list/1",
            "convention": CONVENTION,
            "networks": list(self.rows),
        }

    def tables(self) -> list[Table]:
        """A row a network."""
        return [network_list(self.rows)]


def list_networks(pattern: str = "") -> NetworkList:
    """The named networks of the papers whose name holds `pattern`, with their costs.

    Raises:
        UsageError: where none does.
    """
    spelled = pattern.strip().lower().replace("-", "_")
    names = [name for name in well_known() if spelled in name]
    if not names:
        raise UsageError(
            f"networks with '{pattern}' in their name were asked for, but the list holds none; "
            "run archscope list for all, or show NAME for any template"
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
            }
        )
    return NetworkList(rows)


@dataclass(frozen=True, repr=False)
class Shown(Result):
    """One network in detail: a row for each stage or, with `layers`, for each layer."""

    network: Network
    layers: bool = False

    def document(self) -> dict[str, Any]:
        """The network as JSON, schema `archscope.show/1`: totals, stages, and every layer."""
        return _document(self.network)

    def tables(self) -> list[Table]:
        """A row a part, then the totals."""
        return [_table(self.document(), self.layers)]

    def csv_tables(self) -> list[Table]:
        """A row a part, a column a fact."""
        return [_csv_table(self.document(), self.layers)]


def show(
    network: Given,
    *,
    layers: bool = False,
    input: Shape | None = None,
    classes: int | None = None,
) -> Shown:
    """Show one network: its stages, or its layers, and what each costs.

    Args:
        network: one of ours: a name, a network or a tree.
        layers: a row for each layer rather than for each stage.
        input: (channels, height, width), where not its own.
        classes: outputs of a name, where not its own.

    Raises:
        UsageError: for a network, input or number of classes that cannot be.
    """
    return Shown(own_network(network, classes, input), layers)


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
        "activations": cost.activations,
        **memory(network).document(),
        "published_errors": [
            {"dataset": entry.dataset, "error": entry.error, "source": entry.source}
            for entry in published_errors(network)
        ],
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


def _table(document: dict[str, Any], nodes: bool) -> Table:
    if nodes:
        rows = [
            {
                **row,
                "name": row["path"],
                "block": row["kind"] + (f" ×{row['times']}" if row["times"] != 1 else ""),
            }
            for row in document["nodes"]
        ]
    else:
        rows = [dict(row) for row in document["stages"]]
    for row in rows:
        row["output"] = "×".join(map(str, row["output"]))
    rows.append({"name": "total", "output": "", "block": "", **_totals(document)})
    shape = "×".join(map(str, document["input"]))
    title = f"{document['name']}: input {shape}, {document['classes']} classes"
    notes = [
        f"Memory in fp32: {bytes_text(document['param_bytes'])} of parameters; at most "
        f"{bytes_text(document['peak_activation_bytes'])} of activations alive at once (one "
        f"image, eval mode), at {document['peak_activation_at']}."
    ]
    notes += [
        f"Published: {entry['error']:g} % top-1 error on {entry['dataset']} ({entry['source']})."
        for entry in document["published_errors"]
    ]
    return stage_table(title, rows, notes)


def _csv_table(document: dict[str, Any], nodes: bool) -> Table:
    if nodes:
        keys = ["path", "kind", "times", "input", "output"]
        rows = [dict(row) for row in document["nodes"]]
    else:
        keys = ["name", "output", "block", "blocks", "cardinality"]
        rows = [{**row, "block": "; ".join(row["block"])} for row in document["stages"]]
    for row in rows:
        for key in {"input", "output"} & row.keys():
            row[key] = "x".join(map(str, row[key]))
        row["block"] = str(row.get("block", "")).replace("×", "x")
    keys += ["params", "macs", "activations"]
    return Table(document["name"], [Column(key, key, text) for key in keys], rows)


def _totals(document: dict[str, Any]) -> dict[str, int]:
    return {key: document[key] for key in ("params", "macs", "activations")}
