"""Several sweeps on one folder: real processes, with other host names and wrong clocks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")

FAST = {"beat": 0.05, "look": 0.05, "expiry": 1.5}
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def begin(
        trials: list[dict[str, Any]],
        machine: str = "",
        skew: float = 0,
        slots: int = 1,
        **timing: Any,
    ) -> subprocess.Popen[str]:
        asked = {
            "folder": os.fspath(tmp_path),
            "trials": trials,
            "machine": machine,
            "skew": skew,
            "slots": slots,
            "timing": {**FAST, **timing},
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "sweep_process", json.dumps(asked)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def trial(key: str, behaviour: str = "", epochs: int = 3) -> dict[str, Any]:
    return {"key": key, "behaviour": behaviour, "epochs": epochs}


def log(folder: Path) -> list[list[str]]:
    path = folder / "log.txt"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def logged(folder: Path, word: str) -> Counter[str]:
    return Counter(line[1] for line in log(folder) if line[0] == word)


@pytest.mark.slow  # of supplies in one process: test_supply.py
def test_two_machines_share_the_trials_and_each_is_trained_once(
    tmp_path: Path, start: Start
) -> None:
    trials = [trial(f"t{i}", "slow") for i in range(14)]
    one = start(trials, "one", skew=-86_400, slots=2)
    two = start(trials, "two", skew=86_400, slots=2)
    out = {name: process.communicate(timeout=60) for name, process in (("1", one), ("2", two))}
    assert (one.returncode, two.returncode) == (0, 0), out
    once = {f"t{i}": 1 for i in range(14)}
    assert logged(tmp_path, "begin") == once
    assert logged(tmp_path, "end") == once
    parents = {line[3] for line in log(tmp_path) if line[0] == "begin"}
    assert len(parents) == 4  # both commands' workers had some
    for said, _ in out.values():  # and each command was told the end of every trial
        ends = [line.split()[1] for line in said.splitlines() if line.startswith("finished")]
        assert sorted(ends) == sorted(once)
    assert not list(tmp_path.glob("trials/*/lease.*"))


@pytest.mark.slow
def test_what_a_machine_that_is_gone_had_begun_is_taken_over_and_goes_on(
    tmp_path: Path, start: Start
) -> None:
    trials = [trial("a", "hang"), trial("b")]
    one = start(trials, "one", slots=1)
    wait_for(lambda: epochs(tmp_path, "a") == 2)
    two = start(trials, "two", skew=-3600)
    wait_for(lambda: logged(tmp_path, "end")["b"] == 1)
    assert logged(tmp_path, "begin")["a"] == 1  # it is alive: hands off
    os.killpg(one.pid, signal.SIGKILL)
    said, _ = two.communicate(timeout=60)
    assert two.returncode == 0
    begins = [(line[1], line[-1]) for line in log(tmp_path) if line[0] == "begin"]
    assert begins == [("a", "0"), ("b", "0"), ("a", "2")]
    assert logged(tmp_path, "end") == {"a": 1, "b": 1}
    # For all that this one can know: it may be suspended.
    assert "taken over: its process on one has given no sign of life for " in said


@pytest.mark.slow
def test_on_one_machine_nobody_waits_for_a_dead_process(tmp_path: Path, start: Start) -> None:
    one = start([trial("a", "hang")], expiry=1e9)
    wait_for(lambda: epochs(tmp_path, "a") == 2)
    os.killpg(one.pid, signal.SIGKILL)
    one.wait()
    two = start([trial("a", "hang")], expiry=1e9)
    two.communicate(timeout=60)
    assert two.returncode == 0
    assert logged(tmp_path, "end") == {"a": 1}


@pytest.mark.slow
def test_who_was_suspended_notices_and_writes_nothing(tmp_path: Path, start: Start) -> None:
    one = start([trial("a", "hang")], "one")
    wait_for(lambda: epochs(tmp_path, "a") == 2)
    os.killpg(one.pid, signal.SIGSTOP)
    two = start([trial("a", "hang")], "two")
    two.communicate(timeout=60)
    assert two.returncode == 0
    files = {path: path.read_bytes() for path in (tmp_path / "trials/a").iterdir()}
    assert "result.json" in {path.name for path in files}
    (tmp_path / "trials/a/go").touch()  # what holds it up is gone: it would write at once
    os.killpg(one.pid, signal.SIGCONT)
    said, errors = one.communicate(timeout=60)
    assert one.returncode == 0, errors
    assert {path: path.read_bytes() for path in files} == files
    assert logged(tmp_path, "end") == {"a": 1}
    kinds = [line.split()[0] for line in said.splitlines() if "step" not in line]
    assert kinds[-2:] == ["lost", "finished"]


@pytest.mark.slow
def test_a_stopped_sweep_gives_back_what_it_had(tmp_path: Path, start: Start) -> None:
    """On another machine, where its end alone would tell nothing."""
    trials = [trial("a", "hang")]
    one = start(trials, "one", expiry=1e9)
    wait_for(lambda: epochs(tmp_path, "a") == 2)
    two = start(trials, "two", expiry=1e9)
    one.send_signal(signal.SIGTERM)
    _, errors = one.communicate(timeout=60)
    assert one.returncode == 143 and "Stopped by SIGTERM" in errors
    two.communicate(timeout=60)
    assert two.returncode == 0
    assert [line[-1] for line in log(tmp_path) if line[0] == "begin"] == ["0", "2"]


def epochs(folder: Path, key: str) -> int:
    path = folder / "trials" / key / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGINT, 130, "Stopped by SIGINT"),
        (signal.SIGTERM, 143, "Stopped by SIGTERM"),
        (signal.SIGUSR1, 75, "Preempted by SIGUSR1"),
    ],
)
def test_a_signal_to_every_process_stops_at_the_step(
    tmp_path: Path, start: Start, number: signal.Signals, code: int, says: str
) -> None:
    """As a terminal's Ctrl-C, or a cluster's scheduler: the workers get it as well."""
    one = start([trial("a", "hang"), trial("b")])
    wait_for(lambda: epochs(tmp_path, "a") == 2)
    os.killpg(one.pid, number)
    _, errors = one.communicate(timeout=60)
    assert one.returncode == code
    assert says in errors and errors.count("\n") == 1
    assert logged(tmp_path, "stopped") == {"a": 1}


def test_a_second_signal_ends_at_once(tmp_path: Path, start: Start) -> None:
    """The worker reaches no step: without it, the sweep would wait half a minute for it."""
    one = start([trial("a", "stuck")])
    wait_for(lambda: logged(tmp_path, "begin"))
    began = time.monotonic()
    one.send_signal(signal.SIGINT)
    wait_for(lambda: again(one))
    assert one.wait() in (130, -signal.SIGINT)  # they go on while it says good-bye
    assert time.monotonic() - began < 20


def again(process: subprocess.Popen[str]) -> bool:
    process.send_signal(signal.SIGINT)
    return process.poll() is not None
