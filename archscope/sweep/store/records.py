"""Reading a sweep's folder: while it runs, after it ended, after it was moved or cut short.

The folder is plain files, and reading writes nothing:

    sweep.json                  the plan and every automatic choice (`archscope.sweep/1`)
    trials/<key>/trial.json     what decides this trial's result   (`archscope.trial/1`)
    trials/<key>/metrics.jsonl  a line for each finished epoch
    trials/<key>/result.json    how it ended                       (`archscope.result/1`)
    trials/<key>/lease.N        who trains it, until it has ended  (see `sweep.store.lease`)

`sweep.json` alone says what each trial is, so that one which has not started is a record as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.files import read_ours
from archscope.sweep.plan.plan import SWEEP_SCHEMA, Plan
from archscope.sweep.plan.reading import Fault, Foreign
from archscope.sweep.plan.trial import Trial
from archscope.sweep.store import result as results
from archscope.sweep.store.check import is_epoch
from archscope.sweep.store.search import Search, has_paused, read_search

SWEEP_FILE = "sweep.json"
TRIALS_FOLDER = "trials"
TRIAL_FILE = "trial.json"
METRICS_FILE = "metrics.jsonl"


class DamagedPlan(ArchscopeError):
    """`sweep.json` is there, but not whole."""


@dataclass(frozen=True)
class TrialRecord:
    """One training: what it is, how it ended (`None`: not yet), the epochs finished so far.

    `epochs` are the lines of `metrics.jsonl`; where these are not those that the result keeps, what
    it has of them.
    """

    trial: Trial
    result: results.TrialResult | None
    epochs: list[dict[str, Any]]
    paused: bool = False  # where a search has it wait at its epochs, perhaps for good

    @property
    def key(self) -> str:
        """The name of the trial's folder."""
        return self.trial.key

    @property
    def epochs_done(self) -> int:
        """How many epochs are finished."""
        return len(self.epochs)

    @property
    def reason(self) -> str | None:
        """Why it has not ended well, where it has ended."""
        return None if self.result is None else self.result.reason

    @property
    def status(self) -> str:
        """One of "done", "diverged", "failed", "paused"; "running" (not ended); "pending"."""
        if self.result is not None:
            return self.result.status
        if self.paused:
            return "paused"
        return "running" if self.epochs else "pending"


@dataclass(frozen=True)
class Sweep:
    """A folder as it was read: its plan, and the trials in the plan's order."""

    plan: Plan
    trials: list[TrialRecord]
    folder: Path | None = None


def read_sweep(folder: Path | str) -> Sweep:
    """Read the sweep in `folder`; files that are missing count as not there yet.

    Raises `UsageError` where there is no sweep, `ArchscopeError` where `sweep.json` or a result is
    damaged.
    """
    folder = Path(folder)
    plan, search = read_plan(folder), read_search(folder)
    return Sweep(plan, [_record(folder, trial, search) for trial in plan.trials], folder)


def _record(folder: Path, trial: Trial, search: Search | None) -> TrialRecord:
    path = trial_folder(folder, trial.key)
    result = results.read(path)
    epochs = read_epochs(path)
    kept = [] if result is None else result.lines()
    if any(kept[i].items() - line.items() for i, line in enumerate(epochs[: len(kept)])):
        epochs = []  # of another training
    there = kept if len(kept) > len(epochs) else epochs
    return TrialRecord(trial, result, there, has_paused(search, trial.template, len(there)))


def read_plan(folder: Path) -> Plan:
    """The plan in `folder/sweep.json`; errors as of `read_sweep`."""
    path = folder / SWEEP_FILE
    content = read_ours(path)
    if content is None:
        raise UsageError(
            f"{folder} is not a sweep's folder (it has no {SWEEP_FILE}): name one that "
            "`archscope cifar-sweep` has written."
        )
    try:
        document = json_value(content)
    except Unclear as error:
        raise _damaged(path, str(error)) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SWEEP_SCHEMA:
        raise ArchscopeError(
            f"{path} has schema {shown(repr(schema))}, and this version reads {SWEEP_SCHEMA!r}: "
            "restore it, or use the version of archscope that wrote it."
        )
    try:
        return Plan.from_document(document)
    except Fault as fault:
        raise _damaged(path, str(fault)) from None
    except Foreign as foreign:
        raise ArchscopeError(
            f"{path} holds what this version of archscope does not know ({foreign}): use the "
            "version that wrote it."
        ) from None


def _damaged(path: Path, why: str) -> DamagedPlan:
    return DamagedPlan(
        f"{path} cannot be read ({why}): restore it, or give the command that began the sweep "
        "again, which writes it anew and keeps the trials."
    )


def trial_folder(folder: Path, key: str) -> Path:
    """The folder of the files of the trial `key` in a sweep's folder."""
    return folder / TRIALS_FOLDER / key


def read_epochs(folder: Path) -> list[dict[str, Any]]:
    """The trial's finished epochs from the first on: the last line for each, up to a torn one.

    A run that was resumed may have written an epoch twice; its later line is the one that counts.
    Raises `Unreadable` where they may not be read.
    """
    epochs: dict[int, dict[str, Any]] = {}
    content = read_ours(folder / METRICS_FILE) or b""
    for line in content.decode("utf-8", errors="replace").splitlines():
        try:
            epoch = json_value(line)
        except Unclear:
            continue
        if is_epoch(epoch):
            epochs[epoch["epoch"]] = epoch
    return [epochs[number] for number in takewhile(epochs.__contains__, count(1))]
