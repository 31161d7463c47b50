"""Which trial next: hands out trials under leases, and follows those that other processes train.

What executes the trials (local processes, or anything else) takes from it and tells it how each
ended. Several of them, on one machine or on several, work off one folder together: each takes what
is free, and each ends when all is done.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from archscope.files import write_json
from archscope.sweep.plan.slots import Slot
from archscope.sweep.plan.trial import Trial
from archscope.sweep.run.messages import Event, Task
from archscope.sweep.store import lease as leases
from archscope.sweep.store import result as results
from archscope.sweep.store.lease import Lease, Seen, Timing
from archscope.sweep.store.records import TRIAL_FILE, read_epochs, trial_folder


@dataclass(frozen=True)
class Leased:
    """A trial that this process may train, its folder, its lease, and when it pauses."""

    trial: Trial
    folder: Path
    lease: Lease
    until: int | None = None

    @property
    def key(self) -> str:
        """The trial's key."""
        return self.trial.key

    def task(self, slot: Slot, folder: Path | None = None) -> Task:
        """The trial as a worker in `slot` is handed it; `folder` is another spelling of its own."""
        folder = folder or self.folder
        lease = folder / self.lease.path.name
        return Task(
            *(self.trial, folder, slot.device, slot.threads, lease, slot.loaders), until=self.until
        )


@dataclass
class _Watched:
    """Somebody else's trial: its lease as last seen, and for how long it has not changed."""

    trial: Trial
    folder: Path
    seen: Seen | None
    quiet: float = 0.0


