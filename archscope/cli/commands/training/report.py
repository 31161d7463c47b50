"""`archscope report`: tables, figures and a page from a sweep's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.output import FormatOption, OutputOption, note, print_result, resolve_format


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a sweep, study or training.")
    ],
    figures: Annotated[
        str, typer.Option(metavar="LIST", help="Kinds of figure files: png, svg, pdf.")
    ] = "png,svg",
    resolve: Annotated[
        float,
        typer.Option(metavar="X", help="Difference (points) that the verdicts try to resolve."),
    ] = 0.5,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A longer sweep of the same networks: how far its order agrees with this one's, "
            "by Kendall's tau, beside the orders by parameters and multiply-adds.",
            show_default=False,
        ),
    ] = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Write report.html, tables and figures of a sweep, study or training, and print the tables.

    Works while the sweep runs, on a finished one, and on a copy; what is unfinished or failed is
    said at the top. report.html is one file that needs no network.
    """
    from archscope.explore.training.report import report as write_report

    resolve_format(format, output)
    kinds = [kind.strip().lower() for kind in figures.split(",") if kind.strip()]
    made = write_report(folder, figures=kinds, resolve=resolve, against=against)
    print_result(made, format, output)
    note(f"Written to {made.folder}: {', '.join(path.name for path in made.files)}.")
