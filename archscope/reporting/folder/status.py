"""The progress of a sweep, from a quick look at its folder: counts, what runs, a leaderboard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from archscope.errors import plural
from archscope.reporting.facts.searches import stands
from archscope.reporting.facts.statistics import Summary, summarize
from archscope.reporting.judge.rounds import State, by_template, replayed, standing
from archscope.reporting.table.formats import mean_and_error, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table
from archscope.sweep.plan.estimate import Images, duration, epoch_work, trial_work
from archscope.sweep.plan.plan import Plan
from archscope.sweep.store.scan import Brief
from archscope.sweep.store.search import Search

STATES = ("done", "diverged", "failed", "running", "interrupted", "pending")
PAUSED = "paused"  # of a search alone
_LEADERS = 10
_SHOWN = 20  # running or failed trials in the table; all of them in the JSON
# Time left is a quotient of work: what the images of one epoch are cancels out.
_ONE = Images(1, 0)


@dataclass(frozen=True, repr=False)
class Status(Result):
    """The trials of a sweep as they are now."""

    folder: Path
    plan: Plan
    trials: Sequence[Brief]
    search: Search | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """What a trial may be."""
        return STATES if self.search is None else (*STATES, PAUSED)

    @property
    def counts(self) -> dict[str, int]:
        """Trials by state; "running" are those that a process holds now."""
        found = Counter(map(state, self.trials))
        return {name: found[name] for name in self.states}

    @property
    def finished(self) -> bool:
        """Whether every trial has ended, and of a sweep that stops itself, that it has stopped.

        Where trials of that failed, it waits for a command that tries them again.
        """
        if self._unended or (self.search is not None and self.search.winner is None):
            return False
        return self.decision is None or self.decision.ended or self.counts["failed"] > 0

    @property
    def _unended(self) -> bool:
        return any(self.counts[name] for name in ("running", "interrupted", "pending"))

    @cached_property
    def decision(self) -> State | None:
        """Where a sweep that stops itself stands by its rule; None of any other."""
        if self.plan.rule is None:
            return None
        done = [b for b in self.trials if b.status == "done" and b.test_error is not None]
        errors: dict[str, dict[int, float]] = {}
        for brief in done:
            assert brief.test_error is not None
            errors.setdefault(brief.trial.template, {})[brief.trial.seed] = brief.test_error
        diverged = by_template(b.trial for b in self.trials if b.status == "diverged")
        return replayed(self.plan.rule, errors, diverged)

    @property
    def seconds_left(self) -> float | None:
        """At the rate of the trials that run now; `None` where none has reported its rate yet."""
        rates = [
            epoch_work(brief.trial, _ONE) / brief.epoch_seconds
            for brief in self.trials
            if brief.host and brief.epoch_seconds
        ]
        left = [
            trial_work(brief.trial, _ONE, brief.epochs_done)
            for brief in self.trials
            if state(brief) in ("running", "interrupted", "pending")
        ]
        return sum(left) / sum(rates) if rates else None

    def leaders(self) -> list[tuple[str, Summary]]:
        """Templates with finished trials, the lowest mean test error first."""
        errors: dict[str, list[float]] = {}
        for brief in self.trials:
            if brief.test_error is not None and brief.status == "done":
                errors.setdefault(brief.trial.template, []).append(brief.test_error)
        found = [(template, summarize(values)) for template, values in errors.items()]
        return sorted(found, key=lambda pair: pair[1].mean or 0.0)

    def tables(self) -> list[Table]:
        """Counts and time left; what runs; what failed; the leaderboard."""
        tables = [self._summary()]
        running = [brief for brief in self.trials if state(brief) == "running"]
        if running:
            tables.append(_running(running))
        bad = [brief for brief in self.trials if brief.status in ("failed", "diverged")]
        if bad:
            tables.append(_bad(bad))
        if leaders := self.leaders():
            tables.append(_leaderboard(leaders))
        return tables

    def document(self) -> dict[str, Any]:
        """The same as JSON: schema `archscope.status/1`."""
        return {
            "schema": "archscope.status/1",
            "convention": "errors in %, of the final epoch",
            "folder": str(self.folder),
            "total": len(self.trials),
            "counts": self.counts,
            "seconds_left": self.seconds_left,
            "decision": self._decision(),
            "running": [_row(b) for b in self.trials if state(b) == "running"],
            "failed": [_row(b) for b in self.trials if b.status in ("failed", "diverged")],
            "leaderboard": [
                {
                    "template": template,
                    "test_error": found.mean,
                    "test_error_se": found.standard_error,
                    "n": found.n,
                }
                for template, found in self.leaders()
            ],
        }

    def _summary(self) -> Table:
        label, total = self.plan.dataset.label, len(self.trials)
        left = self.seconds_left
        rest = "all ended" if not self._unended else "nothing runs"
        if self.counts["running"]:
            rest = "time left not known yet" if left is None else f"about {duration(left)} left"
        columns = [Column(name, name) for name in self.states]
        title = f"{self.folder}: {plural(total, 'trial')} on {label}, {rest}"
        rule, now = self.plan.rule, self.decision
        notes = [standing(rule, now)] if rule and now else []
        if self.search is not None:
            notes.append(stands(self.search))
        return Table(title, columns, [self.counts], notes)

    def _decision(self) -> dict[str, Any] | None:
        now = self.decision
        if now is None:
            return None
        missing = [{"template": template, "seed": seed} for template, seed in now.missing]
        return {"ended": now.ended, "look": now.n, "open": len(now.open), "missing": missing}


def state(brief: Brief) -> str:
    """The state of a trial: one that has begun and that no process holds is interrupted."""
    return "interrupted" if brief.status == "running" and brief.host is None else brief.status


def _row(brief: Brief) -> dict[str, Any]:
    return {
        "key": brief.key,
        "template": brief.trial.template,
        "seed": brief.trial.seed,
        "status": brief.status,
        "epochs_done": brief.epochs_done,
        "epochs": brief.trial.recipe.epochs,
        "host": brief.host,
        "reason": brief.reason,
    }


def _running(briefs: Sequence[Brief]) -> Table:
    columns = [
        Column("template", "template", text, "left"),
        Column("seed", "seed"),
        Column("epochs_done", "epoch", lambda done, of: f"{done}/{of}", also=("epochs",)),
        Column("host", "on", text, "left"),
    ]
    return Table("Running", columns, [_row(b) for b in briefs[:_SHOWN]], _more(briefs))


def _bad(briefs: Sequence[Brief]) -> Table:
    columns = [
        Column("template", "template", text, "left"),
        Column("seed", "seed"),
        Column("status", "status", text, "left"),
        Column("reason", "reason", text, "left"),
    ]
    return Table("Failed", columns, [_row(b) for b in briefs[:_SHOWN]], _more(briefs))


def _more(briefs: Sequence[Brief]) -> list[str]:
    return [f"... and {len(briefs) - _SHOWN:,} more"] if len(briefs) > _SHOWN else []


def _leaderboard(leaders: Sequence[tuple[str, Summary]]) -> Table:
    columns = [
        Column("template", "template", text, "left"),
        Column("test_error", "test error (%)", mean_and_error, also=("test_error_se",)),
        Column("n", "n"),
    ]
    rows = [
        {
            "template": template,
            "test_error": found.mean,
            "test_error_se": found.standard_error,
            "n": found.n,
        }
        for template, found in leaders[:_LEADERS]
    ]
    several = len(leaders) > _LEADERS
    notes = [f"The best {_LEADERS} of {len(leaders)}."] if several else []
    return Table("Lowest test errors so far", columns, rows, notes)
