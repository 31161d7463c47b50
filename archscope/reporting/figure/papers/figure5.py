"""The test curves of all networks in one panel, as Figure 5 of the ResNeXt paper has them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from archscope.reporting.facts.short_names import short_names
from archscope.reporting.figure.canvas import (
    POINTS,
    axes_at,
    draw_heading,
    new_figure,
    styled,
    text_size,
)
from archscope.reporting.figure.curves import Curves, scale_errors
from archscope.reporting.figure.plot import (
    COLOURS,
    PLAIN,
    Heading,
    Style,
)

WIDTH, PANEL = 6.5, 3.4
LEFT, RIGHT, BOTTOM = 0.62, 0.12, 0.52
SIDE_BY_SIDE = 4.5  # from this width on the legend is beside the frame
SIZE, ROW = 8.0, 0.16
LINES = ("-", "--", "-.", ":")


def heading_of(curves: Curves) -> Heading:
    """The heading of the small panels, without what those alone show."""
    judged = curves.panels[0].judged if curves.panels else "test"
    _, _, rest = curves.heading.title.partition(": ")
    lines = [
        part.partition(" Band:")[0].partition(" Grey:")[0] for part in curves.heading.subtitles
    ]
    return Heading(f"{judged.capitalize()} error after each epoch: {rest}", lines)


def draw(curves: Curves, style: Style = PLAIN) -> Figure:
    """A line for each network, the legend in the order of their last errors."""
    width, heading = style.width or WIDTH, style.heading(heading_of(curves))
    panels = sorted(curves.panels, key=lambda panel: -panel.test[-1])
    names = short_names([panel.template for panel in curves.panels])
    # Neighbours in the plan, as the networks of a curve are, differ in colour.
    looks = {
        panel.template: (COLOURS[index % len(COLOURS)], LINES[index // len(COLOURS) % len(LINES)])
        for index, panel in enumerate(curves.panels)
    }
    with styled():
        ruler = new_figure(width, 1)
        said = {p.template: f"{names[p.template]}  {p.test[-1]:.1f} %" for p in panels}
        entry = max(text_size(ruler, text, SIZE)[0] for text in said.values()) / POINTS + 0.5
        beside = width >= SIDE_BY_SIDE and entry < width / 2
        wide = width - LEFT - RIGHT - (entry if beside else 0)
        columns = 1 if beside else max(1, int((width - LEFT) / entry))
        legend = ROW * -(-len(panels) // columns) + 0.1
        tall = max(PANEL, legend) if beside else min(PANEL, 0.8 * wide)
        bottom = BOTTOM + (0 if beside else legend)
        used = draw_heading(ruler, heading, LEFT, width - RIGHT) + 0.06
        figure = new_figure(width, used + tall + bottom)
        draw_heading(figure, heading, LEFT, width - RIGHT)
        axes = axes_at(figure, (LEFT, bottom, wide, tall))
        scale_errors(axes, curves.panels, training=False)
        for panel in panels:
            colour, line = looks[panel.template]
            _draw_line(axes, (panel.epochs, panel.test), (colour, line), said[panel.template])
        axes.set_xlabel("epoch", labelpad=1.5)
        axes.set_ylabel(f"{panels[0].judged} error (%)")
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0) if beside else (0.0, -BOTTOM / tall),
            ncols=columns,
            frameon=False,
            fontsize=SIZE,
            handlelength=2.0,
            labelspacing=0.4,
            columnspacing=1.0,
            borderpad=0.0,
            borderaxespad=0.5 if beside else 0.0,
        )
        return figure


def _draw_line(
    axes: Axes,
    errors: tuple[Sequence[int], Sequence[float]],
    look: tuple[str, str],
    label: str,
) -> None:
    epochs, test = errors
    axes.plot(
        *(epochs, test),
        color=look[0],
        linestyle=look[1],
        linewidth=1.4,
        marker="o" if len(epochs) == 1 else "",
        markersize=4,
        label=label,
    )
