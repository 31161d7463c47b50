"""Drawing published errors against a cost: each family its own colour and marker, the front joined.

The front's networks are named, and of the others those with room for a name right beside them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from archscope.reporting.facts.published_points import PublishedPoint, PublishedPoints
from archscope.reporting.figure.canvas import (
    FAINT,
    GREY,
    INK,
    POINTS,
    axes_at,
    draw_heading,
    in_lines,
    new_figure,
    styled,
    text_size,
)
from archscope.reporting.figure.labels import Anchor, Box, Segment, place
from archscope.reporting.figure.plot import (
    COLOURS,
    LABELS,
    PLAIN,
    Heading,
    Style,
)
from archscope.reporting.figure.scatter import draw_label, in_points
from archscope.reporting.figure.ticks import log_ticks, tick_label, ticks_within

WIDTH, PANEL = 9.0, 5.2
SIDE_BY_SIDE = 6.0  # from this width on the legend is beside the frame
LEFT, RIGHT, BOTTOM = 0.62, 0.12, 0.58
LEGEND_SIZE, ROW = 7.0, 0.148  # points; inches a line
LABEL_SIZE, MARKER, EDGE = 6.5, 5.0, 1.1
BETWEEN = 2.0  # points between two names side by side
NEAR = 7.0  # points from a marker to its name, where that has no leader
# No two families share both: seven colours of Okabe and Ito's and nine shapes take turns.
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">")


def draw(found: PublishedPoints, cost: str, style: Style = PLAIN) -> Figure:
    """The picture; as high as its legend needs, which in a narrow one is below."""
    heading = Heading(
        f"Published top-1 error on {found.dataset} against {LABELS[cost]}", found.sentences()
    )
    heading = style.heading(heading)
    looks, width = looks_of(found.families), style.width or WIDTH
    with styled():
        entry = max(text_size(new_figure(1, 1), one, LEGEND_SIZE)[0] for one in looks) / POINTS
        entry += 0.32
        below = width < SIDE_BY_SIDE
        columns = max(1, int((width - LEFT) / entry)) if below else 1
        legend = ROW * math.ceil(len(looks) / columns) + 0.1
        wide = width - LEFT - RIGHT - (0 if below else entry)
        high = min(PANEL, wide) if below else max(PANEL, legend)
        bottom = BOTTOM + (legend if below else 0)
        used = draw_heading(new_figure(width, high), heading, LEFT, width - RIGHT)
        figure = new_figure(width, bottom + high + 0.12 + used)
        draw_heading(figure, heading, LEFT, width - RIGHT)
        axes = axes_at(figure, (LEFT, bottom, wide, high))
        axes.set_xlabel(f"{LABELS[cost]} of one image" if cost != "params" else LABELS[cost])
        axes.set_ylabel("published top-1 error (%)")
        _scale(axes, found.points, ticks_within(wide))
        _draw_points(axes, found, looks)
        _draw_legend(axes, looks, columns, BOTTOM / high if below else None)
        _draw_names(figure, axes, found)
        return figure


def looks_of(families: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The colour and the marker of each family."""
    return {
        family: (COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)])
        for index, family in enumerate(families)
    }


def gid(name: str) -> str:
    """The name of a network's marker in the drawing."""
    return f"published-{name}"


def _scale(axes: Axes, points: Sequence[PublishedPoint], most: int) -> None:
    costs, errors = [point.cost for point in points], [point.error for point in points]
    axes.set_xscale("log")
    stretch = max((max(costs) / min(costs)) ** 0.04, 1.15)
    limits = min(costs) / stretch, max(costs) * stretch
    axes.set_xlim(*limits)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(*limits, most)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    room = 0.05 * (max(errors) - min(errors)) or 0.5
    axes.set_ylim(min(errors) - room, max(errors) + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]))


def _draw_points(axes: Axes, found: PublishedPoints, looks: dict[str, tuple[str, str]]) -> None:
    axes.step(
        [point.cost for point in found.front],
        [point.error for point in found.front],
        where="post",
        color=GREY,
        linewidth=0.9,
        gid="front",
    )
    for point in found.points:
        colour, marker = looks[point.family]
        axes.plot(
            [point.cost],
            [point.error],
            marker,
            markersize=MARKER,
            markerfacecolor=colour if point.own else "white",
            markeredgecolor="white" if point.own else colour,
            markeredgewidth=0.4 if point.own else EDGE,
            gid=gid(point.name),
        )


def _draw_legend(
    axes: Axes, looks: dict[str, tuple[str, str]], columns: int, below: float | None
) -> None:
    """Beside the frame or so far `below` it (a part of its height): no name can meet it."""
    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=MARKER, linestyle="", label=family)
        for family, (colour, marker) in looks.items()
    ]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0) if below is None else (0.0, -below),
        ncols=columns,
        columnspacing=1.0,
        frameon=False,
        fontsize=LEGEND_SIZE,
        handlelength=1.0,
        handletextpad=0.5,
        labelspacing=ROW * POINTS / LEGEND_SIZE - 1.0,
        borderpad=0.0,
        borderaxespad=0.6,
    )


def _draw_names(figure: Figure, axes: Axes, found: PublishedPoints) -> None:
    """Name the front first, with leaders where it is crowded; then the others, right beside."""
    scale, radius = POINTS / figure.dpi, MARKER / 2 + 0.6
    spots: dict[str, tuple[float, float]] = {}
    for point in found.points:
        x, (_, y, _) = in_points(axes, point.cost, point.error, None)
        spots[point.name] = x, y
    boxes: list[Box] = [(x - radius, y - radius, x + radius, y + radius) for x, y in spots.values()]
    front = [point.name for point in found.front]
    others = [name for name in spots if name not in front]
    lines = _corners(spots[name] for name in front)
    extent = axes.get_window_extent()
    frame = extent.x0 * scale + 1, extent.y0 * scale + 1, extent.x1 * scale, extent.y1 * scale
    missing = 0
    for names, side, colour, reach in ((front, 230.0, INK, math.inf), (others, 45.0, GREY, NEAR)):
        anchors = [
            Anchor(*spots[name], radius, (wide + BETWEEN, high), side)
            for name in names
            for wide, high in [text_size(figure, name, LABEL_SIZE)]
        ]
        for name, at in zip(names, place(anchors, boxes, lines, frame, reach), strict=True):
            if at is None:
                missing += 1
                continue
            draw_label(figure, name, at, size=LABEL_SIZE, colour=colour, gid=name)
            boxes.append(at.box)
            lines += [at.leader] if at.leader else []
    if missing:
        said = f"{axes.get_xlabel()}; {missing} without room for a name"
        wide = axes.get_window_extent().width / figure.dpi
        axes.set_xlabel(in_lines(figure, said, float(axes.xaxis.label.get_fontsize()), wide))


def _corners(spots: Iterable[tuple[float, float]]) -> list[Segment]:
    """The steps of the front."""
    lines: list[Segment] = []
    for one, other in itertools.pairwise(spots):
        corner = other[0], one[1]
        lines += [(*one, *corner), (*corner, *other)]
    return lines
