"""The figures of a sweep's page: drawn inline, their values shown over the markers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from archscope.reporting.explorer import explorer
from archscope.reporting.facts.points import by_network, errors_of, learning_curves, points
from archscope.reporting.facts.stored import stored_bytes
from archscope.reporting.figure import costs_plot, curves, figure7, scatter
from archscope.reporting.figure.costs import Costs
from archscope.reporting.figure.plot import Heading, Style
from archscope.reporting.figure.populations import population_plot
from archscope.reporting.figure.populations.population import Population
from archscope.reporting.figure.svg import inline_svg
from archscope.reporting.folder.contents import caption
from archscope.reporting.table.formats import mean_and_error
from archscope.reporting.table.html import figure_html
from archscope.sweep.store.records import Sweep

# On a page the heading is text, under the figure, and not drawn into it.
_UNTITLED = Style(title=False)
_NARROW = Style(width=3.7, title=False)  # inches, for a telephone: the type stays readable


def drawn(
    draw: Callable[[Style], Figure], name: str, heading: Heading, hover: Mapping[str, str]
) -> str:
    """A figure drawn twice, for wide and for narrow screens, of which a page shows one."""
    wide = inline_svg(draw(_UNTITLED), name, heading.title, hover)
    return figure_html(wide, caption(heading), narrow(draw, name, heading, hover))


def narrow(
    draw: Callable[[Style], Figure], name: str, heading: Heading, hover: Mapping[str, str]
) -> str:
    """The figure as a narrow screen shows it."""
    return inline_svg(draw(_NARROW), f"{name}-narrow", heading.title, hover)


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
    return drawn(lambda style: scatter.draw(plot, style), "error", plot.heading, hover)


def explored(sweep: Sweep, found: Costs) -> str:
    """Errors, costs and curves to be explored."""
    series = figure7.data(sweep).series
    labels = {point.entry.network: point.template for point in points(sweep)}
    groups = [
        (one.name, one.label, [labels[mark.key] for mark in one.marks])
        for one in (series if any(one.name != "other" for one in series) else ())
    ]
    more = {
        what: {group[0].trial.template: errors_of(group, key) for group in by_network(sweep)}
        for key, what in {
            "validation_error": "validation error",
            "train_error": "training error",
        }.items()
    }
    counted = {point.template: point.test_error.n for point in points(sweep)}
    data = explorer.data(found, learning_curves(sweep), groups, more, counted, stored_bytes(sweep))
    return explorer.explorer_html(data)


def curves_figure(sweep: Sweep) -> str:
    """The training curves, a panel for each network."""
    data = curves.data(sweep)
    return drawn(lambda style: curves.draw(data, style), "curves", data.heading, curves.hover(data))


def costs_figure(found: Costs) -> str:
    """Error against each cost."""
    hover = costs_plot.hover(found)
    return drawn(lambda style: costs_plot.draw(found, style), "costs", found.heading, hover)


def population_figure(population: Population) -> str:
    """The distribution of errors."""
    hover = population_plot.hover(population)
    return drawn(
        lambda style: population_plot.draw(population, style),
        *("population", population.heading, hover),
    )
