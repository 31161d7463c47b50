"""Training curves as in Figure 5 of the ResNeXt paper: a small panel for each network.

`data` says what is drawn, `draw` draws it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from archscope.errors import plural
from archscope.reporting.facts.points import LearningCurve, learning_curves
from archscope.reporting.facts.short_names import shared_sentences, short_names
from archscope.reporting.facts.wording import (
    data_label,
    epochs_label,
    family_label,
    samples_label,
    seeds_label,
)
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
)
from archscope.reporting.figure.plot import BLUE, PLAIN, VERMILLION, Heading, Style
from archscope.reporting.table.formats import mean_and_error
from archscope.sweep.store.records import Sweep

WIDTH, LEFT, RIGHT, BOTTOM, LEGEND = 7.2, 0.56, 0.14, 0.5, 0.38
PANEL_HEIGHT, GAP_X, GAP_Y, PANEL_TITLE = 1.3, 0.14, 0.2, 0.22
MOST = 24  # panels; of more networks those of the least error have one
WIDEST = 3.2
NARROWEST = 1.2  # of a panel, in inches
SECOND = 0.15  # for a second line
LEGEND_ROW = 4.5  # from this width on the legend is one row
NAME_SIZE = 9.0
SMALLEST = 6.0  # type of a panel's name; a longer name loses its middle
# Below this ratio of the highest to the lowest test error a linear scale shows more.
LOG_FROM = 6.0
Look = tuple[str, Literal["-", "--"], float]
TEST: Look = (BLUE, "-", 1.5)
TRAIN: Look = (VERMILLION, "--", 1.2)


@dataclass(frozen=True)
class Curves:
    """A panel for each learning curve that has begun, or for the best of many.

    `without` are those that have none: they are among the grey lines of the others.
    """

    heading: Heading
    panels: Sequence[LearningCurve]
    without: Sequence[LearningCurve] = ()


def data(sweep: Sweep) -> Curves:
    """The learning curves of a sweep."""
    begun = [curve for curve in learning_curves(sweep) if curve.epochs]
    least = sorted((curve.test[-1], place) for place, curve in enumerate(begun))[:MOST]
    chosen = {place for _, place in least}
    panels = [curve for place, curve in enumerate(begun) if place in chosen]
    without = [curve for place, curve in enumerate(begun) if place not in chosen]
    title = (
        f"Training curves: {data_label(sweep)}, {family_label(sweep)}, {epochs_label(sweep)}, "
        f"{seeds_label(sweep)}"
    )
    words = f"{_means(panels)}; {samples_label(sweep)}."
    if without:
        words += f" Of {len(begun):,} networks the {MOST} of the least error are shown."
    if any(curve.n > 1 for curve in panels):
        words += f" Band: {panels[0].judged} error ± one standard error."
    if len(panels) > 1:
        words += f" Grey: {panels[0].judged} error of the other networks."
    statuses = {record.trial.template: record.status for record in sweep.trials}
    without_one = statuses.keys() - {curve.template for curve in begun}
    waiting = Counter(statuses[template] == "paused" for template in without_one)
    if waiting[True]:
        words += f" {plural(waiting[True], 'network')} paused by the search, without a panel."
    if waiting[False]:
        words += f" {plural(waiting[False], 'network')} not begun, or without a run that counts."
    shared = shared_sentences([panel.template for panel in panels])
    return Curves(Heading(title, [words, *shared]), panels, without)


def _means(panels: Sequence[LearningCurve]) -> str:
    numbers = {panel.n for panel in panels}
    if numbers <= {1}:
        return "One seed"
    return "Mean over the seeds" + (", where there are several" if 1 in numbers else "")


def hover(curves: Curves) -> dict[str, str]:
    """What is shown over each panel of a page."""
    said = {}
    for panel in curves.panels:
        error = mean_and_error(panel.test[-1], panel.test_error_bars[-1] if panel.n > 1 else None)
        said[f"panel-{panel.template}"] = (
            f"{panel.template}: {panel.judged} error {error} %, training error "
            f"{panel.train[-1]:.2f} % after {plural(panel.epochs[-1], 'epoch')} (n = {panel.n})"
        )
    return said


def draw(curves: Curves, style: Style = PLAIN) -> Figure:
    """Draw the panels in rows, all on the same scales."""
    width, heading = style.width or WIDTH, style.heading(curves.heading)
    columns, rows = grid(len(curves.panels), max(1, int((width - LEFT) / NARROWEST)))
    names = short_names([panel.template for panel in curves.panels])
    with styled():
        wide = min((width - LEFT - RIGHT - (columns - 1) * GAP_X) / columns, WIDEST)
        trial = new_figure(width, 1)
        # All panels have their errors in the same place: beside the names, or below them.
        room = wide * POINTS
        below = not all(
            _fits(trial, names[one.template], _said(one), room) for one in curves.panels
        )
        cell = PANEL_HEIGHT + PANEL_TITLE + (SECOND if below else 0)
        legend = LEGEND + (SECOND if width < LEGEND_ROW else 0)
        body = rows * cell + (rows - 1) * GAP_Y + BOTTOM + legend
        # The heading's height is known only once its lines are broken.
        height = body + draw_heading(trial, heading, LEFT, width - RIGHT)
        figure = new_figure(width, height)
        top = height - legend - draw_heading(figure, heading, LEFT, width - RIGHT)
        if not curves.panels:
            axes = axes_at(figure, (LEFT, BOTTOM, wide, PANEL_HEIGHT))
            axes.set(xticks=[], yticks=[])
            say = "no epoch has finished yet"
            axes.text(0.5, 0.5, say, transform=axes.transAxes, ha="center", color=GREY)
            return figure
        every = [*curves.panels, *curves.without]
        for index, panel in enumerate(curves.panels):
            row, column = divmod(index, columns)
            left, bottom = LEFT + column * (wide + GAP_X), top - (row + 1) * cell - row * GAP_Y
            axes = axes_at(figure, (left, bottom, wide, PANEL_HEIGHT))
            scale_errors(axes, every)
            others = [other for other in every if other is not panel]
            _draw_panel(axes, panel, others)
            _title(axes, names[panel.template], _said(panel), below=below)
            last = index + columns >= len(curves.panels)
            _name_axes(axes, first_column=column == 0, last_row=last)
        _draw_legend(figure, top, every)
        return figure


def grid(panels: int, most: int = 5) -> tuple[int, int]:
    """Columns and rows for so many panels: the least empty places, then four columns.

    `most` are as many columns as have room.
    """
    if panels <= min(most, 5):
        return max(1, panels), 1
    columns = min([n for n in (4, 5, 3) if n <= most] or [most], key=lambda n: -panels % n)
    return columns, math.ceil(panels / columns)


def _limits(panels: Sequence[LearningCurve], *, training: bool = True) -> tuple[float, float, bool]:
    """The lowest and the highest error shown, and whether the scale is logarithmic."""
    test = [error for panel in panels for error in panel.test]
    train = [error for panel in panels for error in panel.train] if training else test
    high = max(*test, *train)
    if min(test) > 0 and max(test) / min(test) > LOG_FROM:
        # A training error may reach 0: it leaves the frame below a fifth of the best test error.
        low = max(min([*test, *(e for e in train if e > 0)]), min(test) / 5)
        return low / 1.15, high * 1.15, True
    low = min(*test, *train)
    room = max(0.06 * (high - low), 0.5)
    return max(0.0, low - room), high + room, False


def scale_errors(axes: Axes, panels: Sequence[LearningCurve], *, training: bool = True) -> None:
    """Scales on which all panels fit, with or without their training errors."""
    last = max(panel.epochs[-1] for panel in panels)
    first = min(1, last - 1)
    axes.set_xlim(first, last + 0.02 * (last - first))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))
    low, high, logarithmic = _limits(panels, training=training)
    if logarithmic:
        axes.set_yscale("log")
        steps = [s * 10.0**d for d in range(-3, 3) for s in (1, 2, 5)]
        axes.yaxis.set_major_locator(FixedLocator([t for t in steps if low <= t <= high]))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_ylim(low, high)


def _name_axes(axes: Axes, *, first_column: bool, last_row: bool) -> None:
    axes.tick_params(labelleft=first_column, labelbottom=last_row)
    if first_column:
        axes.set_ylabel("error (%)")
    if last_row:
        axes.set_xlabel("epoch", labelpad=1.5)


def _draw_panel(axes: Axes, panel: LearningCurve, others: Sequence[LearningCurve]) -> None:
    axes.patch.set_gid(f"panel-{panel.template}")
    for other in others:
        axes.plot(other.epochs, other.test, color=FAINT, linewidth=0.8)
    marker = "o" if len(panel.epochs) == 1 else ""
    for errors, (colour, line, width) in ((panel.train, TRAIN), (panel.test, TEST)):
        axes.plot(
            panel.epochs, errors, line, color=colour, linewidth=width, marker=marker, markersize=3
        )
    if panel.n > 1:
        pairs = list(zip(panel.test, panel.test_error_bars, strict=True))
        axes.fill_between(
            panel.epochs,
            [mean - bar for mean, bar in pairs],
            [mean + bar for mean, bar in pairs],
            color=TEST[0],
            alpha=0.25,
            linewidth=0,
        )


def _said(panel: LearningCurve) -> str:
    return f"{panel.test[-1]:.1f} %" + ("" if panel.finished else f" after {panel.epochs[-1]}")


def _fits(figure: Figure, name: str, said: str, room: float) -> bool:
    """Whether a panel's name and its error stand side by side in so many points."""
    wide = text_size(figure, name, NAME_SIZE, "bold")[0] + text_size(figure, said, 8)[0]
    return wide + 6 <= room


