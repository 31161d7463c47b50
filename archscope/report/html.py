"""Tables and text as HTML; also what a notebook shows of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from archscope.report.table import Column, Table


def table_html(table: Table, *, title: bool = True, notes: bool = True) -> str:
    """The table as HTML: one `<table>` with raw values for sorting, its notes as paragraphs.

    Every text is escaped. A number's cell carries its raw value in `data-value`.
    """
    columns = table.shown
    head = "".join(
        f'<th scope="col" class="{column.align}">{_lines(column.document_header)}</th>'
        for column in columns
    )
    body = []
    for row, cells in zip(table.rows, table.cells(), strict=True):
        made = (
            _cell(column, row.get(column.key), text)
            for column, text in zip(columns, cells, strict=True)
        )
        body.append(f"<tr>{''.join(made)}</tr>")
    caption = f"<caption>{escape(table.title)}</caption>" if title and table.title else ""
    said = "".join(f"<p>{escape(note)}</p>" for note in table.notes) if notes else ""
    return (
        f'<div class="table"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>{said}"
    )


def paragraphs(lines: Sequence[str], kind: str = "") -> str:
    """Each line as a paragraph, escaped."""
    mark = f' class="{kind}"' if kind else ""
    return "".join(f"<p{mark}>{escape(line)}</p>" for line in lines)


def _cell(column: Column, value: object, text: str) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    finite = number and math.isfinite(value)  # type: ignore[arg-type]
    raw = f' data-value="{value!r}"' if finite else ""
    return f'<td class="{column.align}"{raw}>{_lines(text)}</td>'


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))
