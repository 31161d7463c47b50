"""The error distributions of two populations, each with its band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from archscope.reporting.figure.canvas import (
    BLUE,
    VERMILLION,
    axes_at,
    draw_heading,
    new_figure,
    styled,
)
from archscope.reporting.figure.plot import Heading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 6.5, 4.4
LEFT, RIGHT, BOTTOM = 0.75, 0.2, 0.55


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
) -> Figure:
    """The share of designs with at most so much error, of two populations at the same errors."""
    with styled():
        figure = new_figure(WIDTH, HEIGHT)
        top = HEIGHT - draw_heading(figure, heading, LEFT, WIDTH - RIGHT) - 0.12
        axes = axes_at(figure, (LEFT, BOTTOM, WIDTH - LEFT - RIGHT, top - BOTTOM))
        for name, shares, colour in zip(names, both, (BLUE, VERMILLION), strict=True):
            axes.fill_between(
                errors,
                [one.low for one in shares],
                [one.high for one in shares],
                step="post",
                color=colour,
                alpha=0.18,
                linewidth=0,
            )
            axes.step(errors, [one.value for one in shares], where="post", color=colour, label=name)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("test error (%)")
        axes.set_ylabel("share of designs with at most that error")
        axes.legend(frameon=False, loc="lower right")
        return figure
