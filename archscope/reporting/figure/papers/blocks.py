"""Blocks as the ResNeXt paper draws them in Figures 1 and 3, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from archscope.errors import UsageError
from archscope.reporting.figure.canvas import (
    GREY,
    INK,
    POINTS,
    draw_heading,
    new_figure,
    styled,
    text_size,
)
from archscope.reporting.figure.plot import PLAIN, Heading, Style
from archscope.reporting.networks.diagram import Diagram, Paths, shown_paths

# Inches.
SIZE, PAD, LINE = 8.0, 0.16, 0.16
BETWEEN, STEP, ROOM = 0.14, 0.26, 0.45  # boxes of two paths; a box and the next; two panels
TOP, ROUND, END = 0.34, 0.075, 0.3  # a panel's title; the radius of a sum; an arrow in or out
MARGIN, TURN, ROWS = 0.12, 0.25, 0.2  # of the figure; a shortcut beside its boxes; two rows
HEADING = Heading("", ["A box is a layer: channels in, kernel, channels out."])


def draw(blocks: Sequence[Diagram], title: str, style: Style = PLAIN) -> Figure:
    """Each block in a panel of its own; those that have no room beside each other stand below.

    Raises:
        UsageError: where a block is wider than the figure may be.
    """
    heading = style.heading(Heading(title, HEADING.subtitles))
    margin = ROOM if style.width is None else MARGIN
    with styled():
        ruler = new_figure(1, 1)
        room = None if style.width is None else style.width - 2 * margin
        panels = [_Panel(block, ruler, room) for block in blocks]
        _check_room(max(panel.width for panel in panels), room)
        rows = _rows(panels, room)
        natural = max(map(_width, rows)) + 2 * margin
        titled = text_size(ruler, heading.title, 10, "bold")[0] / POINTS
        width = style.width or max(natural, min(titled + 0.3, 2 * natural))
        head = draw_heading(new_figure(width, 1), heading, MARGIN, width - MARGIN)
        tall = [max(panel.height for panel in row) for row in rows]
        high = head + sum(tall) + ROWS * (len(rows) - 1) + 0.2
        figure = new_figure(width, high)
        draw_heading(figure, heading, MARGIN, width - MARGIN)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(0, high)
        axes.axis("off")
        top = high - head - 0.1
        for row, down in zip(rows, tall, strict=True):
            left = (width - _width(row)) / 2
            for panel in row:
                panel.draw(axes, left, top)
                left += panel.width + ROOM
            top -= down + ROWS
        return figure


def _check_room(needed: float, room: float | None) -> None:
    if room is not None and needed > room:
        inches = math.ceil(20 * (needed + 2 * MARGIN)) / 20
        raise UsageError(
            f"this diagram is {inches:g} inches wide at least; write --figure-width {inches:g}in, "
            "or leave it out"
        )


def _rows(panels: Sequence[_Panel], room: float | None) -> list[list[_Panel]]:
    """As many panels in each row as have room, in their order."""
    rows = [[panels[0]]]
    for panel in panels[1:]:
        if room is None or _width([*rows[-1], panel]) <= room:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _width(row: Sequence[_Panel]) -> float:
    return sum(panel.width for panel in row) + ROOM * (len(row) - 1)


class _Panel:
    """One block: measured first, then drawn, within `room` inches if there is a limit."""

    def __init__(self, block: Diagram, ruler: Figure, room: float | None) -> None:
        self.block = block
        paths = [part for part in block.parts if isinstance(part, Paths)]
        single = [part for part in block.parts if isinstance(part, str)]
        self.box = _widest(ruler, single) + PAD
        self.path = _widest(ruler, [text for part in paths for text in part.boxes]) + PAD
        self.dots = _widest(ruler, list(map(_left_out, paths)))
        self.top = TOP if block.title else 0.0
        least = max(text_size(ruler, block.title, SIZE + 1, "bold")[0] / POINTS, 1.3)
        for self.few in (False, True):
            self.inner = max(map(self._across, block.parts), default=self.box)
            self.width = max(self.inner + 2 * TURN, least)
            if room is None or self.width <= room:
                break
        self.height = self.top + 2 * END + sum(map(_height, block.parts)) + 2 * ROUND

    def _across(self, part: str | Paths) -> float:
        """How wide the boxes of a part are, side by side; what stands for others is narrower."""
        if isinstance(part, str):
            return self.box
        shown = shown_paths(part.number, self.few)
        boxes = sum(self.dots if number is None else self.path for number in shown)
        return boxes + (len(shown) - 1) * BETWEEN

    def draw(self, axes: Axes, left: float, top: float) -> None:
        middle = left + self.width / 2
        axes.text(middle, top, self.block.title, fontsize=SIZE + 1, fontweight="bold", va="top",
                  ha="center")  # fmt: skip
        y = top - self.top
        _arrow(axes, (middle, y), (middle, y - END))
        axes.text(middle + 0.08, y - 0.06, f"{self.block.channels_in}-d in", fontsize=SIZE,
                  va="center", color=GREY)  # fmt: skip
        begin = y - 0.17
        y -= END
        for part in self.block.parts:
            y = self._paths(axes, part, middle, y) if isinstance(part, Paths) else self._one(
                axes, part, middle, y
            )  # fmt: skip
        y -= ROUND
        side = middle + self.inner / 2 + 0.8 * TURN
        axes.plot([middle, side, side, middle + ROUND], [begin, begin, y, y], color=INK, lw=0.9)
        _join(axes, middle, y, "sum")
        _arrow(axes, (middle, y - ROUND), (middle, y - ROUND - END))
        axes.text(middle + 0.08, y - ROUND - 0.17, f"{self.block.channels_out}-d out",
                  fontsize=SIZE, va="center", color=GREY)  # fmt: skip

    def _one(self, axes: Axes, text: str, x: float, y: float) -> float:
        """A box whose top is at y, and the arrow below it; returns where that ends."""
        high = _box_height(text)
        self._boxed(axes, text, (x, y), self.box)
        _arrow(axes, (x, y - high), (x, y - high - STEP))
        return y - high - STEP

    def _boxed(self, axes: Axes, text: str, top: tuple[float, float], wide: float) -> None:
        (x, y), high = top, _box_height(text)
        axes.add_patch(
            Rectangle((x - wide / 2, y - high), wide, high, facecolor="white",
                      edgecolor=INK, linewidth=0.9, zorder=2)
        )  # fmt: skip
        axes.text(x, y - high / 2, text, fontsize=SIZE, ha="center", va="center", zorder=3,
                  gid="box")  # fmt: skip

    def _paths(self, axes: Axes, part: Paths, x: float, y: float) -> float:
        """The paths from a point at y, and what joins them; returns where its arrow ends."""
        shown = shown_paths(part.number, self.few)
        wide = [self.dots if number is None else self.path for number in shown]
        left = x - (sum(wide) + (len(shown) - 1) * BETWEEN) / 2
        end = y - STEP - sum(_box_height(text) for text in part.boxes)
        end -= STEP * (len(part.boxes) - 1) + STEP + ROUND
        for width, number in zip(wide, shown, strict=True):
            column = left + width / 2
            left += width + BETWEEN
            if number is None:
                axes.text(column, (y + end) / 2, _left_out(part),
                          fontsize=SIZE, ha="center", va="center")  # fmt: skip
                continue
            at = y - STEP
            _arrow(axes, (x, y), (column, at))
            for index, text in enumerate(part.boxes):
                self._boxed(axes, text, (column, at), width)
                at -= _box_height(text)
                if index < len(part.boxes) - 1:
                    _arrow(axes, (column, at), (column, at - STEP))
                    at -= STEP
            _arrow(axes, (column, at), (x, end + 1.2 * ROUND))
        _join(axes, x, end, part.join)
        _arrow(axes, (x, end - ROUND), (x, end - ROUND - STEP))
        return end - ROUND - STEP


def _widest(ruler: Figure, texts: Sequence[str]) -> float:
    """The width of the widest text, in inches; of none that of an empty box."""
    return max((text_size(ruler, text, SIZE)[0] for text in texts), default=60) / POINTS


def _left_out(part: Paths) -> str:
    return f"...\ntotal {part.number}\npaths"


def _box_height(text: str) -> float:
    return 0.1 + LINE * len(text.split("\n"))


def _height(part: str | Paths) -> float:
    if isinstance(part, str):
        return _box_height(part) + STEP
    boxes = sum(map(_box_height, part.boxes)) + STEP * (len(part.boxes) - 1)
    return boxes + 3 * STEP + 2 * ROUND


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "-|>", "color": INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0,
            "mutation_scale": 7}  # fmt: skip
    axes.annotate("", xy=end, xytext=start, arrowprops=look, zorder=1)


def _join(axes: Axes, x: float, y: float, kind: str) -> None:
    """A plus in a circle, or the word."""
    if kind == "sum":
        axes.add_patch(Circle((x, y), ROUND, facecolor="white", edgecolor=INK, lw=0.9, zorder=2))
        half = 0.6 * ROUND
        axes.plot([x - half, x + half], [y, y], color=INK, lw=0.9, zorder=3)
        axes.plot([x, x], [y - half, y + half], color=INK, lw=0.9, zorder=3)
        return
    axes.text(x, y, kind, fontsize=SIZE, ha="center", va="center", zorder=3,
              bbox={"facecolor": "white", "edgecolor": INK, "lw": 0.9, "pad": 2})  # fmt: skip
