"""Tables for machines: csv and json, with raw values under machine keys."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from archscope.plain_text import inert, visible
from archscope.reporting.table.formats import absent
from archscope.reporting.table.table import Table

SCHEMA = "archscope.table/1"


def csv_text(table: Table, *, raw: bool = False) -> str:
    """One header row of keys, then the raw values; a missing value is an empty field.

    Text that a spreadsheet would run as a formula has a quote before it, unless `raw`.
    """
    keys = table.keys
    made = visible if raw else _cell
    lines = [_csv_line([made(key) for key in keys])]
    lines += [_csv_line([_csv_value(row.get(key), made) for key in keys]) for row in table.rows]
    return "".join(lines)


def json_text(document: Any) -> str:
    """The document as indented ASCII JSON. NaN and infinity are refused (ValueError)."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def tables_document(tables: Sequence[Table]) -> dict[str, Any]:
    """The tables as a JSON document, for a command that has no document of its own."""
    return {
        "schema": SCHEMA,
        "tables": [
            {
                "title": table.title,
                "columns": [{"key": c.key, "header": c.header} for c in table.columns],
                "rows": [
                    {key: _json_value(row.get(key)) for key in table.keys} for row in table.rows
                ],
                "notes": list(table.notes),
            }
            for table in tables
        ],
    }


def _csv_line(values: Sequence[Any]) -> str:
    # Python 3.11 quotes only what is in its line terminator: a lone carriage return would be
    # written bare after "\n". So each line is written for "\r\n" and ended with "\n".
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerow(values)
    return stream.getvalue().removesuffix("\r\n") + "\n"


def _cell(text: str) -> str:
    return inert(visible(text))


def _csv_value(value: Any, made: Callable[[str], str]) -> Any:
    if absent(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "\n".join(made(str(item)) for item in value)
    return made(value) if isinstance(value, str) else value


def _json_value(value: Any) -> Any:
    return None if absent(value) else value
