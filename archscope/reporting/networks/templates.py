"""Templates at a kept budget: Table 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.arch.papers.eq4 import Block
from archscope.reporting.table.formats import decimal, integer, percent, si, text
from archscope.reporting.table.table import Column, Table


def table2(
    rows: Sequence[Mapping[str, Any]],
    block: Block,
    budget: int,
    reference: str | None,
    solved_for: str,
) -> Table:
    """Templates at a kept budget, as Table 2 of the ResNeXt paper."""
    exact = f"exact_{solved_for}"
    symbol = "d" if solved_for == "width" else "C"
    columns = [
        Column("template", "template", text, "left"),
        Column("cardinality", "C", integer),
        Column("width", "d", integer),
        Column(exact, f"exact {symbol}", decimal(2)),
        Column("group_width", "C*d", integer),
        Column("params", "params", integer),
        Column("macs", "FLOPs\n(multiply-adds)", si),
        Column("deviation", "from\nbudget", percent),
    ]
    given = [row for row in rows if row["published_width"] is not None]
    notes = []
    if given:
        columns.append(Column("published_width", "d in the paper\n(Table 2)", integer))
        wrong = [row["template"] for row in given if row["width"] != row["published_width"]]
        count = "the width is" if len(given) == 1 else f"all {len(given)} widths are"
        notes.append(
            f"Where the paper gives a width, ours differs for {', '.join(wrong)}."
            if wrong
            else f"Where Table 2 of the ResNeXt paper gives one, {count} the paper's."
        )
    size = _size(block.w_in, block.w_out, block.kernel, block.resolution)
    return Table(f"Templates {_at(budget, reference)}: {size}", columns, rows, notes)


def block_templates(document: Mapping[str, Any], words: Sequence[str], free: str) -> Table:
    """Templates of any block at a kept budget; `words` are its numbers, `free` is its width."""
    rows, asked = document["templates"], document["reference"]
    columns = [
        Column("template", "template", text, "left"),
        Column("cardinality", "C", integer, shown="cardinality" in words),
        Column("splits", "splits", integer, shown="splits" in words),
        Column("width", "width", integer),
        Column("exact_width", "exact\nwidth", decimal(2)),
        Column("group_width", "group\nwidth", integer, shown=bool(words)),
        Column("params", "params", integer),
        Column("macs", "FLOPs\n(multiply-adds)", si),
        Column("activations", "activations", si),
        Column("deviation", "from\nbudget", percent),
    ]
    if any(row["published_width"] is not None for row in rows):
        columns.append(Column("published_width", "width in\nthe paper", integer))
    at, size = _at(asked["budget"], asked["template"]), _size(**document["size"])
    notes = [*document["notes"], f"Width: {free}. Parameters: of the block's tree, norms left out."]
    return Table(f"Templates of the {document['block']} block {at}: {size}", columns, rows, notes)


def _at(budget: int, reference: str | None) -> str:
    origin = f"that of {reference}" if reference else "as given"
    return f"at {budget:,} parameters a block ({origin})"


def _size(w_in: int, w_out: int | None, kernel: int, resolution: int) -> str:
    out = "" if w_out is None else f"{w_out} out, "
    return f"{w_in} channels in, {out}{kernel}×{kernel}, at {resolution}×{resolution}"
