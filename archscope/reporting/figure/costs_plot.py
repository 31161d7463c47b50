"""Drawing error against each cost: a panel for each, the front of each filled and joined."""

from __future__ import annotations

import itertools
import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from archscope.reporting.facts.short_names import short_names
from archscope.reporting.figure.canvas import (
    GREY,
    INK,
    POINTS,
    axes_at,
    draw_heading,
    new_figure,
    styled,
    text_size,
)
from archscope.reporting.figure.costs import AXES, Costs
from archscope.reporting.figure.labels import Anchor, Box, Segment, place
from archscope.reporting.figure.plot import BLUE, PLAIN, Style
from archscope.reporting.figure.scatter import (
    draw_label,
    in_points,
    tell_missing,
)
from archscope.reporting.figure.ticks import log_ticks, tick_label
from archscope.reporting.table.formats import mean_and_error

WIDTH, LEFT, RIGHT, BOTTOM = 6.5, 0.6, 0.15, 0.5
PANEL, GAP_X, GAP_Y = 2.0, 0.25, 0.6
SIDE_BY_SIDE = 5.0  # from this width on there are two panels a row
LABEL_SIZE, MARKER, BAR = 7.0, 4.6, 0.8
MOST_NAMED = 8  # networks, of which those beside the front are named too
UNITS = {"seconds": "training time (s)"}


def draw(found: Costs, style: Style = PLAIN) -> Figure:
    """Four panels on the same errors; a few networks are all named, of more those of the front."""
    width, heading = style.width or WIDTH, style.heading(found.heading)
    across = 2 if width >= SIDE_BY_SIDE else 1
    down = len(AXES) // across
    with styled():
        body = down * (PANEL + GAP_Y) - GAP_Y + BOTTOM + 0.15
        used = draw_heading(new_figure(width, body), heading, LEFT, width - RIGHT)
        figure = new_figure(width, body + used)
        draw_heading(figure, heading, LEFT, width - RIGHT)
        wide = (width - LEFT - RIGHT - (across - 1) * GAP_X) / across
        for index, axis in enumerate(AXES):
            row, column = divmod(index, across)
            bottom = BOTTOM + (down - 1 - row) * (PANEL + GAP_Y)
            axes = axes_at(figure, (LEFT + column * (wide + GAP_X), bottom, wide, PANEL))
            _scale(axes, found, axis)
            axes.set_xlabel(UNITS.get(axis, AXES[axis]), fontsize=8, labelpad=2)
            axes.tick_params(labelleft=column == 0)
            if column == 0:
                axes.set_ylabel(found.error_label)
            _draw_panel(figure, axes, found, axis)
        return figure


def gid(axis: str, name: str) -> str:
    """The name of a network's marker in the drawing."""
    return f"cost-{axis}-{name}"


def hover(found: Costs) -> dict[str, str]:
    """What is shown over each marker."""
    said = {}
    for axis, values in found.costs.items():
        for name, value in values.items():
            error = mean_and_error(found.errors[name], found.bars[name])
            cost = f"{value:.1f} s of" if axis == "seconds" else f"{value:,.0f}"
            said[gid(axis, name)] = f"{name}: {error} %, {cost} {AXES[axis]}"
    return said


def _scale(axes: Axes, found: Costs, axis: str) -> None:
    values = list(found.costs[axis].values()) or [1.0]
    axes.set_xscale("log")
    low, high = min(values), max(values)
    stretch = max((high / low) ** 0.14, 1.15)
    axes.set_xlim(low / stretch, high * stretch)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(low / stretch, high * stretch)))
    axes.xaxis.set_minor_locator(NullLocator())
    said = (lambda value, _: f"{value:g}") if axis == "seconds" else (lambda v, _: tick_label(v))
    axes.xaxis.set_major_formatter(FuncFormatter(said))
    ends = [
        error + side * (found.bars[name] or 0.0)
        for name, error in found.errors.items()
        for side in (-1, 1)
    ]
    room = 0.14 * (max(ends) - min(ends)) or 0.5
    axes.set_ylim(min(ends) - room, max(ends) + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that are at least a sixth of the scale apart, so that their labels are too."""
    kept: list[float] = []
    for tick in log_ticks(low, high):
        if not kept or math.log(tick / kept[-1]) >= math.log(high / low) / 6:
            kept.append(tick)
    return kept


def _draw_panel(figure: Figure, axes: Axes, found: Costs, axis: str) -> None:
    values, front = found.costs[axis], found.front(axis)
    axes.step(
        [values[name] for name in front],
        [found.errors[name] for name in front],
        where="post",
        color=BLUE,
        linewidth=1.0,
    )
    for name, value in values.items():
        bar = found.bars[name]
        if bar is not None:
            axes.errorbar(value, found.errors[name], bar, fmt="none", ecolor=GREY, elinewidth=BAR)
        best = name in front
        axes.plot(
            [value],
            [found.errors[name]],
            "o",
            markersize=MARKER,
            markerfacecolor=BLUE if best else "white",
            markeredgecolor="white" if best else GREY,
            markeredgewidth=0.5 if best else 0.9,
            gid=gid(axis, name),
        )
    _name(figure, axes, found, axis)


def _name(figure: Figure, axes: Axes, found: Costs, axis: str) -> None:
    """Name the networks of the front, and of a few networks all, where there is room."""
    scale, radius = POINTS / figure.dpi, MARKER / 2 + 0.8
    front, spots = found.front(axis), {}
    obstacles: list[Box] = []
    for name, value in found.costs[axis].items():
        x, (low, y, high) = in_points(axes, value, found.errors[name], found.bars[name])
        spots[name] = x, y
        obstacles.append((x - radius, y - radius, x + radius, y + radius))
        obstacles.append((x - BAR, low, x + BAR, high))
    lines: list[Segment] = []
    for one, other in itertools.pairwise(spots[name] for name in front):
        corner = other[0], one[1]
        lines += [(*one, *corner), (*corner, *other)]
    extent = axes.get_window_extent()
    frame = extent.x0 * scale, extent.y0 * scale, extent.x1 * scale, extent.y1 * scale
    beside = [name for name in spots if name not in front] if len(spots) <= MOST_NAMED else []
    short, missing = short_names(list(spots)), 0
    for names, side, colour in ((front, 230.0, INK), (beside, 50.0, GREY)):  # the front goes first
        sizes = [text_size(figure, short[name], LABEL_SIZE) for name in names]
        anchors = [Anchor(*spots[n], radius, s, side) for n, s in zip(names, sizes, strict=True)]
        for name, at in zip(names, place(anchors, obstacles, lines, frame), strict=True):
            if at is None:
                missing += 1
                continue
            draw_label(
                figure, short[name], at, size=LABEL_SIZE, colour=colour, gid=f"{axis}-{name}"
            )
            obstacles.append(at.box)
            lines += [at.leader] if at.leader else []
    if missing:
        tell_missing(axes, missing)
