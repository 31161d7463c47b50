"""A sweep's tables, from its folder; also while it runs, or where parts of it failed."""

from __future__ import annotations

from typing import Any

from archscope.reporting.facts.census import census_sentences
from archscope.reporting.facts.points import (
    Point,
    final_error,
    further_errors,
    points,
    training_seconds,
)
from archscope.reporting.facts.wording import (
    chance_sentences,
    data_label,
    epochs_label,
    family_label,
    holdout,
    likeness,
    machine_sentence,
    means_sentence,
    recipe_sentence,
    samples_label,
    seeds_label,
    trouble,
    view_sentences,
)
from archscope.reporting.table.formats import decimal, mean_and_error, prefixed, text
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import Sweep, TrialRecord

RESULT_KEYS = (
    *("template", "network", "seed", "params", "macs", "epochs", "status"),
    *("test_error", "train_error", "seconds"),
    *("activations", "device", "precision", "threads", "reason", "key"),
)

_OF_ENTRY = ("template", "network", "params", "macs", "activations")
_OF_CONDITIONS = ("device", "precision", "threads")

# Shown where training images were held out.
VALIDATION = (
    Column(
        "validation_error",
        "validation\nerror (%)",
        mean_and_error,
        also=("validation_error_se",),
        better="lower",
    ),
)

# Wide ResNet's tables give medians. For machines and pages; a terminal has the mean.
MEDIAN = Column("test_error_median", "median (%)", decimal(2), better="lower", shown=False)


def document(sweep: Sweep) -> dict[str, Any]:
    """The table as JSON: schema `archscope.cifar_sweep/1`, a row for each network and trial."""
    table = table7(sweep)
    return {
        "schema": "archscope.cifar_sweep/1",
        "convention": "macs are multiply-adds of one image; errors in %, of the final epoch",
        "title": table.title,
        "folder": str(sweep.folder),
        "networks": [dict(row) for row in table.rows],
        "trials": [dict(row) for row in results(sweep).rows],
        "notes": list(table.notes),
    }


def results(sweep: Sweep) -> Table:
    """A row for each trial of the plan, with its status; errors of finished trials only."""
    keys = [*RESULT_KEYS, *further_errors(sweep)]
    columns = [Column(key, key, text) for key in keys]
    return Table("Trials", columns, [_result(record) for record in sweep.trials])


def table7(sweep: Sweep) -> Table:
    """The columns of the ResNeXt paper's Table 7: a row for each network of the plan.

    The title says what was asked, the notes all that decides the numbers, and what is
    missing or failed.
    """
    rows: list[dict[str, Any]] = [
        {
            "template": point.template,
            "network": point.entry.network,
            "params": point.params,
            "macs": point.entry.macs,
            "test_error": point.test_error.mean,
            "test_error_se": point.test_error.standard_error,
            "test_error_median": point.test_error.median,
            **_validation(sweep, point),
            "n": point.test_error.n,
            "planned": point.planned,
        }
        for point in points(sweep)
    ]
    columns = [
        Column("template", "template", text, "left"),
        Column("network", "network", text, "left", shown=False),
        Column("params", "params", prefixed(3)),
        Column("macs", "FLOPs\n(multiply-adds)", prefixed(3)),
        *(VALIDATION if holdout(sweep) else ()),
        Column(
            "test_error", "test error (%)", mean_and_error, also=("test_error_se",), better="lower"
        ),
        MEDIAN,
        Column("n", "n", _of_planned, also=("planned",)),
    ]
    title = (
        f"{data_label(sweep)}: {family_label(sweep)}, {samples_label(sweep)}, "
        f"{epochs_label(sweep)}, {seeds_label(sweep)}"
    )
    return Table(title, columns, rows, [*trouble(sweep), *notes(sweep)])


def _validation(sweep: Sweep, point: Point) -> dict[str, Any]:
    error = point.validation_error
    both = {"validation_error": error.mean, "validation_error_se": error.standard_error}
    return both if holdout(sweep) else {}


def notes(sweep: Sweep) -> list[str]:
    """The caption: how to read the table, and all that its numbers depend on."""
    return [
        *chance_sentences(sweep),
        f"{means_sentence(sweep)} Params include batch norm; multiply-adds are those of one image.",
        *([said] if (said := likeness(sweep)) else []),
        *conditions(sweep),
    ]


def conditions(sweep: Sweep) -> list[str]:
    """Recipe, machine, and data."""
    return [
        recipe_sentence(sweep),
        machine_sentence(sweep),
        *view_sentences(sweep),
        f"Data: {data_label(sweep)}, {sweep.plan.dataset.fingerprint}.",
        *census_sentences(sweep.plan.census),
    ]


def _of_planned(done: int, planned: int) -> str:
    return str(done) if done == planned else f"{done} of {planned}"


def _result(record: TrialRecord) -> dict[str, Any]:
    trial, metrics = record.trial, {} if record.result is None else record.result.metrics
    seconds = training_seconds(record)
    if seconds is None and record.epochs:
        seconds = sum(float(epoch.get("seconds") or 0) for epoch in record.epochs)
    return {
        **dict.fromkeys(RESULT_KEYS),
        **{key: getattr(trial.entry, key) for key in _OF_ENTRY},
        **{key: getattr(trial.conditions, key) for key in _OF_CONDITIONS},
        "seed": trial.seed,
        "key": trial.key,
        "epochs": metrics.get("epochs", len(record.epochs)),
        "status": record.status,
        "test_error": final_error(record),
        "train_error": final_error(record, "train_error"),
        **{key: final_error(record, key) for key in ("validation_error", "test_error_listed")},
        "seconds": seconds,
        "reason": record.reason,
    }
