"""A quick look at all trials of a folder: what has ended, what runs; no more than is needed.

Plans may have 100,000 trials: the folder of trials is listed once, a trial that has not begun costs
no look at the disk, and one that has ended a glance at its result (see `sweep.store.result`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.files import unreadable
from archscope.sweep.plan.plan import Plan
from archscope.sweep.plan.trial import Trial
from archscope.sweep.store import lease as leases
from archscope.sweep.store.records import TRIALS_FOLDER, read_epochs
from archscope.sweep.store.result import RESULT_FILE, DamagedResult, glance


@dataclass(frozen=True, slots=True)
class Brief:
    """How a trial stands.

    `status` is that of a `TrialRecord`. `test_error` in % where it is done; `reason` where it is
    not well; `epoch_seconds`, the `last` line of its epochs and `host` (where it is trained, if it
    is just now) where it runs. `damaged` is what to say of a result that is none, which counts as
    not there.
    """

    trial: Trial
    status: str = "pending"
    epochs_done: int = 0
    test_error: float | None = None
    reason: str | None = None
    epoch_seconds: float | None = None
    host: str | None = None
    last: Mapping[str, Any] | None = None
    damaged: DamagedResult | None = None

    @property
    def key(self) -> str:
        """The trial's key."""
        return self.trial.key


def scan(folder: Path, plan: Plan) -> list[Brief]:
    """Every trial of the plan, in its order, as it stands in `folder`.

    Raises `Unreadable` where something in it may not be read.
    """
    trials = folder / TRIALS_FOLDER
    begun = set()
    try:
        with os.scandir(trials) as entries:
            begun = {entry.name for entry in entries}
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise unreadable(trials, error) from None
    root = os.fspath(trials)
    return [
        look(trial, f"{root}/{trial.key}") if trial.key in begun else Brief(trial)
        for trial in plan.trials
    ]


def look(trial: Trial, path: str) -> Brief:
    """How one trial stands, whose files are in the folder `path`."""
    try:
        found = glance(f"{path}/{RESULT_FILE}", trial.key)
    except DamagedResult as error:
        return _unfinished(trial, Path(path), error)
    return _unfinished(trial, Path(path)) if found is None else Brief(trial, *found)


def _unfinished(trial: Trial, path: Path, damaged: DamagedResult | None = None) -> Brief:
    epochs = read_epochs(path)
    seconds = [float(line["seconds"]) for line in epochs if line.get("seconds")]
    host = None
    seen = leases.newest(path)
    if seen is not None and not leases.is_free(path, seen):
        host = str(seen.document().get("host", "unknown"))
    return Brief(
        trial,
        "running" if epochs or host else "pending",
        len(epochs),
        epoch_seconds=sum(seconds) / len(seconds) if seconds else None,
        host=host,
        last=epochs[-1] if epochs else None,
        damaged=damaged,
    )
