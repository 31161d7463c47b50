"""The state of a running sweep, from its events: what is done, what runs, what time is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.sweep.messages import Event
from archscope.sweep.records import TrialRecord
from archscope.sweep.work import Images, epoch_work, trial_work

ENDED = ("done", "diverged")


@dataclass
class Running:
    """A trial that runs now: finished epochs, the part of the next, and its last line's numbers."""

    trial: Mapping[str, Any]
    epochs: int
    part: float = 0.0
    line: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"{self.trial['template']} seed {self.trial['seed']}"


class Progress:
    """Takes events, answers questions. `clock` gives seconds and can be a test's."""

    def __init__(
        self,
        records: Sequence[TrialRecord],
        images: Images,
        workers: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.images = images
        self.workers = workers
        self.running: dict[str, Running] = {}
        self.statuses = {r.key: r.status for r in records if r.status in ENDED}
        self.reasons: dict[str, str] = {}
        self.total = len(records)
        self._trials = {record.key: record.trial for record in records}
        self._epochs = {record.key: len(record.epochs) for record in records}
        self._left = {
            r.key: 0.0 if r.status in ENDED else trial_work(r.trial, images, len(r.epochs))
            for r in records
        }
        self._whole = sum(trial_work(record.trial, images) for record in records)
        self._clock = clock
        self._began = clock()
        self._left_at_first = self.left
        self.rate: float | None = None

    @property
    def ended(self) -> int:
        """Trials that have ended, well or not."""
        return len(self.statuses)

    @property
    def left(self) -> float:
        """Work that is left, in the unit of `sweep.work`."""
        begun = sum(epoch_work(r.trial, self.images) * r.part for r in self.running.values())
        return max(0.0, sum(self._left.values()) - begun)

    @property
    def fraction(self) -> float:
        """The part of all work that is done, 0 ... 1."""
        return 1 - self.left / self._whole if self._whole else 1.0

    @property
    def elapsed(self) -> float:
        """Seconds since this run of the sweep began."""
        return self._clock() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at the rate measured so far; `None` until there is one."""
        done = self._left_at_first - self.left
        if done <= 0 or self.elapsed <= 0:
            return None
        return self.left * self.elapsed / done

    def take(self, event: Event) -> Running:
        """Book an event; returns the trial that it is about, as it now stands."""
        key = event.key
        state = self.running.get(key)
        if state is None:
            state = Running(self._trials[key], self._epochs[key])
            self.running[key] = state
        if event.kind == "step":
            state.part = event.data["done"] / event.data["total"]
        elif event.kind == "epoch":
            self._epoch(key, state, event.data)
        elif event.kind in ("finished", "failed"):
            self.statuses[key] = event.data.get("status", "failed")
            if "reason" in event.data:
                self.reasons[key] = event.data["reason"]
            self._left[key] = 0.0
            del self.running[key]
        return state

    def _epoch(self, key: str, state: Running, line: dict[str, Any]) -> None:
        state.epochs, state.part, state.line = line["epoch"], 0.0, line
        self._epochs[key] = state.epochs
        self._left[key] = trial_work(state.trial, self.images, state.epochs)
