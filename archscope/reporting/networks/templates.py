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
    kernel = f"{block.kernel}×{block.kernel}"
    origin = f"that of {reference}" if reference else "as given"
    title = (
        f"Templates at {budget:,} parameters a block ({origin}): {block.w_in} channels in, "
        f"{block.w_out} out, {kernel}, at {block.resolution}×{block.resolution}"
    )
    return Table(title, columns, rows, notes)
