"""A table: raw values in rows, and columns that say how they are shown.

    table = Table(
        "Templates at kept complexity",
        [Column("template", "template", text, "left"), Column("params", "params", integer)],
        [{"template": "1x64d", "params": 69632}],
    )
    print(render(table, "markdown"))

`render` gives one string for each of the formats of the command line. Nothing here imports rich,
torch, pandas or matplotlib: a table must be there at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from archscope.reporting.table.formats import auto

FORMATS = ("table", "json", "csv", "markdown", "latex")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `key` is the column's name for machines (csv, json) and the key of its value in a row, `header`
    its name for people, with the unit. `format` turns the value into text (see `formats`).
    `also` names further keys of the row that `format` takes after the value, such as the standard
    error beside a mean: they are columns of their own in csv. `shown=False` keeps a column for
    csv only. `better` says which way is better, for the arrow in documents' headers. `alarm` is the
    key of a value that, where it is true, makes the cell red on terminals with colour (the text
    must say it too).
    """

    key: str
    header: str
    format: Callable[..., str] = auto
    align: Literal["left", "right"] = "right"
    also: tuple[str, ...] = ()
    shown: bool = True
    better: Literal["lower", "higher"] | None = None
    alarm: str | None = None

    @property
    def document_header(self) -> str:
        """The header with an arrow towards the better values: for Markdown, LaTeX and HTML."""
        return self.header + {None: "", "lower": " ↓", "higher": " ↑"}[self.better]


@dataclass(frozen=True)
class Table:
    """A title, columns, rows (a mapping from keys to raw values), and notes under the table."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()

    @property
    def shown(self) -> list[Column]:
        """The columns that people see."""
        return [column for column in self.columns if column.shown]

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from archscope.reporting.table.html import table_html

        return table_html(self)

    def cells(self) -> list[list[str]]:
        """The text of every shown cell, row by row; a cell may have several lines."""
        return [
            [
                column.format(*(row.get(key) for key in (column.key, *column.also)))
                for column in self.shown
            ]
            for row in self.rows
        ]

    def alarms(self) -> list[list[bool]]:
        """Which of the cells are alarming, row by row."""
        return [
            [column.alarm is not None and bool(row.get(column.alarm)) for column in self.shown]
            for row in self.rows
        ]


def render(
    tables: Table | Sequence[Table],
    format: str = "table",
    *,
    document: Any = None,
    width: int | None = None,
    colour: bool = False,
    ascii_only: bool = False,
) -> str:
    """Render one table or several, as one string that ends with a newline.

    `format` is one of FORMATS. `document` is what json shows; without it json shows the tables.
    `width`, `colour` and `ascii_only` concern the text table alone: without a width nothing is
    wrapped, and at any width nothing is cut off.
    """
    several = [tables] if isinstance(tables, Table) else list(tables)
    if format == "table":
        from archscope.reporting.table.text import text_table

        shown = [
            text_table(table, width=width, colour=colour, ascii_only=ascii_only)
            for table in several
        ]
        return "\n".join(shown)
    if format == "json":
        from archscope.reporting.table.json_csv import json_text, tables_document

        return json_text(tables_document(several) if document is None else document)
    if format == "csv":
        from archscope.reporting.table.json_csv import csv_text

        return "\n".join(csv_text(table) for table in several)
    if format in ("markdown", "latex"):
        from archscope.reporting.table import documents as markup

        one = markup.markdown if format == "markdown" else markup.latex
        return "\n".join(one(table) for table in several)
    raise ValueError(f"{format!r} is not a format of tables; choose one of {', '.join(FORMATS)}")
