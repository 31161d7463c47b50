"""Drawing a scatter plot of networks: error bars, curves, and a label at every marker.

No label covers a marker, an error bar or another label.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from archscope.reporting.figure.canvas import (
    GREY,
    HALO,
    INK,
    POINTS,
    axes_at,
    draw_heading,
    in_lines,
    legend_columns,
    new_figure,
    styled,
    text_size,
)
from archscope.reporting.figure.labels import Anchor, Box, Place, Segment, place
from archscope.reporting.figure.plot import (
    BLUE,
    GREEN,
    PLAIN,
    VERMILLION,
    Mark,
    Scatter,
    Series,
    Style,
)
from archscope.reporting.figure.ticks import log_ticks, tick_label, ticks_within

WIDTH, PANEL = 6.5, 3.2
LEFT, RIGHT, BOTTOM, LEGEND, NAME = 0.62, 0.18, 0.58, 0.2, 0.2
SIDE_BY_SIDE = 5.5  # from this width on two plots stand beside each other
LABEL_SIZE, LEGEND_SIZE = 8.0, 8.5
CAP, BAR = 2.5, 1.1


@dataclass(frozen=True)
class Look:
    """How a series looks: never by colour alone. `side` is where its labels are best placed."""

    colour: str
    marker: str
    size: float
    line: Literal["-", "--", ""]
    side: float


# In the order of drawing: width's square stays visible behind the circle of a shared network.
LOOKS = {
    "width": Look(VERMILLION, "s", 7.6, "--", 60.0),
    "cardinality": Look(BLUE, "o", 6.0, "-", 240.0),
    "other": Look(GREEN, "D", 5.6, "", 90.0),
}


def draw(scatter: Scatter, style: Style = PLAIN, beside: Scatter | None = None) -> Figure:
    """Draw the plot; without any series, it says that nothing has finished yet.

    `beside` is another one with scales of its own: to the right or, in a narrow figure, below.
    """
    plots = [scatter, *([beside] if beside else [])]
    with styled():
        width = style.width or WIDTH
        across = len(plots) if width >= SIDE_BY_SIDE else 1
        cell = width / across
        wide = cell - LEFT - RIGHT
        ruler = new_figure(width, 1)
        used = draw_heading(ruler, style.heading(scatter.heading), LEFT, width - RIGHT)
        columns = [_legend_columns(ruler, plot.series, wide) for plot in plots]
        rows = max(
            math.ceil(len(plot.series) / each) if each else 0
            for plot, each in zip(plots, columns, strict=True)
        )
        above = LEGEND * rows + 0.1 + (NAME if beside else 0)
        tall = min(PANEL, 0.8 * wide)
        high = above + tall + BOTTOM
        figure = new_figure(width, used + high * (len(plots) // across))
        draw_heading(figure, style.heading(scatter.heading), LEFT, width - RIGHT)
        for index, plot in enumerate(plots):
            row, column = divmod(index, across)
            bottom = high * (len(plots) // across - row) - above - tall
            axes = axes_at(figure, (LEFT + column * cell, bottom, wide, tall))
            if plot.name:
                at = (0, (above - 0.12) * POINTS)
                axes.annotate(
                    *(plot.name, (0, 1), at),
                    xycoords="axes fraction",
                    textcoords="offset points",
                    fontsize=9,
                    fontweight="bold",
                    va="top",
                )
            _draw_plot(figure, axes, plot, columns[index])
        return figure


def _draw_plot(figure: Figure, axes: Axes, scatter: Scatter, legend_columns: int) -> None:
    inches = axes.get_window_extent().width / figure.dpi
    axes.set_xlabel(in_lines(figure, scatter.x_label, 9, inches))
    axes.set_ylabel(scatter.y_label)
    marks = [mark for series in scatter.series for mark in series.marks]
    if not marks:
        axes.set(xticks=[], yticks=[])
        say = "no trial has finished yet"
        axes.text(0.5, 0.5, say, transform=axes.transAxes, ha="center", color=GREY)
        return
    _scale_x(axes, [mark.x for mark in marks], ticks_within(inches))
    _scale_y(axes, marks)
    for series in sorted(scatter.series, key=lambda s: list(LOOKS).index(s.name)):
        _draw_series(axes, series)
    if legend_columns:
        _draw_legend(axes, scatter.series, legend_columns)
    _draw_labels(figure, axes, scatter.series)


def _legend_columns(figure: Figure, series: Sequence[Series], inches: float) -> int:
    """The columns of the legend; 0: one kind of marker needs none."""
    if all(one.name == "other" for one in series):
        return 0
    return legend_columns(figure, [one.label for one in series], LEGEND_SIZE, inches, 0.62)


def _scale_x(axes: Axes, values: Sequence[float], most: int) -> None:
    """A logarithmic scale with room for labels, over a factor of 2 at least."""
    axes.set_xscale("log")
    low, high = min(values), max(values)
    middle, half = math.sqrt(low * high), max(0.56 * math.log(high / low), math.log(2) / 2)
    limits = (middle * math.exp(-half), middle * math.exp(half))
    axes.set_xlim(*limits)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(*limits, most)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))


def _scale_y(axes: Axes, marks: Sequence[Mark]) -> None:
    low = min(mark.y - (mark.bar or 0) for mark in marks)
    high = max(mark.y + (mark.bar or 0) for mark in marks)
    room = 0.12 * (high - low) or max(0.02 * abs(high), 0.05)
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))


def _draw_series(axes: Axes, series: Series) -> None:
    look = LOOKS[series.name]
    if look.line:
        xs, ys = [mark.x for mark in series.marks], [mark.y for mark in series.marks]
        axes.plot(xs, ys, look.line, color=look.colour, linewidth=1.3, gid=f"curve-{series.name}")
    for mark in series.marks:
        if mark.bar is not None:
            bars = axes.errorbar(
                [mark.x],
                [mark.y],
                yerr=[mark.bar],
                fmt="none",
                ecolor=look.colour,
                elinewidth=BAR,
                capsize=CAP,
                capthick=BAR,
            )
            for part in bars.get_children():
                part.set_gid(f"bar-{series.name}-{mark.label}")
        axes.plot(
            [mark.x],
            [mark.y],
            look.marker,
            markersize=look.size,
            markerfacecolor=look.colour if mark.complete else "white",
            markeredgecolor="white" if mark.complete else look.colour,
            markeredgewidth=0.6 if mark.complete else 1.2,
            gid=f"marker-{series.name}-{mark.label}",
        )


def _draw_legend(axes: Axes, series: Sequence[Series], columns: int) -> None:
    """Above the frame, where no label can meet it."""
    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            marker=look.marker,
            markersize=look.size,
            markeredgecolor="white",
            markeredgewidth=0.6,
            linestyle=look.line,
            linewidth=1.3,
            label=one.label,
        )
        for one in series
        for look in [LOOKS[one.name]]
    ]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=LEGEND_SIZE,
        handlelength=2.8,
        borderpad=0.0,
        borderaxespad=0.4,
    )


def _draw_labels(figure: Figure, axes: Axes, series: Sequence[Series]) -> None:
    """Place and draw the labels, in points: as the type is measured."""
    anchors: dict[str, tuple[Anchor, str]] = {}
    obstacles: list[Box] = []
    lines: list[Segment] = []
    for one in series:
        look = LOOKS[one.name]
        radius = look.size / 2 + 0.6
        centres: list[tuple[float, float]] = []
        for mark in one.marks:
            x, (low, y, high) = in_points(axes, mark.x, mark.y, mark.bar)
            centres.append((x, y))
            anchor = Anchor(x, y, radius, text_size(figure, mark.label, LABEL_SIZE), look.side)
            anchors.setdefault(mark.key, (anchor, mark.label))
            obstacles.append((x - radius, y - radius, x + radius, y + radius))
            obstacles += _bar_boxes(x, low, high)
        if look.line:
            lines += [(*a, *b) for a, b in itertools.pairwise(centres)]
    scale, extent = POINTS / figure.dpi, axes.get_window_extent()
    frame = (extent.x0 * scale + 1, extent.y0 * scale + 1, extent.x1 * scale, extent.y1 * scale)
    places = place([anchor for anchor, _ in anchors.values()], obstacles, lines, frame)
    for (_, label), found in zip(anchors.values(), places, strict=True):
        if found is not None:
            draw_label(figure, label, found, size=LABEL_SIZE, colour=INK, gid=label)
    if missing := places.count(None):
        tell_missing(axes, missing)


def in_points(
    axes: Axes, x: float, y: float, bar: float | None
) -> tuple[float, tuple[float, float, float]]:
    """The place of a mark in its figure: x, and y of its bar's low end, itself and the high end."""
    ends = axes.transData.transform([(x, y + step * (bar or 0.0)) for step in (-1, 0, 1)])
    scale = POINTS / cast(Figure, axes.figure).dpi
    low, middle, high = (float(end[1]) * scale for end in ends)
    return float(ends[0][0]) * scale, (low, middle, high)


