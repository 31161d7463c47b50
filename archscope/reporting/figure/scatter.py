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
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from archscope.reporting.figure.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    POINTS,
    VERMILLION,
    axes_at,
    draw_heading,
    new_figure,
    styled,
    text_size,
)
from archscope.reporting.figure.labels import Anchor, Box, Place, Segment, place
from archscope.reporting.figure.plot import Mark, Scatter, Series
from archscope.reporting.table.formats import prefixed

WIDTH, HEIGHT = 6.5, 4.8
LEFT, RIGHT, BOTTOM, LEGEND = 0.62, 0.18, 0.58, 0.3
LABEL_SIZE = 8.0
CAP, BAR = 2.5, 1.1
TICK_STEPS = (
    (1.0,),
    (1.0, 3.0),
    (1.0, 2.0, 5.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0),
    tuple(0.5 * step for step in range(2, 20)),
)
NARROW = 2.5  # high over low: there a logarithm is nearly straight, and its round numbers few
MOST_TICKS = 10  # that fit side by side, each with its label


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


def draw(scatter: Scatter) -> Figure:
    """Draw the plot; without any series, it says that nothing has finished yet."""
    with styled():
        figure = new_figure(WIDTH, HEIGHT)
        top = HEIGHT - LEGEND - draw_heading(figure, scatter.heading, LEFT, WIDTH - RIGHT)
        axes = axes_at(figure, (LEFT, BOTTOM, WIDTH - LEFT - RIGHT, top - BOTTOM))
        axes.set_xlabel(scatter.x_label)
        axes.set_ylabel(scatter.y_label)
        marks = [mark for series in scatter.series for mark in series.marks]
        if not marks:
            axes.set(xticks=[], yticks=[])
            say = "no trial has finished yet"
            axes.text(0.5, 0.5, say, transform=axes.transAxes, ha="center", color=GREY)
            return figure
        _scale_x(axes, [mark.x for mark in marks])
        _scale_y(axes, marks)
        for series in sorted(scatter.series, key=lambda s: list(LOOKS).index(s.name)):
            _draw_series(axes, series)
        if any(series.name != "other" for series in scatter.series):
            _draw_legend(axes, scatter.series)
        _draw_labels(figure, axes, scatter.series)
        return figure


def _scale_x(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic scale with room for labels, over a factor of 2 at least."""
    axes.set_xscale("log")
    low, high = min(values), max(values)
    middle, half = math.sqrt(low * high), max(0.56 * math.log(high / low), math.log(2) / 2)
    limits = (middle * math.exp(-half), middle * math.exp(half))
    axes.set_xlim(*limits)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(*limits)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))


def _scale_y(axes: Axes, marks: Sequence[Mark]) -> None:
    low = min(mark.y - (mark.bar or 0) for mark in marks)
    high = max(mark.y + (mark.bar or 0) for mark in marks)
    room = 0.12 * (high - low) or max(0.02 * abs(high), 0.05)
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between the limits: the coarsest set that has four, no two too near."""
    if high / low < NARROW:
        equal = MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(low, high)
        return [float(tick) for tick in equal if low <= tick <= high]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for steps in TICK_STEPS:
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) >= 4:
            break
    apart = math.log10(high / low) / MOST_TICKS
    kept: list[float] = []
    for tick in ticks:
        if not kept or math.log10(tick / kept[-1]) >= apart:
            kept.append(tick)
    return kept


def tick_label(value: float) -> str:
    """`500 k`, `1 M`, `1.5 M`."""
    number, _, prefix = prefixed(3)(round(value)).partition(" ")
    return f"{float(number):g} {prefix}".rstrip()


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


def _draw_legend(axes: Axes, series: Sequence[Series]) -> None:
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
        ncols=len(handles),
        frameon=False,
        fontsize=8.5,
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
    text.set_gid(f"label-{gid}")
    # Where a label has to stand on a curve, it stays readable.
    text.set_path_effects([withStroke(linewidth=2, foreground="white")])
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
    axes.set_xlabel(f"{axes.get_xlabel()}; {count} without room for a label")


def _bar_boxes(x: float, low: float, high: float) -> list[Box]:
    if low == high:
        return []
    caps = [(x - CAP - 0.5, y - BAR, x + CAP + 0.5, y + BAR) for y in (low, high)]
    return [(x - BAR, low, x + BAR, high), *caps]
