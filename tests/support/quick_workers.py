"""Worker processes without a start: forked from one that has torch imported and `shapes` drawn.

Both take a new process seconds, and a training of a test a fraction of one. This module stands in
for `subprocess` in `archscope.sweep.run.worker_process` (the fixture `quick_workers`); how workers
are really started is what the tests of the scheduler and of the command line show.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, reduction
from subprocess import DEVNULL, TimeoutExpired
from typing import IO, Any

__all__ = ["DEVNULL", "Popen", "TimeoutExpired"]


class Popen:
    """What `WorkerProcess` uses of subprocess's."""

    def __init__(
        self, command: Sequence[str], *, stdout: IO[bytes], env: Mapping[str, str], **_: Any
    ) -> None:
        _start_server()
        context = multiprocessing.get_context("forkserver")
        descriptors = Descriptor(int(command[-1])), Descriptor(stdout.fileno())
        self._process = context.Process(target=_work, args=(*descriptors, dict(env)))
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            assert timeout is not None
            raise TimeoutExpired("worker", timeout)
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()


class Descriptor:
    """A file descriptor that is sent along, and arrives as a number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (reduction.DupFd(self.number),)


def _arrived(sent: Any) -> int:
    number: int = sent.detach()
    return number


def _start_server() -> None:
    """Start the process to fork from, where there is none yet; it imports what this one can."""
    forkserver.set_forkserver_preload(["quick_workers_preload"])
    before = dict(os.environ)
    os.environ.update(PYTHONPATH=os.pathsep.join(sys.path), OMP_NUM_THREADS="1")
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _work(connection: int, errors: int, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    from archscope.sweep.run import worker_main as child

    child.main(connection)
