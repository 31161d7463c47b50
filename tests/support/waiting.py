"""Waiting for a condition or a line, with a deadline: what tests do instead of sleeping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

DEADLINE = 600  # seconds, of a whole command


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def run_archscope(words: Sequence[str], interrupt: str | None = None) -> tuple[int, str]:
    """The command line in a group of processes of its own; its exit code and stderr.

    When a line of stderr holds `interrupt`, the group gets SIGINT, as from a terminal.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "archscope", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    over = threading.Timer(DEADLINE, os.killpg, (process.pid, signal.SIGKILL))
    over.start()
    try:
        text = ""
        for line in process.stderr:
            text += line
            if interrupt and interrupt in line:
                os.killpg(process.pid, signal.SIGINT)
                interrupt = None
        return process.wait(), text
    finally:
        over.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
