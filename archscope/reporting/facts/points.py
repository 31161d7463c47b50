"""From a sweep's records to the numbers of its table and its figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.reporting.facts.statistics import Summary, summarize
from archscope.sweep.plan.trial import Entry
from archscope.sweep.store.records import Sweep, TrialRecord

# Of one trial, as `status` says; "done" trials alone make means.
STATUSES = ("done", "diverged", "failed", "running", "pending")


@dataclass(frozen=True)
class Point:
    """One network of a sweep: its counts, and the errors (%) of its finished trials.

    `entry` is the plan's (template, network, curves, params, macs, ...), `planned` the number of
    its trials.
    """

    entry: Entry
    test_error: Summary
    planned: int
    validation_error: Summary = field(default_factory=lambda: Summary(0, None, None))

    @property
    def template(self) -> str:
        """The label, `8x64d`."""
        return self.entry.template

    @property
    def params(self) -> int:
        """Learnable parameters, batch norm included."""
        return self.entry.params

    @property
    def curves(self) -> tuple[str, ...]:
        """The curves of Figure 7 that it is on: "cardinality", "width", both or none."""
        return self.entry.curves

    @property
    def complete(self) -> bool:
        """Whether every planned trial is finished and counts."""
        return self.test_error.n == self.planned


@dataclass(frozen=True)
class LearningCurve:
    """Errors (%) after each epoch, the mean over `n` trials; `finished`: to the last epoch.

    `test` is the error on what each epoch was `judged` on: the test set, or validation images.
    """

    template: str
    epochs: Sequence[int] = ()
    test: Sequence[float] = ()
    train: Sequence[float] = ()
    test_error_bars: Sequence[float] = field(default=())
    n: int = 0
    finished: bool = False
    judged: str = "test"


def final_error(record: TrialRecord, name: str = "test_error") -> float | None:
    """The trial's `name` after its final epoch, in %; None unless it is done."""
    if record.result is None or record.status != "done":
        return None
    value = record.result.metrics.get(name)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def training_seconds(record: TrialRecord) -> float | None:
    """Seconds that an ended trial has trained; None where its result has no number above 0."""
    value = None if record.result is None else record.result.timing.get("seconds")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def by_network(sweep: Sweep) -> list[list[TrialRecord]]:
    """The trials, grouped by network, in the order of the plan."""
    groups: dict[str, list[TrialRecord]] = {}
    for record in sweep.trials:
        groups.setdefault(record.trial.network, []).append(record)
    return list(groups.values())


def points(sweep: Sweep) -> list[Point]:
    """A point for each network of the plan, also where no trial of it has finished yet."""
    return [
        Point(
            entry=group[0].trial.entry,
            test_error=errors_of(group),
            planned=len(group),
            validation_error=errors_of(group, "validation_error"),
        )
        for group in by_network(sweep)
    ]


def further_errors(sweep: Sweep) -> list[str]:
    """The errors of a trial that are there only where they were asked for."""
    asked = {"validation_error": "holdout", "test_error_listed": "test_classes"}
    return [error for error, field in asked.items() if getattr(sweep.plan.settings.view, field)]


def errors_of(group: Sequence[TrialRecord], name: str = "test_error") -> Summary:
    """The final `name` of the finished trials in a group."""
    return summarize(e for record in group if (e := final_error(record, name)) is not None)


def learning_curves(sweep: Sweep) -> list[LearningCurve]:
    """The learning curve of each network: the mean over its finished trials.

    Where none has finished, over the running ones, as far as all of them have come; so that a mean
    never jumps because a trial drops out of it. Diverged and failed trials are left out.
    """
    return [_learning_curve(group) for group in by_network(sweep)]


def _learning_curve(group: Sequence[TrialRecord]) -> LearningCurve:
    template = group[0].trial.template
    done = [r.epochs for r in group if r.status == "done" and r.epochs]
    chosen = done or [r.epochs for r in group if r.status == "running"]
    length = min(map(len, chosen), default=0)
    rows = [[epochs[i] for epochs in chosen] for i in range(length)]
    judged = "validation" if rows and "validation_error" in rows[0][0] else "test"
    key = f"{judged}_error"
    rows = [row for row in rows if all(_has_errors(line, key) for line in row)]
    test = [summarize(line[key] for line in row) for row in rows]
    return LearningCurve(
        template=template,
        epochs=[int(row[0]["epoch"]) for row in rows],
        test=[_number(summary.mean) for summary in test],
        train=[_number(summarize(line["train_error"] for line in row).mean) for row in rows],
        test_error_bars=[_number(summary.standard_error) for summary in test],
        n=len(chosen) if rows else 0,
        finished=bool(done),
        judged=judged,
    )


def _number(value: float | None) -> float:
    return 0.0 if value is None else value


def _has_errors(line: Mapping[str, Any], judged: str) -> bool:
    values = (line.get(judged), line.get("train_error"))
    return all(isinstance(v, (int, float)) and math.isfinite(v) for v in values)
