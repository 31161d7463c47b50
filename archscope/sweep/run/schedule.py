"""The scheduler: trials to slots, as the supply gives them; one that fails stops no other.

Knows nothing of training or of devices: what trains is a runner's name, a slot is a string and a
number, and what happens is reported to an observer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait

from archscope.errors import ArchscopeError
from archscope.sweep.plan.slots import Slot
from archscope.sweep.run.outcomes import TOO_MANY, Observer, Outcomes
from archscope.sweep.run.signals import Caught, Interrupted
from archscope.sweep.run.supply import Leased, Supply
from archscope.sweep.run.worker_process import WorkerProcess
from archscope.sweep.store.locks import explained, too_many_files

__all__ = ["Interrupted", "Observer", "Scheduler"]

RUNNER = "archscope.sweep.run.train_trial:run_trial"
TICK = 0.25  # seconds between two looks at signals, leases and the display
STEPS = ("step", "epoch")  # events of a training that has state to keep
GRACE = 30.0  # seconds that a worker has to keep its state when the sweep is stopped


@dataclass
class _Place:
    """A slot with its process, what that is busy with, and whether it has got to a first step."""

    slot: Slot
    worker: WorkerProcess | None = None
    work: Leased | None = None
    stepped: bool = False


class Scheduler:
    """Runs trials in slots, each slot's process living on from trial to trial.

    Args:
        supply: the trials, in the order of running.
        slots: where; no more processes are started than there are trials.
        observer: what is notified of it.
        runner: what trains, as "module:function".
    """

    def __init__(
        self, supply: Supply, slots: Sequence[Slot], observer: Observer, runner: str
    ) -> None:
        self.supply = supply
        self.folder = supply.folder
        self.outcomes = Outcomes(supply, observer)
        self.runner = runner
        self._places = [_Place(slot) for slot in slots]
        self._leaving: list[WorkerProcess] = []

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
                    self.outcomes.tend()
                    if signals.received:
                        raise Interrupted(signals.received[0], self.folder)
                    self._fill()
                grace = GRACE
            except (ArchscopeError, KeyboardInterrupt):
                grace = GRACE
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
        for connection in wait(list(places), timeout=TICK):
            place = places[connection]  # type: ignore[index]
            assert place.worker is not None and place.work is not None
            try:
                event = place.worker.connection.recv()
            except (EOFError, OSError):
                self._bury(place, place.worker, place.work)
            else:
                place.stepped = place.stepped or event.kind in STEPS
                if self.outcomes.event(place.work, event, place.slot.device):
                    place.work = None

    def _bury(self, place: _Place, worker: WorkerProcess, work: Leased) -> None:
        reason = worker.obituary()
        worker.end(0)
        place.worker, place.work = None, None
        self.outcomes.died(work, reason, place.slot.device)

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
        place.stepped = False
        place.worker.run(work.task(place.slot))

    def _dismiss(self, grace: float, signals: Caught) -> None:
        """End all workers; a second signal ends them at once.

        So does the first those that have no state to keep yet: they may be loading for long.
        """
        workers = [*self._leaving, *(place.worker for place in self._places if place.worker)]
        for place in self._busy():
            if place.worker and not (place.stepped or _tells_of_a_step(place.worker)):
                place.worker.end(0)
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


def _tells_of_a_step(worker: WorkerProcess) -> bool:
    """Whether what it has sent, and nobody has read yet, says that it has state to keep."""
    try:
        while worker.connection.poll():
            if worker.connection.recv().kind in STEPS:
                return True
    except (EOFError, OSError):
        pass  # it is gone
    return False


def _cannot_start(error: OSError) -> ArchscopeError:
    if error.errno in TOO_MANY:
        return too_many_files()
    return ArchscopeError(
        f"A worker process could not be started ({error.strerror or error}): end other processes "
        "or ask for fewer --workers, and run the same command again (nothing finished is lost)."
    )