class Supply:
    """The trials of a run.

    Args:
        folder: the sweep's folder.
        trials: those to train, in the order of training. One that has a result by the time that
            its turn comes is somebody else's work, and is told of as news.
        timing: of the leases.
        clock: seconds, of this process alone.
        until: epochs after which each trial pauses; None trains them to their ends.
    """

    def __init__(
        self,
        folder: Path,
        trials: Iterable[Trial],
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        until: int | None = None,
    ) -> None:
        self.folder = folder
        self.until = until
        self.timing = timing or Timing()
        self._clock = clock
        self._queue = deque(trials)
        self._expired: deque[_Watched] = deque()
        self._again: deque[Leased] = deque()
        self._watched: dict[str, _Watched] = {}
        self._held: dict[str, Lease] = {}
        self._news: list[Event] = []
        self._last_beat = self._last_look = clock()

    @property
    def waiting(self) -> bool:
        """Whether there is, or may yet be, something to take beside what nobody has begun."""
        return bool(self._watched or self._expired or self._again)

    def take(self) -> Leased | None:
        """A trial that nobody trains, now leased; `None` where there is none at the moment."""
        if self._again:
            return self._again.popleft()
        while self._expired:
            watched = self._expired.popleft()
            if leases.newest(watched.folder) == watched.seen:
                number = watched.seen.number if watched.seen else 0
                silent = watched.quiet if watched.quiet >= self.timing.expiry else None
                if leased := self._claim(watched.trial, watched.folder, number):
                    self._news.append(_taken_over(leased.key, watched.seen, silent))
                    return leased
            else:
                self._watch(watched.trial, watched.folder, None)
        while self._queue:
            trial = self._queue.popleft()
            folder = trial_folder(self.folder, trial.key)
            if self._ended_elsewhere(trial, folder):
                continue
            folder.mkdir(parents=True, exist_ok=True)
            seen = leases.newest(folder)
            if not leases.is_free(folder, seen):
                self._watch(trial, folder, seen)
            elif leased := self._claim(trial, folder, seen.number if seen else 0):
                return leased
        return None

    def tend(self) -> list[Event]:
        """Show that this process lives, look after the others; returns what there is to tell.

        To be called several times a second.
        """
        now = self._clock()
        if now - self._last_beat >= self.timing.beat:
            self._last_beat = now
            for lease in self._held.values():
                lease.beat()
        passed = now - self._last_look
        if passed >= self.timing.look:
            self._last_look = now
            # Time in which this process did not look, suspended perhaps, counts for little.
            self._look(min(passed, 2 * self.timing.look))
        news, self._news = self._news, []
        return news

    def ended(self, leased: Leased, *, over: bool) -> None:
        """The trial is no longer trained here.

        `over`: for good, its `result.json` written; else it has failed and may be tried again, or
        it pauses.
        """
        lease = self._held.pop(leased.key)
        if over:
            lease.discard()
        else:
            lease.release()

    def again(self, leased: Leased) -> None:
        """The trial is to be taken once more, under the same lease."""
        self._again.append(leased)

    def renew(self, leased: Leased) -> Leased | None:
        """The trial under a new lease, which ends whatever still trains under the old one.

        For a trial that trained where nobody can ask. `None` where another process has it.
        """
        old = self._held.pop(leased.key)
        lease = leases.acquire(leased.folder, leases.number(old.path))
        old.drop()
        if lease is None:
            self._watch(leased.trial, leased.folder, None)
            return None
        self._held[leased.key] = lease
        return Leased(leased.trial, leased.folder, lease, self.until)

    def lost(self, leased: Leased) -> None:
        """Somebody else has taken the trial over."""
        self._held.pop(leased.key).drop()
        self._watch(leased.trial, leased.folder, None)

    def close(self) -> None:
        """Give back what is held and not ended: whoever comes next may take it at once."""
        while self._held:
            self._held.popitem()[1].release()

    def _claim(self, trial: Trial, folder: Path, after: int) -> Leased | None:
        lease = leases.acquire(folder, after)
        if lease is None:
            self._watch(trial, folder, None)
            return None
        if event := self._ended_elsewhere(trial, folder):  # a moment ago
            if event.kind == "finished":
                lease.discard()
            else:  # it may go on some day: the number must not come back
                lease.release()
            return None
        self._held[trial.key] = lease
        write_json(folder / TRIAL_FILE, trial.document())
        return Leased(trial, folder, lease, self.until)

    def _watch(self, trial: Trial, folder: Path, seen: Seen | None) -> None:
        self._watched[trial.key] = _Watched(trial, folder, seen)

    def _look(self, passed: float) -> None:
        for key, watched in list(self._watched.items()):
            seen = leases.newest(watched.folder)
            if self._ended_elsewhere(watched.trial, watched.folder):
                del self._watched[key]
                continue
            changed = seen != watched.seen
            watched.seen, watched.quiet = seen, 0.0 if changed else watched.quiet + passed
            if leases.is_free(watched.folder, seen) or watched.quiet >= self.timing.expiry:
                self._expired.append(self._watched.pop(key))

    def _ended_elsewhere(self, trial: Trial, folder: Path) -> Event | None:
        """What has become of the trial by another process, told as news; None where it goes on."""
        result = results.read_whole(folder)
        if result is None and self.until is not None and len(read_epochs(folder)) >= self.until:
            self._news.append(Event("paused", trial.key, {"elsewhere": "another process"}))
            return self._news[-1]
        if result is None:
            return None
        data = {
            "status": result.status,
            "test_error": result.test_error,
            "reason": result.reason or "unknown",
            "elsewhere": result.environment.get("host") or "another process",
        }
        failed = result.status == "failed"
        self._news.append(Event("failed" if failed else "finished", trial.key, data))
        return self._news[-1]


def _taken_over(key: str, seen: Seen | None, silent: float | None) -> Event:
    """That a trial was taken, and why; `silent`: seconds after which its lease expired."""
    document = seen.document() if seen else {}
    process = f"its process on {document.get('host', 'another host')}"
    if document.get("state") == "free":
        text = "given back by another process, and taken"
    elif silent is not None:  # suspended, perhaps, or behind a network that is down
        text = f"taken over: {process} has given no sign of life for {silent:.0f} s"
    else:
        text = f"taken over: {process} is gone"
    return Event("note", key, {"text": text})
