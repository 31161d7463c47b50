"""The processes that read images: how they are started, and that they end with who started them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from waiting import wait_for

from archscope.data.dataset import Files

Image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")
files = pytest.importorskip("archscope.data.batches.files")

READING = """
import sys
from pathlib import Path
import numpy as np, torch
from archscope.data.batches import files
from archscope.data.dataset import Files
names = np.array([name.encode() for name in sys.argv[2:]])
part = Files(Path(sys.argv[1]), names, np.zeros(len(names), np.int64))
for batch in files.batches(
    part, files.Reading(8), batch=1, device=torch.device("cpu"), loaders=2
):
    print("reading", flush=True)
    sys.stdin.readline()
"""
IGNORING = """
import signal
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, signal.SIG_IGN)  # as the worker of a sweep does
"""
KEEPING = """
every = files.batches(part, files.Reading(8), batch=1, device=torch.device("cpu"), loaders=2)
next(every)
"""


@pytest.fixture
def part(tmp_path: Path) -> Files:
    """Eight images on disk."""
    names = [f"{number}.png" for number in range(8)]
    for name in names:
        Image.new("RGB", (9, 9)).save(tmp_path / name)
    return Files(tmp_path, np.array([name.encode() for name in names]), np.zeros(8, np.int64))


def test_they_are_not_forked_from_a_process_with_threads(
    part: Files, recwarn: pytest.WarningsRecorder
) -> None:
    """Python 3.12 and newer warn of it, and no filter makes an error of that."""
    ended = threading.Event()
    threading.Thread(target=ended.wait).start()
    try:
        read = files.batches(part, files.Reading(8), batch=4, device=torch.device("cpu"), loaders=1)
        assert [len(y) for _, y in read] == [4, 4]
    finally:
        ended.set()
    assert [warning for warning in recwarn if "fork" in str(warning.message)] == []


def session(leader: int) -> list[int]:
    """The processes of a session that are still there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(int(process.name)) == leader:
                found.append(int(process.name))
    return found


def reading(part: Files, before: str = "", program: str = READING) -> subprocess.Popen[bytes]:
    """A process in a session of its own that reads, a batch for each line of its input."""
    names = [os.fsdecode(name) for name in part.names]
    return subprocess.Popen(
        [sys.executable, "-c", before + program, str(part.root), *names],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_they_end_when_who_started_them_is_killed(part: Files) -> None:
    with reading(part) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"reading\n"
            assert len(session(process.pid)) > 2
            process.kill()
            process.wait()
            wait_for(lambda: not session(process.pid))
        finally:
            for left in session(process.pid):
                os.kill(left, signal.SIGKILL)


@pytest.mark.slow
def test_a_program_that_ends_amid_an_epoch_does_not_wait_for_them(part: Files) -> None:
    program = READING.partition("for batch")[0] + KEEPING
    with reading(part, program=program) as process:
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()


@pytest.mark.slow
def test_signals_to_all_of_a_job_are_left_to_who_started_them(part: Files) -> None:
    with reading(part, IGNORING) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            os.killpg(process.pid, number)
        said, _ = process.communicate(b"\n" * len(part), timeout=60)
        assert (said.count(b"reading"), process.returncode) == (len(part) - 1, 0)