def _title(axes: Axes, name: str, said: str, *, below: bool) -> None:
    """The name over the panel, the error beside or below it."""
    figure = cast(Figure, axes.figure)
    room = axes.get_window_extent().width * POINTS / figure.dpi
    size = NAME_SIZE
    wide = text_size(figure, name, size, "bold")[0]
    size = max(SMALLEST, min(size, size * room / wide))
    whole, left = name, len(name)
    while text_size(figure, name, size, "bold")[0] > room and left > 2:
        left -= 1
        name = f"{whole[: left // 2]}…{whole[-left // 2 :]}"
    over = 3 + (SECOND * POINTS if below else 0)
    axes.set_title(name, loc="left", fontsize=size, fontweight="bold", color=INK, pad=over)
    at, side = ((0, 1), "left") if below else ((1, 1), "right")
    axes.annotate(
        *(said, at, (0, 3)),
        xycoords="axes fraction",
        textcoords="offset points",
        ha=side,
        fontsize=8,
        color=GREY,
    )


def _draw_legend(figure: Figure, top: float, panels: Sequence[LearningCurve]) -> None:
    low = _limits(panels)[0]
    below = any(error < low for panel in panels for error in panel.train)
    training = "training error" + (" (leaves the frame towards 0)" if below else "")
    handles = [
        Line2D([], [], color=colour, linestyle=line, linewidth=width, label=label)
        for (colour, line, width), label in ((TEST, f"{panels[0].judged} error"), (TRAIN, training))
    ]
    width, height = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(LEFT / width, (top + 0.04) / height),
        ncols=2 if width >= LEGEND_ROW else 1,
        frameon=False,
        fontsize=8.5,
        handlelength=2.8,
        borderpad=0.0,
        borderaxespad=0.2,
    )
