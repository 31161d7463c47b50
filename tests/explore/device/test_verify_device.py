"""`verify-device` without a device: which one is taken, and that no check stops another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.cost.formula import count
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.device import checks, one_check, trainings, verify
from archscope.explore.device.place import NotPossible, Place, Seen
from archscope.explore.device.result import Checked
from archscope.sweep.plan.slots import Slot, slots
from archscope.training.devices import Inventory

CPU = Inventory(cpus=2, cpu_name="x")
TWO = replace(CPU, gpus=("GPU A", "GPU B"))


@pytest.mark.parametrize(
    ("device", "machine", "chosen"),
    [
        (None, TWO, "cuda:0"),
        ("cuda", TWO, "cuda:0"),
        ("cuda:1", TWO, "cuda:1"),
        (None, replace(CPU, mps=True), "mps"),
        ("cpu", TWO, "cpu"),
    ],
)
def test_the_device_is_the_first_accelerator_or_the_one_named(
    monkeypatch: pytest.MonkeyPatch, device: str | None, machine: Inventory, chosen: str
) -> None:
    asked: list[Any] = []

    def run(name: str, on: str, folder: Path, limit: float) -> Checked:
        asked.append((name, on, folder.is_dir(), limit > 0))
        return Checked(name, "passed", "", "", 0.0, {})

    monkeypatch.setattr(verify, "_run", run)
    found = verify.verify_device(device, note=lambda _: None, found=machine)
    assert asked == [(name, chosen, True, True) for name in verify.LIMITS]
    assert found.machine["device"] == chosen
    names = {"cuda:0": "GPU A", "cuda:1": "GPU B"}
    assert found.machine["device_name"] == names.get(chosen)


@pytest.mark.parametrize(
    ("device", "checks", "says"),
    [
        (None, (), "needs an accelerator"),
        ("cuda", (), 'has cpu, not the device "cuda"'),
        ("cpu", ("speed",), "the checks are device, arithmetic, counts"),
    ],
)
def test_what_is_not_there_is_a_sentence(
    device: str | None, checks: tuple[str, ...], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        verify.verify_device(device, checks=checks, found=CPU)


def test_every_check_has_its_time_and_all_have_eight_minutes() -> None:
    assert list(verify.LIMITS) == list(one_check.CHECKS)
    assert verify.SECONDS + verify._GRACE <= 480


def test_in_a_checks_process_its_device_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert verify._environment("cpu")[1] == "cpu"
    environ, there = verify._environment("cuda:1")
    assert (there, environ["CUDA_VISIBLE_DEVICES"]) == ("cuda:0", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert verify._environment("cuda:1")[0]["CUDA_VISIBLE_DEVICES"] == "6"


def raised(error: Exception) -> Any:
    def check(on: Place) -> Seen:
        raise error

    return check


@pytest.mark.parametrize(
    ("check", "state", "sentence"),
    [
        (lambda on: Seen(True, "1", "Good.", {"n": 1}), "passed", "Good."),
        (lambda on: Seen(False, "2", "Bad."), "failed", "Bad."),
        (raised(NotPossible("Only CUDA can.")), "not possible", "Only CUDA can."),
        (raised(ArchscopeError("it is full\nvery")), "failed", "it is full"),
        (raised(RuntimeError("no kernel")), "failed", "RuntimeError: no kernel"),
        (raised(ValueError()), "failed", "ValueError: ValueError"),
    ],
)
def test_whatever_a_check_does_is_a_state_and_a_sentence(
    tmp_path: Path, check: Any, state: str, sentence: str
) -> None:
    found = one_check.seen(check, Place("cpu", tmp_path))
    assert (found["state"], found["sentence"]) == (state, sentence)
    assert ("trace" in found["details"]) == (state == "failed" and sentence != "Bad.")
    json.dumps(found)


DIES = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
ENDS = "import sys; sys.exit('it is broken')"
WRITES = (
    "import json, sys; from pathlib import Path; Path(sys.argv[3], 'seen.json').write_text("
    "json.dumps(dict(state='passed', figure='1', sentence='Good.', details={})))"
)
# What it says when it is interrupted is not why it failed.
HANGS = f"""
import time
try:
    time.sleep(60)
except KeyboardInterrupt:
    {WRITES}
