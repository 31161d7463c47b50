"""The scheduler: trials to slots, as the supply gives them; one that fails stops no other.

Knows nothing of training or of devices: what trains is a runner's name, a slot is a string and a
number, and what happens is told to an observer.
"""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from archscope.errors import ArchscopeError
from archscope.files import write_json
from archscope.sweep.environment import environment
from archscope.sweep.lease import superseded
from archscope.sweep.machine import Slot
from archscope.sweep.messages import Event, Task
from archscope.sweep.process import WorkerProcess
from archscope.sweep.records import RESULT_FILE, RESULT_SCHEMA, read_result
from archscope.sweep.signals import Caught, Interrupted
from archscope.sweep.supply import Leased, Supply
from archscope.sweep.work import memory_sentence
from archscope.sweep.writing import cannot_write, explained, too_many_files

__all__ = ["Interrupted", "Observer", "Scheduler"]

RUNNER = "archscope.sweep.worker:run_trial"
_TICK = 0.25  # seconds between two looks at signals, leases and the display
_GRACE = 30.0  # seconds that a worker has to keep its state when the sweep is stopped
_FULL = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}


class Observer(Protocol):
    """What a display is told: every event, and that time passes."""

    def event(self, event: Event) -> None:
        """A trial has news."""

    def tick(self) -> None:
        """Time has passed; called a few times a second."""


@dataclass
class _Place:
    """A slot with its process, and what that is busy with."""

    slot: Slot
    worker: WorkerProcess | None = None
    work: Leased | None = None


