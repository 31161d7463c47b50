"""A study's tables: ours beside the published, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archscope.arch.papers.eq4 import DEFAULT_BLOCK, parse_template
from archscope.cost.formula import count
from archscope.reporting.facts.census import census_sentences
from archscope.reporting.facts.statistics import summarize
from archscope.reporting.facts.wording import (
    chance_sentences,
    data_label,
    epochs_label,
    machine_sentence,
    means_sentence,
    recipe_sentence,
    samples_label,
    seeds_label,
    trouble,
)
from archscope.reporting.judge.pairs import errors_by_template
from archscope.reporting.judge.rounds import decided
from archscope.reporting.judge.verdicts import RESOLVE, Errors, Verdict, method_sentence, verdicts
from archscope.reporting.table.column import NAME
from archscope.reporting.table.formats import decimal, integer, mean_and_error, signed_decimal, text
from archscope.reporting.table.table import Column, Table
from archscope.studies.study import Row, Study
from archscope.sweep.store.records import Sweep

VERDICTS = "Verdicts"
MORE = "More seeds, for what is open"


def errors_by_label(study: Study, preset: str, sweep: Sweep) -> dict[str, Errors]:
    """The final test errors (%) of each row that was trained, by seed; none where unfinished."""
    trained = errors_by_template(sweep)
    return {label: trained.get(template, {}) for label, template in study.templates(preset).items()}


def study_rows(
    study: Study, preset: str | None = None, sweep: Sweep | None = None
) -> list[dict[str, Any]]:
    """A row for each of the study's: exact complexity, published values, and ours where trained."""
    errors = errors_by_label(study, preset, sweep) if preset and sweep else {}
    trained = study.templates(preset) if preset else {}
    rows = []
    for row in study.rows:
        ours = summarize(errors.get(row.label, {}).values())
        rows.append(
            {
                "label": row.label,
                "network": row.network or row.block,
                **complexity(study, row),
                **{f"published{i}": cell for i, cell in enumerate(row.published)},
                "trained": trained.get(row.label),
                "test_error": ours.mean,
                "test_error_se": ours.standard_error,
                "test_error_median": ours.median,
                "n": ours.n if row.label in trained else None,
            }
        )
    return rows


def complexity(study: Study, row: Row) -> dict[str, int]:
    """Exact parameters and multiply-adds at paper scale: of a network, or of a block (Eq. 4)."""
    network = study.network(row)
    if network is None:
        assert row.block is not None
        params = DEFAULT_BLOCK.params(*parse_template(row.block))
        return {"params": params, "macs": params * DEFAULT_BLOCK.resolution**2}
    total = count(network)
    return {"params": int(total.params), "macs": int(total.macs)}


def study_table(study: Study, preset: str | None = None, sweep: Sweep | None = None) -> Table:
    """The published table with our exact complexity, and with our errors where it was trained."""
    whole = any(row.network for row in study.rows)
    columns = [
        Column("label", "network" if whole else "template", text, "left"),
        Column("network", "name", text, "left", least=NAME),
        Column("params", "params\n(exact)", integer),
        Column("macs", "FLOPs\n(multiply-adds, exact)", integer),
        *(
            Column(
                f"published{i}",
                f"{measure}\n(published)",
                text,
                better="lower" if "error (%)" in measure else None,
            )
            for i, measure in enumerate(study.measures)
        ),
    ]
    counted = "Params include batch norm." if whole else "Counts by Eq. 4, batch norm left out."
    notes = [f"Published: {study.source}. {counted}", *study.notes]
    if preset and sweep:
        columns += [
            Column(
                "test_error",
                "test error (%)\n(ours)",
                mean_and_error,
                also=("test_error_se",),
                better="lower",
            ),
            Column("test_error_median", "median\n(ours)", decimal(2), better="lower"),
            Column("n", "n", text, "right"),
            # Last, as it is wide: what it would push out of sight is what the study is about.
            Column("trained", "trained here", text, "left", least=NAME),
        ]
        notes = [*trouble(sweep), *notes, *_training_notes(study, sweep, preset)]
    elif study.needs:
        notes.append(f"To train these networks, {study.needs} is needed, which you must bring.")
    if study.command and not sweep:
        example = next((row.network for row in study.rows if row.network), "")
        notes.append(f"The command: {study.command.replace('{network}', example)}")
    title = f"{study.title} ({study.source}): {study.question}"
    return Table(title, columns, study_rows(study, preset, sweep), notes)


def _training_notes(study: Study, sweep: Sweep, preset: str) -> list[str]:
    """How ours were trained, and how far they may be put beside the published."""
    setting = (
        f"{data_label(sweep)}, {samples_label(sweep)}, {epochs_label(sweep)}, {seeds_label(sweep)}"
    )
    published = study.is_published_setting(preset)
    trained_on = sweep.plan.settings.dataset
    if published and trained_on == study.presets[preset].get("dataset", trained_on):
        reading = f"Ours: the networks and the recipe of the paper on {setting}."
    else:
        reading = (
            f"Ours is a proxy ({preset}): {setting}, much smaller networks. Its errors are not "
            "comparable with the published ones; only differences and orders may be."
        )
    return [
        *chance_sentences(sweep),
        f"{reading} {means_sentence(sweep)}",
        recipe_sentence(sweep),
        machine_sentence(sweep),
        f"Data: {data_label(sweep)}, {sweep.plan.dataset.fingerprint}.",
        *census_sentences(sweep.plan.census),
    ]


def judged(study: Study, preset: str, sweep: Sweep, resolve: float = RESOLVE) -> list[Verdict]:
    """The verdict on each of the study's pairs of which both have finished runs.

    Of a study that stops itself, by its rule.
    """
    if sweep.plan.rule is not None:
        labels = {template: label for label, template in study.templates(preset).items()}
        return [
            replace(
                one,
                first=labels.get(one.first, one.first),
                second=labels.get(one.second, one.second),
            )
            for one in decided(sweep)
        ]
    errors = errors_by_label(study, preset, sweep)
    pairs = [pair for pair in study.pairs if all(errors.get(label) for label in pair)]
    return verdicts(errors, pairs, resolve=resolve)


def verdict_table(found: Sequence[Verdict], more: Sequence[str] = ()) -> Table:
    """A row a comparison, the sentence first; `more` are commands that train what is open."""
    rows = [verdict_row(verdict) for verdict in found]
    columns = [
        Column("verdict", "verdict", text, "left"),
        Column("difference", "difference\n(points)", signed_decimal),
        Column("low", "from", signed_decimal),
        Column("high", "to", signed_decimal),
        Column("n", "seeds", text, "right"),
    ]
    notes = [method_sentence(found)]
    if more:
        notes += [f"{MORE}:", *(f"    {command}" for command in more)]
    return Table(VERDICTS, columns, rows, notes)


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain data."""
    low, high = verdict.interval or (None, None)
    n = str(verdict.n[0]) if verdict.n[0] == verdict.n[1] else f"{verdict.n[0]}, {verdict.n[1]}"
    return {
        "first": verdict.first,
        "second": verdict.second,
        "kind": verdict.kind,
        "verdict": verdict.sentence(),
        "difference": verdict.difference if all(verdict.n) else None,
        "low": low,
        "high": high,
        "n": n,
        "seeds_needed": verdict.seeds_needed,
    }
