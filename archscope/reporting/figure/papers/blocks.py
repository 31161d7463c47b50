"""Blocks as the ResNeXt paper draws them in Figures 1 and 3, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

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
TOP, ROUND = 0.34, 0.075
HEADING = Heading("", ["A box is a layer: channels in, kernel, channels out."])


def draw(blocks: Sequence[Diagram], title: str, style: Style = PLAIN) -> Figure:
    """Each block in a panel of its own."""
    heading = style.heading(Heading(title, HEADING.subtitles))
    with styled():
        ruler = new_figure(1, 1)
        panels = [_Panel(block, ruler) for block in blocks]
        natural = sum(panel.width for panel in panels) + ROOM * (len(panels) + 1)
        high = max(panel.height for panel in panels)
        titled = text_size(ruler, heading.title, 10, "bold")[0] / POINTS
        width = max(natural, min(titled + 0.3, 2 * natural))
        head = draw_heading(new_figure(width, 1), heading, 0.12, width - 0.12)
        figure = new_figure(width, high + head + 0.2)
        draw_heading(figure, heading, 0.12, width - 0.12)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(0, high + head + 0.2)
        axes.axis("off")
        left = (width - natural) / 2 + ROOM
        for panel in panels:
            panel.draw(axes, left, high + 0.1)
            left += panel.width + ROOM
        return figure


class _Panel:
    """One block: measured first, then drawn."""

    def __init__(self, block: Diagram, ruler: Figure) -> None:
        self.block = block
        texts = [text for part in block.parts for text in _texts(part)]
        wide = max((text_size(ruler, text, SIZE)[0] for text in texts), default=60)
        self.box = wide / POINTS + PAD
        columns = max((_columns(part) for part in block.parts), default=1)
        self.inner = columns * self.box + (columns - 1) * BETWEEN
        title = text_size(ruler, block.title, SIZE + 1, "bold")[0] / POINTS
        self.width = max(self.inner + 0.5, title, 1.3)
        self.height = TOP + 0.3 + sum(map(_height, block.parts)) + 2 * ROUND + STEP + 0.5

    def draw(self, axes: Axes, left: float, top: float) -> None:
        middle = left + self.width / 2
        axes.text(middle, top, self.block.title, fontsize=SIZE + 1, fontweight="bold", va="top",
                  ha="center")  # fmt: skip
        y = top - TOP
        _arrow(axes, (middle, y), (middle, y - 0.3))
        axes.text(middle + 0.08, y - 0.06, f"{self.block.channels_in}-d in", fontsize=SIZE,
                  va="center", color=GREY)  # fmt: skip
        begin = y - 0.17
        y -= 0.3
        for part in self.block.parts:
            y = self._paths(axes, part, middle, y) if isinstance(part, Paths) else self._one(
                axes, part, middle, y
            )  # fmt: skip
        y -= ROUND
        side = middle + self.inner / 2 + 0.2
        axes.plot([middle, side, side, middle + ROUND], [begin, begin, y, y], color=INK, lw=0.9)
        _join(axes, middle, y, "sum")
        _arrow(axes, (middle, y - ROUND), (middle, y - ROUND - 0.3))
        axes.text(middle + 0.08, y - ROUND - 0.17, f"{self.block.channels_out}-d out",
                  fontsize=SIZE, va="center", color=GREY)  # fmt: skip

    def _one(self, axes: Axes, text: str, x: float, y: float) -> float:
        """A box whose top is at y, and the arrow below it; returns where that ends."""
        high = _box_height(text)
        self._boxed(axes, text, x, y)
        _arrow(axes, (x, y - high), (x, y - high - STEP))
        return y - high - STEP

    def _boxed(self, axes: Axes, text: str, x: float, y: float) -> None:
        high = _box_height(text)
        axes.add_patch(
            Rectangle((x - self.box / 2, y - high), self.box, high, facecolor="white",
                      edgecolor=INK, linewidth=0.9, zorder=2)
        )  # fmt: skip
        axes.text(x, y - high / 2, text, fontsize=SIZE, ha="center", va="center", zorder=3,
                  gid="box")  # fmt: skip

    def _paths(self, axes: Axes, part: Paths, x: float, y: float) -> float:
        """The paths from a point at y, and what joins them; returns where its arrow ends."""
        shown = shown_paths(part.number)
        whole = len(shown) * self.box + (len(shown) - 1) * BETWEEN
        end = y - STEP - sum(_box_height(text) for text in part.boxes)
        end -= STEP * (len(part.boxes) - 1) + STEP + ROUND
        for place, number in enumerate(shown):
            column = x - whole / 2 + self.box / 2 + place * (self.box + BETWEEN)
            if number is None:
                axes.text(column, (y + end) / 2, f"...\ntotal {part.number}\npaths",
                          fontsize=SIZE, ha="center", va="center")  # fmt: skip
                continue
            at = y - STEP
            _arrow(axes, (x, y), (column, at))
            for index, text in enumerate(part.boxes):
                self._boxed(axes, text, column, at)
                at -= _box_height(text)
                if index < len(part.boxes) - 1:
                    _arrow(axes, (column, at), (column, at - STEP))
                    at -= STEP
            _arrow(axes, (column, at), (x, end + 1.2 * ROUND))
        _join(axes, x, end, part.join)
        _arrow(axes, (x, end - ROUND), (x, end - ROUND - STEP))
        return end - ROUND - STEP


def _texts(part: str | Paths) -> Sequence[str]:
    return (part,) if isinstance(part, str) else (*part.boxes, "total 9,999")


def _columns(part: str | Paths) -> int:
    return 1 if isinstance(part, str) else len(shown_paths(part.number))


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
