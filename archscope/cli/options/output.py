"""Options of how a result is shown, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from archscope.cli.options.declared import GENERAL, option
from archscope.cli.output import Format
from archscope.errors import UsageError, shown

FORMAT_HELP = (
    "table, json, csv, markdown or latex; without it, as the extension of --output says, or table."
)
FormatOption = Annotated[
    Format | None, option("--format", value="FORMAT", panel=GENERAL, help=FORMAT_HELP)
]
OutputOption = Annotated[
    Path | None,
    option(
        "--output",
        value="FILE",
        panel=GENERAL,
        help="Write the result to FILE instead of the standard output.",
    ),
]
PlotOption = Annotated[
    Path | None,
    option("--plot", value="FILE", panel=GENERAL, help="Also draw the result: .png, .svg or .pdf."),
]


def check_plot(plot: Path | None, option: str = "--plot") -> None:
    """Check the extension of a picture's file, the value of `option`.

    Raises:
        UsageError: where it is none of a figure.
    """
    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(
            f"a plot is a .png, .svg or .pdf file, not {shown(str(plot))}; name one with {option}"
        )
