"""Every command and option, called with hostile values: one sentence or an answer, in time."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from hostile import Calls, write_files
from sweep_fixture import write_fake_sweep
from typer.testing import CliRunner

from archscope.cli.main import COMMANDS, app
from archscope.data.fetch import download
from archscope.explore.design import enumerate as enumeration
from archscope.explore.design import search
from archscope.sweep.run import schedule, speed

CODES = (0, 1, 2, 3, 4, 75)
SECONDS = 180  # of any work
NO_END = 124, "", "no end"
SHARE = 40  # one call in so many is made in a process of its own


class TooLong(BaseException):
    """No Exception: nothing on the way may take it for a failure of its own."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A working folder with hostile files, where nothing trains, downloads or searches for long."""
    for fixture in ("quick_workers", "undrawn"):
        request.getfixturevalue(fixture)
    write_files(tmp_path)
    write_fake_sweep(tmp_path / "sweep", templates=("1x64d", "2x64d"), seeds=(1,))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(download, "SERVERS", ())
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:steady")
    monkeypatch.setattr(speed, "tried", lambda *_: {})
    monkeypatch.setattr("webbrowser.open", lambda _: True)
    monkeypatch.setattr("archscope.explore.workbench.serve.Page.wait", lambda page: page.stop())
    monkeypatch.setattr(search, "MOST_LINES", 20_000)
    monkeypatch.setattr(enumeration, "MOST_CANDIDATES", 200_000)
    return tmp_path


# Calls of the slow run in hundredths: ARCHSCOPE_FUZZ_CALLS=100 makes some 2,200 of them.
SHARE_OF_CALLS = int(os.environ.get("ARCHSCOPE_FUZZ_CALLS", "8"))
TRAINING = {"cifar-sweep": 100, "decide": 100, "train": 100, "verify-resume": 10}
TRAINING["verify-device"] = 10
CALLS = [(name, 2) for name in COMMANDS if name not in (*TRAINING, "bench", "equivalence")]
CALLS += [
    pytest.param(
        name, max(1, TRAINING.get(name, 160) * SHARE_OF_CALLS // 100), marks=pytest.mark.slow
    )
    for name in COMMANDS
]


@pytest.mark.parametrize(("name", "calls"), CALLS)
def test_whatever_a_command_is_called_with(name: str, calls: int, place: Path) -> None:
    """Some 170 calls where the slow ones run; ARCHSCOPE_FUZZ=N draws others."""
    group = typer.main.get_command(app)
    drawn = Calls(group.commands, int(os.environ.get("ARCHSCOPE_FUZZ", "1")))  # type: ignore[attr-defined]
    wrong = []
    for number in range(calls):
        words = drawn.call(name)
        alone = calls > SHARE and number % SHARE == 0
        code, out, err = (apart if alone else here)(words)
        faults = [text for text, found in FAULTS.items() if found(code, out, err)]
        if faults:
            told = shlex.join(["archscope", *words])
            wrong.append(f"{'; '.join(faults)}: {told} -> {code}\n{out[-500:]}\n{err[-2000:]}")
    assert not wrong, "\n\n".join(wrong)


def _hidden(out: str, err: str) -> bool:
    return not all(c in "\n\t" or c.isprintable() for c in out + err)


def _long(err: str) -> bool:
    return any(len(x) >= 1000 for x in err.splitlines() if x.startswith("archscope: "))


FAULTS: dict[str, Callable[[int, str, str], bool]] = {
    "exit code": lambda code, out, err: code not in CODES,
    "traceback": lambda code, out, err: "Traceback" in out + err,
    "characters that do not print": lambda code, out, err: _hidden(out, err),
    "a refusal without a sentence": lambda code, out, err: code in (1, 2) and not err.strip(),
    "a refusal with output": lambda code, out, err: code in (1, 2) and out != "",
    "a long line": lambda code, out, err: _long(err),
}


def here(words: list[str]) -> tuple[int, str, str]:
    try:
        with within(SECONDS):
            result = CliRunner().invoke(app, words)
    except TooLong:
        return NO_END
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        if isinstance(result.exception, TooLong):
            return NO_END
        shown = "".join(traceback.format_exception(result.exception))
        return result.exit_code, result.stdout, shown
    return result.exit_code, result.stdout, result.stderr


def apart(words: list[str]) -> tuple[int, str, str]:
    try:
        run = subprocess.run(
            [sys.executable, "-m", "archscope", *words],
            capture_output=True,
            timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ARCHSCOPE_MIRRORS": ""},
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return NO_END
    return run.returncode, run.stdout.decode(), run.stderr.decode()
