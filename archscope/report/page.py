"""report.html: a sweep, finished or not, as one page that needs no network.

Everything that stands on the page is in the file: style, script, figures. What a user or a file
said is escaped.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from archscope.report import curves, figure7, scatter
from archscope.report.axes import flips, pareto
from archscope.report.formats import decimal, prefixed, text
from archscope.report.html import paragraphs, table_html
from archscope.report.points import by_network, points
from archscope.report.statistics import summarize
from archscope.report.svg import inline_svg
from archscope.report.sweep import results, table7
from archscope.report.sweep_verdicts import sweep_verdicts
from archscope.report.table import Column, Table
from archscope.report.verdicts import Verdict, method_sentence
from archscope.report.wording import data_label, machine_sentence, recipe_sentence, trouble
from archscope.sweep.records import Sweep, TrialRecord

_HERE = Path(__file__).parent
_AXES = {
    "params": "parameters",
    "macs": "multiply-adds",
    "activations": "activations",
    "seconds": "training time",
}


def page(
    sweep: Sweep,
    *,
    title: str | None = None,
    found: Sequence[Verdict] | None = None,
    before: Sequence[Table] = (),
) -> str:
    """The whole page.

    Args:
        sweep: as it is now; what is unfinished or failed is said at the top.
        title: the heading, where not the sweep's own.
        found: the verdicts, where not those on the sweep's own pairs.
        before: tables to be shown first (a study's).
    """
    table = table7(sweep)
    heading = title or table.title
    parts = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="lead">{escape(_lead(sweep))}</p>',
        paragraphs(trouble(sweep), "trouble"),
        _verdicts(sweep_verdicts(sweep) if found is None else found),
        *(f"<h2>{escape(one.title)}</h2>{table_html(one, title=False)}" for one in before),
        "<h2>Test error against parameters</h2>",
        _figure(sweep),
        "<h2>Networks</h2>",
        table_html(Table("", table.columns, table.rows)),
        f'<div class="notes">{paragraphs([n for n in table.notes if n not in trouble(sweep)])}'
        "</div>",
        _axes(sweep),
        "<h2>Training curves</h2>",
        _curves(sweep),
        "<h2>Every trial</h2>",
        _trials(sweep),
        "<h2>What was asked, and on what</h2>",
        _asked(sweep),
        "<h2>To continue or repeat</h2>",
        _again(sweep),
        f"<footer>archscope {escape(str(sweep.document['environment'].get('archscope', '')))}; "
        "this page needs no network.</footer>",
    ]
    style = (_HERE / "page.css").read_text("utf-8")
    script = (_HERE / "page.js").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main><script>{script}</script></body></html>\n"
    )


def _lead(sweep: Sweep) -> str:
    done = sum(record.status == "done" for record in sweep.trials)
    return f"{done} of {len(sweep.trials)} trainings done. {machine_sentence(sweep)}"


def _verdicts(found: Sequence[Verdict]) -> str:
    if not found:
        return ""
    items = "".join(f'<li class="{_kind(v)}">{escape(v.sentence())}</li>' for v in found)
    return (
        f'<h2>Verdict</h2><ul class="verdicts">{items}</ul>'
        f'<p class="small">{escape(method_sentence(found))}</p>'
    )


def _kind(verdict: Verdict) -> str:
    return {"better": "shown", "worse": "shown", "none": "none", "open": "open"}[verdict.kind]


def _figure(sweep: Sweep) -> str:
    plot = figure7.data(sweep)
    hover = {}
    by_name = {point.template: point for point in points(sweep)}
    for series in plot.series:
        for mark in series.marks:
            point = by_name[mark.label]
            bar = f" ± {mark.bar:.2f}" if mark.bar is not None else ""
            hover[f"marker-{series.name}-{mark.label}"] = (
                f"{mark.label}: {mark.y:.2f}{bar} % test error (n = {point.test_error.n}), "
                f"{int(mark.x):,} parameters, {int(point.network['macs']):,} multiply-adds"
            )
    drawn = inline_svg(scatter.draw(plot), "error", plot.heading.title, hover)
    return f'<div class="figure">{drawn}</div>'


def _curves(sweep: Sweep) -> str:
    data = curves.data(sweep)
    drawn = inline_svg(curves.draw(data), "curves", data.heading.title, {})
    return f'<div class="figure">{drawn}</div>'


def _axes(sweep: Sweep) -> str:
    """Which networks stand on the front of each cost, and which answers depend on the cost."""
    found = [point for point in points(sweep) if point.test_error.mean is not None]
    if len(found) < 2:
        return ""
    errors = {point.template: float(point.test_error.mean or 0) for point in found}
    costs: dict[str, dict[str, float]] = {
        axis: {point.template: float(point.network[axis]) for point in found}
        for axis in ("params", "macs", "activations")
    }
    costs["seconds"] = _seconds(sweep)
    fronts = [
        {"axis": _AXES[axis], "front": ", ".join(pareto(errors, costs[axis]))} for axis in _AXES
    ]
    table = Table(
        "",
        [
            Column("axis", "error against", text, "left"),
            Column("front", "not beaten by any other (by mean error)", text, "left"),
        ],
        fronts,
    )
    said = [
        f"{flip.winner} has less error than {flip.loser} at no more {_words(flip.on)}, but needs "
        f"more {_words(flip.against)}."
        for flip in flips(errors, costs)
    ]
    if not said:
        said = ["No answer depends on which of these costs is meant."]
    note = "Training time was measured while trials ran side by side."
    return (
        f"<h2>Does the answer depend on the cost?</h2>{table_html(table)}{paragraphs(said)}"
        f'<p class="small">{note}</p>'
    )


def _words(axes: Sequence[str]) -> str:
    return " and ".join(_AXES[axis] for axis in axes)


def _seconds(sweep: Sweep) -> dict[str, float]:
    """Mean seconds of a finished training, of the networks that have one."""
    found = {}
    for group in by_network(sweep):
        times = [
            float(record.result["timing"]["seconds"])
            for record in group
            if record.result and record.status == "done" and "seconds" in record.result["timing"]
        ]
        if (mean := summarize(times).mean) is not None:
            found[str(group[0].trial["template"])] = mean
    return found


def _trials(sweep: Sweep) -> str:
    """A row a trial with its curve; the curve column is not a value to sort by."""
    table = results(sweep)
    columns = [
        Column("template", "network", text, "left"),
        Column("seed", "seed", text),
        Column("status", "status", text, "left"),
        Column("epochs", "epochs", text),
        Column("test_error", "test error (%)", decimal(2)),
        Column("train_error", "training error (%)", decimal(2)),
        Column("seconds", "seconds", decimal(1)),
        Column("params", "params", prefixed(3)),
        Column("curve", "error by epoch", text, "left"),
        Column("key", "key", text, "left"),
    ]
    marks = [f"@curve{index}@" for index in range(len(sweep.trials))]
    rows: list[Mapping[str, Any]] = [
        {**row, "curve": mark} for row, mark in zip(table.rows, marks, strict=True)
    ]
    made = table_html(Table("", columns, rows))
    return re.sub(r">@curve(\d+)@<", lambda at: f">{_spark(sweep.trials[int(at[1])])}<", made)


def _spark(record: TrialRecord) -> str:
    """A small line of the error that each epoch was judged on: held-out images', or test."""
    values = [line.get("validation_error", line.get("test_error")) for line in record.epochs]
    errors = [float(value) for value in values if isinstance(value, (int, float))]
    if len(errors) < 2:
        return ""
    low, high = min(errors), max(errors)
    span = (high - low) or 1.0
    steps = len(errors) - 1
    spots = " ".join(
        f"{100 * index / steps:.1f},{22 - 20 * (error - low) / span:.1f}"
        for index, error in enumerate(errors)
    )
    label = f"{errors[0]:.2f} % to {errors[-1]:.2f} % in {len(errors)} epochs"
    return (
        f'<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}"><title>{label}</title><polyline points="{spots}"/></svg>'
    )


def _asked(sweep: Sweep) -> str:
    document = sweep.document
    settings, dataset, machine = document["settings"], document["dataset"], document["machine"]
    said = {
        "preset": settings["preset"],
        "data": f"{data_label(sweep)}, {dataset['fingerprint']}",
        "training images": "all" if settings["samples"] is None else f"{settings['samples']:,}",
        "networks": ", ".join(str(entry["network"]) for entry in document["networks"]),
        "seeds": ", ".join(map(str, settings["seeds"])),
        "recipe": recipe_sentence(sweep),
        "machine": machine_sentence(sweep),
        "device": f"{machine['device']}, {machine['precision']}, {machine['threads']} "
        f"threads a trial, {machine['workers']} at a time",
        "planned": str(document.get("created", "unknown")),
    }
    return (
        "<dl>"
        + "".join(f"<dt>{escape(key)}</dt><dd>{escape(str(v))}</dd>" for key, v in said.items())
        + "</dl>"
    )


def _again(sweep: Sweep) -> str:
    command = shlex.join(map(str, sweep.document.get("command") or []))
    if not command:
        return paragraphs(["The command that made this sweep was not recorded (library call)."])
    return (
        paragraphs(
            [
                "The same command in the same place continues what is missing; with another --out "
                "it repeats the whole. Results are the same to the bit on the same kind of "
                "machine, threads, precision and versions."
            ]
        )
        + f"<pre>{escape(command)}</pre>"
    )
