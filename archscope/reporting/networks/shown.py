"""One network in detail as tables: a row a stage or a layer, the totals, what is known of it."""

from __future__ import annotations

from typing import Any

from archscope.errors import plural
from archscope.reporting.facts.nearest_published import nearest_sentence
from archscope.reporting.networks.architectures import stage_table
from archscope.reporting.table.formats import bytes_text, text
from archscope.reporting.table.table import Column, Table


def shown_table(document: dict[str, Any], nodes: bool) -> Table:
    """A row for each stage of an `archscope.show/1` document, or each node; then the totals."""
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
        row["output"] = "×".join(map(str, row["output"] or ()))
        row["block"] = row["block"] or ""
    rows.append({"name": "total", "output": "", "block": "", **_totals(document)})
    sizes = document["input"]
    shapes = sizes if isinstance(sizes[0], list) else [sizes]
    shape = ",".join("×".join(map(str, one)) for one in shapes)
    classes = "" if document["classes"] is None else f", {plural(document['classes'], 'class')}"
    title = f"{document['name']}: input {shape}{classes}"
    parameters = f"Memory in fp32: {bytes_text(document['param_bytes'])} of parameters"
    notes = [f"{parameters}.", *document.get("notes", ())]
    if document["peak_activation_bytes"] is not None:
        notes = [
            f"{parameters}; at most {bytes_text(document['peak_activation_bytes'])} of activations "
            f"alive at once (one image, eval mode), at {document['peak_activation_at']}."
        ]
    notes += [
        f"Published: {entry['error']:g} % top-1 error on {entry['dataset']} ({entry['source']}"
        f"{'' if entry['recipe'] is None else '; trained: ' + entry['recipe']})."
        for entry in document["published_errors"]
    ]
    if near := document["nearest_published"]:
        notes.append(nearest_sentence(document["name"], near))
    return stage_table(title, rows, notes)


def shown_csv_table(document: dict[str, Any], nodes: bool) -> Table:
    """A row a part, a column a fact."""
    if nodes:
        keys = ["path", "kind", "times", "input", "output"]
        rows = [dict(row) for row in document["nodes"]]
    else:
        keys = ["name", "output", "block", "blocks", "cardinality"]
        rows = [{**row, "block": "; ".join(row["block"] or ())} for row in document["stages"]]
    for row in rows:
        for key in {"input", "output"} & row.keys():
            row[key] = "x".join(map(str, row[key] or ()))
        row["block"] = str(row.get("block", "")).replace("×", "x")
    keys += ["params", "macs", "activations", *(() if nodes else ("macs_exact",))]
    return Table(document["name"], [Column(key, key, text) for key in keys], rows)


def _totals(document: dict[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in ("params", "macs", "macs_exact", "activations")}
