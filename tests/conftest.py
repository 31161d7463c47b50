"""What all tests share: hypothesis without deadlines, no forks beside threads, quick workers."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("archscope", deadline=None)
settings.load_profile("archscope")

# Tests start many processes, each of which would compile all of its modules again; and pytest would
# rewrite the asserts of all test files again, which takes half of collecting them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Of a job in the background SIGINT is ignored, and would be in the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def quick_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that train at once: see the module of that name."""
    import quick_workers as instead

    monkeypatch.setattr("archscope.sweep.run.worker_process.subprocess", instead)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without page and figures: for tests that look at neither."""
    from archscope.reporting.folder.contents import Contents

    whole = Contents.write

    def write(self: Contents, *arguments: Any) -> list[Path]:
        texts = {name: text for name, text in self.texts.items() if name != "report.html"}
        return whole(replace(self, texts=texts, figures={}), *arguments)

    monkeypatch.setattr(Contents, "write", write)


FORKED: list[str] = []  # tests in which a process with threads was forked


def pytest_warning_recorded(warning_message, nodeid):
    """Python 3.12 and newer warn of such a fork, and no filter makes an error of it."""
    if "use of fork()" in str(warning_message.message):
        FORKED.append(nodeid)


def pytest_sessionfinish(session):
    if FORKED:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    for test in FORKED:
        terminalreporter.write_line(f"FAILED {test} - forked a process with threads")
