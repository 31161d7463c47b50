"""A picture of designs by two of their costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from archscope.reporting.figure.canvas import (
    FAINT,
    GREY,
    axes_at,
    draw_heading,
    file_bytes,
    legend_columns,
    new_figure,
    styled,
)
from archscope.reporting.figure.plot import (
    BLACK,
    BLUE,
    GREEN,
    LABELS,
    ORANGE,
    PLAIN,
    PURPLE,
    SKY,
    VERMILLION,
    Heading,
    Style,
)
from archscope.reporting.table.formats import tick

WIDTH, PANEL = 6.5, 3.2
LEFT, RIGHT, BOTTOM, ROW = 0.85, 0.2, 0.6, 0.18
LEGEND_SIZE = 8.0
# Of one family grey; of several a colour and a marker each, in turns.
_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY)
_MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Group:
    """Designs that look alike: what the legend calls them, and their costs by name."""

    label: str
    costs: Mapping[str, Any]


def draw_designs(
    heading: Heading,
    axes: tuple[str, str],
    groups: Sequence[Group],
    marked: Group,
    *,
    front: bool,
    suffix: str,
    style: Style = PLAIN,
) -> bytes:
    """The file: all designs (a sample of them) by family, the marked ones above, joined if a front.

    `axes` are the costs along x and y.
    """
    with styled():
        return file_bytes(_figure(heading, axes, groups, marked, front, style), suffix)


def _figure(
    heading: Heading,
    axes: tuple[str, str],
    groups: Sequence[Group],
    marked: Group,
    front: bool,
    style: Style,
) -> Figure:
    x, y = axes
    width, heading = style.width or WIDTH, style.heading(heading)
    wide = width - LEFT - RIGHT
    ruler = new_figure(width, 1)
    labels = [group.label for group in (*groups, marked)]
    columns = legend_columns(ruler, labels, LEGEND_SIZE, wide, 0.4)
    used = draw_heading(ruler, heading, LEFT, width - RIGHT)
    used += ROW * math.ceil(len(labels) / columns) + 0.1
    tall = min(PANEL, 0.8 * wide)
    figure = new_figure(width, used + tall + BOTTOM)
    draw_heading(figure, heading, LEFT, width - RIGHT)
    plot = axes_at(figure, (LEFT, BOTTOM, wide, tall))
    plot.grid(axis="x", color=FAINT, linewidth=0.6)
    handles = [
        *(_draw_group(plot, axes, group, index, len(groups)) for index, group in enumerate(groups)),
        _draw_marked(plot, axes, marked, front=front),
    ]
    plot.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=LEGEND_SIZE,
        handlelength=1.6,
        borderpad=0.0,
        borderaxespad=0.4,
    )
    plot.set_xlabel(LABELS[x])
    plot.set_ylabel(LABELS[y])
    for axis, inches in ((plot.xaxis, wide), (plot.yaxis, 1.2 * tall)):
        axis.set_major_locator(MaxNLocator(nbins=max(3, int(inches / 0.7))))
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    return figure


def _draw_group(plot: Axes, axes: tuple[str, str], group: Group, index: int, of: int) -> Line2D:
    """Draw designs of one family; returns their entry in the legend."""
    x, y = axes
    colour = GREY if of == 1 else _COLOURS[index % len(_COLOURS)]
    marker = _MARKERS[index % len(_MARKERS)]
    drawn = plot.scatter(
        *(group.costs[x], group.costs[y]),
        s=4 if of == 1 else 7,
        marker=marker,
        color=colour,
        alpha=0.35,
        linewidths=0,
        rasterized=True,
    )
    drawn.set_gid(f"designs-{index}")
    size = 3.2
    return Line2D(
        [], [], color=colour, marker=marker, markersize=size, linestyle="", label=group.label
    )


def _draw_marked(plot: Axes, axes: tuple[str, str], marked: Group, *, front: bool) -> Line2D:
    """Draw the listed designs, or the whole front; returns their entry in the legend."""
    x, y = (list(marked.costs[axis]) for axis in axes)
    order = sorted(range(len(x)), key=lambda index: (x[index], y[index]))
    (line,) = plot.plot(
        [x[index] for index in order],
        [y[index] for index in order],
        color=VERMILLION if front else BLACK,
        marker="o",
        markersize=3.2,
        markerfacecolor=VERMILLION if front else "none",
        linestyle="-" if front else "",
        linewidth=1.0,
        drawstyle="steps-post" if front else "default",
        rasterized=len(order) > 5_000,
        label=marked.label,
        gid="marked",
    )
    if not order:
        plot.text(0.5, 0.5, "no design", transform=plot.transAxes, ha="center", color=GREY)
    return line
