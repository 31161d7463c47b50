"""The report of a sweep of several networks: its tables, texts, page and figures.

Pure in the folder's records: the same records give the same files, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from archscope.report.contents import Contents, Drawing, markdown
from archscope.report.costs import costs_of, costs_table
from archscope.report.honesty import Honesty, against_document, honesty_against, honesty_table
from archscope.report.population import population, population_table
from archscope.report.study import verdict_row, verdict_table
from archscope.report.sweep import document, results, table7
from archscope.report.sweep_verdicts import sweep_verdicts
from archscope.report.table import Table, render
from archscope.report.verdicts import RESOLVE
from archscope.report.wording import trouble
from archscope.sweep.records import Sweep


def sweep_contents(sweep: Sweep, resolve: float = RESOLVE, longer: Sweep | None = None) -> Contents:
    """The report of a plain sweep; `longer` as `folder.contents` has it."""
    honest = None if longer is None else honesty_against(sweep, longer)
    against = [honesty_table(honest)] if honest else []
    found = sweep_verdicts(sweep, resolve)
    tables = [table7(sweep)]
    if found:
        tables.append(verdict_table(found))
    tables += [*against, *further_tables(sweep)]

    def made_page() -> str:
        from archscope.report.page import page

        return page(sweep, found=found, before=against)

    texts = {**shared_texts(sweep), "report.html": made_page}
    result = {
        **document(sweep),
        "verdicts": [verdict_row(verdict) for verdict in found],
        **further_document(sweep, honest),
    }
    return Contents(tuple(tables), result, texts, figures(sweep))


def further_tables(sweep: Sweep) -> list[Table]:
    """What any sweep of several networks is asked as well: costs, and its error distribution."""
    costs, drawn = costs_of(sweep), population(sweep)
    return [*([costs_table(costs)] if costs else []), *([population_table(drawn)] if drawn else [])]


def further_document(sweep: Sweep, against: Honesty | None = None) -> dict[str, Any]:
    """What `further_tables` tells, for JSON, and the comparison with another sweep, if any."""
    costs, drawn = costs_of(sweep), population(sweep)
    return {
        "fronts": [dict(row) for row in costs_table(costs).rows] if costs else [],
        "flips": [asdict(flip) for flip in costs.flips] if costs else [],
        "timing_notes": list(costs.timing) if costs else [],
        "distribution": [dict(row) for row in population_table(drawn).rows] if drawn else [],
        "against": against_document(against) if against else None,
    }


def shared_texts(sweep: Sweep) -> dict[str, Callable[[], str]]:
    """The tables that every sweep's folder has as files."""
    return {
        "results.csv": lambda: render(results(sweep), "csv"),
        "table.md": lambda: markdown([table7(sweep)], trouble(sweep)),
    }


def figures(sweep: Sweep) -> dict[str, Drawing]:
    """The figures of a sweep of several networks."""
    # Only when they are drawn: who needs a table must not wait for matplotlib.
    from archscope.report import costs_plot, curves, figure7, population_plot, scatter

    plot, lines, drawn = figure7.data(sweep), curves.data(sweep), population(sweep)
    found = {
        "figure7": Drawing(lambda: scatter.draw(plot), plot.heading),
        "curves": Drawing(lambda: curves.draw(lines), lines.heading),
    }
    if costs := costs_of(sweep):
        found["costs"] = Drawing(lambda: costs_plot.draw(costs), costs.heading)
    if drawn:
        found["distribution"] = Drawing(lambda: population_plot.draw(drawn), drawn.heading)
    return found
