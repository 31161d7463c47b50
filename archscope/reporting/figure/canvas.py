"""The common ground of all figures: size, style, headings, and saving.

matplotlib's object interface with the Agg canvas: no pyplot, no display, no global state kept.
Lengths are inches, sizes of type points.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import BinaryIO

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.style import context as style_context
from matplotlib.text import Text

from archscope.files import write_atomically
from archscope.reporting.figure.plot import Heading

INK, GREY, FAINT = "#1a1a1a", "#595959", "#d9d9d9"
DPI = 200
POINTS = 72.0
# Behind text that may stand on a curve; an outline of the letters would make paths of them.
HALO = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
# Fonts of the same widths, for a reader of an SVG file whose machine lacks ours.
_SVG_FONTS = "'DejaVu Sans', 'Bitstream Vera Sans', Verdana, sans-serif"
# The extensions of figures, with the metadata to leave out: dates and versions of programs.
SUFFIXES: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "text.color": INK,
    "text.parse_math": False,  # a data label with a dollar is no formula
    "text.hinting": "no_autohint",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "svg.fonttype": "none",  # text stays text: it can be searched and edited
    "svg.hashsalt": "archscope",
    "pdf.fonttype": 42,  # embedded as TrueType, as publishers want it
}


@contextmanager
def styled() -> Iterator[None]:
    """Our style, whatever the user's own settings of matplotlib are; undone at the end."""
    with style_context(["default", STYLE]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, on an Agg canvas."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def text_size(
    figure: Figure, string: str, size: float, weight: str = "normal"
) -> tuple[float, float]:
    """Width and height of a line of text in points, as it will be drawn; within `styled`."""
    return _text_size(string, size, weight, figure.dpi)


@lru_cache(maxsize=10_000)  # lines are broken by trial, and a page and a file have one heading
def _text_size(string: str, size: float, weight: str, dpi: float) -> tuple[float, float]:
    text = Text(0, 0, drawable(string), fontsize=size, fontweight=weight)
    text.set_figure(_ruler(dpi))
    extent = text.get_window_extent()
    return extent.width * POINTS / dpi, extent.height * POINTS / dpi


def drawable(text: str) -> str:
    """The text as figures have it: what our font has no sign for stands as `\\u732b`.

    A font of the machine's that has it would make another figure on every machine, and not every
    one can be embedded. Tables and pages have the text itself.
    """
    known = _signs()
    return "".join(
        c if c == "\n" or ord(c) in known else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


@cache
def _signs() -> frozenset[int]:
    """The characters of our font, plain and bold."""
    family = str(STYLE["font.family"])
    fonts = [FontProperties(family=family, weight=weight) for weight in ("normal", "bold")]
    plain, bold = (set(get_font(findfont(font)).get_charmap()) for font in fonts)
    return frozenset(plain & bold)


@cache
def _ruler(dpi: float) -> Figure:
    """A figure that is never drawn, to measure text on."""
    figure = Figure(dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def wrapped(figure: Figure, string: str, size: float, weight: str, inches: float) -> list[str]:
    """The text in lines no wider than so many inches, of about the same length."""

    def broken(limit: float) -> list[str]:
        lines: list[str] = []
        for word in string.split():
            joined = f"{lines[-1]} {word}" if lines else word
            if lines and text_size(figure, joined, size, weight)[0] <= limit:
                lines[-1] = joined
            else:
                lines.append(word)
        return lines

    lines = broken(inches * POINTS)
    for percent in range(95, 45, -5):
        narrower = broken(inches * POINTS * percent / 100)
        if len(lines) == 1 or len(narrower) > len(lines):
            break
        lines = narrower
    return lines


def in_lines(figure: Figure, string: str, size: float, inches: float) -> str:
    """The text broken into lines that fit."""
    return "\n".join(wrapped(figure, string, size, "normal", inches))


def legend_columns(
    figure: Figure, labels: Sequence[str], size: float, inches: float, sign: float
) -> int:
    """How many columns of a legend have room, one at least; a `sign` is so many inches wide."""
    entry = max(text_size(figure, label, size)[0] for label in labels) / POINTS + sign
    return max(1, min(len(labels), int(inches / entry)))


def draw_heading(figure: Figure, heading: Heading, left: float, right: float) -> float:
    """Write the heading at the top, between so many inches; returns the height used, in inches.

    Nothing is above what follows where there is no heading, but a hair's breadth.
    """
    width, height = figure.get_size_inches()
    used = 0.14 if heading.title or heading.subtitles else 0.02
    styles = [
        (heading.title, 10.0, "bold", INK),
        *((s, 8.0, "normal", GREY) for s in heading.subtitles),
    ]
    for string, size, weight, colour in styles:
        for line in wrapped(figure, string, size, weight, right - left):
            figure.text(
                left / width,
                1 - used / height,
                line,
                fontsize=size,
                fontweight=weight,
                color=colour,
                va="top",
                gid="heading",
            )
            used += size * 1.4 / POINTS
    return used


def axes_at(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Axes whose frame is the box (left, bottom, width, height), in inches from the lower left."""
    wide, high = figure.get_size_inches()
    left, bottom, width, height = box
    axes = figure.add_axes((left / wide, bottom / high, width / wide, height / high))
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    return axes


def file_bytes(figure: Figure, suffix: str) -> bytes:
    """The figure as a file of that extension (one of SUFFIXES); the same figure, the same bytes."""
    stream = io.BytesIO()
    with styled():
        for text in figure.findobj(Text):
            assert isinstance(text, Text)
            if (drawn := drawable(said := text.get_text())) != said:
                text.set_text(drawn)
        figure.savefig(stream, format=suffix[1:], metadata=SUFFIXES[suffix])
    content = stream.getvalue()
    return content.replace(b"'DejaVu Sans'", _SVG_FONTS.encode()) if suffix == ".svg" else content


def save(figure: Figure, stem: Path, kinds: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Write `stem`.png and `stem`.svg (or other `kinds`, also pdf), each atomically."""
    paths = []
    for kind in kinds:
        path = stem.with_name(f"{stem.name}.{kind}")
        write_atomically(path, partial(_copy, file_bytes(figure, f".{kind}")))
        paths.append(path)
    return paths


def _copy(content: bytes, file: BinaryIO) -> None:
    file.write(content)
