"""What passes between the scheduler and its workers, and how a trial is run there.

A worker process is handed one `Task` after another and answers with `Event`s. What trains is a
*runner*, named as "module:function" and called as `runner(task, report)`; it returns the content of
`result.json` (`status`, `metrics`, `timing`, `environment`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["started", "step", "epoch", "finished", "failed"]


@dataclass(frozen=True)
class Task:
    """A trial to run: the content of `trial.json`, its folder, and the device that it gets."""

    trial: dict[str, Any]
    folder: Path
    device: str
    threads: int
    loaders: int = 0


@dataclass(frozen=True)
class Event:
    """News of a trial.

    `data` holds, by kind: started {}; step {"done", "total"} images of the running epoch; epoch,
    the line of `metrics.jsonl`; finished {"status", "test_error"}; failed {"reason", and from a
    worker that still lives "errno", "trace"}.
    """

    kind: Kind
    key: str
    data: dict[str, Any] = field(default_factory=dict)


class Stopped(BaseException):
    """Raised inside a runner by its report when the sweep is being stopped."""


@dataclass(frozen=True)
class Report:
    """How a runner tells of its progress; each call may raise `Stopped`, which it lets pass."""

    step: Callable[[int, int], None]
    epoch: Callable[[dict[str, Any]], None]


Runner = Callable[[Task, Report], dict[str, Any]]