class Scheduler:
    """Runs trials in slots, each slot's process living on from trial to trial.

    Args:
        supply: the trials, in the order of running.
        slots: where; no more processes are started than there are trials.
        observer: what is told of it.
        runner: what trains, as "module:function".
    """

    def __init__(
        self, supply: Supply, slots: Sequence[Slot], observer: Observer, runner: str
    ) -> None:
        self.supply = supply
        self.folder = supply.folder
        self.observer = observer
        self.runner = runner
        self._places = [_Place(slot) for slot in slots]
        self._leaving: list[WorkerProcess] = []
        self._deaths: Counter[str] = Counter()

    def run(self) -> None:
        """Run every trial to its end, good or bad; those of other processes are waited for.

        Raises `Interrupted` after a signal, `ArchscopeError` where the folder cannot be written; in
        either case all processes are gone and each trial can be continued.
        """
        grace = 0.0
        with Caught() as signals:
            try:
                self._fill()
                while self._busy() or self.supply.waiting:
                    self._listen()
                    self._tend()
                    if signals.received:
                        raise Interrupted(signals.received[0], self.folder)
                    self._fill()
                grace = _GRACE
            except (ArchscopeError, KeyboardInterrupt):
                grace = _GRACE
                raise
            finally:
                self._dismiss(grace, signals)
                with explained(self.folder):
                    self.supply.close()
            if signals.received:  # at the very end
                raise Interrupted(signals.received[0], self.folder)

    def _busy(self) -> list[_Place]:
        return [place for place in self._places if place.work]

    def _listen(self) -> None:
        places = {place.worker.connection: place for place in self._busy() if place.worker}
        for connection in wait(list(places), timeout=_TICK):
            place = places[connection]  # type: ignore[index]
            assert place.worker is not None and place.work is not None
            try:
                event = place.worker.connection.recv()
            except (EOFError, OSError):
                self._bury(place, place.worker, place.work)
            else:
                self._handle(place, place.work, event)

    def _tend(self) -> None:
        with explained(self.folder):
            news = self.supply.tend()
        for event in news:
            self.observer.event(event)
        self.observer.tick()

    def _handle(self, place: _Place, work: Leased, event: Event) -> None:
        if event.kind == "failed":
            self._refuse_a_broken_place(event)
            self._record_failure(place, work, event.data["reason"], event.data["trace"])
        self.observer.event(event)
        if event.kind == "lost":
            self.supply.lost(work)
        elif event.kind in ("finished", "failed"):
            self._end(work, failed=event.kind == "failed")
        else:
            return
        place.work = None

    def _bury(self, place: _Place, worker: WorkerProcess, work: Leased) -> None:
        """A worker is gone: its trial is tried once more from its checkpoint, then it has failed.

        Unless its result is there, or somebody else's lease.
        """
        reason = worker.obituary()
        worker.end(0)
        place.worker, place.work = None, None
        if superseded(work.lease.path):
            self.observer.event(Event("lost", work.key))
            self.supply.lost(work)
        elif result := read_result(work.folder):
            data = {"status": result["status"], "test_error": result["metrics"].get("test_error")}
            self.observer.event(Event("finished", work.key, data))
            self._end(work, failed=result["status"] == "failed")
        elif not self._deaths[work.key]:
            self._deaths[work.key] += 1
            text = f"{reason}; tried once more from its last checkpoint"
            self.observer.event(Event("note", work.key, {"text": text}))
            self.supply.again(work)
        else:
            need = f"; {memory_sentence(work.trial)}" if "SIGKILL" in reason else ""
            reason = f"{reason}, twice{need}"
            self._record_failure(place, work, reason, None)
            self.observer.event(Event("failed", work.key, {"reason": reason}))
            self._end(work, failed=True)

    def _fill(self) -> None:
        """Give the free slots what there is; their processes go when nothing can come any more."""
        for place in self._places:
            if place.work:
                continue
            with explained(self.folder):
                place.work = self.supply.take()
            if place.work:
                self._run(place, place.work)
            elif place.worker and not self.supply.waiting:
                place.worker.ask_to_stop()
                self._leaving.append(place.worker)
                place.worker = None

    def _run(self, place: _Place, work: Leased) -> None:
        if place.worker is None:
            try:
                place.worker = WorkerProcess(place.slot, self.runner)
            except OSError as error:
                raise _cannot_start(error) from None
        slot = place.slot
        place.worker.run(
            Task(
                work.trial,
                work.folder,
                slot.device,
                slot.threads,
                work.lease.path,
                slot.loaders,
            )
        )

    def _end(self, work: Leased, *, failed: bool) -> None:
        with explained(self.folder):
            self.supply.ended(work, failed=failed)

    def _refuse_a_broken_place(self, event: Event) -> None:
        """Raise where the next trial would fail for the same reason: it is none of the trial's."""
        number, path = event.data["errno"], event.data["path"]
        here = path is None or Path(str(path)).is_relative_to(self.folder)
        if number in _TOO_MANY:
            raise too_many_files()
        if here and (number in _FULL or (path is not None and number in _FORBIDDEN)):
            raise cannot_write(self.folder, event.data["reason"])

    def _record_failure(self, place: _Place, work: Leased, reason: str, trace: str | None) -> None:
        result: dict[str, Any] = {
            "schema": RESULT_SCHEMA,
            "key": work.key,
            "status": "failed",
            "reason": reason,
            **({"trace": trace} if trace else {}),
            "metrics": {},
            "timing": {},
            "environment": {**environment(), "device": place.slot.device},
        }
        with explained(self.folder):
            write_json(work.folder / RESULT_FILE, result)

    def _dismiss(self, grace: float, signals: Caught) -> None:
        """End all workers; a second signal ends them at once."""
        workers = [*self._leaving, *(place.worker for place in self._places if place.worker)]
        for worker in workers:
            worker.ask_to_stop()
        until = time.monotonic() + grace
        already = len(signals.received)
        while time.monotonic() < until and len(signals.received) <= already:
            if not any(worker.alive for worker in workers):
                break
            time.sleep(0.02)
        for worker in workers:
            worker.end(0)


def _cannot_start(error: OSError) -> ArchscopeError:
    if error.errno in _TOO_MANY:
        return too_many_files()
    return ArchscopeError(
        f"A worker process could not be started ({error.strerror or error}): end other processes "
        "or ask for fewer --workers, and run the same command again (nothing finished is lost)."
    )
