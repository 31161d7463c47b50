"""What a running sweep shows on stderr: moving bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import Any, Protocol, TextIO

from archscope.errors import plural
from archscope.plain_text import visible
from archscope.sweep.plan.estimate import duration
from archscope.sweep.run.messages import Event
from archscope.sweep.run.progress import Progress, Running

_BETWEEN_LINES = 5.0  # seconds between two lines about epochs, off a terminal
_SAID = ("note", "paused", "finished", "failed", "lost")
_WORDS = {"done": "done", "diverged": "diverged (its loss was no longer a number)"}


class Display(Protocol):
    """An observer that is entered and left."""

    def __enter__(self) -> Display: ...

    def __exit__(self, *exception: object) -> None: ...

    def event(self, event: Event) -> None:
        """A trial has news."""

    def tick(self) -> None:
        """Time has passed."""


def display(progress: Progress, stream: TextIO | None = None) -> Display:
    """The display that suits `stream` (stderr): bars where it is a terminal, else lines."""
    stream = sys.stderr if stream is None else stream
    from rich.console import Console

    console = Console(file=stream, highlight=False)
    if console.is_terminal and not console.is_dumb_terminal:
        return Bars(progress, console)
    return Lines(progress, stream)


class Silent:
    """Shows nothing: for the library."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def event(self, event: Event) -> None:
        """Nothing."""

    def tick(self) -> None:
        """Nothing."""


class Lines:
    """A line for each trial's end, and now and then one for an epoch."""

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self.progress = progress
        self.stream = stream
        self._last = -_BETWEEN_LINES

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def event(self, event: Event) -> None:
        """Print a line, if the event is worth one."""
        state = self.progress.take(event)
        if event.kind == "epoch" and self.progress.elapsed - self._last >= _BETWEEN_LINES:
            self._last = self.progress.elapsed
            self._print(f"{state.name}: {_epoch_text(state)}")
        elif event.kind in _SAID:
            self._print(f"{state.name}: {said(event, state)}")

    def tick(self) -> None:
        """Nothing moves here."""

    def _print(self, text: str) -> None:
        progress = self.progress
        left = progress.seconds_left
        rest = f", {duration(left)} left" if left is not None and left > 0 else ""
        ended = f"{progress.ended}/{plural(progress.total, 'trial')}"
        done = f"{ended}, {100 * progress.fraction:.0f} %{rest}"
        print(visible(f"[{done}] {text}"), file=self.stream, flush=True)


class Bars:
    """A bar for all of the work, and one for each trial that runs (rich)."""

    def __init__(self, progress: Progress, console: Any) -> None:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self.progress = progress
        self.console = console
        self._bars = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[text]}"),
            console=console,
            transient=True,
        )
        self._all = self._bars.add_task("all", total=1.0, text="")
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bars.stop()

    def event(self, event: Event) -> None:
        """Move the trial's bar; a trial's end is a line above the bars."""
        state = self.progress.take(event)
        if event.kind in _SAID:
            task = self._tasks.pop(event.key, None) if event.kind != "note" else None
            if task is not None:
                self._bars.remove_task(task)
            self._bars.console.print(visible(f"{state.name}: {said(event, state)}"), markup=False)
            return
        if event.key not in self._tasks:
            total = state.trial.recipe.epochs
            self._tasks[event.key] = self._bars.add_task(visible(state.name), total=total, text="")
        self._bars.update(
            self._tasks[event.key],
            completed=state.epochs + state.part,
            text=_epoch_text(state) if state.line else "first epoch",
        )

    def tick(self) -> None:
        """Move the bar of all work."""
        progress = self.progress
        left = progress.seconds_left
        text = f"{progress.ended}/{plural(progress.total, 'trial')}"
        if left is not None:
            text += f", {duration(left)} left"
        self._bars.update(self._all, completed=progress.fraction, text=text)


def said(event: Event, state: Running) -> str:
    """What happened to a trial, in words: how it ended, or what else is worth a line."""
    if event.kind == "note":
        return str(event.data["text"])
    if event.kind == "paused":
        return f"paused, {_epoch_text(state)}" if state.line else "paused"
    if event.kind == "lost":
        return str(event.data.get("text", "taken over by another process"))
    where = f" (on {event.data['elsewhere']})" if "elsewhere" in event.data else ""
    if event.kind == "failed":
        return f"failed: {event.data['reason']}{where}"
    status, error = event.data["status"], event.data.get("test_error")
    if status == "done" and error is not None:
        return f"done, test error {error:.2f} %{where}"
    return _WORDS.get(str(status), str(status)) + where


def _epoch_text(state: Running) -> str:
    line = state.line
    text = f"epoch {state.epochs}/{state.trial.recipe.epochs}"
    judged = "validation" if "validation_error" in line else "test"
    if isinstance(error := line.get(f"{judged}_error"), float):
        text += f", {judged} error {error:.2f} %"
    if line.get("images_per_second"):
        text += f", {line['images_per_second']:,.0f} images/s"
    return text
