"""The scheduler: trials to slots, longest first; one that fails does not stop the others.

Knows nothing of training or of devices: what trains is a runner's name, a slot is a string and a
number, and what happens is told to an observer.
"""

from __future__ import annotations

import errno
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from archscope.errors import ArchscopeError
from archscope.files import write_json
from archscope.sweep.environment import environment
from archscope.sweep.folder import cannot_write, explained
from archscope.sweep.machine import Slot
from archscope.sweep.messages import Event, Task
from archscope.sweep.process import WorkerProcess
from archscope.sweep.records import (
    RESULT_FILE,
    RESULT_SCHEMA,
    TRIAL_FILE,
    read_result,
    trial_folder,
)

RUNNER = "archscope.sweep.worker:run_trial"
_TICK = 0.25  # seconds between two looks at signals and the display
_GRACE = 10.0  # seconds that a worker has to reach its next step when the sweep is stopped
_NO_WRITING = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM}


class Observer(Protocol):
    """What a display is told: every event, and that time passes."""

    def event(self, event: Event) -> None:
        """A trial has news."""

    def tick(self) -> None:
        """Time has passed; called a few times a second."""


class Interrupted(ArchscopeError):
    """The sweep was stopped by a signal; the same command continues it."""

    def __init__(self, signum: int, folder: Path) -> None:
        self.exit_code = 128 + signum
        super().__init__(
            f"Stopped by {signal.Signals(signum).name}: every finished epoch is kept in {folder}; "
            "run the same command again to continue."
        )


class Scheduler:
    """Runs trials in slots, each slot's process living on from trial to trial.

    Args:
        folder: the sweep's folder.
        trials: the content of `trial.json` for each trial to run, in the order of running.
        slots: where; no more processes are started than there are trials.
        observer: what is told of it.
        runner: what trains, as "module:function".
    """

    def __init__(
        self,
        folder: Path,
        trials: Sequence[dict[str, Any]],
        slots: Sequence[Slot],
        observer: Observer,
        runner: str,
    ) -> None:
        self.folder = folder
        self.slots = slots
        self.observer = observer
        self.runner = runner
        self._queue = deque(trials)
        self._workers: list[WorkerProcess] = []
        self._signals: list[int] = []

    def run(self) -> None:
        """Run every trial to its end, good or bad.

        Raises `Interrupted` after SIGINT or SIGTERM, `ArchscopeError` where the folder cannot be
        written; in either case all processes are gone and each trial can be continued.
        """
        grace = 0.0
        with _caught(self._on_signal):
            try:
                for slot in self.slots[: len(self._queue)]:
                    self._employ(slot)
                while busy := [worker for worker in self._workers if worker.task]:
                    self._listen(busy)
                    if self._signals:
                        raise Interrupted(self._signals[0], self.folder)
                grace = _GRACE
            except (ArchscopeError, KeyboardInterrupt):
                grace = _GRACE
                raise
            finally:
                self._dismiss(grace)

    def _listen(self, busy: Sequence[WorkerProcess]) -> None:
        by_connection = {worker.connection: worker for worker in busy}
        for connection in wait(list(by_connection), timeout=_TICK):
            worker = by_connection[connection]  # type: ignore[index]
            try:
                event = worker.connection.recv()
            except (EOFError, OSError):
                self._replace(worker)
            else:
                self._handle(worker, event)
        self.observer.tick()

    def _handle(self, worker: WorkerProcess, event: Event) -> None:
        if event.kind == "failed":
            if event.data["errno"] in _NO_WRITING:
                raise cannot_write(self.folder, event.data["reason"])
            self._record_failure(worker, event.data["reason"], event.data["trace"])
        self.observer.event(event)
        if event.kind in ("finished", "failed"):
            self._give_next(worker)

    def _replace(self, worker: WorkerProcess) -> None:
        """A worker is gone: its trial has failed (unless its result is there), its slot is free."""
        task = worker.task
        assert task is not None
        reason = worker.obituary()
        self._workers.remove(worker)
        worker.end(0)
        result = read_result(task.folder)
        key = task.trial["key"]
        if result is None:
            self._record_failure(worker, reason, None)
            self.observer.event(Event("failed", key, {"reason": reason}))
        else:
            data = {"status": result["status"], "test_error": result["metrics"].get("test_error")}
            self.observer.event(Event("finished", key, data))
        if self._queue:
            self._employ(worker.slot)

    def _employ(self, slot: Slot) -> None:
        with explained(self.folder):
            worker = WorkerProcess(slot, self.runner)
        self._workers.append(worker)
        self._give_next(worker)

    def _give_next(self, worker: WorkerProcess) -> None:
        worker.task = None
        if not self._queue:
            worker.ask_to_stop()
            return
        trial = self._queue.popleft()
        folder = trial_folder(self.folder, trial["key"])
        with explained(self.folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / TRIAL_FILE, trial)
            (folder / RESULT_FILE).unlink(missing_ok=True)  # an earlier failure's
        slot = worker.slot
        worker.run(Task(trial, folder, slot.device, slot.threads, slot.loaders))

    def _record_failure(self, worker: WorkerProcess, reason: str, trace: str | None) -> None:
        assert worker.task is not None
        result = {
            "schema": RESULT_SCHEMA,
            "key": worker.task.trial["key"],
            "status": "failed",
            "reason": reason,
            **({"trace": trace} if trace else {}),
            "metrics": {},
            "timing": {},
            "environment": {**environment(), "device": worker.slot.device},
        }
        with explained(self.folder):
            write_json(worker.task.folder / RESULT_FILE, result)

    def _dismiss(self, grace: float) -> None:
        """End all workers; a second signal ends them at once."""
        for worker in self._workers:
            worker.ask_to_stop()
        until = time.monotonic() + grace
        already = len(self._signals)
        while time.monotonic() < until and len(self._signals) <= already:
            if not any(worker.alive for worker in self._workers):
                break
            time.sleep(0.02)
        for worker in self._workers:
            worker.end(0)
        self._workers.clear()

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        self._signals.append(signum)


@contextmanager
def _caught(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """SIGINT and SIGTERM go to `handler` meanwhile; outside of the main thread nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)
