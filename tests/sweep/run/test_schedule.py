"""The scheduler on imaginary devices: real processes, runners that train nothing."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import wait_for

from archscope.errors import ArchscopeError
from archscope.sweep.plan.slots import Resources, Slot, resolve
from archscope.sweep.run import schedule
from archscope.sweep.run.messages import Event
from archscope.sweep.run.schedule import Interrupted, Scheduler
from archscope.sweep.run.supply import Supply
from archscope.sweep.run.worker_process import WorkerProcess
from archscope.testing.trials import FakeTrial, fake_trial
from archscope.training.devices import Inventory

RUNNER = "fake_runners:run"


class Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.hooks: dict[str, Any] = {}

    def event(self, event: Event) -> None:
        self.events.append(event)
        if hook := self.hooks.get(event.kind):
            hook(event)

    def tick(self) -> None:
        pass

    def keys(self, kind: str) -> list[str]:
        return [event.key for event in self.events if event.kind == kind]


# By hand: 7 convolutions of 16x32x32, 7 of 32x16x16, 7 of 64x8x8, each before and after its batch
# norm, the pool's 64 and 10 logits, of 128 images in fp32: 205.6 MB; and 12 bytes of each of 0.27
# million parameters: 3.3 MB.
NEED = "resnet20 with batch 128 needs about 209 MB by estimate"


def run(folder: Path, trials: list[FakeTrial], slots: list[Slot]) -> Recorder:
    recorder = Recorder()
    Scheduler(Supply(folder, trials), slots, recorder, RUNNER).run()
    return recorder


def result(folder: Path, key: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "trials" / key / "result.json").read_text())
    return document


def begun(folder: Path) -> list[list[str]]:
    lines = (folder / "log.txt").read_text().splitlines()
    return [line.split() for line in lines if line.startswith("begin")]


def test_every_trial_runs_once_and_only_on_the_gpus_there_are(tmp_path: Path) -> None:
    trials = [fake_trial(f"t{i}") for i in range(7)]
    recorder = run(tmp_path, trials, [Slot("cuda:0", 1), Slot("cuda:1", 1)])
    starts = begun(tmp_path)
    assert sorted(start[1] for start in starts) == [f"t{i}" for i in range(7)]
    assert {start[2] for start in starts} == {"cuda:0", "cuda:1"}
    assert sorted(recorder.keys("finished")) == [f"t{i}" for i in range(7)]
    assert len(recorder.keys("epoch")) == 21
    for i in range(7):
        assert result(tmp_path, f"t{i}")["status"] == "done"
        assert (
            json.loads((tmp_path / f"trials/t{i}/trial.json").read_text()) == trials[i].document()
        )


@pytest.mark.slow
def test_several_trials_on_each_of_several_gpus(tmp_path: Path) -> None:
    """Each waits until six of them train side by side: then every slot is in use."""
    imaginary = Inventory(cpus=8, cpu_name="x", gpus=("G", "G", "G"))
    machine, slots = resolve(Resources(trials_per_gpu=2), imaginary, None)
    assert (machine.device, machine.workers) == ("cuda", 6)
    recorder, trials = Recorder(), [fake_trial(f"t{i}", "hang") for i in range(8)]
    hanging: set[str] = set()

    def step(event: Event) -> None:
        hanging.update([event.key] if event.data["done"] == 127 else [])
        if len(hanging) == 6:
            assert len(begun(tmp_path)) == 6  # none is begun beyond the slots
            for one in trials:
                folder = tmp_path / "trials" / one.key
                folder.mkdir(exist_ok=True)
                (folder / "go").touch()

    recorder.hooks["step"] = step
    Scheduler(Supply(tmp_path, trials), slots, recorder, RUNNER).run()
    assert len(recorder.keys("finished")) == 8
    starts = begun(tmp_path)
    assert Counter(start[2] for start in starts[:6]) == {"cuda:0": 2, "cuda:1": 2, "cuda:2": 2}
    assert len({start[3] for start in starts}) == 6  # a process for each slot, and no more


@pytest.mark.usefixtures("quick_workers")
def test_a_process_lives_on_from_trial_to_trial(tmp_path: Path) -> None:
    run(tmp_path, [fake_trial(f"t{i}") for i in range(5)], [Slot("cuda:0", 1), Slot("cuda:1", 1)])
    by_device: dict[str, set[str]] = {}
    for start in begun(tmp_path):
        by_device.setdefault(start[2], set()).add(start[3])
    assert all(len(pids) == 1 for pids in by_device.values())
    assert len(set.union(*by_device.values())) == len(by_device)


@pytest.mark.usefixtures("quick_workers")
def test_no_more_processes_than_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Slot] = []

    class Counted(WorkerProcess):
        def __init__(self, slot: Slot, runner: str) -> None:
            made.append(slot)
            super().__init__(slot, runner)

    monkeypatch.setattr(schedule, "WorkerProcess", Counted)
    run(tmp_path, [fake_trial("a"), fake_trial("b")], [Slot(f"cuda:{i}", 1) for i in range(8)])
    assert made == [Slot("cuda:0", 1), Slot("cuda:1", 1)]


@pytest.mark.usefixtures("quick_workers")
def test_trials_begin_in_the_given_order(tmp_path: Path) -> None:
    run(tmp_path, [fake_trial(name) for name in "dacb"], [Slot("cpu", 1)])
    assert [start[1] for start in begun(tmp_path)] == list("dacb")


@pytest.mark.usefixtures("quick_workers")
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("raise", "RuntimeError: made to fail"),
        ("kill", "the worker process was killed by SIGKILL (as when the system runs out of memory"),
        ("no memory on the GPU", f"out of memory: {NEED} (CUDA out of memory."),
        *(
            pytest.param(behaviour, reason, marks=pytest.mark.slow)
            for behaviour, reason in (
                ("segfault", "the worker process was killed by SIGSEGV, twice"),
                ("exit", "the worker process ended with exit code 7, twice"),
                ("no memory", f"out of memory: {NEED} ("),
                ("no memory for a library", f"out of memory: {NEED} (libtorch_cpu.so"),
                ("no memory for torch", f"out of memory: {NEED} ("),
                ("forbidden data", "PermissionError: [Errno 13]"),
            )
        ),
    ],
)
def test_a_failing_trial_does_not_stop_the_others(
    tmp_path: Path, behaviour: str, reason: str
) -> None:
    trials = [fake_trial("a"), fake_trial("bad", behaviour), fake_trial("b"), fake_trial("c")]
    recorder = run(tmp_path, trials, [Slot("cpu", 1)])
    assert recorder.keys("failed") == ["bad"]
    assert sorted(recorder.keys("finished")) == ["a", "b", "c"]
    failure = result(tmp_path, "bad")
    assert failure["status"] == "failed" and "\n" not in failure["reason"]
    assert failure["reason"].startswith(reason)


@pytest.mark.usefixtures("quick_workers")
def test_a_trial_whose_worker_dies_goes_on_once_from_its_checkpoint(tmp_path: Path) -> None:
    recorder = run(tmp_path, [fake_trial("a", "die in epoch 2"), fake_trial("b")], [Slot("cpu", 1)])
    assert result(tmp_path, "a")["status"] == "done"
    assert sorted(recorder.keys("finished")) == ["a", "b"] and not recorder.keys("failed")
    [note] = [event.data["text"] for event in recorder.events if event.kind == "note"]
    assert "killed by SIGSEGV; tried once more from its last checkpoint" in note
    assert [start[1:2] + start[4:] for start in begun(tmp_path)] == [
        ["a", "from", "0"],
        ["a", "from", "2"],
        ["b", "from", "0"],
    ]


@pytest.mark.usefixtures("quick_workers")
def test_a_trial_is_tried_twice_and_no_more(tmp_path: Path) -> None:
    run(tmp_path, [fake_trial("a", "kill")], [Slot("cpu", 1)])
    assert len(begun(tmp_path)) == 2
    assert NEED in result(tmp_path, "a")["reason"]


@pytest.mark.usefixtures("quick_workers")
@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("too many files", "ulimit -n"),
        ("forbidden folder", "cannot be written"),
        ("disk full", "cannot be written"),
        ("disk full under torch", r"cannot be written \(No space left on device\): make room"),
    ],
)
def test_what_no_trial_can_help_stops_the_sweep(tmp_path: Path, behaviour: str, says: str) -> None:
    with pytest.raises(ArchscopeError, match=says):
        run(tmp_path, [fake_trial("a", behaviour), fake_trial("b")], [Slot("cpu", 1)])
    assert not list(tmp_path.glob("trials/*/result.json"))  # nothing that hinders going on
    run(tmp_path, [fake_trial("a"), fake_trial("b")], [Slot("cpu", 1)])


def test_a_system_without_files_or_processes_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a worker can be started says nothing about the sweep's folder."""
    for number, says in ((errno.EMFILE, "ulimit -n"), (errno.EAGAIN, "could not be started")):

        def refuse(*_: Any, number: int = number, **__: Any) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(subprocess, "Popen", refuse)
        with pytest.raises(ArchscopeError, match=says) as caught:
            run(tmp_path, [fake_trial("a")], [Slot("cpu", 1)])
        assert "cannot be written" not in str(caught.value)


