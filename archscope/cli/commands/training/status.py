"""`archscope status`: a sweep seen from another terminal."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.options.declared import option
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.output import Format, on_terminal, print_result, resolve_format
from archscope.errors import UsageError

_BETWEEN = 2.0  # seconds


def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The sweep's folder.")],
    watch: Annotated[
        bool, option("--watch", help="Look every two seconds until all trials have ended.")
    ] = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show the progress of a sweep: done, running and failed trials; time left; the best templates.

    Reads the folder and writes nothing: it can be run at any time, from any terminal or machine
    that sees the folder. A trial that a killed process on another machine had begun counts as
    running until another process takes it over. With --watch a terminal has the bars, rates and
    time left of the sweep's own display, and the tables at its end.
    """
    from archscope.explore.training import status as explore

    chosen = resolve_format(format, output)
    if watch and (output is not None or chosen is not Format.table):
        raise UsageError("--watch shows tables on the terminal; leave out --format and --output.")
    if watch and on_terminal(format, output):
        from archscope.explore.training.watch import watch as live
        from archscope.sweep.run.live import display

        print_result(live(folder, lambda progress: display(progress, sys.stdout)))
        return
    while True:
        found = explore.status(folder)
        print_result(found, format, output)
        if not watch or found.finished:
            return
        time.sleep(_BETWEEN)
