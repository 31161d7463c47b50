"""The figures of a sweep's page: drawn inline, their values shown over the markers."""

from __future__ import annotations

from archscope.reporting.facts.points import points
from archscope.reporting.figure import costs_plot, curves, figure7, scatter
from archscope.reporting.figure.costs import Costs
from archscope.reporting.figure.plot import Style
from archscope.reporting.figure.populations import population_plot
from archscope.reporting.figure.populations.population import Population
from archscope.reporting.figure.svg import inline_svg
from archscope.reporting.folder.contents import caption
from archscope.reporting.table.formats import mean_and_error
from archscope.reporting.table.html import figure_html
from archscope.sweep.store.records import Sweep

# On a page the heading is text, under the figure, and not drawn into it.
_UNTITLED = Style(title=False)


def error_figure(sweep: Sweep) -> str:
    """Error against parameters."""
    plot = figure7.data(sweep)
    hover = {}
    by_key = {point.entry.network: point for point in points(sweep)}
    for series in plot.series:
        for mark in series.marks:
            point, error = by_key[mark.key], mean_and_error(mark.y, mark.bar)
            hover[f"marker-{series.name}-{mark.label}"] = (
                f"{point.template}: {error} % test error (n = {point.test_error.n}), "
                f"{int(mark.x):,} parameters, {point.entry.macs:,} multiply-adds"
            )
    drawn = inline_svg(scatter.draw(plot, _UNTITLED), "error", plot.heading.title, hover)
    return figure_html(drawn, caption(plot.heading))


def curves_figure(sweep: Sweep) -> str:
    """The training curves, a panel for each network."""
    data = curves.data(sweep)
    drawn = inline_svg(
        curves.draw(data, _UNTITLED), "curves", data.heading.title, curves.hover(data)
    )
    return figure_html(drawn, caption(data.heading))


def costs_figure(found: Costs) -> str:
    """Error against each cost."""
    figure = costs_plot.draw(found, _UNTITLED)
    drawn = inline_svg(figure, "costs", found.heading.title, costs_plot.hover(found))
    return figure_html(drawn, caption(found.heading))


def population_figure(population: Population) -> str:
    """The distribution of errors."""
    drawn = inline_svg(
        population_plot.draw(population, _UNTITLED),
        "population",
        population.heading.title,
        population_plot.hover(population),
    )
    return figure_html(drawn, caption(population.heading))
