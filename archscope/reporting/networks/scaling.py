"""A network by several scaling rules, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archscope.reporting.networks.designs import NAMES
from archscope.reporting.table.formats import bytes_text, decimal, integer, percent, si, text
from archscope.reporting.table.table import Column, Table

_NOTE = (
    "Each number is multiplied by its base to the power phi (in thousandths) and rounded; memory: "
    "peak of the activations in fp32, batch 1."
)


def scaling_table(document: Mapping[str, Any]) -> Table:
    """An `archscope.scaling/1` document: the network as it was, then a row for each rule."""
    limit = document["limit"]
    metric = limit["metric"]
    rows = [_row(row) for row in (document["base"], *document["rules"])]
    words = dict.fromkeys(word for row in rows for word in row["numbers"])
    columns = [
        Column("name", "rule", text, "left"),
        Column("phi", "phi", decimal(2)),
        *(Column(word, word, text) for word in words),
    ]
    for cost, header in NAMES.items():
        columns.append(Column(cost, header, integer if cost == metric else si))
        if cost == metric:
            columns.append(Column("deviation", "from\nbudget", percent))
    columns.append(Column("memory", "memory", bytes_text))
    columns.append(Column("network", "network", text, "left"))
    source = f" (that of {limit['source']})" if limit["source"] else ""
    side = {"floor": "at most", "ceil": "at least"}.get(document["rounding"], "nearest to")
    title = f"{document['network']} scaled, {side} {limit['value']:,} {metric}{source}"
    return Table(title, columns, rows, [*document["left_out"], *document["notes"], _NOTE])


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {word: _number(value) for word, value in row["numbers"].items()}
    return {**row, **shown, "name": row["name"] or "as it is"}


def _number(value: Any) -> Any:
    return "-".join(map(str, value)) if isinstance(value, list) else value
