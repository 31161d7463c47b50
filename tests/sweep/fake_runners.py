"""Runners for the scheduler's tests: they train nothing, and do what the trial says."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from archscope.sweep.messages import Report, Stopped, Task


def run(task: Task, report: Report) -> dict[str, Any]:
    """Keep a line an epoch, as a real training does; `behaviour` says what goes wrong."""
    behaviour = task.trial.get("behaviour", "")
    metrics = task.folder / "metrics.jsonl"
    done = len(metrics.read_text().splitlines()) if metrics.exists() else 0
    _log(task, f"begin {task.trial['key']} {task.device} {os.getpid()} from {done}")
    if behaviour == "raise":
        raise RuntimeError("made to fail")
    if behaviour == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "exit":
        os._exit(7)
    if behaviour == "stuck":
        time.sleep(600)
    if behaviour == "disk full":
        raise OSError(28, "No space left on device")
    try:
        for epoch in range(done + 1, task.trial["recipe"]["epochs"] + 1):
            _epoch(task, report, epoch)
    except Stopped:
        _log(task, f"stopped {task.trial['key']}")
        raise
    _log(task, f"end {task.trial['key']}")
    return {"status": "done", "metrics": {"test_error": 10.0, "odd": float("nan")}}


def _epoch(task: Task, report: Report, epoch: int) -> None:
    report.step(64, 128)
    if task.trial.get("behaviour") == "slow":
        time.sleep(0.05)
    report.saving()
    line = {"epoch": epoch, "test_error": 50.0 / epoch, "images_per_second": 100.0}
    with (task.folder / "metrics.jsonl").open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    report.epoch(line)
    hangs = task.trial.get("behaviour") == "hang" and epoch == 2
    while hangs and not (task.folder / "go").exists():
        report.step(127, 128)  # tells the test that it hangs


def seed_2_fails(task: Task, report: Report) -> dict[str, Any]:
    """Fails for seed 2, until a file `repaired` stands in the sweep's folder."""
    if task.trial["seed"] == 2 and not (task.folder.parents[1] / "repaired").exists():
        raise RuntimeError("seed 2 is made to fail")
    return run(task, report)


def _log(task: Task, text: str) -> None:
    log: Path = task.folder.parents[1] / "log.txt"
    with log.open("a") as stream:
        stream.write(text + "\n")