@pytest.mark.slow
def test_an_earlier_failure_is_forgotten_when_the_trial_runs_again(tmp_path: Path) -> None:
    run(tmp_path, [fake_trial("a", "raise")], [Slot("cpu", 1)])
    (tmp_path / "trials/a/result.json").unlink()
    recorder = run(tmp_path, [fake_trial("a", "kill")], [Slot("cpu", 1)])
    assert recorder.keys("failed") == ["a"] and not recorder.keys("finished")
    assert "SIGKILL" in result(tmp_path, "a")["reason"]


@pytest.mark.usefixtures("quick_workers")
def test_a_runner_that_cannot_be_loaded_fails_each_trial_with_the_reason(tmp_path: Path) -> None:
    recorder = Recorder()
    supply = Supply(tmp_path, [fake_trial("a")])
    Scheduler(supply, [Slot("cpu", 1)], recorder, "no_such_module:run").run()
    assert result(tmp_path, "a")["reason"].startswith("ModuleNotFoundError")


@pytest.mark.usefixtures("quick_workers")
def test_the_result_is_json_without_nan_and_says_where_it_was_made(tmp_path: Path) -> None:
    run(tmp_path, [fake_trial("a")], [Slot("cuda:3", 2)])
    document = result(tmp_path, "a")
    assert document["schema"] == "archscope.result/1"
    assert document["metrics"] == {"test_error": 10.0, "odd": None}
    made = document["environment"]
    assert (made["device"], made["threads"], made["precision"]) == ("cuda:3", 2, "fp32")
    assert made["host"] and made["python"] and made["started"] <= made["finished"]


