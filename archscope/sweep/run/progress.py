"""The state of a running sweep, from its events: what is done, what runs, what time is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from archscope.sweep.plan.estimate import Images, epoch_work, trial_work
from archscope.sweep.plan.trial import Trial
from archscope.sweep.run.messages import Event

ENDED = ("done", "diverged")
OVER = (*ENDED, "paused", "failed")


class Standing(Protocol):
    """The state of a trial when the run began: a `TrialRecord`, or something smaller."""

    @property
    def trial(self) -> Trial:
        """What it is."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def status(self) -> str:
        """ "done", "diverged", or something else."""

    @property
    def epochs_done(self) -> int:
        """Its finished epochs."""


@dataclass
class Running:
    """A trial that runs now: finished epochs, the part of the next, and its last line's numbers."""

    trial: Trial
    epochs: int
    part: float = 0.0
    line: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.trial.name


class Progress:
    """Takes events, answers questions. `clock` gives seconds and can be a test's.

    `until` are the epochs after which each trial pauses.
    """

    def __init__(
        self,
        records: Sequence[Standing],
        images: Images,
        workers: int,
        clock: Callable[[], float] = time.monotonic,
        until: int | None = None,
    ) -> None:
        self.images = images
        self.until = until
        self.workers = workers
        self.running: dict[str, Running] = {}
        self.statuses = {r.key: r.status for r in records if r.status in OVER}
        self.reasons: dict[str, str] = {}
        self.total = len(records)
        self._at_first = {record.key: record for record in records}
        self._epochs: dict[str, int] = {}  # of trials that have gone on since
        self._whole = sum(trial_work(record.trial, images, until=until) for record in records)
        self._left = sum(self._left_of(r.key) for r in records if r.status not in OVER)
        self._clock = clock
        self._began = clock()
        self._left_at_first = self.left

    @property
    def ended(self) -> int:
        """Trials that have ended, well or not."""
        return len(self.statuses)

    @property
    def left(self) -> float:
        """Work that is left, in the unit of `sweep.plan.estimate`."""
        begun = sum(epoch_work(r.trial, self.images) * r.part for r in self.running.values())
        return max(0.0, self._left - begun)

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
        """Book an event; returns the trial that it is about, as it is now."""
        key = event.key
        state = self.running.get(key)
        if state is None:
            state = Running(self._at_first[key].trial, self._epochs_of(key))
            if event.kind in ("started", "step", "epoch"):
                self.running[key] = state
        if event.kind == "step":
            state.part = event.data["done"] / event.data["total"]
        elif event.kind == "epoch":
            before = self._left_of(key)
            state.epochs, state.part, state.line = event.data["epoch"], 0.0, event.data
            self._epochs[key] = state.epochs
            self._left += self._left_of(key) - before
        elif event.kind in ("paused", "finished", "failed"):
            if key not in self.statuses:
                self._left -= self._left_of(key)
            self.statuses[key] = event.data.get("status", event.kind)
            if event.kind == "failed":
                self.reasons[key] = event.data["reason"]
            self.running.pop(key, None)
        elif event.kind == "lost":
            self.running.pop(key, None)
        return state

    def _epochs_of(self, key: str) -> int:
        known = self._epochs.get(key)
        return self._at_first[key].epochs_done if known is None else known

    def _left_of(self, key: str) -> float:
        trial = self._at_first[key].trial
        return trial_work(trial, self.images, self._epochs_of(key), self.until)
