"""A runner for the tests of Ray: it trains nothing, keeps a state, and logs what it does.

The log is outside of the sweep's folder, as a task may not see that; each line is one write.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from archscope.sweep.run.messages import Report, Stopped, Task
from archscope.testing.trials import remarks


def run(task: Task, report: Report) -> dict[str, Any]:
    """An epoch adds its number to the state; in epoch `holds` it waits for the file `gate`."""
    wanted = remarks(task.trial)
    state = task.folder / "checkpoint.pt"
    done = json.loads(state.read_text()) if state.exists() else []
    where = os.environ.get("CUDA_VISIBLE_DEVICES", "-") or "none"
    _log(task, f"begin from {len(done)} {task.device} {where} {task.folder}")
    _misbehave(wanted.get("behaviour"))
    try:
        for epoch in range(len(done) + 1, task.trial.recipe.epochs + 1):
            report.step(1, 2)
            while epoch == wanted.get("holds") and not Path(wanted["gate"]).exists():
                report.step(1, 2)
                time.sleep(0.02)
            report.saving()
            done.append(epoch)
            if state.exists():
                state.replace(task.folder / "checkpoint.previous.pt")
            state.write_text(json.dumps(done))
            line = {"epoch": epoch, "test_error": 50.0 / epoch, "images_per_second": 100.0}
            with (task.folder / "metrics.jsonl").open("a") as stream:
                stream.write(json.dumps(line) + "\n")
            _log(task, f"epoch {epoch}")
            report.epoch(line)
            if wanted.get("behaviour") == "die after 2" and done == [1, 2]:
                die()
    except Stopped:
        (task.folder / "part.pt").write_text("within an epoch")
        _log(task, "stopped")
        raise
    _log(task, "end")
    return {"status": "done", "metrics": {"test_error": 10.0, "state": done}}


def _misbehave(behaviour: str | None) -> None:
    if behaviour == "die":
        die()
    if behaviour == "disk full":
        raise OSError(28, "No space left on device")
    if behaviour == "raise":
        raise RuntimeError("made to fail")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _log(task: Task, text: str) -> None:
    line = f"{task.trial.key} {text}\n".encode()
    descriptor = os.open(remarks(task.trial)["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line)
    os.close(descriptor)