def draw_label(
    figure: Figure, label: str, found: Place, *, size: float, colour: str, gid: str
) -> None:
    """Write a placed label, with its leader where it is at a distance from its marker."""
    width, height = (inches * POINTS for inches in figure.get_size_inches())
    x, y = found.box[0] / width, found.box[1] / height
    text = figure.text(x, y, label, fontsize=size, color=colour, va="bottom")
    # Where a label has to stand on a curve, it stays readable.
    text.set(gid=f"label-{gid}", bbox=HALO)
    if found.leader is not None:
        x0, y0, x1, y1 = found.leader
        line = Line2D(
            [x0 / width, x1 / width],
            [y0 / height, y1 / height],
            transform=figure.transFigure,
            color=GREY,
            linewidth=0.7,
            linestyle=":",  # solid, it might be taken for an error bar
            gid=f"leader-{gid}",
        )
        figure.add_artist(line)


def tell_missing(axes: Axes, count: int) -> None:
    """Say how many labels have found no room."""
    said = axes.get_xlabel().replace("\n", " ")
    figure = cast(Figure, axes.figure)
    wide = axes.get_window_extent().width / figure.dpi
    size = float(axes.xaxis.label.get_fontsize())
    axes.set_xlabel(in_lines(figure, f"{said}; {count} without room for a label", size, wide))


def _bar_boxes(x: float, low: float, high: float) -> list[Box]:
    if low == high:
        return []
    caps = [(x - CAP - 0.5, y - BAR, x + CAP + 0.5, y + BAR) for y in (low, high)]
    return [(x - BAR, low, x + BAR, high), *caps]
