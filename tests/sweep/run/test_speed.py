"""Threads of a trial, chosen by trying."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.explore.training.cifar_sweep import cifar_sweep
from archscope.explore.training.run_plan import Console
from archscope.sweep.plan.estimate import LONG, Images
from archscope.sweep.plan.slots import Ray, Resources, Slot, divided, threads_are_open
from archscope.sweep.plan.trial import Machine, Trial
from archscope.sweep.run import schedule, speed
from archscope.testing.trials import FakeTrial, fake_trial
from archscope.training.devices import Inventory

TWO_CORES = Inventory(cpus=2, cpu_name="x", bf16_cpu=True)
SIXTEEN = Inventory(cpus=16, cpu_name="x")
MACHINE = Machine("cpu", "fp32", 1, 2)
NAME = "cifar_resnext11_1x64d@0.125"


@given(st.integers(1, 512), st.integers(1, 10_000))
def test_each_choice_fits_the_machine(cpus: int, trials: int) -> None:
    found = speed.choices(cpus, trials)
    assert found == sorted(set(found)) and found[0] == 1 and found[-1] <= cpus
    assert len(found) <= 3
    # The last choice leaves no core without work that a thread more a trial would use.
    assert found[-1] >= cpus // min(trials, cpus)


@pytest.mark.parametrize(
    ("rates", "threads"),
    [
        ({1: 100.0, 2: 90.0}, 1),
        ({1: 100.0, 2: 104.0}, 1),  # noise
        ({1: 100.0, 2: 106.0}, 2),
        ({1: 50.0, 2: 98.0, 8: 100.0}, 2),
        ({}, 1),
    ],
)
def test_the_machine_is_divided_as_it_was_fastest(rates: dict[int, float], threads: int) -> None:
    machine, slots = divided(MACHINE, SIXTEEN, rates)
    assert machine.threads == threads
    assert slots == [Slot("cpu", threads)] * (16 // threads)
    assert machine.workers == len(slots)
    assert machine.measured == ({str(n): rate for n, rate in rates.items()} or None)


@pytest.mark.parametrize(
    ("asked", "device", "before", "open_"),
    [
        (Resources(), "cpu", None, True),
        (Resources(threads=1), "cpu", None, False),
        (Resources(workers=1), "cpu", None, False),
        (Resources(), "cuda", None, False),
        (Resources(ray=Ray()), "cpu", None, False),
        (Resources(), "cpu", Machine("cpu", "fp32", 1, 2), False),
    ],
)
def test_threads_are_chosen_once_and_only_where_nobody_has(
    asked: Resources, device: str, before: Machine | None, open_: bool
) -> None:
    machine = Machine(device, "fp32", 1, 1)
    assert threads_are_open(asked, TWO_CORES, machine, before) is open_
    assert not threads_are_open(asked, replace(TWO_CORES, cpus=1), machine, before)
    assert not threads_are_open(asked, TWO_CORES, replace(machine, compile=True), before)


def kinds(seconds: float) -> list[FakeTrial]:
    """Two networks, the second with thrice the work; on 2 cores in fp32 so many seconds a seed."""
    # Of work.py: 50e9 units a second and thread; an image of training is 3.75 forward passes.
    unit = int(seconds * 2 * 50e9 / 3.75 / 4)
    networks = {"small": unit, "large": 3 * unit}
    return [fake_trial("", epochs=1, network=n, work=work) for n, work in networks.items()]


def test_a_short_sweep_is_not_delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_rate", lambda *_: pytest.fail("tried"))
    assert speed.tried(kinds(LONG / 2 - 5), 2, Images(1, 0), 2, print) == {}


def test_a_long_one_tries_its_largest_network_as_it_would_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def rate(trial: Trial, slots: Sequence[Slot]) -> float | None:
        seen.append((trial.network, slots))
        return 100.0 * len(slots)

    monkeypatch.setattr(speed, "_rate", rate)
    notes: list[str] = []
    found = speed.tried(kinds(LONG / 2 + 5), 2, Images(1, 0), 2, notes.append)
    assert found == {1: 200.0, 2: 100.0}
    assert seen == [("large", [Slot("cpu", 1)] * 2), ("large", [Slot("cpu", 2)])]
    assert notes[1:] == [
        "Tried: 2 trials at a time, 1 thread each, 200 images/s of large.",
        "Tried: 1 trial at a time, 2 threads each, 100 images/s of large.",
    ]


@pytest.mark.parametrize("answers", [[None, 50.0], [50.0, None]])
def test_what_could_not_be_measured_decides_nothing(
    answers: list[float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "_rate", lambda *_: answers.pop(0))
    assert speed.tried(kinds(LONG / 2 + 5), 2, Images(1, 0), 2, print) == {}


@pytest.mark.slow
def test_the_rates_of_all_processes_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "RUNNER", "fake_runners:rate")
    assert speed._rate(fake_trial("", rate=50.0), [Slot("cpu", 1)] * 3) == 150.0
    assert speed._rate(fake_trial("", rate=0.0), [Slot("cpu", 1)]) is None


@pytest.mark.usefixtures("quick_workers")
def test_a_choice_that_fails_has_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "RUNNER", "fake_runners:run")
    assert speed._rate(fake_trial("", "kill"), [Slot("cpu", 1)]) is None
    assert speed._rate(fake_trial("", "raise"), [Slot("cpu", 1)]) is None


@pytest.mark.usefixtures("quick_workers", "undrawn")
def test_the_choice_is_kept_with_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:run")
    calls = []

    def tried(*arguments: Any) -> dict[int, float]:
        calls.append(arguments)
        return {1: 100.0, 2: 150.0}

    monkeypatch.setattr(speed, "tried", tried)

    def sweep(**settings: Any) -> dict[str, Any]:
        quiet = Console(note=lambda _: None, live=False)
        small = {"templates": "1x64d", "samples": 320, "seeds": 1, **settings}
        folder = cifar_sweep("quick", out=tmp_path, console=quiet, inventory=TWO_CORES, **small)
        machine: dict[str, Any] = json.loads((folder.folder / "sweep.json").read_text())["machine"]
        return machine

    machine = sweep()
    assert (machine["threads"], machine["workers"]) == (2, 1)
    assert machine["measured"] == {"1": 100.0, "2": 150.0}
    assert sweep(seeds=2) == machine  # continued as it was begun
    assert len(calls) == 1
    # The plan is damaged: what its trials say goes on, and nothing is tried anew.
    (tmp_path / "sweep.json").write_text("{")
    again = sweep(seeds=2)
    assert (again["threads"], again["workers"], len(calls)) == (2, 1, 1)
    assert all(len(list(tmp_path.glob(f"trials/*s{seed}-*"))) == 1 for seed in (1, 2))
    [kind] = calls[0][0]
    assert kind.network == "resnext11_1x64d@0.125"


@pytest.mark.usefixtures("quick_workers", "undrawn")
def test_a_plan_that_another_command_made_meanwhile_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:run")
    quiet = Console(note=lambda _: None, live=False)

    def sweep() -> dict[str, Any]:
        settings = {"templates": "1x64d", "samples": 320, "seeds": 1}
        cifar_sweep("quick", out=tmp_path, console=quiet, inventory=TWO_CORES, **settings)
        machine: dict[str, Any] = json.loads((tmp_path / "sweep.json").read_text())["machine"]
        return machine

    def tried(*_: Any) -> dict[int, float]:
        monkeypatch.setattr(speed, "tried", lambda *_: {1: 100.0, 2: 150.0})
        sweep()  # the other command, which chooses two threads
        return {1: 100.0, 2: 90.0}

    monkeypatch.setattr(speed, "tried", tried)
    assert sweep()["threads"] == 2


@pytest.mark.slow
def test_a_network_is_really_trained_for_a_while() -> None:
    rate = speed._rate(fake_trial("", network=NAME), [Slot("cpu", 1)] * 2)
    assert rate is not None and rate > 10