"""


@pytest.mark.parametrize(
    ("code", "state", "says"),
    [
        (DIES, "failed", "Its process was ended by SIGSEGV"),
        (ENDS, "failed", "Its process ended with exit code 1: it is broken"),
        (HANGS, "failed", "It was not done after 1 s."),
        (WRITES, "passed", "Good."),
    ],
)
def test_a_process_that_dies_or_hangs_is_a_failed_check(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, state: str, says: str
) -> None:
    (tmp_path / "stands_in.py").write_text(code)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(verify, "_PROCESS", "stands_in")
    found = verify._run("counts", "cpu", tmp_path, 1.0 if code == HANGS else 60.0)
    assert (found.state, found.sentence) == (state, says)


def test_a_check_without_time_is_told_to_be_run_alone(tmp_path: Path) -> None:
    found = verify._run("times", "cpu", tmp_path, 0.0)
    assert found.state == "not possible" and "--checks times" in found.sentence


@pytest.mark.parametrize("beside", trainings.BESIDE)
def test_trials_stand_side_by_side_on_the_device(tmp_path: Path, beside: int) -> None:
    gpu = trainings._resources(Place("cuda:0", tmp_path), beside)
    one = replace(CPU, gpus=("GPU A",))
    assert slots(gpu, one, "cuda", 1) == [Slot("cuda:0", 1)] * beside
    mps = trainings._resources(Place("mps", tmp_path), beside)
    assert slots(mps, replace(CPU, mps=True), "mps", 1) == [Slot("mps", 1)] * beside
    cpu = trainings._resources(Place("cpu", tmp_path), beside)
    assert slots(cpu, CPU, "cpu", 1) == [Slot("cpu", 1)] * beside


def test_where_nothing_tells_of_waiting_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match="Only CUDA"):
        trainings.waiting(Place("cpu", tmp_path))


@pytest.mark.slow
def test_counts_of_a_trace_are_the_formulas(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checks, "COUNTED", ("resnet20",))
    found = checks.counts(Place("cpu", tmp_path))
    assert found.passed and found.details["formula_and_trace"]["resnet20"]["macs"][0] > 40e6
    monkeypatch.setattr(checks, "count", lambda network: count(replace(network, input=(3, 40, 40))))
    assert not checks.counts(Place("cpu", tmp_path)).passed


@pytest.mark.slow
def test_networks_are_timed_in_both_precisions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checks, "TIMED", ("cifar_resnext11_1x64d@0.0625",))
    monkeypatch.setitem(checks._BATCH, "cpu", 2)
    found = checks.times(Place("cpu", tmp_path))
    assert found.passed and found.figure.startswith("cpu fp32 ")
    assert set(found.details["seconds"]) == {"cpu fp32", "cpu bf16"}
    assert all(len(values) == 2 for values in found.details["seconds"].values())


@pytest.mark.slow
def test_a_devices_arithmetic_is_compared_with_the_cpus(tmp_path: Path) -> None:
    found = checks.arithmetic(Place("cpu", tmp_path))
    far = found.details["relative"]
    assert found.passed and 0 < far["fp32"]["logits"] < 1e-4 < far["bf16"]["logits"]


def test_without_fvcore_counts_are_not_possible(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checks, "COUNTED", ("resnet20",))
    for name in ("fvcore", "fvcore.nn"):
        monkeypatch.setitem(sys.modules, name, None)
    found = one_check.seen(one_check.CHECKS["counts"], Place("cpu", tmp_path))
    assert found["state"] == "not possible"


def told(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["verify-device", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("broken", [False, True])
def test_the_command_keeps_everything_and_ends_by_what_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: bool
) -> None:
    def run(name: str, on: str, folder: Path, limit: float) -> Checked:
        state: Any = "failed" if broken and name == "sweep" else "passed"
        return Checked(name, state, "1", f"{name} is seen.", 1.0, {"of": name})

    monkeypatch.setattr(verify, "_run", run)
    monkeypatch.chdir(tmp_path)
    code, shown, notes = told("cpu", "--checks", "sweep, counts")
    assert code == int(broken) and "in device.json" in notes
    document = json.loads((tmp_path / "device.json").read_text())
    assert document["schema"] == "archscope.device/1" and document["passed"] is not broken
    assert [one["name"] for one in document["checks"]] == ["counts", "sweep"]
    assert ("1 failed" in shown) == broken and "counts is seen." in shown


def test_the_command_refuses_before_anything_runs(tmp_path: Path) -> None:
    code, shown, notes = told("cpu", "--record", str(tmp_path / "none" / "x.json"))
    assert (code, shown) == (2, "") and "--record" in notes and notes.count("\n") == 1


@pytest.mark.skipif(os.path.exists("/dev/nvidiactl"), reason="a machine with a GPU")  # noqa: PTH110
def test_without_an_accelerator_it_is_exit_2() -> None:
    code, shown, notes = told()
    assert (code, shown) == (2, "") and "name cpu to see it work" in notes


@pytest.mark.slow
def test_a_check_ends_with_the_process_that_began_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from archscope.explore.device import one_check"
        "; one_check.CHECKS = {'x': lambda on: time.sleep(120)}"
        "; one_check.main('x', 'cpu', Path(sys.argv[1]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.DEVNULL,  # at its end from the beginning
        capture_output=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert b"KeyboardInterrupt" in ran.stderr and not list(tmp_path.iterdir())
