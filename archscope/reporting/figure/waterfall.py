"""The difference of two networks as waterfalls: from one's cost to the other's, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from archscope.reporting.figure.canvas import (
    FAINT,
    GREY,
    INK,
    POINTS,
    axes_at,
    draw_heading,
    new_figure,
    styled,
    text_size,
    wrapped,
)
from archscope.reporting.figure.plot import BLUE, LABELS, PLAIN, VERMILLION, Heading, Style
from archscope.reporting.networks.difference import changed, named
from archscope.reporting.table.formats import si, signed_si, tick

LEFT, RIGHT, GAP = 2.1, 0.25, 0.25  # inches
PANEL = {1: 4.4, 2: 3.2, 3: 2.55}  # width by the number of panels side by side
ROW, TICKS, TITLE, BETWEEN = 0.36, 0.5, 0.3, 0.15  # a row as high as its label needs, at least
SIZE, SMALL = 8.0, 6.5
BAR = 0.58
CUT = 0.6  # where all levels are above this part of the largest, the axis leaves out its beginning
NARROWEST = 1.7  # of a panel, in inches
MOST_LINES = 6  # of what changed; where there are more, the last one kept ends in dots
LEADING = 1.15  # of lines, in their size
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Bar:
    """One row of a waterfall: from level `start` to `end`. A total begins at nothing."""

    label: str
    detail: str
    start: int
    end: int
    total: bool = False


def bars(document: Mapping[str, Any], split: str, cost: str) -> list[Bar]:
    """The rows of one panel, of the split `by_stage` or `by_choice`, top to bottom."""
    first, second = document["from"], document["to"]
    level = first[cost]
    rows = [Bar(first["name"], "", 0, level, total=True)]
    for part in document[split]:
        after = level + part["change"][cost]
        if split == "by_choice":
            label, detail = named(part), changed(part)
        else:
            label, detail = part["stage"], ""
        rows.append(Bar(label, detail, level, after))
        level = after
    assert level == second[cost], "the changes add up to the gap"
    return [*rows, Bar(second["name"], "", 0, level, total=True)]


def draw_waterfalls(document: Mapping[str, Any], on: Sequence[str], style: Style = PLAIN) -> Figure:
    """A column of panels a cost, for each split a row: that by choice, where there is one, above.

    `document` is that of `explore.networks.difference`, schema `archscope.diff/1`.
    """
    splits = [split for split in ("by_choice", "by_stage") if document[split] is not None]
    name = f"From {document['from']['name']} to {document['to']['name']}"
    heading = style.heading(Heading(name, [_explanation(document)]))
    width = style.width or LEFT + len(on) * (PANEL[len(on)] + GAP) - GAP + RIGHT
    labels = min(LEFT, 0.38 * width)
    # Panels that would be too narrow side by side stand below one another.
    across = max(1, min(len(on), int((width - labels) / NARROWEST)))
    panel = (width - labels - RIGHT + GAP) / across - GAP
    rows = [(split, on[at : at + across]) for split in splits for at in range(0, len(on), across)]
    with styled():
        ruler = new_figure(width, 1)
        used = draw_heading(ruler, heading, 0.15, width - RIGHT) + (BETWEEN if style.title else 0)
        said = {
            split: [_Label(ruler, bar, labels) for bar in bars(document, split, on[0])]
            for split in splits
        }
        high = {split: max(ROW, *(one.height for one in of)) for split, of in said.items()}
        body = sum(high[split] * len(said[split]) + TITLE + TICKS for split, _ in rows)
        top = used + body + BETWEEN * (len(rows) - 1) + 0.1
        figure = new_figure(width, top)
        draw_heading(figure, heading, 0.15, width - RIGHT)
        top -= used
        for split, costs in rows:
            top -= TITLE
            tall = high[split] * len(said[split])
            for index, cost in enumerate(costs):
                box = (labels + index * (panel + GAP), top - tall, panel, tall)
                _draw(axes_at(figure, box), bars(document, split, cost), panel, LABELS[cost])
            _draw_labels(figure, said[split], split, (labels, top), high[split])
            top -= tall + TICKS + BETWEEN
        return figure


def _explanation(document: Mapping[str, Any]) -> str:
    said = "Orange: more; blue: less. The changes add up to the gap exactly"
    if len(document["by_choice"] or ()) < 2:
        return f"{said}."
    return (
        f"{said}; each choice is made after those above it, and another order may split the gap "
        "otherwise."
    )


def _draw(axes: Axes, rows: Sequence[Bar], inches: float, title: str) -> None:
    """One panel, each row with its number."""
    levels = [row.end for row in rows]
    low, high = min(levels), max(levels)
    cut = low > CUT * high
    base = max(0.0, low - 0.45 * (high - low or 0.1 * high)) if cut else 0.0
    room = max(text_size(_figure(axes), _number(row), SIZE)[0] for row in rows) / POINTS + 0.1
    axes.set_xlim(base, base + (high - base) * inches / (inches - room))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    _draw_bars(axes, rows, base)
    if cut:
        _break(axes, rows, (axes.get_xlim()[1] - base) / inches)
    axes.set_title(title, fontsize=SIZE + 1, loc="left", color=INK, pad=4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(not cut)
    axes.grid(False)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    most = 3 if inches < 4 else 6
    axes.xaxis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    if cut:
        axes.set_xlabel("the axis does not begin at 0", fontsize=SMALL, color=GREY, labelpad=2)


def _break(axes: Axes, rows: Sequence[Bar], unit: float) -> None:
    """Mark the totals and the axis as cut off at their beginning; `unit` is an inch."""
    base = axes.get_xlim()[0]
    places = [(place, BAR / 2 + 0.06) for place, row in enumerate(rows) if row.total]
    for place, half in [*places, (len(rows) - 0.5, 0.14)]:
        for start in (0.1, 0.15):
            axes.plot(
                [base + (start - 0.025) * unit, base + (start + 0.025) * unit],
                [place + half, place - half],
                color="white",
                linewidth=2.0,
                zorder=4,
                clip_on=False,
                gid="break",
            )


def _draw_bars(axes: Axes, rows: Sequence[Bar], base: float) -> None:
    """Bars from level to level, totals from the axis' beginning, each with its number behind."""
    for place, row in enumerate(rows):
        start = base if row.total else row.start
        # The edge keeps a change visible that is thinner than a line.
        axes.barh(
            place,
            row.end - start,
            left=start,
            height=BAR,
            color=_colour(row),
            edgecolor=_colour(row),
            linewidth=0.9,
            zorder=2,
        )
        if place + 1 < len(rows):
            ends = [place + BAR / 2, place + 1 - BAR / 2]
            axes.plot([row.end] * 2, ends, color=GREY, linewidth=0.7, zorder=1)
        axes.annotate(
            _number(row),
            (max(start, row.end), place),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SIZE,
            fontweight="bold" if row.total else "normal",
            color=INK,
        )


