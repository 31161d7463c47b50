"""Rows that are many, written one by one: CSV, JSON and Parquet of millions of designs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO

from archscope.errors import UsageError
from archscope.reporting.table.json_csv import csv_text
from archscope.reporting.table.table import Column, Table

_BATCH = 20_000


def csv_pieces(
    columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], *, raw: bool = False
) -> Iterator[str]:
    """The CSV of a table in pieces, header first; `raw` as of `csv_text`."""
    yield csv_text(Table("", columns, []), raw=raw)
    for batch in _batches(rows):
        lines = csv_text(Table("", columns, batch), raw=raw)
        yield lines.partition("\n")[2]


def json_pieces(
    head: Mapping[str, Any], key: str, rows: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """A JSON object in pieces: the entries of `head`, then the rows as the list `key`."""
    start = json.dumps(head, indent=2, allow_nan=False)
    yield f'{start[: -len("}")].rstrip()},\n  "{key}": ['
    comma = ""
    for batch in _batches(rows):
        written = (json.dumps(dict(row), allow_nan=False) for row in batch)
        yield comma + "\n    " + ",\n    ".join(written)
        comma = ","
    yield "\n  ]\n}\n"


def require_parquet() -> None:
    """Check that Parquet can be written; UsageError names the extra to install."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed; run pip install "
            "'archscope[parquet]', or write CSV"
        ) from None


def write_parquet(
    stream: BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, Any]],
    types: Mapping[str, type[int] | type[float]],
    about: str,
) -> None:
    """The rows as Parquet, `about` (JSON) under the metadata key `archscope`.

    `types` are those of the columns of numbers; the others are text.
    """
    import pyarrow
    import pyarrow.parquet

    kinds = {int: pyarrow.int64(), float: pyarrow.float64()}
    keys = Table("", columns, []).keys
    schema = pyarrow.schema(
        [(key, kinds[types[key]] if key in types else pyarrow.string()) for key in keys],
        metadata={"archscope": about},
    )
    with pyarrow.parquet.ParquetWriter(stream, schema) as writer:
        for batch in _batches(rows):
            cells = {
                name: [
                    value if value is None or name in types else str(value)
                    for value in (row.get(name) for row in batch)
                ]
                for name in schema.names
            }
            writer.write_table(pyarrow.table(cells, schema=schema))


def _batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    steady = iter(rows)
    while batch := list(islice(steady, _BATCH)):
        yield batch
