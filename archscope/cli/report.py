"""`archscope report`: tables, figures and a page from a sweep's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.output import FormatOption, OutputOption, emit, note, resolve_format


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A sweep's or study's folder.")],
    figures: Annotated[
        str, typer.Option(metavar="LIST", help="Kinds of figure files: png, svg, pdf.")
    ] = "png,svg",
    resolve: Annotated[
        float,
        typer.Option(metavar="X", help="Difference (points) that the verdicts try to resolve."),
    ] = 0.5,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Write report.html, the tables and the figures of a sweep into its folder, and print them.

    Works while the sweep runs, on a finished one, and on a copy; what is unfinished or failed is
    said at the top. report.html is one file that needs no network.
    """
    from archscope.explore.report import report as write_report

    resolve_format(format, output)
    kinds = [kind.strip().lower() for kind in figures.split(",") if kind.strip()]
    made = write_report(folder, figures=kinds, resolve=resolve)
    emit(made.tables, document=made.document, format=format, output=output)
    note(f"Written to {made.folder}: {', '.join(path.name for path in made.files)}.")
