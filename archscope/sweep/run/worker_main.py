"""The worker process: a loop over tasks until asked to stop.

Started as `python -m archscope.sweep.run.worker_main FD`.

It never outlives its parent: a thread waits on the pipe, and the pipe's end is the process's end,
whatever the training is doing. A trial's files survive that (see `archscope.files`).
"""

from __future__ import annotations

import faulthandler
import importlib
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from archscope.files import Unreadable
from archscope.sweep.run.messages import (
    Event,
    Kind,
    Paused,
    Report,
    Runner,
    Stopped,
    Superseded,
    Task,
)
from archscope.sweep.store import result as results
from archscope.sweep.store.environment import environment
from archscope.sweep.store.lease import superseded

STOP = "stop"
_STEP_INTERVAL = 0.25  # seconds between two "step" events of a trial
_LEASE_INTERVAL = 5.0  # seconds between two looks at the lease, while nothing is written
# The parent decides what a signal means; schedulers send them to every process of a job.
HANDLED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
)

Send = Callable[..., None]


def main(descriptor: int) -> None:
    """Run tasks from the pipe `descriptor`: first a runner's name, then tasks, `STOP` to end."""
    for number in HANDLED:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # they were held back until now: see `process`
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
    faulthandler.enable()
    connection: Connection[Event, Any] = Connection(descriptor)
    tasks: SimpleQueue[Any] = SimpleQueue()
    stopping = threading.Event()

    def receive() -> None:
        while True:
            try:
                message = connection.recv()
            except (EOFError, OSError):
                os._exit(1)  # the parent is gone, however it went
            if message == STOP:
                stopping.set()
            tasks.put(message)

    threading.Thread(target=receive, daemon=True).start()
    runner_name = tasks.get()
    while (task := tasks.get()) != STOP:
        try:
            execute(task, runner_name, connection.send, stopping.is_set)
        except (Stopped, BrokenPipeError):
            break
    sys.stdout.flush()
    os._exit(0)  # nothing is left to tidy up, and torch takes its time to do it


def execute(
    task: Task, runner: str, tell: Callable[[Event], None], stopping: Callable[[], bool]
) -> None:
    """Run one task to its end and write `result.json`; every outcome is an event for `tell`.

    Raises `Stopped` when `stopping` says so: the trial can be continued.
    """

    def send(kind: Kind, **data: Any) -> None:
        tell(Event(kind, task.trial.key, data))

    report = _report(task, send, stopping)
    try:
        send("started")
        started = datetime.now(UTC)
        result = _result(task, _runner(runner)(task, report), started)
        report.saving()
        results.write(task.folder, result)
    except Paused:
        send("paused")
    except Superseded:
        send("lost")
    except Exception as error:
        send(
            "failed",
            reason=_reason(error, task),
            errno=getattr(_system_error(error), "errno", None),
            path=getattr(_system_error(error), "filename", None),
            trace=traceback.format_exc(),
        )
    else:
        send("finished", status=result["status"], test_error=result["metrics"].get("test_error"))


def _runner(name: str) -> Runner:
    module, _, function = name.partition(":")
    runner: Runner = getattr(importlib.import_module(module), function)
    return runner


def _report(task: Task, send: Send, stopping: Callable[[], bool]) -> Report:
    last = looked = time.monotonic()

    def step(done: int, total: int) -> None:
        nonlocal last, looked
        if stopping():
            raise Stopped
        now = time.monotonic()
        if now - looked >= _LEASE_INTERVAL:  # at once after this process was suspended
            looked = now
            saving()
        if now - last >= _STEP_INTERVAL:
            last = now
            send("step", done=done, total=total)

    def epoch(line: dict[str, Any]) -> None:
        send("epoch", **line)
        if stopping():
            raise Stopped

    def saving() -> None:
        if superseded(task.lease):
            raise Superseded

    def note(text: str) -> None:
        send("note", text=text)

    return Report(step, epoch, saving, note)


def _result(task: Task, result: dict[str, Any], started: datetime) -> dict[str, Any]:
    record = {
        **environment(),
        "device": task.device,
        "precision": task.trial.conditions.precision,
        "threads": task.threads,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    whole = {
        "schema": results.RESULT_SCHEMA,
        "key": task.trial.key,
        "status": "done",
        "metrics": {},
        "timing": {},
        **result,
        "environment": {**record, **result.get("environment", {})},
    }
    cleaned: dict[str, Any] = _finite(whole)
    return cleaned


def _finite(value: Any) -> Any:
    """`value` with NaN and infinities as `None`: JSON has none, and a diverged run has many."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _system_error(error: BaseException | None) -> OSError | None:
    """The system's error behind what went wrong, though torch may have wrapped it.

    None of a file that cannot be read: that sentence says all, and others may be readable.
    """
    while error is not None and not isinstance(error, Unreadable):
        if isinstance(error, OSError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _reason(error: Exception, task: Task) -> str:
    """What went wrong, on one line; the record's trace has the others.

    Where the system said it (the disk is full), in its words rather than in torch's.
    """
    error = _system_error(error) or error
    first = (f"{error}".strip() or type(error).__name__).splitlines()[0]
    if not _out_of_memory(error):
        return f"{type(error).__name__}: {first}"
    from archscope.sweep.plan.estimate import memory_sentence  # and what reads networks, only now

    return f"out of memory: {memory_sentence(task.trial)} ({first})"


def _out_of_memory(error: Exception) -> bool:
    """Whether memory ran out: torch has a type for it on a GPU, and a text on a CPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError | ImportError) and any(
        sign in str(error) for sign in ("DefaultCPUAllocator", "std::bad_alloc", "map segment")
    )


if __name__ == "__main__":
    # Imported under its own name, so that what it pickles is found under that name.
    from archscope.sweep.run import worker_main as child

    child.main(int(sys.argv[1]))
