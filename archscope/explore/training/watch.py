"""A sweep watched from another terminal: its folder is read now and then, and shown as it runs.

What has changed between two looks becomes the events that the sweep's own display takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from archscope.explore.training.status import status
from archscope.reporting.folder.status import Status, state
from archscope.sweep.plan.estimate import Images, trial_work
from archscope.sweep.run.live import Display
from archscope.sweep.run.messages import Event
from archscope.sweep.run.progress import Progress
from archscope.sweep.store.scan import Brief

_BETWEEN = 2.0  # seconds
_ONE = Images(1, 0)  # what the images of one epoch are cancels out of parts and of time left
_OVER = ("done", "diverged", "failed")


class Watched(Progress):
    """The progress that a folder tells: all of it, not of one run alone."""

    def __init__(self, now: Status) -> None:
        super().__init__(now.trials, _ONE, workers=1)
        self.now = now

    @property
    def ended(self) -> int:
        """Trials that have ended, well or not."""
        return sum(self.now.counts[one] for one in _OVER)

    @property
    def fraction(self) -> float:
        """The part of all work that is done, 0 ... 1."""
        trials = [(brief.trial, brief) for brief in self.now.trials]
        whole = sum(trial_work(trial, _ONE) for trial, _ in trials)
        left = sum(
            trial_work(trial, _ONE, brief.epochs_done)
            for trial, brief in trials
            if brief.status not in _OVER
        )
        return 1 - left / whole if whole else 1.0

    @property
    def seconds_left(self) -> float | None:
        """At the rate of the trials that run now."""
        return self.now.seconds_left


def watch(
    folder: Path,
    shown: Callable[[Progress], Display],
    wait: Callable[[], None] = lambda: time.sleep(_BETWEEN),
) -> Status:
    """Show the sweep in `folder` until all of it has ended; returns how it stands then.

    Args:
        folder: of the sweep; it is read alone.
        shown: makes the display.
        wait: until the next look.

    Raises:
        ArchscopeError: where there is no sweep, or a damaged one.
    """
    now = status(folder)
    before = {brief.key: brief for brief in now.trials}
    ended = now.finished
    while not ended:
        # A sweep that stops itself plans more trials on its way: then a display for them all.
        keys = {brief.key for brief in now.trials}
        progress = Watched(now)
        before = {brief.key: Brief(brief.trial) for brief in now.trials} | {
            key: brief for key, brief in before.items() if brief.status in _OVER
        }
        with shown(progress) as display:
            while keys == {brief.key for brief in now.trials}:
                progress.now = now
                for event in news(before, now):
                    display.event(event)
                display.tick()
                if ended := now.finished:
                    break
                before = {brief.key: brief for brief in now.trials}
                wait()
                now = status(folder)
    return now


def news(before: dict[str, Brief], now: Status) -> Iterator[Event]:
    """What has happened to trials since they stood as in `before`."""
    for brief in now.trials:
        was, at = state(before[brief.key]), state(brief)
        if at == was and brief.epochs_done == before[brief.key].epochs_done:
            continue
        if at == "failed":
            yield Event("failed", brief.key, {"reason": brief.reason or "unknown"})
        elif at in _OVER:
            yield Event("finished", brief.key, {"status": at, "test_error": brief.test_error})
        elif at == "running":
            line = brief.last or {}
            yield Event("epoch" if line else "started", brief.key, dict(line))
        elif was == "running":
            said = {} if at == "paused" else {"text": f"{at}: no process holds it"}
            yield Event("paused" if at == "paused" else "lost", brief.key, said)
