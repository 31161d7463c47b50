"""The report of a search: the verdicts first, then the best by time, the fronts, and what it took.

Pure in the folder's records, as that of a sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from archscope.errors import ArchscopeError, plural
from archscope.reporting.explorer import explorer
from archscope.reporting.facts.fronts import pareto
from archscope.reporting.facts.points import learning_curves
from archscope.reporting.facts.searches import (
    costs_tried,
    errors_tried,
    incumbent_rows,
    latency_entries,
    spent_rows,
    stands,
)
from archscope.reporting.facts.stored import stored_bytes
from archscope.reporting.facts.wording import data_label, epochs_label, trouble
from archscope.reporting.figure.costs import AXES, Costs
from archscope.reporting.figure.plot import Heading
from archscope.reporting.folder.contents import Contents, Drawing, markdown
from archscope.reporting.folder.study import verdict_row, verdict_table
from archscope.reporting.folder.sweep import conditions, results
from archscope.reporting.judge.rounds import decided
from archscope.reporting.judge.verdicts import Verdict
from archscope.reporting.networks.latency import LATENCY, with_ends
from archscope.reporting.table.formats import brief, decimal, integer, prefixed, text
from archscope.reporting.table.html import escape, paragraphs, section, whole_page
from archscope.reporting.table.render import render
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import SWEEP_FILE, Sweep, read_sweep
from archscope.sweep.store.search import DECISION_FOLDER, Search

CONVENTION = (
    "macs are multiply-adds of one image; errors in %; held-out errors are those of training "
    "images that were set aside, after the last epoch of each design; verdicts are on test "
    "errors of fresh seeds"
)


def decision_of(sweep: Sweep) -> Sweep | None:
    """The decision of a search, where it is begun; ArchscopeError where it is another sweep."""
    assert sweep.folder is not None
    folder = sweep.folder / DECISION_FOLDER
    if not (folder / SWEEP_FILE).exists():
        return None
    found = read_sweep(folder)
    if found.plan.rule is None:
        raise ArchscopeError(
            f"{folder} is not the decision of a search: move it away, and run the search again"
        )
    return found


def search_contents(sweep: Sweep, search: Search) -> Contents:
    """What the report of a search's folder holds, finished or not."""
    from archscope.reporting.figure import costs_plot, curves

    decision = decision_of(sweep)
    verdicts = [] if decision is None else decided(decision)
    tables = search_tables(sweep, search, decision, verdicts)
    found, lines = tried(sweep), curves.data(sweep)
    texts: dict[str, Callable[[], str]] = {
        "results.csv": lambda: render(trials(sweep, search), "csv"),
        "table.md": lambda: markdown(tables, trouble(sweep)),
        "report.html": lambda: _page(sweep, search, tables, verdicts, found),
    }
    figures = {"curves": Drawing(lambda style: curves.draw(lines, style), lines.heading)}
    if found is not None:
        figures["costs"] = Drawing(lambda style: costs_plot.draw(found, style), found.heading)
    return Contents(
        tuple(tables), search_document(sweep, search, decision, verdicts), texts, figures
    )


