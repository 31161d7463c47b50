"""Between a sweep's driver and its tasks on a Ray cluster: an actor beside the driver.

Tasks leave their news here and learn whether to stop; the driver fetches all news at once. It holds
no more than one unwritten epoch of each task, as tasks wait for the one before. No ray here: Ray
makes an actor of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from archscope.sweep.ray.task import Item, Reply


class Mailbox:
    """News of the runs that the driver wants."""

    def __init__(self) -> None:
        self._written: dict[str, int] = {}  # of each wanted run, the Changes that are written
        self._taken: dict[str, int] = {}  # of each, the number of its last message
        self._news: list[tuple[str, Item]] = []
        self._stop = False

    def put(self, run: str, number: int, items: list[Item]) -> Reply:
        """A task's news; those of a run that is no longer wanted are dropped.

        So are those of a message that is here already: a task repeats one that was not answered.
        """
        known = run in self._written
        if known and number > self._taken[run]:
            self._taken[run] = number
            self._news += [(run, item) for item in items]
        return Reply(self._stop, known, self._written.get(run, 0))

    def want(self, run: str) -> None:
        """A run is about to begin."""
        self._written[run] = self._taken[run] = 0

    def leave(self, run: str) -> None:
        """A run has ended, or another one has taken its place."""
        self._written.pop(run, None)
        self._taken.pop(run, None)
        self._news = [(name, item) for name, item in self._news if name != run]

    def fetch(self, written: Mapping[str, int]) -> list[tuple[str, Item]]:
        """All news since the last call; `written` counts the Changes written of each run."""
        self._written.update({run: n for run, n in written.items() if run in self._written})
        news, self._news = self._news, []
        return news

    def stop(self) -> None:
        """Ask every task to keep its state and end."""
        self._stop = True
