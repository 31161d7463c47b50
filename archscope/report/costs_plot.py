"""Drawing error against each cost: a panel for each, the front of each filled and joined."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from archscope.report.canvas import (
    BLUE,
    GREY,
    INK,
    POINTS,
    axes_at,
    draw_heading,
    new_figure,
    styled,
    text_size,
)
from archscope.report.costs import AXES, Costs
from archscope.report.labels import Anchor, Box, Segment, place
from archscope.report.scatter import log_ticks, tick_label

WIDTH, LEFT, RIGHT, BOTTOM = 6.5, 0.6, 0.15, 0.5
PANEL, GAP_X, GAP_Y = 2.0, 0.25, 0.6
LABEL_SIZE, MARKER = 7.0, 4.6
UNITS = {"seconds": "training time (s)"}


def draw(found: Costs) -> Figure:
    """Four panels on the same errors; the networks of a front are named."""
    with styled():
        body = 2 * PANEL + GAP_Y + BOTTOM + 0.15
        used = draw_heading(new_figure(WIDTH, body), found.heading, LEFT, WIDTH - RIGHT)
        figure = new_figure(WIDTH, body + used)
        draw_heading(figure, found.heading, LEFT, WIDTH - RIGHT)
        wide = (WIDTH - LEFT - RIGHT - GAP_X) / 2
        for index, axis in enumerate(AXES):
            row, column = divmod(index, 2)
            bottom = BOTTOM + (1 - row) * (PANEL + GAP_Y)
            axes = axes_at(figure, (LEFT + column * (wide + GAP_X), bottom, wide, PANEL))
            _scale(axes, found, axis)
            axes.set_xlabel(UNITS.get(axis, AXES[axis]), fontsize=8, labelpad=2)
            axes.tick_params(labelleft=column == 0)
            if column == 0:
                axes.set_ylabel("test error (%)")
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
            bar = f" ± {found.bars[name]:.2f}" if found.bars[name] is not None else ""
            cost = f"{value:.1f} s of" if axis == "seconds" else f"{value:,.0f}"
            said[gid(axis, name)] = f"{name}: {found.errors[name]:.2f}{bar} %, {cost} {AXES[axis]}"
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
            axes.errorbar(value, found.errors[name], bar, fmt="none", ecolor=GREY, elinewidth=0.8)
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
    """Name the networks of the front, where there is room."""
    scale, radius = POINTS / figure.dpi, MARKER / 2 + 0.8
    values = found.costs[axis]
    spots: dict[str, tuple[float, float]] = {}
    for name, value in values.items():
        x, y = axes.transData.transform((value, found.errors[name]))
        spots[name] = (float(x) * scale, float(y) * scale)
    obstacles: list[Box] = [
        (x - radius, y - radius, x + radius, y + radius) for x, y in spots.values()
    ]
    front = found.front(axis)
    lines: list[Segment] = []
    for one, other in itertools.pairwise(spots[name] for name in front):
        corner = other[0], one[1]
        lines += [(*one, *corner), (*corner, *other)]
    anchors = [
        Anchor(x, y, radius, text_size(figure, name, LABEL_SIZE), 230.0)
        for name in front
        for x, y in [spots[name]]
    ]
    extent = axes.get_window_extent()
    frame = extent.x0 * scale, extent.y0 * scale, extent.x1 * scale, extent.y1 * scale
    places = place(anchors, obstacles, lines, frame)
    _write(figure, front, [None if one is None else one.box for one in places])


def _write(figure: Figure, names: Sequence[str], boxes: Sequence[Box | None]) -> None:
    width, height = (inches * POINTS for inches in figure.get_size_inches())
    for name, box in zip(names, boxes, strict=True):
        if box is None:
            continue
        text = figure.text(box[0] / width, box[1] / height, name, fontsize=LABEL_SIZE, color=INK)
        text.set_verticalalignment("bottom")
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])
