"""`archscope report`: tables, figures and a page from a sweep's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.commands.training.outcome import written
from archscope.cli.completion import figures as kinds_of_figures
from archscope.cli.completion import some_of
from archscope.cli.options.declared import option
from archscope.cli.options.output import (
    FigureWidthOption,
    FormatOption,
    NoTitleOption,
    OutputOption,
    figure_style,
)
from archscope.cli.options.training import ResolveOption
from archscope.cli.output import note, print_result, resolve_format


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a sweep, study or training.")
    ],
    figures: Annotated[
        str,
        option(
            "--figures",
            value="LIST",
            complete=some_of(kinds_of_figures),
            help="Kinds of figure files: png, svg, pdf.",
        ),
    ] = "png,svg",
    resolve: ResolveOption = 0.5,
    against: Annotated[
        Path | None,
        option(
            "--against",
            value="DIR",
            help="A longer sweep of the same networks: how well this sweep ranks them "
            "(Kendall's tau), beside the rankings by parameters and multiply-adds.",
        ),
    ] = None,
    versus: Annotated[
        Path | None,
        option(
            "--versus",
            value="DIR",
            help="A sweep of other designs: two sampled populations, their error distributions, "
            "and the chance that a design of one beats one of the other.",
        ),
    ] = None,
    published: Annotated[
        bool,
        option(
            "--published",
            help="Figure 7 with the ResNeXt paper's own 14 points beside the sweep's.",
        ),
    ] = False,
    figure_width: FigureWidthOption = None,
    no_title: NoTitleOption = False,
    out: Annotated[
        Path | None,
        option("--out", value="DIR", default="DIR", help="Folder of the files that are written."),
    ] = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Write report.html, tables and figures of a sweep, study or training, and print the tables.

    Works while the sweep runs, on a finished one, and on a copy; what is unfinished or failed is
    said at the top. report.html is one file that needs no network. A folder that may only be read
    is reported on all the same: --out says where the files go then.
    """
    from archscope.explore.training.report import report as write_report

    resolve_format(format, output)
    kinds = [kind.strip().lower() for kind in figures.split(",") if kind.strip()]
    made = write_report(
        folder,
        figures=kinds,
        resolve=resolve,
        against=against,
        versus=versus,
        published=published,
        style=figure_style(figure_width, no_title),
        out=out,
    )
    print_result(made, format, output)
    if made.refused is not None:
        note(f"{folder} may only be read ({made.refused}): nothing is written without --out DIR.")
    written(made.folder, made.files)
