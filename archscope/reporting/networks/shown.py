"""One network in detail as tables: a row a stage or a layer, the totals, what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
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
            f"alive at once (one image, eval mode), at {document['peak_activation_at']}.",
            *document.get("notes", ()),
        ]
    notes += [
        f"Published: {entry['error']:g} % top-1 error on {entry['dataset']} ({entry['source']}"
        f"{'' if entry['recipe'] is None else '; trained: ' + entry['recipe']})."
        for entry in document["published_errors"]
    ]
    notes += _roundings(document["roundings"])
    if near := document["nearest_published"]:
        notes.append(nearest_sentence(document["name"], near))
    return stage_table(title, rows, notes)


def _roundings(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for the numbers of each rule, or of several that follow one another."""
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        names = dict.fromkeys(step["rule_name"] for step in row["steps"])
        by_rule.setdefault("; then ".join(names), []).append(row)
    said = []
    for name, found in by_rule.items():
        ways = {tuple(step["rule"] for step in row["steps"]) for row in found}
        alike = len(ways) == 1 and len(found[0]["steps"]) == 1
        by_part: dict[str, list[str]] = {}
        for row in found:
            what = "" if row["of"] == "width" else f" {row['of']}"
            by_part.setdefault(row["part"] + what, []).append(_steps(row["steps"], not alike))
        parts = "; ".join(f"{part} {', '.join(each)}" for part, each in by_part.items())
        rule = f"{found[0]['steps'][0]['rule']}; {name}" if alike else name
        said.append(f"Rounded ({rule}): {parts}.")
    return said


def _steps(steps: Sequence[dict[str, Any]], told: bool) -> str:
    """`60.96 → 64 (multiple of 8)`; the rules where they are `told`."""
    said = f"{steps[0]['from']:.6g}"
    for step in steps:
        said += f" → {step['to']:.6g}" + (f" ({step['rule']})" if told else "")
    return said


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