def _draw_labels(
    figure: Figure, labels: Sequence[_Label], split: str, corner: tuple[float, float], row: float
) -> None:
    """What each row is, left of the panels, whose left and top are at `corner`, in inches."""
    wide, high = figure.get_size_inches()
    left, top = corner
    figure.text(
        0.15 / wide,
        (top + 0.06) / high,
        split.replace("_", " "),
        fontsize=SIZE + 1,
        fontweight="bold",
        color=INK,
    )
    for place, label in enumerate(labels):
        label.draw(figure, left, top - row * (place + 0.5))


class _Label:
    """The name of a row and, smaller, what changed, left of so many inches; measured, then drawn.

    `height` is what a row must have for it, in inches.
    """

    def __init__(self, ruler: Figure, row: Bar, left: float) -> None:
        room = left - 0.27
        lines = wrapped(ruler, row.detail, SMALL, "normal", room)
        if len(lines) > MOST_LINES:
            lines, last = lines[: MOST_LINES - 1], lines[MOST_LINES - 1]
            while " " in last and text_size(ruler, f"{last} ...", SMALL)[0] > room * POINTS:
                last = last.rpartition(" ")[0]
            lines.append(f"{last} ...")
        self.weight = "bold" if row.total else "normal"
        needed = text_size(ruler, row.label, SIZE, self.weight)[0] / POINTS
        first = SIZE * min(1.0, room / needed)  # a long name is set smaller
        self.lines = [(row.label, first), *((line, SMALL) for line in lines)]
        self.height = LEADING * sum(size for _, size in self.lines) / POINTS + 0.02

    def draw(self, figure: Figure, left: float, middle: float) -> None:
        """Around so many inches from the bottom."""
        wide, high = figure.get_size_inches()
        y = middle + LEADING * sum(size for _, size in self.lines) / 2 / POINTS
        for index, (line, size) in enumerate(self.lines):
            figure.text(
                (left - 0.12) / wide,
                (y - size * 0.95 / POINTS) / high,
                line,
                ha="right",
                fontsize=size,
                fontweight=self.weight,
                color=GREY if index else INK,
                gid="row-label",
            )
            y -= LEADING * size / POINTS


def _number(row: Bar) -> str:
    shown = si(row.end) if row.total else signed_si(row.end - row.start)
    return shown.replace("-", MINUS)


def _colour(row: Bar) -> str:
    if row.total:
        return GREY
    if row.end == row.start:
        return GREY
    return VERMILLION if row.end > row.start else BLUE


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    return figure
