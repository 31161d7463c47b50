"""A picture of designs by two of their costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.ticker import FuncFormatter

from archscope.reporting.figure.canvas import (
    BLUE,
    FAINT,
    GREY,
    VERMILLION,
    axes_at,
    draw_heading,
    file_bytes,
    new_figure,
    styled,
)
from archscope.reporting.figure.plot import Heading
from archscope.reporting.table.formats import tick

WIDTH, HEIGHT = 6.5, 4.6
LEFT, RIGHT, BOTTOM = 0.85, 0.2, 0.6
LABELS = {"params": "parameters", "macs": "FLOPs (multiply-adds)", "activations": "activations"}


def draw_designs(
    heading: Heading,
    axes: tuple[str, str],
    listed: Mapping[str, Any],
    sample: Mapping[str, Any],
    *,
    front: bool,
    suffix: str,
) -> bytes:
    """The file: all designs (a sample of them) in grey, the listed ones above, joined if a front.

    `axes` are the costs along x and y; the columns hold numbers by the name of a cost.
    """
    x, y = axes
    with styled():
        figure = new_figure(WIDTH, HEIGHT)
        top = HEIGHT - draw_heading(figure, heading, LEFT, WIDTH - RIGHT) - 0.12
        plot = axes_at(figure, (LEFT, BOTTOM, WIDTH - LEFT - RIGHT, top - BOTTOM))
        plot.grid(axis="x", color=FAINT, linewidth=0.6)
        plot.scatter(
            sample[x], sample[y], s=4, color=GREY, alpha=0.35, linewidths=0, rasterized=True
        )
        line = "-" if front else ""
        order = sorted(
            range(len(listed[x])), key=lambda index: (listed[x][index], listed[y][index])
        )
        plot.plot(
            [listed[x][index] for index in order],
            [listed[y][index] for index in order],
            color=VERMILLION if front else BLUE,
            marker="o",
            markersize=3.2,
            linestyle=line,
            linewidth=1.0,
            drawstyle="steps-post" if front else "default",
            rasterized=len(order) > 5_000,
        )
        if not len(order):
            plot.text(0.5, 0.5, "no design", transform=plot.transAxes, ha="center", color=GREY)
        plot.set_xlabel(LABELS[x])
        plot.set_ylabel(LABELS[y])
        plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
        plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
        return file_bytes(figure, suffix)
