"""Drawing the error distribution of a population: a step for each network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from archscope.reporting.figure.canvas import axes_at, draw_heading, new_figure, styled
from archscope.reporting.figure.plot import BLUE, GREEN, PLAIN, VERMILLION, Style
from archscope.reporting.figure.populations.population import Group, Population

WIDTH, PANEL = 6.5, 2.6
LEFT, RIGHT, BOTTOM, LEGEND = 0.62, 0.18, 0.58, 0.3


@dataclass(frozen=True)
class _Look:
    colour: str
    marker: str
    line: Literal["-", "--", ":"]


# The colours and markers of the two curves of Figure 7.
_LOOKS = {
    "one": _Look(VERMILLION, "s", "--"),
    "more": _Look(BLUE, "o", "-"),
    "other": _Look(GREEN, "D", ":"),
    "all": _Look(BLUE, "o", "-"),
}


def draw(population: Population, style: Style = PLAIN) -> Figure:
    """The share of networks with less error than x, for each group."""
    width, heading = style.width or WIDTH, style.heading(population.heading)
    columns = len(population.groups) if width >= WIDTH else 1
    legend = LEGEND * math.ceil(len(population.groups) / columns)
    with styled():
        used = legend + draw_heading(new_figure(width, 1), heading, LEFT, width - RIGHT)
        wide = width - LEFT - RIGHT
        tall = min(PANEL, 0.8 * wide)
        figure = new_figure(width, used + tall + BOTTOM)
        draw_heading(figure, heading, LEFT, width - RIGHT)
        axes = axes_at(figure, (LEFT, BOTTOM, wide, tall))
        errors = [m.error for group in population.groups for m in group.members]
        room = 0.05 * (max(errors) - min(errors)) or 1.0
        low, high = min(errors) - room, max(errors) + room
        axes.set_xlim(low, high)
        axes.set_ylim(0, 1.04)
        axes.yaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        axes.xaxis.set_major_locator(
            MaxNLocator(nbins=max(3, round(wide)), steps=[1, 2, 2.5, 5, 10])
        )
        axes.set_xlabel("test error (%)")
        axes.set_ylabel("networks with no more error")
        for group in population.groups:
            look, shares = _LOOKS[group.name], shares_of(group)
            axes.step(
                [low, *(m.error for m in group.members), high],
                [0.0, *shares, 1.0],
                where="post",
                color=look.colour,
                linestyle=look.line,
                linewidth=1.4,
                marker="",
                label=f"{group.label}: {len(group.members)}, area {group.distribution.area:.3f}",
            )
            for member, share in zip(group.members, shares, strict=True):
                axes.plot(
                    [member.error],
                    [share],
                    look.marker,
                    color=look.colour,
                    markersize=4.2,
                    markeredgecolor="white",
                    markeredgewidth=0.5,
                    gid=gid(group, member.label),
                )
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=columns,
            frameon=False,
            fontsize=8.5,
            handlelength=2.8,
            borderpad=0.0,
            borderaxespad=0.4,
        )
        return figure


def shares_of(group: Group) -> list[float]:
    """The share of networks with no more error than each, by rising error."""
    return [(index + 1) / len(group.members) for index in range(len(group.members))]


def gid(group: Group, label: str) -> str:
    """The name of a network's marker in the drawing."""
    return f"step-{group.name}-{label}"


def hover(population: Population) -> dict[str, str]:
    """What is shown over each marker."""
    return {
        gid(group, member.label): (
            f"{member.label}: {member.error:.2f} % test error (n = {member.n}), "
            f"{member.params:,} parameters; {share:.0%} of {group.label} have no more error"
        )
        for group in population.groups
        for member, share in zip(group.members, shares_of(group), strict=True)
    }
