"""What trials are executed by: processes of this machine, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from archscope.errors import UsageError, plural
from archscope.sweep.plan.slots import Resources, Slot
from archscope.sweep.run import schedule
from archscope.sweep.run.outcomes import Observer
from archscope.sweep.run.supply import Supply

if TYPE_CHECKING:
    from archscope.sweep.ray.cluster import Need
    from archscope.training.devices import Inventory


class Executor(Protocol):
    """What there is to train on, and what has trials trained there.

    `archscope.testing.check_executor` checks one.
    """

    @property
    def inventory(self) -> Inventory:
        """What there is."""

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know of it."""

    def check(self, slots: Sequence[Slot]) -> None:
        """Raise UsageError where there is no room for such slots."""

    def run(self, supply: Supply, slots: Sequence[Slot], observer: Observer, runner: str) -> None:
        """Have every trial trained by the runner of this name; errors as of `Scheduler.run`."""


@contextmanager
def opened(asked: Resources, inventory: Inventory | None) -> Iterator[Executor]:
    """The executor that was asked for; `inventory` is what this machine has, where it is known."""
    if asked.ray is None:
        yield Local(inventory or _inventory())
        return
    from archscope.sweep.ray import connection as ray_connection

    with ray_connection.connected(asked.ray.address, (inventory or _inventory()).cpus):
        yield OnRay(asked, *ray_connection.inventory())


@dataclass(frozen=True)
class Local:
    """Processes of this machine."""

    inventory: Inventory
    notes: Sequence[str] = ()

    def check(self, slots: Sequence[Slot]) -> None:
        """There is always room, if not much of it."""

    def run(self, supply: Supply, slots: Sequence[Slot], observer: Observer, runner: str) -> None:
        """Have every trial trained; errors as of `Scheduler.run`."""
        schedule.Scheduler(supply, slots, observer, runner).run()


@dataclass(frozen=True)
class OnRay:
    """Tasks of the Ray cluster that this process is connected to."""

    asked: Resources
    inventory: Inventory
    notes: Sequence[str] = ()

    def check(self, slots: Sequence[Slot]) -> None:
        """Raise UsageError where no node has what a trial needs."""
        from archscope.sweep.ray.cluster import living, room

        need = self._need(slots)
        if not room(living(), need):
            beside = " beside its GPU" if need.trials_per_gpu else ""
            raise UsageError(
                f"no node of the Ray cluster has {plural(need.threads, 'CPU')}{beside} for "
                f"--threads {need.threads}: give fewer threads"
            )

    def run(self, supply: Supply, slots: Sequence[Slot], observer: Observer, runner: str) -> None:
        """Have every trial trained, as many at a time as the cluster has room for at that time.

        `slots` limit that only where a number of workers or GPUs was asked for. Errors as of
        `RayScheduler.run`.
        """
        from archscope.sweep.ray.cluster import RayCluster
        from archscope.sweep.ray.protocol import Data
        from archscope.sweep.ray.scheduler import RayScheduler
        from archscope.sweep.run.train_trial import dataset_key, load_dataset

        slot, need = slots[0], self._need(slots)
        # A task sees its GPU alone, as the first one.
        own = Slot("cuda:0" if need.trials_per_gpu else "cpu", slot.threads, slot.loaders)
        data = Data(dataset_key, load_dataset) if runner == schedule.RUNNER else None
        RayScheduler(supply, RayCluster(need), own, observer, runner, data).run()

    def _need(self, slots: Sequence[Slot]) -> Need:
        from archscope.sweep.ray.cluster import Need

        asked, on_gpu = self.asked, slots[0].device != "cpu"
        limited = asked.workers is not None or (on_gpu and asked.gpus is not None)
        per_gpu = (asked.trials_per_gpu or 1) if on_gpu else None
        return Need(slots[0].threads, per_gpu, len(slots) if limited else None)


def _inventory() -> Inventory:
    from archscope.training.devices import inventory

    return inventory()
