"""A quick look at all trials of a folder: what has ended, what runs; no more than is needed.

Plans may have 100,000 trials: the folder of trials is listed once, a trial that has not begun costs
no look at the disk, and of one that has ended only the beginning of `result.json` is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.sweep.store import lease as leases
from archscope.sweep.store.records import (
    RESULT_FILE,
    RESULT_SCHEMA,
    TRIALS_FOLDER,
    planned,
    read_epochs,
    read_result,
    readable,
)

_HEAD = 1024  # bytes
# As `write_json` writes the beginning of a result that `training.job.outcome` made.
_DONE = re.compile(
    rb'\{\s*"schema": "' + re.escape(RESULT_SCHEMA.encode()) + rb'",\s*"key": "([^"\\]+)",'
    rb'\s*"status": "done",\s*"metrics": \{\s*"epochs": (\d+),\s*"test_error": (\d[\d.e+-]*),'
)


@dataclass(frozen=True, slots=True)
class Brief:
    """How a trial stands.

    `status` is that of a `TrialRecord`. `test_error` in % where it is done; `reason` where it is
    not well; `epoch_seconds` and `host` (where it is trained, if it is just now) where it runs.
    """

    trial: Mapping[str, Any]
    status: str = "pending"
    epochs_done: int = 0
    test_error: float | None = None
    reason: str | None = None
    epoch_seconds: float | None = None
    host: str | None = None

    @property
    def key(self) -> str:
        """The trial's key."""
        return str(self.trial["key"])


def scan(folder: Path, document: Mapping[str, Any]) -> list[Brief]:
    """Every trial of the plan in `document`, in its order, as it stands in `folder`.

    Raises `ArchscopeError` where something in it may not be read.
    """
    with readable():
        return _scan(folder / TRIALS_FOLDER, document)


def _scan(trials: Path, document: Mapping[str, Any]) -> list[Brief]:
    begun = set()
    try:
        with os.scandir(trials) as entries:
            begun = {entry.name for entry in entries}
    except (FileNotFoundError, NotADirectoryError):
        pass
    root = os.fspath(trials)
    return [
        look(trial, f"{root}/{trial['key']}") if trial["key"] in begun else Brief(trial)
        for trial in planned(document)
    ]


def look(trial: Mapping[str, Any], path: str) -> Brief:
    """How one trial stands, whose files are in the folder `path`."""
    head = _head(f"{path}/{RESULT_FILE}")
    if head is not None:
        if (found := _DONE.match(head)) and found[1].decode() == trial["key"]:
            return Brief(trial, "done", int(found[2]), float(found[3]))
        if (result := read_result(Path(path))) is not None:
            metrics = result["metrics"]
            return Brief(
                trial,
                str(result["status"]),
                int(metrics.get("epochs") or 0),
                metrics.get("test_error"),
                result.get("reason"),
            )
    return _unfinished(trial, Path(path))


def _unfinished(trial: Mapping[str, Any], path: Path) -> Brief:
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
    )


def _head(path: str) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return os.read(descriptor, _HEAD)
    finally:
        os.close(descriptor)
