"""TensorBoard event files of a sweep, beside each trial's metrics.jsonl; no torch.

They are a view of metrics.jsonl, and made anew where a sweep is continued: `trials/KEY/tensorboard`
is removed and written again, so that no epoch stands in it twice. An epoch is a step.

    tensorboard --logdir DIR/trials
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archscope.errors import UsageError
from archscope.sweep.live import Display
from archscope.sweep.messages import Event
from archscope.sweep.records import TrialRecord, read_epochs, trial_folder

FOLDER = "tensorboard"
_PARTS = ("train", "validation", "test")


class EventFiles:
    """Passes a sweep's events on, and writes each epoch of them to event files.

    `records` are all trials of the sweep in `folder`: those that are done are written at once.
    """

    def __init__(self, display: Display, folder: Path, records: Sequence[TrialRecord]) -> None:
        self.display = display
        self.folder = folder
        self._writers: dict[str, Any] = {}
        self._written: dict[str, int] = {}
        for record in records:
            self._follow(record.key)

    def __enter__(self) -> EventFiles:
        self.display.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        for key in list(self._writers):
            self._close(key)
        self.display.__exit__(*exception)

    def event(self, event: Event) -> None:
        """Write what metrics.jsonl has now."""
        if event.kind == "epoch":
            self._follow(event.key)
        elif event.kind in ("finished", "failed"):
            self._close(event.key)
        self.display.event(event)

    def tick(self) -> None:
        """Time has passed."""
        self.display.tick()

    def _follow(self, key: str) -> None:
        """Write the epochs of a trial that are not written yet."""
        trial = trial_folder(self.folder, key)
        lines = [line for line in read_epochs(trial) if line["epoch"] > self._written.get(key, 0)]
        if not lines:
            return
        if key not in self._writers:
            if key not in self._written:
                shutil.rmtree(trial / FOLDER, ignore_errors=True)
            self._writers[key] = _writer(trial / FOLDER)
        ended = time.time()
        for line, after in zip(lines, _seconds_after(lines), strict=True):
            self._writers[key].add_event(_event(line, ended - after))
        self._writers[key].flush()
        self._written[key] = lines[-1]["epoch"]

    def _close(self, key: str) -> None:
        if key in self._writers:
            self._writers.pop(key).close()


def require() -> None:
    """Check that event files can be written; UsageError names the extra to install."""
    try:
        import tensorboard.summary.writer.event_file_writer  # noqa: F401
    except ImportError:
        raise UsageError(
            "--tensorboard was asked for, but event files need tensorboard, which is not "
            "installed; run pip install 'archscope[tensorboard]', or leave it out"
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
