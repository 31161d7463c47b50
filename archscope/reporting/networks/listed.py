"""The list of named networks as a table that fits 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from archscope.reporting.networks.latency import LATENCY, with_ends
from archscope.reporting.table.column import NAME
from archscope.reporting.table.formats import MISSING, brief, bytes_text, decimal, si, text
from archscope.reporting.table.table import Column, Table

# The interval is a factor, which stands below the table.
_LATENCY = replace(LATENCY, header="latency\n(ms)", format=lambda ms, *_: brief(ms))


def network_list(rows: Sequence[Mapping[str, Any]], forms: Sequence[str]) -> Table:
    """Networks by name, a row each; `forms` says how the members of families are spelled.

    Sources are numbered, and said under the table.
    """
    sources = {
        (row["published_source"], row["published_dataset"]): None
        for row in rows
        if row["published_source"] is not None
    }
    numbers = {source: f"[{number}]" for number, source in enumerate(sources, 1)}

    def source(name: str | None, dataset: str | None) -> str:
        return numbers.get((name, dataset), MISSING)

    peaks = any("peak_activation_bytes" in row for row in rows)
    columns = [
        Column("name", "name", text, "left", least=NAME),
        Column("input", "input", _side, "left"),
        Column("params", "params", si),
        Column("macs", "FLOPs\n(multiply-\nadds)", si),
        Column("activations", "activations", si),
        *([Column("peak_activation_bytes", "memory\n(fp32)", bytes_text)] if peaks else []),
        *([_LATENCY] if any(LATENCY.key in row for row in rows) else []),
        Column("published_error", "error\n(%)", decimal(2)),
        Column("published_source", "from", source, "left", also=("published_dataset",)),
        Column("published_recipe", "recipe", text, "left", shown=False),
        Column("family", "family", text, "left", shown=False),
    ]
    cited = "; ".join(f"{number} {name} ({on})" for (name, on), number in numbers.items())
    notes = [f"Errors are the published ones, top-1: {cited}."] if cited else []
    notes += [
        f"Every member of a family has a name: {', '.join(forms)}; for the depth N also the blocks "
        "of the stages, as _3_4_7_3, and behind it what its family knows, as @SCALE, -noshortcut, "
        "-stride1x1, -B(3,1,3), -l3 or -drop0.3."
    ]
    ended = [with_ends(row) for row in rows]
    return Table("Named networks of the papers and of torchvision", columns, ended, notes)


def _side(shape: str) -> str:
    """`3x224x224` as `224²`, any other as it is."""
    channels, *sides = shape.split("x")
    return f"{sides[0]}²" if channels == "3" and len(set(sides)) == 1 else shape