@pytest.mark.usefixtures("quick_workers")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_workers_and_the_next_run_goes_on(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    recorder = Recorder()
    recorder.hooks["step"] = lambda event: (
        os.kill(os.getpid(), number) if event.data["done"] == 127 else None
    )
    trials = [fake_trial("a", "hang"), fake_trial("b", "hang")]
    with pytest.raises(Interrupted) as caught:
        Scheduler(Supply(tmp_path, trials), [Slot("cpu", 1)], recorder, RUNNER).run()
    assert caught.value.exit_code == code
    assert str(tmp_path) in str(caught.value)
    assert signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL)
    assert "stopped a" in (tmp_path / "log.txt").read_text()  # asked, not killed
    pid = int(begun(tmp_path)[0][3])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    (tmp_path / "trials/a/go").touch()
    run(tmp_path, [fake_trial("a", "hang"), fake_trial("b")], [Slot("cpu", 1)])
    assert [start[1:2] + start[4:] for start in begun(tmp_path)] == [
        ["a", "from", "0"],
        ["a", "from", "2"],
        ["b", "from", "0"],
    ]


@pytest.mark.usefixtures("quick_workers")
def test_a_worker_that_still_loads_is_not_waited_for(tmp_path: Path) -> None:
    """It has no state to keep, and would hear of the signal at its first step."""
    recorder = Recorder()
    recorder.hooks["started"] = lambda event: os.kill(os.getpid(), signal.SIGINT)
    begun_at = time.monotonic()
    with pytest.raises(Interrupted):
        trials = [fake_trial("a", "stuck")]
        Scheduler(Supply(tmp_path, trials), [Slot("cpu", 1)], recorder, RUNNER).run()
    assert time.monotonic() - begun_at < schedule.GRACE


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    asked = {"folder": str(tmp_path), "trials": [{"key": "a", "behaviour": "stuck"}]}
    asked |= {"machine": "", "skew": 0, "slots": 1, "timing": {}}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "sweep_process", json.dumps(asked)]
    parent = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    log = tmp_path / "log.txt"
    wait_for(lambda: log.exists() and log.read_text().endswith("\n"))
    pid = int(begun(tmp_path)[0][3])
    parent.kill()
    parent.wait()
    wait_for(lambda: not _alive(pid))


@pytest.mark.usefixtures("quick_workers")
def test_runs_outside_of_the_main_thread(tmp_path: Path) -> None:
    thread = threading.Thread(target=run, args=(tmp_path, [fake_trial("a")], [Slot("cpu", 1)]))
    thread.start()
    thread.join()
    assert result(tmp_path, "a")["status"] == "done"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"  # an orphan that nobody reaps (in a container) has ended all the same


@pytest.mark.parametrize(("kinds", "told"), [((), False), (("begin",), False), (("epoch",), True)])
def test_a_step_that_nobody_has_read_of_yet_is_state_to_keep(kinds: tuple, told: bool) -> None:
    """A stop may come between a message and its reading, and would kill the trial otherwise."""
    here, there = multiprocessing.Pipe()
    for kind in kinds:
        there.send(Event(kind, "t", {}))
    worker = SimpleNamespace(connection=here)
    assert schedule._tells_of_a_step(worker) is told  # type: ignore[arg-type]
    there.close()
    assert schedule._tells_of_a_step(worker) is False  # type: ignore[arg-type]
