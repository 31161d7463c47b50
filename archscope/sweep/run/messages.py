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

from archscope.sweep.plan.trial import Trial
from archscope.training.job import Paused, Stopped

__all__ = ["Event", "Kind", "Paused", "Report", "Runner", "Stopped", "Superseded", "Task"]

Kind = Literal["started", "step", "epoch", "note", "paused", "finished", "failed", "lost"]


@dataclass(frozen=True)
class Task:
    """A trial to run, its folder, and the device that it gets.

    `lease` is the file of the lease under which it runs. `until` are the epochs after which it
    pauses, to be continued some day; None trains it to its end.
    """

    trial: Trial
    folder: Path
    device: str
    threads: int
    lease: Path
    loaders: int = 0
    until: int | None = None


@dataclass(frozen=True)
class Event:
    """News of a trial.

    `data` holds, by kind: started {}; step {"done", "total"} images of the running epoch; epoch,
    the line of `metrics.jsonl`; note {"text"}; paused {}; finished {"status", "test_error"}; failed
    {"reason", and from a worker that still lives "errno", "path", "trace"}; lost {} (another
    process has taken the trial over), or {"text"}. Trials that others have ended carry "elsewhere",
    the name of the host.
    """

    kind: Kind
    key: str
    data: dict[str, Any] = field(default_factory=dict)


class Superseded(BaseException):
    """Raised inside a runner by its report when another process has taken the trial over."""


@dataclass(frozen=True)
class Report:
    """How a runner reports its progress.

    `step` and `epoch` may raise `Stopped` (keep what there is, and let it pass). `saving` is to be
    called before anything is written into the trial's folder; it and `step` may raise `Superseded`
    (write nothing more, and let it pass).
    """

    step: Callable[[int, int], None]
    epoch: Callable[[dict[str, Any]], None]
    saving: Callable[[], None]
    note: Callable[[str], None]


Runner = Callable[[Task, Report], dict[str, Any]]
