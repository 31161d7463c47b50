"""A bar for each network's time, a panel for each mode: Wide ResNet's Figure 4, on this machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from archscope.errors import plural
from archscope.reporting.figure.canvas import (
    FAINT,
    HALO,
    INK,
    POINTS,
    axes_at,
    draw_heading,
    file_bytes,
    legend_columns,
    new_figure,
    styled,
    text_size,
)
from archscope.reporting.figure.plot import BLACK, BLUE, PLAIN, VERMILLION, Heading, Style
from archscope.reporting.networks.bench import device_text, three_digits

WIDTH = 6.5
RIGHT, BOTTOM, GAP = 0.2, 0.5, 0.72
ROW, SIGN = 0.18, 0.45  # a row of the legend, and what stands before its words
BAR = 0.3  # inches from one bar to the next
LABEL_SIZE = 8.0
BESIDE = 6.0  # points from a bar's end to its label
ONE_LINE = 3.5  # inches of a panel; in a narrower one, what the paper has is on a second line
COLOURS = {"": BLUE, "wide": BLUE, "thin": VERMILLION}


def draw_bench(document: Mapping[str, Any], suffix: str, style: Style = PLAIN) -> bytes:
    """The file of an `archscope.bench/1` document, as ".png", ".svg" or ".pdf".

    Bars are medians, whiskers the quartiles. A hollow diamond is where the paper's ratio would
    put a network: at that ratio times the first network's time here.
    """
    return file_bytes(bench_figure(document, style), suffix)


def bench_figure(document: Mapping[str, Any], style: Style = PLAIN) -> Figure:
    """The figure."""
    results = document["results"]
    panels = {
        mode: [r for r in results if r["mode"] == mode] for mode in document["setting"]["modes"]
    }
    with styled():
        title = style.heading(bench_heading(document))
        return _figure(document, panels, title, style.width or WIDTH)


def _figure(
    document: Mapping[str, Any],
    panels: Mapping[str, Sequence[Any]],
    heading: Heading,
    width: float,
) -> Figure:
    """Panels from top to bottom, each as high as its bars need."""
    names = {entry["network"] for entry in document["results"]}
    measure = new_figure(width, 1.0)
    left = 0.2 + max(text_size(measure, name, LABEL_SIZE)[0] for name in names) / POINTS
    handles = _handles(document)
    columns = _columns(measure, handles, width - left - RIGHT)
    legend = ROW * math.ceil(len(handles) / columns) + 0.06 if handles else 0.0
    used = draw_heading(measure, heading, 0.14, width - RIGHT) + legend
    heights = [BAR * (len(rows) + 0.4) for rows in panels.values()]
    total = used + 0.1 + sum(heights) + GAP * (len(heights) - 1) + BOTTOM
    figure = new_figure(width, total)
    draw_heading(figure, heading, 0.14, width - RIGHT)
    if legend:
        _draw_legend(figure, handles, columns, (left / width, 1 - (used - 0.04) / total))
    top = total - used - 0.1
    for (mode, rows), height in zip(panels.items(), heights, strict=True):
        axes = axes_at(figure, (left, top - height, width - left - RIGHT, height))
        _draw_panel(axes, mode, rows)
        top -= height + GAP
    return figure


def bench_heading(document: Mapping[str, Any]) -> Heading:
    """What the figure shows, and how its bars, whiskers and diamonds are read."""
    setting, published = document["setting"], document["published"]
    lines = [
        f"Median of {plural(setting['rounds'], 'interleaved round')}; whiskers: quartiles. "
        "Labels: time or images a second, and the median of the rounds' ratios to the first."
    ]
    if published:
        lines.append(
            f"Diamonds: where the paper's ratio puts it, from the first one's time here. "
            f"{published['source']}: {published['setting']}."
        )
    return Heading(f"Times on {device_text(document)}", lines)


def _handles(document: Mapping[str, Any]) -> list[Patch | Line2D]:
    groups = dict.fromkeys(entry["group"] for entry in document["results"] if entry["group"])
    handles: list[Patch | Line2D] = [Patch(color=COLOURS[group], label=group) for group in groups]
    if any(entry["published_ratio"] not in (None, 1) for entry in document["results"]):
        handles.append(_diamond([], [], label="by the published ratio"))
    return handles


def _columns(ruler: Figure, handles: Sequence[Artist], inches: float) -> int:
    """How many columns of the legend have room."""
    labels = [str(handle.get_label()) for handle in handles]
    return legend_columns(ruler, labels, LABEL_SIZE, inches, SIGN) if labels else 1


def _draw_legend(
    figure: Figure, handles: Sequence[Artist], columns: int, at: tuple[float, float]
) -> None:
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=at,
        ncols=columns,
        frameon=False,
        fontsize=LABEL_SIZE,
        columnspacing=1.0,
        borderpad=0.0,
        borderaxespad=0.0,
    )


def _draw_panel(axes: Axes, mode: str, rows: Sequence[Mapping[str, Any]]) -> None:
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    places = [len(rows) - 1 - index for index in range(len(rows))]
    bars = [_bar(row, rows[0]) for row in rows]
    # Each label ends within the panel.
    figure = cast(Figure, axes.figure)
    room = axes.get_window_extent().width * POINTS / figure.dpi
    between = " " if room >= ONE_LINE * POINTS else "\n"
    labels = [_label(row, bar, between) for row, bar in zip(rows, bars, strict=True)]
    sizes = [text_size(figure, said, LABEL_SIZE)[0] + 2 * BESIDE for said in labels]
    shares = [min(0.7, size / room) for size in sizes]
    axes.set_xlim(0, max(bar.end / (1 - part) for bar, part in zip(bars, shares, strict=True)))
    axes.set_ylim(-0.7, len(rows) - 0.3)
    for place, row, bar, said in zip(places, rows, bars, labels, strict=True):
        _draw_row(axes, place, row, bar, said)
    axes.set_yticks(places, [row["network"] for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"{mode}: {_unit(mode)}, batch {rows[0]['batch']}")


class _Bar(NamedTuple):
    """What is drawn of a row: milliseconds or, of throughput, images a second."""

    value: float
    low: float
    high: float
    ratio: float
    published: float | None
    published_ratio: float | None

    @property
    def end(self) -> float:
        return max(self.value, self.high, self.published or 0.0)


def _unit(mode: str) -> str:
    return "images/s" if mode == "throughput" else "ms"


def _bar(row: Mapping[str, Any], first: Mapping[str, Any]) -> _Bar:
    """The bar of a row; ratios of throughput are those of images a second."""
    (low, high), ratio = row["quartiles"], row["published_ratio"]
    # Where the paper's ratio puts a network; the first one is where it was measured.
    published = None if ratio is None or ratio == 1 else ratio * first["median"]
    if row["mode"] != "throughput":
        at = None if published is None else 1000 * published
        return _Bar(1000 * row["median"], 1000 * low, 1000 * high, row["ratio"], at, ratio)
    rate = row["batch"]
    at = None if published is None else rate / published
    return _Bar(
        *(rate / row["median"], rate / high, rate / low, 1 / row["ratio"], at),
        None if ratio is None else 1 / ratio,
    )


def _label(row: Mapping[str, Any], bar: _Bar, between: str) -> str:
    said = f"{three_digits(bar.value)} {_unit(row['mode'])}, {bar.ratio:.3g}×"
    if bar.published is not None:
        said += f"{between}(paper {bar.published_ratio:.3g}×)"
    return said


def _draw_row(axes: Axes, place: int, row: Mapping[str, Any], bar: _Bar, said: str) -> None:
    """A bar, its whisker, the published diamond, and a label that is not on them."""
    drawn = axes.barh(place, bar.value, height=0.62, color=COLOURS[row["group"]], linewidth=0)
    drawn.patches[0].set_gid(f"bar-{row['mode']}-{row['network']}")
    # The median stands between the quartiles: no bar of a negative length.
    whisker = [[bar.value - bar.low], [bar.high - bar.value]]
    axes.errorbar(bar.value, place, xerr=whisker, fmt="none", ecolor=BLACK, elinewidth=1, capsize=2)
    if bar.published is not None:
        axes.add_line(_diamond([bar.published], [place]))
    axes.annotate(
        *(said, (bar.end, place), (BESIDE, 0)),
        textcoords="offset points",
        va="center",
        fontsize=LABEL_SIZE,
        color=INK,
        bbox=HALO,
    )


def _diamond(x: list[float], y: list[float], label: str = "") -> Line2D:
    return Line2D(
        x,
        y,
        linestyle="",
        marker="D",
        markersize=5.5,
        markerfacecolor="white",
        markeredgecolor=BLACK,
        markeredgewidth=1.1,
        label=label,
        zorder=3,
    )
