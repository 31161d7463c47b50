"""What trials are executed by: processes of this machine, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from archscope.errors import UsageError
from archscope.sweep import schedule
from archscope.sweep.machine import Resources, Slot
from archscope.sweep.outcomes import Observer
from archscope.sweep.supply import Supply

if TYPE_CHECKING:
    from archscope.train.devices import Inventory


class Executor(Protocol):
    """What there is to train on, and what has trials trained there."""

    @property
    def inventory(self) -> Inventory:
        """What there is."""

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know of it."""

    def run(self, supply: Supply, slots: Sequence[Slot], observer: Observer) -> None:
        """Have every trial trained; errors as of `Scheduler.run`."""


@contextmanager
def opened(asked: Resources, inventory: Inventory | None) -> Iterator[Executor]:
    """The executor that was asked for; `inventory` is what this machine has, where it is known."""
    if asked.ray is None:
        yield Local(inventory or _inventory())
        return
    from archscope.sweep import ray_connection

    with ray_connection.connected(asked.ray.address, (inventory or _inventory()).cpus):
        yield OnRay(asked, *ray_connection.inventory())


@dataclass(frozen=True)
class Local:
    """Processes of this machine."""

    inventory: Inventory
    notes: Sequence[str] = ()

    def run(self, supply: Supply, slots: Sequence[Slot], observer: Observer) -> None:
        """Have every trial trained; errors as of `Scheduler.run`."""
        schedule.Scheduler(supply, slots, observer, schedule.RUNNER).run()


@dataclass(frozen=True)
class OnRay:
    """Tasks of the Ray cluster that this process is connected to."""

    asked: Resources
    inventory: Inventory
    notes: Sequence[str] = ()

    def run(self, supply: Supply, slots: Sequence[Slot], observer: Observer) -> None:
        """Have every trial trained, as many at a time as the cluster has room for by then.

        `slots` limit that only where a number of workers or GPUs was asked for. Errors as of
        `RayScheduler.run`; UsageError where no node has what a trial needs.
        """
        from archscope.sweep.ray_cluster import Need, RayCluster
        from archscope.sweep.ray_scheduler import RayScheduler
        from archscope.sweep.ray_seam import Data
        from archscope.sweep.worker import dataset_key, load_dataset

        slot = slots[0]
        on_gpu = slot.device != "cpu"
        limited = self.asked.workers is not None or (on_gpu and self.asked.gpus is not None)
        per_gpu = (self.asked.trials_per_gpu or 1) if on_gpu else None
        cluster = RayCluster(Need(slot.threads, per_gpu, len(slots) if limited else None))
        if not cluster.room():
            raise UsageError(
                f"--threads {slot.threads} was asked for, but no node of the Ray cluster has so "
                f"many CPUs{' beside its GPU' if on_gpu else ''}: give fewer threads"
            )
        # A task sees its GPU alone, as the first one.
        own = Slot("cuda:0" if on_gpu else "cpu", slot.threads, slot.loaders)
        data = Data(dataset_key, load_dataset)
        RayScheduler(supply, cluster, own, observer, schedule.RUNNER, data).run()


def _inventory() -> Inventory:
    from archscope.train.devices import inventory

    return inventory()
