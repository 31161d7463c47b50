"""The report of one network that was trained from several seeds: a row a seed, and the mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archscope.reporting.facts.census import census_sentences
from archscope.reporting.facts.points import errors_of, further_errors
from archscope.reporting.facts.wording import (
    data_label,
    epochs_label,
    machine_sentence,
    recipe_sentence,
    samples_label,
    seeds_label,
    trouble,
    view_sentences,
)
from archscope.reporting.folder.contents import Contents, Drawing, markdown
from archscope.reporting.folder.sweep import results
from archscope.reporting.table.formats import decimal, mean_and_error, text
from archscope.reporting.table.render import render
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import Sweep

CONVENTION = "macs are multiply-adds of one image; errors in %, of the final epoch"
ERRORS = {
    "validation_error": "validation",
    "test_error": "test",
    "test_error_listed": "test, among the listed classes",
    "train_error": "training",
}


def contents(sweep: Sweep) -> Contents:
    """The report of a single network: its table, results.csv, report.html and curves."""
    from archscope.reporting.figure import curves

    shown, lines = table(sweep), curves.data(sweep)

    def made_page() -> str:
        from archscope.reporting.folder.page import train_page

        return train_page(sweep, shown, means(sweep))

    texts: dict[str, Callable[[], str]] = {
        "results.csv": lambda: render(results(sweep), "csv"),
        "table.md": lambda: markdown((shown,), trouble(sweep)),
        "report.html": made_page,
    }
    figures = {"curves": Drawing(lambda style: curves.draw(lines, style), lines.heading)}
    return Contents((shown,), document(sweep), texts, figures)


def table(sweep: Sweep) -> Table:
    """A row for each seed; the notes begin with the mean and its standard error."""
    there = _errors(sweep)
    columns = [
        Column("seed", "seed", text),
        Column("status", "status", text, "left"),
        Column("epochs", "epochs", text),
        *(Column(key, f"{ERRORS[key]}\nerror (%)", decimal(2)) for key in there),
        Column("seconds", "seconds", decimal(1)),
    ]
    network = sweep.plan.networks[0].network
    title = (
        f"{network} on {data_label(sweep)}: {samples_label(sweep)}, recipe "
        f"{sweep.plan.settings.recipe.name}, {epochs_label(sweep)}, {seeds_label(sweep)}"
    )
    notes = [
        *trouble(sweep),
        *means(sweep),
        *view_sentences(sweep),
        recipe_sentence(sweep),
        machine_sentence(sweep),
        f"Data: {data_label(sweep)}, {sweep.plan.dataset.fingerprint}.",
        *census_sentences(sweep.plan.census),
    ]
    return Table(title, columns, results(sweep).rows, notes)


def means(sweep: Sweep) -> list[str]:
    """The means over the seeds in a sentence; none where no training has finished."""
    said = []
    for key in _errors(sweep):
        error = errors_of(sweep.trials, key)
        if error.n:
            shown = mean_and_error(error.mean, error.standard_error)
            said.append(f"{ERRORS[key]} {shown} %")
    if not said:
        return []
    n = errors_of(sweep.trials).n
    over = "one seed" if n == 1 else f"mean ± standard error over {n} seeds"
    return [f"Error of the final epoch ({over}): {'; '.join(said)}."]


def document(sweep: Sweep) -> dict[str, Any]:
    """The result as JSON, schema `archscope.train/1`."""
    shown = table(sweep)
    plan = sweep.plan.head()
    network = plan["networks"][0]
    summary = {}
    for key in _errors(sweep):
        error = errors_of(sweep.trials, key)
        summary[key] = {"mean": error.mean, "standard_error": error.standard_error, "n": error.n}
    return {
        "schema": "archscope.train/1",
        "convention": CONVENTION,
        "title": shown.title,
        "folder": str(sweep.folder),
        "network": {key: network[key] for key in ("network", "params", "macs", "activations")},
        "dataset": plan["dataset"],
        "settings": plan["settings"],
        "machine": plan["machine"],
        "trials": [dict(row) for row in shown.rows],
        "summary": summary,
        "notes": list(shown.notes),
    }


def _errors(sweep: Sweep) -> list[str]:
    """The errors that these trainings have."""
    there = {"test_error", "train_error", *further_errors(sweep)}
    return [key for key in ERRORS if key in there]
