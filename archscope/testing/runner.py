"""What `check_executor` has trained: a runner that trains nothing, and does what its trial says."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

from archscope.files import write_text
from archscope.sweep.run.messages import Report, Task
from archscope.testing.trials import remarks

NAME = "archscope.testing.runner:run"
STATE = "checkpoint.json"


def run(task: Task, report: Report) -> dict[str, Any]:
    """Each epoch adds its number to a kept state; `behaviour` says what goes wrong."""
    behaviour = remarks(task.trial)["behaviour"]
    kept = task.folder / STATE
    done: list[int] = json.loads(kept.read_text("utf-8")) if kept.exists() else []
    begun_from = len(done)
    if behaviour == "raises":
        raise RuntimeError("made to fail\nin two lines")
    if behaviour == "dies":
        die()
    for epoch in range(begun_from + 1, task.trial.recipe.epochs + 1):
        report.step(1, 2)
        report.saving()
        done.append(epoch)
        write_text(kept, json.dumps(done))
        report.epoch({"epoch": epoch, "test_error": 50.0 / epoch, "images_per_second": 100.0})
        if behaviour == "dies once" and (begun_from, epoch) == (0, 2):
            die()
        while behaviour == "holds" and (begun_from, epoch) == (0, 1):
            report.step(1, 2)  # raises where it is to stop
            time.sleep(0.02)
    metrics = {"test_error": 10.0, "state": done, "begun_from": begun_from, "odd": float("nan")}
    return {"status": "done", "metrics": metrics}


def die() -> None:
    """End this process as the system does that has no memory left."""
    os.kill(os.getpid(), signal.SIGKILL)
