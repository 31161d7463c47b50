"""What becomes of a trial in training: reported, written down, and given back to the supply.

Shared by all that have trials trained, in processes of this machine or elsewhere.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from pathlib import Path
from typing import Any, Protocol

from archscope.sweep.plan.estimate import memory_sentence
from archscope.sweep.run.messages import Event
from archscope.sweep.run.supply import Leased, Supply
from archscope.sweep.store import result as results
from archscope.sweep.store.environment import environment
from archscope.sweep.store.lease import superseded
from archscope.sweep.store.locks import cannot_write, explained, too_many_files

TOO_MANY = {errno.EMFILE, errno.ENFILE}
_FULL = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM}


class Observer(Protocol):
    """What a display is notified of: every event, and that time passes."""

    def event(self, event: Event) -> None:
        """A trial has news."""

    def tick(self) -> None:
        """Time has passed; called a few times a second."""


class Outcomes:
    """The outcomes of the trials that `supply` gives; `observer` is notified of them."""

    def __init__(self, supply: Supply, observer: Observer) -> None:
        self.supply = supply
        self.folder = supply.folder
        self.observer = observer
        self._deaths: Counter[str] = Counter()

    def tend(self) -> None:
        """Show that this process lives, and report what others did; several times a second."""
        with explained(self.folder):
            news = self.supply.tend()
        for event in news:
            self.observer.event(event)
        self.observer.tick()

    def event(self, work: Leased, event: Event, device: str) -> bool:
        """News of a trial that trains on `device`; returns whether that is over.

        Raises `ArchscopeError` where the next trial would fail as this one did.
        """
        if event.kind == "failed":
            self._refuse_a_broken_place(event)
            self._record_failure(work, event.data["reason"], device, event.data["trace"])
        self.observer.event(event)
        if event.kind == "lost":
            self.supply.lost(work)
        elif event.kind in ("paused", "finished", "failed"):
            self._end(work, over=event.kind == "finished")
        else:
            return False
        return True

    def died(self, work: Leased, reason: str, device: str) -> None:
        """What trained is gone: once more from the checkpoint, then the trial has failed.

        Unless its result is there, or another process's lease.
        """
        if self.settled(work):
            return
        if self._deaths[work.key]:
            need = f"; {memory_sentence(work.trial)}" if "memory" in reason else ""
            self.fail(work, f"{reason}, twice{need}", device)
            return
        self._deaths[work.key] += 1
        self.note(work, f"{reason}; tried once more from its last checkpoint")
        self.supply.again(work)

    def settled(self, work: Leased) -> bool:
        """Whether a trial whose worker is gone has its result, or another holder; reports it."""
        if superseded(work.lease.path):
            self.observer.event(Event("lost", work.key))
            self.supply.lost(work)
        elif result := results.read_whole(work.folder):
            data = {"status": result.status, "test_error": result.test_error}
            self.observer.event(Event("finished", work.key, data))
            self._end(work, over=result.status != "failed")
        else:
            return False
        return True

    def fail(self, work: Leased, reason: str, device: str) -> None:
        """The trial has failed, by no word of its own."""
        self._record_failure(work, reason, device, None)
        self.observer.event(Event("failed", work.key, {"reason": reason}))
        self._end(work, over=False)

    def note(self, work: Leased, text: str) -> None:
        """Tell a sentence about a trial."""
        self.observer.event(Event("note", work.key, {"text": text}))

    def _end(self, work: Leased, *, over: bool) -> None:
        with explained(self.folder):
            self.supply.ended(work, over=over)

    def _refuse_a_broken_place(self, event: Event) -> None:
        """Raise where the next trial would fail for the same reason: it is none of the trial's."""
        number, path = event.data["errno"], event.data["path"]
        folder = self.folder.resolve()  # the worker was given a resolved one
        here = path is None or Path(str(path)).resolve().is_relative_to(folder)
        if number in TOO_MANY:
            raise too_many_files()
        if here and (number in _FULL or (path is not None and number in _FORBIDDEN)):
            raise cannot_write(self.folder, os.strerror(number))

    def _record_failure(self, work: Leased, reason: str, device: str, trace: str | None) -> None:
        result: dict[str, Any] = {
            "schema": results.RESULT_SCHEMA,
            "key": work.key,
            "status": "failed",
            "reason": reason,
            **({"trace": trace} if trace else {}),
            "metrics": {},
            "timing": {},
            "environment": {**environment(), "device": device},
        }
        with explained(self.folder):
            results.write(work.folder, result)
