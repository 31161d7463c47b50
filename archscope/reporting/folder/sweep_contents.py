"""The report of a sweep of several networks: its tables, texts, page and figures.

Pure in the folder's records: the same records give the same files, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

from archscope.reporting.facts.wording import trouble
from archscope.reporting.figure.costs import Costs, costs_of, costs_table
from archscope.reporting.figure.populations.population import (
    Population,
    population,
    population_table,
)
from archscope.reporting.folder.contents import Contents, Drawing, markdown
from archscope.reporting.folder.honesty import (
    Honesty,
    against_document,
    honesty_against,
    honesty_table,
)
from archscope.reporting.folder.study import verdict_row, verdict_table
from archscope.reporting.folder.sweep import document, results, table7
from archscope.reporting.judge.more_seeds import commands
from archscope.reporting.judge.of_sweep import sweep_verdicts
from archscope.reporting.judge.rounds import sentences
from archscope.reporting.judge.verdicts import RESOLVE
from archscope.reporting.table.render import render
from archscope.reporting.table.table import Table
from archscope.sweep.store.records import Sweep


def sweep_contents(
    sweep: Sweep,
    resolve: float = RESOLVE,
    longer: Sweep | None = None,
    published: bool = False,
) -> Contents:
    """The report of a plain sweep; `longer` as `folder.contents` has it."""
    honest = None if longer is None else honesty_against(sweep, longer)
    against = [honesty_table(honest)] if honest else []
    found = sweep_verdicts(sweep, resolve)
    more = commands(sweep, found)
    tables = [table7(sweep)]
    if found:
        tables.append(verdict_table(found, more))
    also = further(sweep)
    tables += [*against, *also.tables()]

    def made_page() -> str:
        from archscope.reporting.folder.page import page

        return page(sweep, found=found, more=more, before=against)

    texts = {**shared_texts(sweep), "report.html": made_page}
    result = {
        **document(sweep),
        "verdicts": [verdict_row(verdict) for verdict in found],
        "more_seeds": more,
        **also.document(honest),
    }
    return Contents(tuple(tables), result, texts, figures(sweep, also, published))


class Further(NamedTuple):
    """What any sweep of several networks is asked as well; None where there are too few."""

    costs: Costs | None
    population: Population | None

    def tables(self) -> list[Table]:
        """Error against each cost, and the distribution of errors."""
        costs, drawn = self
        shown = [costs_table(costs)] if costs else []
        return [*shown, population_table(drawn)] if drawn else shown

    def document(self, against: Honesty | None = None) -> dict[str, Any]:
        """The same for JSON, and the comparison with another sweep, if any."""
        costs, drawn = self
        return {
            "fronts": [dict(row) for row in costs_table(costs).rows] if costs else [],
            "flips": [asdict(flip) for flip in costs.flips] if costs else [],
            "timing_notes": list(costs.timing) if costs else [],
            "distribution": [dict(row) for row in population_table(drawn).rows] if drawn else [],
            "against": against_document(against) if against else None,
        }


def further(sweep: Sweep) -> Further:
    """Costs and population of a sweep."""
    return Further(costs_of(sweep), population(sweep))


def shared_texts(sweep: Sweep) -> dict[str, Callable[[], str]]:
    """The tables that every sweep's folder has as files."""
    return {
        "results.csv": lambda: render(results(sweep), "csv"),
        "table.md": lambda: markdown([table7(sweep)], [*sentences(sweep), *trouble(sweep)]),
    }


def figures(sweep: Sweep, also: Further, published: bool = False) -> dict[str, Drawing]:
    """The figures of a sweep of several networks; `published`: beside the paper's points."""
    # Not with this module, which is there before anything is trained: matplotlib takes its time.
    from archscope.reporting.figure import costs_plot, curves, figure7, scatter
    from archscope.reporting.figure.papers import figure5
    from archscope.reporting.figure.populations import population_plot

    plot, lines, (costs, drawn) = figure7.data(sweep), curves.data(sweep), also
    beside = None
    if published:
        plot, beside = figure7.beside_published(sweep)
    found = {
        figure7.file_name(sweep): Drawing(
            lambda style: scatter.draw(plot, style, beside), plot.heading
        ),
        "curves": Drawing(lambda style: curves.draw(lines, style), lines.heading),
    }
    if len(lines.panels) > 1:
        together = figure5.heading_of(lines)
        found["test-curves"] = Drawing(lambda style: figure5.draw(lines, style), together)
    if costs:
        found["costs"] = Drawing(lambda style: costs_plot.draw(costs, style), costs.heading)
    if drawn:
        found["distribution"] = Drawing(
            lambda style: population_plot.draw(drawn, style), drawn.heading
        )
    return found
