"""`archscope status`: a sweep seen from another terminal."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.options.declared import option
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.output import Format, print_result, resolve_format, write
from archscope.errors import UsageError

_BETWEEN = 2.0  # seconds
_CLEAR = "\x1b[H\x1b[2J"


def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The sweep's folder.")],
    watch: Annotated[
        bool, option("--watch", help="Refresh every two seconds until all trials have ended.")
    ] = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show the progress of a sweep: done, running and failed trials; time left; the best templates.

    Reads the folder and writes nothing: it can be run at any time, from any terminal or machine
    that sees the folder. A trial that a killed process on another machine had begun counts as
    running until another process takes it over.
    """
    from archscope.explore.training import status as explore

    chosen = resolve_format(format, output)
    if watch and (output is not None or chosen is not Format.table):
        raise UsageError("--watch shows tables on the terminal; leave out --format and --output.")
    while True:
        found = explore.status(folder)
        if watch and sys.stdout is not None and sys.stdout.isatty():
            write(_CLEAR, sys.stdout)
        print_result(found, format, output)
        if not watch or found.finished:
            return
        time.sleep(_BETWEEN)
