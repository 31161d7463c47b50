"""A bar for each network's time, a panel for each mode: Wide ResNet's Figure 4, on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from archscope.errors import plural
from archscope.reporting.figure.canvas import (
    BLACK,
    BLUE,
    FAINT,
    INK,
    POINTS,
    VERMILLION,
    axes_at,
    draw_heading,
    file_bytes,
    new_figure,
    styled,
    text_size,
)
from archscope.reporting.figure.plot import Heading
from archscope.reporting.networks.bench import device_text, milliseconds

WIDTH = 6.5
RIGHT, BOTTOM, GAP, LEGEND = 0.2, 0.5, 0.72, 0.34
BAR = 0.3  # inches from one bar to the next
LABEL_SIZE = 8.0
PLAIN, LABELLED = 0.25, 0.45  # of the panel's width: a label, and one with the paper's ratio
COLOURS = {"": BLUE, "wide": BLUE, "thin": VERMILLION}


def draw_bench(document: Mapping[str, Any], suffix: str) -> bytes:
    """The file of an `archscope.bench/1` document, as ".png", ".svg" or ".pdf".

    Bars are medians, whiskers the quartiles. A hollow diamond is where the paper's ratio would
    put a network: at that ratio times the first network's time here.
    """
    return file_bytes(bench_figure(document), suffix)


def bench_figure(document: Mapping[str, Any], heading: Heading | None = None) -> Figure:
    """The figure; `heading` is its title, where not its own."""
    results = document["results"]
    panels = {
        mode: [r for r in results if r["mode"] == mode] for mode in document["setting"]["modes"]
    }
    with styled():
        return _figure(document, panels, heading or bench_heading(document))


def _figure(
    document: Mapping[str, Any], panels: Mapping[str, Sequence[Any]], heading: Heading
) -> Figure:
    """Panels from top to bottom, each as high as its bars need."""
    names = {entry["network"] for entry in document["results"]}
    measure = new_figure(WIDTH, 1.0)
    left = 0.2 + max(text_size(measure, name, LABEL_SIZE)[0] for name in names) / POINTS
    legend = LEGEND if _handles(document) else 0.0
    used = draw_heading(measure, heading, 0.14, WIDTH - RIGHT) + legend
    heights = [BAR * (len(rows) + 0.4) for rows in panels.values()]
    total = used + 0.1 + sum(heights) + GAP * (len(heights) - 1) + BOTTOM
    figure = new_figure(WIDTH, total)
    draw_heading(figure, heading, 0.14, WIDTH - RIGHT)
    if legend:
        _draw_legend(figure, document, left / WIDTH, 1 - (used - 0.04) / total)
    top = total - used - 0.1
    for (mode, rows), height in zip(panels.items(), heights, strict=True):
        axes = axes_at(figure, (left, top - height, WIDTH - left - RIGHT, height))
        _draw_panel(axes, mode, rows)
        top -= height + GAP
    return figure


def bench_heading(document: Mapping[str, Any]) -> Heading:
    """What the figure shows, and how its bars, whiskers and diamonds are read."""
    setting, published = document["setting"], document["published"]
    lines = [
        f"Median of {plural(setting['rounds'], 'interleaved round')}; whiskers: quartiles. "
        "Labels: time, and its ratio to the first."
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
    if any(_published(entry, 1.0) for entry in document["results"]):
        handles.append(_diamond([], [], label="by the published ratio"))
    return handles


def _draw_legend(figure: Figure, document: Mapping[str, Any], x: float, y: float) -> None:
    handles = _handles(document)
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(x, y),
        ncols=len(handles),
        frameon=False,
        fontsize=LABEL_SIZE,
        borderpad=0.0,
        borderaxespad=0.0,
    )


def _draw_panel(axes: Axes, mode: str, rows: Sequence[Mapping[str, Any]]) -> None:
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    first = 1000 * rows[0]["median"]
    places = [len(rows) - 1 - index for index in range(len(rows))]
    found = [_published(row, first) for row in rows]
    ends = [_end(row, published) for row, published in zip(rows, found, strict=True)]
    rooms = [LABELLED if published else PLAIN for published in found]
    # Each label ends within the panel.
    axes.set_xlim(0, max(end / (1 - room) for end, room in zip(ends, rooms, strict=True)))
    axes.set_ylim(-0.7, len(rows) - 0.3)
    for place, row, published in zip(places, rows, found, strict=True):
        _draw_row(axes, place, row, published)
    axes.set_yticks(places, [row["network"] for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"{mode}: ms, batch {rows[0]['batch']}")


def _draw_row(axes: Axes, place: int, row: Mapping[str, Any], published: float | None) -> None:
    """A bar, its whisker, the published diamond, and a label that is not on them."""
    value, (low, high) = 1000 * row["median"], (1000 * q for q in row["quartiles"])
    bar = axes.barh(place, value, height=0.62, color=COLOURS[row["group"]], linewidth=0)
    bar.patches[0].set_gid(f"bar-{row['mode']}-{row['network']}")
    # The median stands between the quartiles: no bar of a negative length.
    whisker = [[value - low], [high - value]]
    axes.errorbar(value, place, xerr=whisker, fmt="none", ecolor=BLACK, elinewidth=1, capsize=2)
    label = f"{milliseconds(row['median'])} ms, {row['ratio']:.3g}×"
    if published is not None:
        axes.add_line(_diamond([published], [place]))
        label += f" (paper {row['published_ratio']:.3g}×)"
    at = _end(row, published) + 0.02 * axes.get_xlim()[1]
    text = axes.text(at, place, label, va="center", fontsize=LABEL_SIZE, color=INK)
    text.set_path_effects([withStroke(linewidth=2, foreground="white")])


def _end(row: Mapping[str, Any], published: float | None) -> float:
    reach: float = max(row["median"], row["quartiles"][1])
    return max(1000 * reach, published or 0.0)


def _published(row: Mapping[str, Any], first: float) -> float | None:
    """Where the paper's ratio puts a network; the first one is where it was measured."""
    ratio = row["published_ratio"]
    return None if ratio is None or ratio == 1 else ratio * first


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
