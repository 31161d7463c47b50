"""TensorBoard event files of a sweep, beside each trial's metrics.jsonl; no torch.

They are a view of metrics.jsonl: `trials/KEY/tensorboard` is removed and written again by the
process that goes on with the trial, so that no epoch is in it twice. An epoch is a step.

    tensorboard --logdir DIR/trials
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from archscope.errors import UsageError
from archscope.files import refuse_special
from archscope.sweep.run.live import Display
from archscope.sweep.run.messages import Event
from archscope.sweep.run.progress import ENDED, Standing
from archscope.sweep.store import lease as leases
from archscope.sweep.store.locks import explained
from archscope.sweep.store.records import METRICS_FILE, read_epochs, trial_folder

FOLDER = "tensorboard"
_PARTS = ("train", "validation", "test")


class EventFiles:
    """Passes a sweep's events on, and writes each epoch of them to event files.

    A trial that this process trains has its files open until it ends; those of one that another
    process trains are that one's affair. `standings` are all trials of the sweep in `folder`: of
    those that have ended, what is missing is written at once.
    """

    def __init__(self, display: Display, folder: Path, standings: Iterable[Standing]) -> None:
        self.display = display
        self.folder = folder
        self._open: dict[str, _Open] = {}
        self._elsewhere: list[str] = []
        for standing in standings:
            if standing.status in ENDED:
                self._complete(standing.key)

    def __enter__(self) -> EventFiles:
        self.display.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            for key in list(self._open):
                self._close(key)
            for key in self._elsewhere:
                self._complete(key)
        finally:
            self.display.__exit__(*exception)

    def event(self, event: Event) -> None:
        """Write what metrics.jsonl has now, where this process trains the trial."""
        if "elsewhere" in event.data:
            if event.data.get("status") in ENDED:
                self._elsewhere.append(event.key)
        elif event.kind == "started":
            self._close(event.key)  # left open by a worker that died
            with explained(self.folder):
                self._open[event.key] = _Open(trial_folder(self.folder, event.key))
        elif event.kind == "epoch":
            with explained(self.folder):
                self._open[event.key].follow()
        elif event.kind in ("paused", "finished", "failed", "lost"):
            self._close(event.key)
        self.display.event(event)

    def tick(self) -> None:
        """Time has passed."""
        self.display.tick()

    def _close(self, key: str) -> None:
        if key in self._open:
            with explained(self.folder):
                self._open.pop(key).close()

    def _complete(self, key: str) -> None:
        """Write the files of a trial that has ended, unless they are there or come just now."""
        trial = trial_folder(self.folder, key)
        into = trial / FOLDER
        if into.exists() and (_as_new_as_metrics(into) or _is_held(trial)):
            return
        with explained(self.folder):
            # Put in place as a whole: another process may be about to write the same.
            made = trial / f".{FOLDER}.{secrets.token_hex(8)}.tmp"
            try:
                whole = _Open(trial, made)
                whole.close()
                if whole.written:
                    shutil.rmtree(into, ignore_errors=True)
                    refuse_special(into)
                    _put(made, into)
            finally:
                shutil.rmtree(made, ignore_errors=True)


class _Open:
    """The event file of one trial, begun anew with the epochs that are finished."""

    def __init__(self, trial: Path, into: Path | None = None) -> None:
        self.written = 0
        self._trial = trial
        self._into = into or trial / FOLDER
        self._writer: Any = None
        shutil.rmtree(self._into, ignore_errors=True)
        refuse_special(self._into)  # a link to a folder would be written into
        self.follow()

    def follow(self) -> None:
        """Write the epochs that are not written yet."""
        lines = [line for line in read_epochs(self._trial) if line["epoch"] > self.written]
        if not lines:
            return
        if self._writer is None:
            self._writer = _writer(self._into)
        ended = time.time()
        for line, after in zip(lines, _seconds_after(lines), strict=True):
            self._writer.add_event(_event(line, ended - after))
        self._writer.flush()
        self.written = lines[-1]["epoch"]

    def close(self) -> None:
        """Give the file back."""
        if self._writer is not None:
            self._writer.close()


def _as_new_as_metrics(files: Path) -> bool:
    """Whether nothing was added to metrics.jsonl since the event files were written."""
    newest = max((path.stat().st_mtime_ns for path in files.iterdir()), default=0)
    metrics = files.parent / METRICS_FILE
    return not metrics.exists() or newest >= metrics.stat().st_mtime_ns


def _is_held(trial: Path) -> bool:
    return not leases.is_free(trial, leases.newest(trial))


def _put(made: Path, into: Path) -> None:
    try:
        made.rename(into)
    except OSError:
        if not into.exists():
            raise  # or another process was faster, with the same content


def require() -> None:
    """Check that event files can be written; UsageError names the extra to install."""
    try:
        import tensorboard.summary.writer.event_file_writer  # noqa: F401
    except ImportError:
        raise UsageError(
            "--tensorboard needs tensorboard, which is not installed; run pip install "
            "'archscope[tensorboard]', or leave it out"
        ) from None


def _writer(folder: Path) -> Any:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    return EventFileWriter(str(folder))


def _event(line: dict[str, Any], wall_time: float) -> Any:
    """A line of metrics.jsonl as an event: loss/train, error/test, lr, ..."""
    from tensorboard.compat.proto.event_pb2 import Event as Written
    from tensorboard.compat.proto.summary_pb2 import Summary

    named = {
        f"{what}/{part}{rest}": line[f"{part}_{what}{rest}"]
        for part in _PARTS
        for what in ("loss", "error")
        for rest in ("", "_listed")
        if f"{part}_{what}{rest}" in line
    }
    named |= {name: line[name] for name in ("lr", "images_per_second") if name in line}
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in named.items()]
    return Written(step=line["epoch"], wall_time=wall_time, summary=Summary(value=values))


def _seconds_after(lines: Sequence[dict[str, Any]]) -> list[float]:
    """How long each epoch ended before the last one."""
    after = [0.0]
    for line in reversed(lines[1:]):
        after.append(after[-1] + float(line.get("seconds") or 0))
    return after[::-1]
