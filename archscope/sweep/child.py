"""The worker process: `python -m archscope.sweep.child FD`, a loop over tasks until told to stop.

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
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from archscope.files import write_json
from archscope.sweep.environment import environment
from archscope.sweep.messages import Event, Kind, Report, Runner, Stopped, Task
from archscope.sweep.records import RESULT_FILE, RESULT_SCHEMA

STOP = "stop"
_STEP_INTERVAL = 0.25  # seconds between two "step" events of a trial


def main(descriptor: int) -> None:
    """Run tasks from the pipe `descriptor`: first a runner's name, then tasks, `STOP` to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
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
            _run(task, runner_name, connection, stopping)
        except (Stopped, BrokenPipeError):
            break
    sys.stdout.flush()
    os._exit(0)  # nothing is left to tidy up, and torch takes its time to do it


def _run(
    task: Task, runner_name: str, connection: Connection[Event, Any], stopping: threading.Event
) -> None:
    def send(kind: Kind, **data: Any) -> None:
        connection.send(Event(kind, task.trial["key"], data))

    try:
        send("started")
        started = datetime.now(UTC)
        result = _runner(runner_name)(task, _report(send, stopping))
        result = _result(task, result, started)
        write_json(task.folder / RESULT_FILE, result)
    except Exception as error:
        send(
            "failed",
            reason=_reason(error),
            errno=_errno(error),
            trace=traceback.format_exc(),
        )
    else:
        send("finished", status=result["status"], test_error=result["metrics"].get("test_error"))


def _runner(name: str) -> Runner:
    module, _, function = name.partition(":")
    runner: Runner = getattr(importlib.import_module(module), function)
    return runner


def _report(send: Any, stopping: threading.Event) -> Report:
    last = 0.0

    def step(done: int, total: int) -> None:
        nonlocal last
        if stopping.is_set():
            raise Stopped
        now = time.monotonic()
        if now - last >= _STEP_INTERVAL:
            last = now
            send("step", done=done, total=total)

    def epoch(line: dict[str, Any]) -> None:
        send("epoch", **line)
        if stopping.is_set():
            raise Stopped

    return Report(step, epoch)


def _result(task: Task, result: dict[str, Any], started: datetime) -> dict[str, Any]:
    record = {
        **environment(),
        "device": task.device,
        "precision": task.trial["precision"],
        "threads": task.threads,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    whole = {
        "schema": RESULT_SCHEMA,
        "key": task.trial["key"],
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


def _errno(error: BaseException | None) -> int | None:
    """The system's number for what went wrong, though torch may have wrapped it."""
    while error is not None:
        if isinstance(error, OSError):
            return error.errno
        error = error.__cause__ or error.__context__
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return f"out of memory: {error}"
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    # Imported under its own name, so that what it pickles is found under that name.
    from archscope.sweep import child

    child.main(int(sys.argv[1]))
