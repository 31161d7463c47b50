"""Runners for the scheduler's tests: they train nothing, and do what the trial says."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from archscope.sweep.run.messages import Report, Stopped, Task
from archscope.testing.trials import remarks


class OutOfMemoryError(RuntimeError):
    """As torch calls its own."""


def run(task: Task, report: Report) -> dict[str, Any]:
    """Keep a line an epoch, as a real training does; `behaviour` says what goes wrong."""
    behaviour = remarks(task.trial).get("behaviour", "")
    metrics = task.folder / "metrics.jsonl"
    done = len(metrics.read_text().splitlines()) if metrics.exists() else 0
    _log(task, f"begin {task.trial.key} {task.device} {os.getpid()} from {done}")
    if behaviour == "raise":
        raise RuntimeError("made to fail\nin two lines")
    if behaviour == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "segfault":
        ctypes.string_at(0)
    if behaviour == "no memory":
        bytearray(2**60)
    if behaviour == "no memory for torch":
        import torch

        torch.empty(2**55)
    if behaviour == "no memory for a library":
        raise ImportError("libtorch_cpu.so: failed to map segment from shared object")
    if behaviour == "no memory on the GPU":
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
    if behaviour == "too many files":
        raise OSError(24, "Too many open files", "data.bin")
    if behaviour == "forbidden data":
        raise PermissionError(13, "Permission denied", "/elsewhere/data.bin")
    if behaviour == "forbidden folder":
        raise PermissionError(13, "Permission denied", str(task.folder / "metrics.jsonl"))
    if behaviour == "exit":
        os._exit(7)
    if behaviour == "stuck":
        time.sleep(600)
    if behaviour == "disk full":
        raise OSError(28, "No space left on device")
    if behaviour == "disk full under torch":
        try:
            raise OSError(28, "No space left on device")
        except OSError:
            raise RuntimeError("[enforce fail at inline_container.cc:672]")  # noqa: B904 (as torch)
    try:
        for epoch in range(done + 1, task.trial.recipe.epochs + 1):
            _epoch(task, report, epoch)
    except Stopped:
        _log(task, f"stopped {task.trial.key}")
        raise
    _log(task, f"end {task.trial.key}")
    return {"status": "done", "metrics": {"test_error": 10.0, "odd": float("nan")}}


def _epoch(task: Task, report: Report, epoch: int) -> None:
    report.step(64, 128)
    behaviour = remarks(task.trial).get("behaviour", "")
    if behaviour == "slow":
        time.sleep(0.05)
    report.saving()
    line = {"epoch": epoch, "test_error": 50.0 / epoch, "images_per_second": 100.0}
    with (task.folder / "metrics.jsonl").open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    report.epoch(line)
    if behaviour == "die in epoch 2" and epoch == 2 and done_here(task) == 0:
        os.kill(os.getpid(), signal.SIGSEGV)
    hangs = behaviour == "hang" and epoch == 2
    while hangs and not (task.folder / "go").exists():
        report.step(127, 128)  # tells the test that it hangs


def diverges(task: Task, report: Report) -> dict[str, Any]:
    """As a training whose loss is no number any more."""
    metrics = {"epochs": 0, "test_error": None, "diverged_in_epoch": 1}
    return {"status": "diverged", "metrics": metrics, "reason": "the loss was no number"}


def seed_2_diverges(task: Task, report: Report) -> dict[str, Any]:
    """Diverges for seed 2."""
    return (diverges if task.trial.seed == 2 else run)(task, report)


def rate(task: Task, report: Report) -> dict[str, Any]:
    """A speed that the trial has said."""
    report.step(1, 2)
    return {"status": "diverged", "timing": {"images_per_second": remarks(task.trial)["rate"]}}


def long(task: Task, report: Report) -> dict[str, Any]:
    """A result of some size."""
    return {**run(task, report), "reason": "long" * 5000}


def done_here(task: Task) -> int:
    """The deaths before this one."""
    marks = list(task.folder.glob("died*"))
    (task.folder / f"died{len(marks)}").touch()
    return len(marks)


def seed_2_fails(task: Task, report: Report) -> dict[str, Any]:
    """Fails for seed 2, until a file `repaired` stands in the sweep's folder."""
    if task.trial.seed == 2 and not (task.folder.parents[1] / "repaired").exists():
        raise RuntimeError("seed 2 is made to fail")
    return run(task, report)


def by_seed(task: Task, report: Report) -> dict[str, Any]:
    """Test error 10 + seed; where images were held out, validation error 20 + seed."""
    seed = task.trial.seed
    metrics: dict[str, Any] = {"epochs": 1, "test_error": 10.0 + seed, "train_error": 5.0}
    if task.trial.conditions.view.holdout:
        metrics["validation_error"] = 20.0 + seed
    return {"status": "done", "metrics": metrics, "timing": {"seconds": 1.0}}


def by_network(task: Task, report: Report) -> dict[str, Any]:
    """Test errors by paths and seed, the same again; 3 paths diverge from seed 4."""
    seed, template = task.trial.seed, task.trial.template
    _log(task, f"begin {template} {seed}")
    if template == "3x64d" and seed == 4:
        return {"status": "diverged", "metrics": {"epochs": 1}, "reason": "made to diverge"}
    paths = int(template.partition("x")[0])
    noise = ((seed * 37 + paths * 17) % 11 - 5) / 10
    metrics = {"epochs": 1, "test_error": 90.0 - 20 * (paths // 2) + noise, "train_error": 5.0}
    return {"status": "done", "metrics": metrics, "timing": {"seconds": 1.0}}


def steady(task: Task, report: Report) -> dict[str, Any]:
    """As a training that comes out the same each time, with its lines, and no checkpoint."""
    epochs = range(1, task.trial.recipe.epochs + 1)
    errors = [round(60.0 / (epoch + task.trial.entry.params % 7), 4) for epoch in epochs]
    report.saving()
    lines = [
        {"epoch": epoch, "train_error": error / 2, "test_error": error, "seconds": 1.0}
        for epoch, error in zip(epochs, errors, strict=True)
    ]
    (task.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    kept = {name: [line[name] for line in lines] for name in ("train_error", "test_error")}
    last = {name: kept[name][-1] for name in kept}
    metrics = {"epochs": len(lines), **last, "per_epoch": kept}
    return {"status": "done", "metrics": metrics, "timing": {"seconds": 1.0 * len(lines)}}


def _log(task: Task, text: str) -> None:
    log: Path = task.folder.parents[1] / "log.txt"
    with log.open("a") as stream:
        stream.write(text + "\n")
