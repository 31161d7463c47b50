"""The error distributions of two populations, each with its band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from matplotlib.ticker import FuncFormatter

from archscope.reporting.figure.canvas import axes_at, draw_heading, new_figure, styled
from archscope.reporting.figure.plot import BLUE, PLAIN, VERMILLION, Heading, Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, PANEL = 6.5, 3.4
LEFT, RIGHT, BOTTOM, TOP = 0.75, 0.2, 0.55, 0.12
COLOURS, LINES = (BLUE, VERMILLION), ("-", "--")


class Share(Protocol):
    """A share of designs, and the band around it."""

    @property
    def value(self) -> float:
        """The share, 0 to 1."""

    @property
    def low(self) -> float:
        """The lower end of its band."""

    @property
    def high(self) -> float:
        """The upper end."""


def draw(
    errors: Sequence[float],
    both: Sequence[Sequence[Share]],
    heading: Heading,
    names: tuple[str, str],
    style: Style = PLAIN,
) -> Figure:
    """The share of designs with at most so much error, of two populations at the same errors."""
    width, heading = style.width or WIDTH, style.heading(heading)
    with styled():
        used = draw_heading(new_figure(width, 1), heading, LEFT, width - RIGHT)
        wide = width - LEFT - RIGHT
        tall = min(PANEL, 0.8 * wide)
        figure = new_figure(width, used + TOP + tall + BOTTOM)
        draw_heading(figure, heading, LEFT, width - RIGHT)
        axes = axes_at(figure, (LEFT, BOTTOM, wide, tall))
        for name, shares, colour, line in zip(names, both, COLOURS, LINES, strict=True):
            axes.fill_between(
                errors,
                [one.low for one in shares],
                [one.high for one in shares],
                step="post",
                color=colour,
                alpha=0.18,
                linewidth=0,
            )
            axes.step(
                errors,
                [one.value for one in shares],
                where="post",
                color=colour,
                linestyle=line,
                linewidth=1.4,
                label=name,
            )
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("test error (%)")
        axes.set_ylabel("designs with no more error")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        axes.legend(frameon=False, fontsize=8.5, loc="lower right")
        return figure