def search_document(
    sweep: Sweep, search: Search, decision: Sweep | None, verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """A search as JSON: schema `archscope.search/1`."""
    entries = {one.template: one for one in sweep.plan.networks}
    errors, best = errors_tried(sweep), search.winner
    asked, times = search.asked, latency_entries(search)
    winner = None
    if best is not None and best in entries:
        one = entries[best]
        costs = {cost: getattr(one, cost) for cost in ("params", "macs", "activations")}
        winner = {"network": one.network, **costs, "held_out_error": errors.get(best)}
        winner |= times.get(best, {})
    return {
        "schema": "archscope.search/1",
        "convention": CONVENTION,
        "folder": str(sweep.folder),
        "families": list(asked.families),
        "at_most": list(asked.caps),
        "latency": asked.latency,
        "latency_note": search.latency_note,
        "method": asked.method,
        "seed": asked.seed,
        "winner": winner,
        "largest": search.largest,
        "best_of_random": search.best_of_random,
        "decision": None if decision is None else str(decision.folder),
        "verdicts": [{**verdict_row(one), "stopped": one.stopped} for one in verdicts],
        "incumbents": incumbent_rows(search),
        "spent": spent_rows(search, sweep, decision),
        "rounds": [
            {"designs": list(one.designs), "epochs": list(one.epochs), "drawn": list(one.drawn)}
            for one in search.rounds
        ],
        "trials": [
            {**row, "held_out_error": errors.get(row["template"]), **times.get(row["template"], {})}
            for row in results(sweep).rows
        ],
    }


def trials(sweep: Sweep, search: Search) -> Table:
    """A row for each training; with its predicted latency where that is capped."""
    table, times = results(sweep), latency_entries(search)
    if not times:
        return table
    rows = [with_ends({**row, **times.get(row["template"], {})}) for row in table.rows]
    return replace(table, columns=[*table.columns, LATENCY], rows=rows)


def search_tables(
    sweep: Sweep, search: Search, decision: Sweep | None, verdicts: Sequence[Verdict]
) -> list[Table]:
    """Verdicts, the best by time, the fronts, what was spent."""
    shown = [verdict_table(verdicts)] if verdicts else []
    said = [stands(search), *_baselines(search, decision)]
    tables = [*shown, _incumbents(sweep, search, said)]
    if (found := tried(sweep)) is not None:
        tables.append(_fronts(found, search))
    return [*tables, _spent(search, sweep, decision)]


def _baselines(search: Search, decision: Sweep | None) -> list[str]:
    """What the winner is compared with, in words."""
    said = []
    if search.random:
        said.append(
            f"Best of random at the same training: {_named(search.best_of_random, search)}, of "
            f"the first {plural(len(search.random), 'design')} drawn, each trained to the end: as "
            "many epochs in all as the search spent."
        )
    if search.largest is not None:
        said.append(f"The largest that fits: {_named(search.largest, search)}{_time(search)}.")
    if search.winner is not None and decision is None and search.asked.baselines:
        same = {search.largest, search.best_of_random} - {None}
        if same <= {search.winner}:
            said.append(f"{search.winner} is the baseline itself: there is nothing to decide.")
    return said


def _named(design: str | None, search: Search) -> str:
    if design is None:
        return "not known yet"
    return f"{design}, the winner itself" if design == search.winner else design


def _time(search: Search) -> str:
    """What the largest is predicted to take."""
    found = next((one for one in search.latency if one.network == search.largest), None)
    if found is None:
        return ""
    low, high = brief(found.low), brief(found.high)
    return f" ({brief(found.ms)} ms predicted, {low} to {high})"


def _incumbents(sweep: Sweep, search: Search, said: Sequence[str]) -> Table:
    columns = [
        Column("seconds", "after (s)", decimal(0)),
        Column("epochs_spent", "epochs of\ntraining", integer),
        Column("round", "round", integer),
        Column("epochs", "its epochs", integer),
        Column("network", "best so far", text, "left"),
        Column("held_out_error", "held-out error (%)", decimal(2)),
        *([LATENCY] if search.latency else []),
    ]
    caps = " and ".join(search.asked.caps)
    selected = any(one.selects_by_training(search.asked.method) for one in search.rounds)
    by_training = ", before the last rung those on the training images" if selected else ""
    title = (
        f"Search of {', '.join(search.asked.families)}{f' at most {caps}' if caps else ''} by "
        f"{search.asked.method}: {data_label(sweep)}, {epochs_label(sweep)}"
    )
    more = [
        f"Held-out errors choose{by_training}, and are no measure of the winner: the best of many "
        "looks better than it is. The test set is seen by whole trainings alone, and chooses "
        "nothing.",
        *conditions(sweep),
        *([search.latency_note] if search.latency_note else []),
    ]
    rows = list(map(with_ends, incumbent_rows(search)))
    return Table(title, columns, rows, [*said, *trouble(sweep), *more])


def tried(sweep: Sweep) -> Costs | None:
    """The held-out errors of all that was tried beside its costs; None below two designs."""
    errors = errors_tried(sweep)
    if len(errors) < 2:
        return None
    title = f"Held-out error against each cost: {data_label(sweep)}"
    lines = [
        f"{plural(len(errors), 'design')}, each after its own last epoch: most were stopped early.",
        "Filled and joined: the front, not beaten by any other; hollow: the others.",
    ]
    costs = {
        cost: {name: value for name, value in of.items() if name in errors}
        for cost, of in costs_tried(sweep).items()
    }
    seconds = {
        record.trial.template: sum(float(line.get("seconds") or 0) for line in record.epochs)
        for record in sweep.trials
        if record.trial.template in errors
    }
    return Costs(
        Heading(title, lines),
        errors,
        dict.fromkeys(errors),
        {**costs, "seconds": seconds},
        error_label="held-out error (%)",
    )


def _fronts(found: Costs, search: Search) -> Table:
    costs = {AXES[axis]: found.costs[axis] for axis in ("params", "macs", "activations")}
    if search.latency:
        costs["predicted latency (ms)"] = {one.network: one.ms for one in search.latency}
    rows = [
        {"axis": axis, "network": name, "cost": cost[name], "held_out_error": found.errors[name]}
        for axis, cost in costs.items()
        for name in pareto(found.errors, cost)
    ]
    columns = [
        Column("axis", "front against", text, "left"),
        Column("network", "network", text, "left"),
        Column("cost", "cost", prefixed(3)),
        Column("held_out_error", "held-out error (%)", decimal(2)),
    ]
    return Table("Not beaten by any other that was tried", columns, rows)


def _spent(search: Search, sweep: Sweep, decision: Sweep | None) -> Table:
    columns = [
        Column("on", "spent on", text, "left"),
        Column("epochs", "epochs of training", integer),
        Column("seconds", "seconds", decimal(0)),
    ]
    noted = [
        "Seconds are those of the clock, for the decision those of training over the trials at a "
        "time."
    ]
    if search.random:
        noted.append("The random designs that the search had trained already went on from there.")
    return Table("What was spent", columns, spent_rows(search, sweep, decision), noted)


def _page(
    sweep: Sweep,
    search: Search,
    tables: Sequence[Table],
    verdicts: Sequence[Verdict],
    found: Costs | None,
) -> str:
    # Not with this module, which is there before anything is trained: matplotlib takes its time.
    from archscope.reporting.folder import page_figures
    from archscope.reporting.folder.page import head, tail, verdict_list, version
    from archscope.reporting.folder.page_trials import table_section

    parts = [
        paragraphs([stands(search)], "lead"),
        verdict_list(verdicts),
        *head(sweep),
        *map(table_section, tables[1:] if verdicts else tables),
    ]
    if found is not None:
        parts.append(section("All that was tried", page_figures.costs_figure(found)))
        times = {one.network: one.ms for one in search.latency if one.network in found.errors}
        beside = {**stored_bytes(sweep), **({"latency": times} if times else {})}
        data = explorer.data(found, learning_curves(sweep), beside=beside)
        parts.append(section("Explore", explorer.explorer_html(data)))
    if verdicts:
        link = f"{DECISION_FOLDER}/report.html"
        parts.append(
            f'<p class="small"><a href="{link}">{escape("The decision, look by look")}</a></p>'
        )
    title = f"Search of {', '.join(search.asked.families)}"
    scripts = [explorer.script()] if found is not None else []
    return whole_page(title, [*parts, *tail(sweep)], version(sweep), scripts)
