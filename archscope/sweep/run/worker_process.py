"""The parent's side of one worker process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe
from typing import Any

from archscope.sweep.plan.slots import Slot
from archscope.sweep.run.messages import Event, Task
from archscope.sweep.run.worker_main import HANDLED, STOP


class WorkerProcess:
    """A process that runs one task at a time in its slot.

    Not multiprocessing's `Process`: that one imports the user's main module again in the child, and
    a script without a guard would start the sweep anew in each worker.
    """

    def __init__(self, slot: Slot, runner: str) -> None:
        self.slot = slot
        self.task: Task | None = None
        self.connection: Connection[Any, Event]
        self.connection, theirs = Pipe()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        with _held_back():  # until the child ignores them: what they mean is the parent's affair
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "archscope.sweep.run.worker_main",
                    str(theirs.fileno()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                pass_fds=[theirs.fileno()],
                env=_environment(slot),
            )
        theirs.close()
        self._send(runner)

    def run(self, task: Task) -> None:
        """Hand over a task; its events come through `connection`."""
        self.task = task
        self._send(task)

    def ask_to_stop(self) -> None:
        """End at the running task's next step, or now where there is none."""
        self._send(STOP)

    def end(self, grace: float) -> None:
        """Ask, wait `grace` seconds, then kill; returns when the process is gone."""
        if self._process.poll() is None and grace > 0:
            self.ask_to_stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.connection.close()
        self._errors.close()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def obituary(self) -> str:
        """Why the process is gone, with the last line that it said."""
        code = self._process.wait()
        if code < 0:
            name = signal.Signals(-code).name
            likely = " (as when the system runs out of memory)" if name == "SIGKILL" else ""
            return f"the worker process was killed by {name}{likely}"
        said = self._last_words()
        return f"the worker process ended with exit code {code}{said and ': ' + said}"

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # it is gone: the end of its pipe tells the scheduler
            self.connection.send(message)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Signals that a process started meanwhile does not get before it asks for them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def for_libraries(threads: int, *, gpu: bool) -> dict[str, str]:
    """The variables of a process that trains, which libraries read when they are loaded.

    torch.set_num_threads alone comes too late for some of them.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    # Products of matrices that repeat themselves bit for bit, whatever else a GPU does meanwhile.
    cuda = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if gpu else {}
    return {**dict.fromkeys(names, str(threads)), **cuda}


def _environment(slot: Slot) -> dict[str, str]:
    return {
        **os.environ,
        # The child finds the same modules, wherever this process found them.
        "PYTHONPATH": os.pathsep.join(sys.path),
        **for_libraries(slot.threads, gpu=slot.device.startswith("cuda")),
    }
