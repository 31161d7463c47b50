"""Many trials on a thread each, or fewer on several? Tried out on the machine, before a long sweep.

On most processors a trial a core is the fastest, as small networks share their work badly between
threads; where there are fewer trials than cores, or where memory is short of breath, it need not
be. Each choice is run for some seconds as the sweep would run it: worker processes side by side,
the plan's largest network, random images.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from archscope.errors import plural
from archscope.sweep.plan.estimate import LONG, Images, estimated_seconds, trial_work
from archscope.sweep.plan.slots import Slot
from archscope.sweep.plan.subjects import input_of
from archscope.sweep.plan.trial import Trial
from archscope.sweep.run.messages import Event, Report, Task
from archscope.sweep.run.worker_process import WorkerProcess
from archscope.sweep.store import lease as leases
from archscope.sweep.store import result as result_files

RUNNER = "archscope.sweep.run.speed:train_for_a_while"
WARM_UP, WINDOW = 2.0, 3.0  # seconds
_PATIENCE = 90.0  # seconds for a choice: start, warm-up, window, and a slow network's last step
_IMAGES, _EPOCHS = 4096, 1000  # more than the window has time for


def choices(cpus: int, trials: int) -> list[int]:
    """Threads of a trial that are worth trying: 1, 2, and what gives each of few trials its share.

    >>> choices(2, 24), choices(16, 2), choices(1, 5)
    ([1, 2], [1, 2, 8], [1])
    """
    return sorted({n for n in (1, 2, cpus // min(trials, cpus)) if n <= cpus})


def tried(
    kinds: Sequence[Trial],
    seeds: int,
    images: Images,
    cpus: int,
    note: Callable[[str], None],
) -> dict[int, float]:
    """Images a second of the whole machine by threads of a trial; empty for a short sweep.

    Empty as well where a choice gave no rate, as it failed or was too slow for the time there is:
    one that was not measured is not to win or to lose by that.

    Args:
        kinds: a trial of each network of the plan; its key and seed do not matter.
        seeds: trials of each.
        images: of an epoch.
        cpus: processors of the machine.
        note: called with what is done.
    """
    work = [trial_work(kind, images) for kind in kinds] * seeds
    if estimated_seconds(work, kinds[0].conditions.precision, cpus) < LONG:
        return {}
    note("Trying how many threads train a trial fastest, some seconds for each choice.")
    largest = max(kinds, key=lambda kind: trial_work(kind, images))
    rates = {}
    for threads in choices(cpus, len(work)):
        workers = min(len(work), cpus // threads)
        choice = f"Tried: {plural(workers, 'trial')} at a time, {plural(threads, 'thread')} each"
        rate = _rate(largest, [Slot("cpu", threads)] * workers)
        if not rate:
            note(f"{choice}: no answer in time; each trial gets one thread.")
            return {}
        rates[threads] = rate
        note(f"{choice}, {rate:,.0f} images/s of {largest.network}.")
    return rates


def _rate(trial: Trial, slots: Sequence[Slot]) -> float | None:
    """Images a second of all slots together, or None where one of them gave none."""
    try:
        return _measured(trial, slots)
    except OSError:  # no room for a folder, or no process more
        return None


def _measured(trial: Trial, slots: Sequence[Slot]) -> float | None:
    with tempfile.TemporaryDirectory(prefix="archscope-speed-") as name:
        folders = [Path(name) / str(number) for number in range(len(slots))]
        workers = []
        try:
            for folder, slot in zip(folders, slots, strict=True):
                folder.mkdir()
                lease = leases.acquire(folder, 0)
                assert lease is not None
                lease.drop()
                workers.append(worker := WorkerProcess(slot, RUNNER))
                there = replace(trial, key=folder.name)
                worker.run(Task(there, folder, slot.device, slot.threads, lease.path))
            _wait(workers)
        finally:
            for worker in workers:
                worker.end(0)
        results = [result_files.read(folder) for folder in folders]
    rates = [float(r.timing.get("images_per_second") or 0) for r in results if r]
    return sum(rates) if len(rates) == len(slots) and all(rates) else None


def _wait(workers: Sequence[WorkerProcess]) -> None:
    """Until each worker has ended its task or is gone, or patience is over."""
    until = time.monotonic() + _PATIENCE
    busy = [worker.connection for worker in workers]
    while busy and (left := until - time.monotonic()) > 0:
        ready = wait(busy, timeout=left)
        busy = [
            connection for connection in busy if connection not in ready or _goes_on(connection)
        ]


def _goes_on(connection: Connection[Any, Event]) -> bool:
    try:
        return connection.recv().kind not in ("finished", "failed", "lost")
    except (EOFError, OSError):
        return False


class _Over(Exception):
    """The window is over."""


class _Window:
    """Counts batches from the end of the warm-up to the end of the window."""

    def __init__(self) -> None:
        self.began = self.first = time.perf_counter()
        self.batches = -1  # counted once the warm-up is over
        self.rate = 0.0  # batches a second

    def step(self) -> None:
        """A batch is done; raises `_Over` at the window's end."""
        now = time.perf_counter()
        if self.batches < 0:
            if now - self.began >= WARM_UP:
                self.first, self.batches = now, 0
            return
        self.batches += 1
        if now - self.first >= WINDOW:
            self.rate = self.batches / (now - self.first)
            raise _Over


def train_for_a_while(task: Task, report: Report) -> dict[str, Any]:
    """In a worker: train the task's network on random images, and report images a second.

    As no error is asked for, the result counts as diverged.
    """
    from archscope.sweep.run.train_trial import prepare_process

    prepare_process(task)
    from archscope.arch.names import parse
    from archscope.training.job import Job
    from archscope.training.loop import train
    from archscope.training.recipe import lasting

    trial, recipe = task.trial, lasting(task.trial.recipe, _EPOCHS)
    dataset = trial.conditions.dataset
    shape = input_of(dataset.name)
    network = parse(trial.network, classes=dataset.classes, input_shape=shape)
    window = _Window()

    def step(done: int, total: int) -> None:
        report.step(done, total)
        window.step()

    job = Job(network, recipe, 1, task.device, trial.conditions.precision)
    with contextlib.suppress(_Over):
        images = max(_IMAGES, 2 * recipe.batch)
        train(job, random_dataset(dataset.classes, network.input, images), on_step=step)
    return {
        "status": "diverged",
        "timing": {"images_per_second": recipe.batch * window.rate},
    }


def random_dataset(classes: int, shape: tuple[int, ...], images: int) -> Any:
    """A data set of random images to train on: the arithmetic is that of any other."""
    import numpy as np

    from archscope.data.dataset import Dataset, DatasetInfo, Split

    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        images = random.integers(0, 256, (n, *shape), dtype=np.uint8)
        return Split(images, random.integers(0, classes, n))

    info = DatasetInfo("random", "random images", None, classes, "", False)
    spread = (127.5, 127.5, 127.5)
    return Dataset(info, split(images), split(1), spread, spread)
