"""A list of designs as it is written: as any other result, or streamed row by row."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.cli.output import RAW, print_result, save_with, write
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.explore.design.enumerate import Enumeration


class DesignFormat(StrEnum):
    """The formats of a list of designs."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    latex = "latex"
    parquet = "parquet"


STREAMED = (DesignFormat.json, DesignFormat.csv, DesignFormat.parquet)


def design_format(format: DesignFormat | None, output: Path | None) -> DesignFormat:
    """The format that was asked for, or that the file's name says.

    Raises:
        UsageError: for Parquet without a file, or where it cannot be written.
    """
    from archscope.cli.output import resolve_format
    from archscope.reporting.table.rows import require_parquet

    suffix = output.suffix.lower() if output is not None else ""
    if format is None and suffix == ".parquet":
        format = DesignFormat.parquet
    if format is None:
        format = DesignFormat(resolve_format(None, output).value)
    if format is DesignFormat.parquet:
        if output is None or str(output) == "-":
            raise UsageError(
                "Parquet is not text, so it is not written to the standard output; add "
                "--output FILE"
            )
        require_parquet()
    return format


def print_designs(found: Enumeration, chosen: DesignFormat, output: Path | None) -> None:
    """A result as any other, or written row by row: there may be millions of them."""
    import json

    from archscope.cli.output import Format
    from archscope.reporting.networks.designs import enumeration_table
    from archscope.reporting.networks.latency import with_ends
    from archscope.reporting.table import rows as streams

    if chosen not in STREAMED:
        print_result(found, Format(chosen.value), output)
        return
    head, steady = found.head(), found.rows()
    first = next(steady, None)
    columns = enumeration_table(head, [first] if first else []).columns
    every: Iterator[Mapping[str, Any]] = chain([first] if first else [], steady)
    if chosen is not DesignFormat.json:
        every = map(with_ends, every)
    if chosen is DesignFormat.parquet:
        assert output is not None
        about = json.dumps(head)
        numbers = found.types
        save_with(lambda file: streams.write_parquet(file, columns, every, numbers, about), output)
        return
    is_csv = chosen is DesignFormat.csv
    pieces = (
        streams.csv_pieces(columns, every, raw=RAW.get())
        if is_csv
        else streams.json_pieces(head, "designs", every)
    )
    if output is not None and str(output) != "-":
        save_with(lambda file: file.writelines(piece.encode() for piece in pieces), output)
        return
    for piece in pieces:
        write(piece, sys.stdout)
