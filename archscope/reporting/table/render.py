"""Tables as text, in each of the formats of the command line."""

from __future__ import annotations

from collections.abc import Sequence

from archscope.reporting.table.table import Table

FORMATS = ("table", "json", "csv", "markdown", "latex")


def render(
    tables: Table | Sequence[Table],
    format: str = "table",
    *,
    width: int | None = None,
    colour: bool = False,
    ascii_only: bool = False,
    raw: bool = False,
) -> str:
    """Render one table or several, as one string that ends with a newline.

    `format` is one of FORMATS. `width`, `colour` and `ascii_only` concern the text table alone:
    without a width nothing is wrapped, and at any width nothing is cut off. `raw` is for CSV alone
    (see `csv_text`).
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

        return json_text(tables_document(several))
    if format == "csv":
        from archscope.reporting.table.json_csv import csv_text

        return "\n".join(csv_text(table, raw=raw) for table in several)
    if format in ("markdown", "latex"):
        from archscope.reporting.table import documents as markup

        one = markup.markdown if format == "markdown" else markup.latex
        return "\n".join(one(table) for table in several)
    raise ValueError(f"{format!r} is not a format of tables; choose one of {', '.join(FORMATS)}")
