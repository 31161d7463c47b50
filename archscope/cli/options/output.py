"""Options of how a result is shown, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from archscope.cli.options.declared import GENERAL, option
from archscope.cli.output import Format
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from archscope.reporting.figure.plot import Style

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
DiagramOption = Annotated[
    Path | None,
    option(
        "--diagram",
        value="FILE",
        panel=GENERAL,
        help="Also draw a residual block as the ResNeXt paper does: .png, .svg or .pdf.",
    ),
]


FigureWidthOption = Annotated[
    str | None,
    option(
        "--figure-width",
        value="W",
        panel=GENERAL,
        help="Width of the figure: 3.25in, 84mm, 8.4cm or 240pt. Type keeps its size.",
    ),
]
NoTitleOption = Annotated[
    bool,
    option("--no-title", panel=GENERAL, help="Draw no title: the caption says it."),
]
_UNITS = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72}
_NARROWEST, _WIDEST = 2.5, 20.0  # inches


def figure_style(
    width: str | None, no_title: bool, drawn: bool = True, by: str = "--plot"
) -> Style:
    """How a figure is drawn, from `--figure-width` and `--no-title`; `by` makes a command draw.

    Raises:
        UsageError: for a width that cannot be, or where nothing is `drawn`.
    """
    from archscope.reporting.figure.plot import Style

    if not drawn and (width is not None or no_title):
        given = "--no-title" if width is None else "--figure-width"
        raise UsageError(f"{given} is for a figure; add {by} FILE")
    return Style(None if width is None else _inches(width), not no_title)


def _inches(text: str) -> float:
    number, unit = text.strip().lower()[:-2].strip(), text.strip().lower()[-2:]
    try:
        inches = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        inches = 0.0
    if not _NARROWEST <= inches <= _WIDEST:
        raise UsageError(
            f"a figure's width is {_NARROWEST:g}in to {_WIDEST:g}in (or in mm, cm, pt), not "
            f"{shown(text)}; write --figure-width 3.25in"
        )
    return inches


def check_plot(plot: Path | None, option: str = "--plot") -> None:
    """Check the extension of a picture's file, the value of `option`.

    Raises:
        UsageError: where it is none of a figure.
    """
    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(
            f"a plot is a .png, .svg or .pdf file, not {shown(str(plot))}; name one with {option}"
        )
