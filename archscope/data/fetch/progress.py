"""The progress of downloads and of reading on stderr: a bar on a terminal, else plain lines."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_MEGABYTE = 10**6


class Meter:
    """Shows how much of a file has arrived, between `with` and its end; sizes in bytes."""

    def __init__(self, name: str, *, shown: bool, doing: str = "downloading") -> None:
        self._what = f"{doing} {name}"
        self._shown = shown
        self._done, self._total, self._told = 0, 0, -1
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Meter:
        console = Console(stderr=True)
        if self._shown and console.is_terminal and not console.is_dumb_terminal:
            self._bar = Progress(
                "{task.description}",
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=console,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, done: int, total: int | None) -> None:
        """Say that `done` bytes are there and how many there will be, if that is known."""
        self._done, self._total = done, total or 0
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif self._shown:
            size = f", {self._total / _MEGABYTE:.0f} MB" if total else ""
            after = f", continuing after {done / _MEGABYTE:.0f} MB" if done else ""
            self._say(f"{self._what}{size}{after}")
        self._told = self._tenth()

    def advance(self, count: int) -> None:
        """Say that `count` more bytes have arrived."""
        self._done += count
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)
        elif self._shown and self._tenth() > self._told:
            self._told = self._tenth()
            self._say(f"{self._what}: {10 * self._told} %")

    def _tenth(self) -> int:
        return min(10 * self._done // self._total, 10) if self._total else -1

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)
