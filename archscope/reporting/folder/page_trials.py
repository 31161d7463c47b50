"""Every trial of a sweep as a table of its page, with its curve, and the lists around it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from archscope.errors import plural
from archscope.reporting.facts.wording import data_label, machine_sentence, recipe_sentence
from archscope.reporting.folder.sweep import results
from archscope.reporting.table.formats import decimal, prefixed, text
from archscope.reporting.table.html import escape, paragraphs, section
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import TRIALS_FOLDER, Sweep, TrialRecord


def table_section(table: Table) -> str:
    """A table under its own title, the notes in small print."""
    shown = table.html(title=False, notes=False)
    return section(table.title, shown, f'<div class="notes">{paragraphs(table.notes)}</div>')


def trials(sweep: Sweep) -> str:
    """A row a trial with its curve, and its key as a link to its folder, where there is one."""
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
    rows: list[Mapping[str, Any]] = [
        {**row, "curve": f"@curve{index}@", "key": f"@key{index}@"}
        for index, row in enumerate(table.rows)
    ]
    drawn = {"curve": _spark, "key": _link}
    made = Table("", columns, rows).html()
    return re.sub(
        r">@(curve|key)(\d+)@<", lambda at: f">{drawn[at[1]](sweep.trials[int(at[2])])}<", made
    )


def _link(record: TrialRecord) -> str:
    """The trial's key, as a link to its folder beside the page once it has one."""
    key = escape(record.key)
    if record.result is None and not record.epochs:
        return key
    return f'<a href="{TRIALS_FOLDER}/{quote(record.key)}/">{key}</a>'


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
    label = f"{errors[0]:.2f} % to {errors[-1]:.2f} % in {plural(len(errors), 'epoch')}"
    return (
        f'<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}"><title>{label}</title><polyline points="{spots}"/></svg>'
    )


def asked(sweep: Sweep) -> str:
    """What was asked, and on what it ran."""
    plan = sweep.plan
    settings, machine = plan.settings, plan.machine
    return facts(
        {
            "preset": settings.asked,
            "data": f"{data_label(sweep)}, {plan.dataset.fingerprint}",
            "training images": "all" if settings.samples is None else f"{settings.samples:,}",
            "networks": ", ".join(entry.network for entry in plan.networks),
            "seeds": ", ".join(map(str, settings.seeds)),
            "recipe": recipe_sentence(sweep),
            "machine": machine_sentence(sweep),
            "device": f"{machine.device}, {machine.precision}, "
            f"{plural(machine.threads, 'thread')} a trial, {machine.workers} at a time",
            "planned": plan.created or "unknown",
        }
    )


def facts(said: Mapping[str, object]) -> str:
    """A list of names and what they are."""
    items = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(str(value))}</dd>" for key, value in said.items()
    )
    return f"<dl>{items}</dl>"


def again(command: object, how: str) -> str:
    """How the run is continued or repeated, with the command as it was typed."""
    words = command if isinstance(command, list | tuple) else []
    typed = shlex.join(map(str, words))
    if not typed:
        return paragraphs(["The command that made this was not recorded (library call)."])
    return f"{paragraphs([how])}<pre>{escape(typed)}</pre>"
