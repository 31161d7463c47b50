from __future__ import annotations

from dataclasses import replace

import pytest

from archscope.errors import UsageError
from archscope.sweep.plan.reading import read
from archscope.sweep.plan.slots import Resources, Slot, resolve
from archscope.sweep.plan.trial import Machine
from archscope.training.devices import Inventory, Precision

CPU = Inventory(cpus=2, cpu_name="x", bf16_cpu=True)
OLD_CPU = Inventory(cpus=6, cpu_name="x")
TWO_GPUS = Inventory(cpus=16, cpu_name="x", gpus=("H100", "H100"))
MAC = Inventory(cpus=8, cpu_name="x", mps=True)


def before(device: str = "cpu", precision: Precision = "bf16", threads: int = 1) -> Machine:
    return Machine(device, precision, threads, workers=7)


@pytest.mark.parametrize(
    ("asked", "found", "machine", "slots"),
    [
        (Resources(), CPU, Machine("cpu", "bf16", 1, 2), [Slot("cpu", 1)] * 2),
        (Resources(), OLD_CPU, Machine("cpu", "fp32", 1, 6), [Slot("cpu", 1)] * 6),
        (Resources(threads=4), OLD_CPU, Machine("cpu", "fp32", 4, 1), [Slot("cpu", 4)]),
        (Resources(threads=3), OLD_CPU, Machine("cpu", "fp32", 3, 2), [Slot("cpu", 3)] * 2),
        (Resources(workers=3), CPU, Machine("cpu", "bf16", 1, 3), [Slot("cpu", 1)] * 3),
        (Resources(threads=9), CPU, Machine("cpu", "bf16", 9, 1), [Slot("cpu", 9)]),
        (
            Resources(),
            TWO_GPUS,
            Machine("cuda", "bf16", 1, 2),
            [Slot("cuda:0", 1), Slot("cuda:1", 1)],
        ),
        (Resources(gpus=1), TWO_GPUS, Machine("cuda", "bf16", 1, 1), [Slot("cuda:0", 1)]),
        (Resources(gpus=0), TWO_GPUS, Machine("cpu", "fp32", 1, 16), [Slot("cpu", 1)] * 16),
        (
            Resources(gpus=2, workers=3),
            TWO_GPUS,
            Machine("cuda", "bf16", 1, 3),
            [Slot("cuda:0", 1), Slot("cuda:1", 1), Slot("cuda:0", 1)],
        ),
        (
            Resources(trials_per_gpu=2),
            TWO_GPUS,
            Machine("cuda", "bf16", 1, 4),
            [Slot("cuda:0", 1), Slot("cuda:1", 1)] * 2,
        ),
        (
            Resources(gpus=1, trials_per_gpu=3),
            TWO_GPUS,
            Machine("cuda", "bf16", 1, 3),
            [Slot("cuda:0", 1)] * 3,
        ),
        (
            Resources(trials_per_gpu=4, workers=3),
            TWO_GPUS,
            Machine("cuda", "bf16", 1, 3),
            [Slot("cuda:0", 1), Slot("cuda:1", 1), Slot("cuda:0", 1)],
        ),
        (Resources(trials_per_gpu=2), MAC, Machine("mps", "fp32", 1, 2), [Slot("mps", 1)] * 2),
        (Resources(), MAC, Machine("mps", "fp32", 1, 1), [Slot("mps", 1)]),
        (Resources(gpus=1), MAC, Machine("mps", "fp32", 1, 1), [Slot("mps", 1)]),
    ],
)
def test_slots(asked: Resources, found: Inventory, machine: Machine, slots: list[Slot]) -> None:
    expected = machine if machine.precision == "fp32" else replace(machine, head="fp32")
    assert resolve(asked, found, None) == (expected, slots)


@pytest.mark.parametrize(
    ("gpus", "found", "says"),
    [
        (1, CPU, "no GPU; type --gpus 0"),
        (3, TWO_GPUS, r"2 GPUs \(H100\); type --gpus 2"),
        (2, MAC, "1 GPU; type --gpus 1"),
    ],
)
def test_more_gpus_than_there_are(gpus: int, found: Inventory, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        resolve(Resources(gpus=gpus), found, None)
    assert caught.value.exit_code == 2


def test_a_folder_keeps_the_choices_that_it_was_begun_with() -> None:
    machine, _ = resolve(Resources(), CPU, before(precision="fp32", threads=2))
    assert machine == Machine("cpu", "fp32", 2, 1)
    machine, _ = resolve(Resources(), TWO_GPUS, before())
    assert machine.device == "cpu"
    with pytest.raises(UsageError, match="begun on cuda"):
        resolve(Resources(), CPU, before("cuda"))


@pytest.mark.parametrize(
    "numbers", [{"gpus": -1}, {"workers": 0}, {"threads": 0}, {"workers": 10**6}]
)
def test_numbers_that_cannot_be(numbers: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Resources(**numbers)


@pytest.mark.parametrize(
    ("asked", "found", "says"),
    [
        ({"trials_per_gpu": 0}, TWO_GPUS, "number from 1 to 100"),
        ({"trials_per_gpu": 101}, TWO_GPUS, "number from 1 to 100"),
        ({"trials_per_gpu": 2}, CPU, "train on the CPU: leave it out"),
        ({"trials_per_gpu": 2, "gpus": 0}, TWO_GPUS, "train on the CPU: leave it out"),
        (
            {"trials_per_gpu": 2, "workers": 5},
            TWO_GPUS,
            "on 2 GPUs has room for 4 trials, not for --workers 5: give fewer",
        ),
    ],
)
def test_trials_per_gpu_that_cannot_be(asked: dict[str, int], found: Inventory, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        resolve(Resources(**asked), found, None)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_precision_that_the_cpu_cannot_do(precision: str) -> None:
    with pytest.raises(UsageError, match=precision):
        resolve(Resources(precision=precision), CPU, None)


def test_to_compile_is_kept_with_the_folder() -> None:
    machine, _ = resolve(Resources(compile=True, threads=1), CPU, None)
    assert machine.compile and machine.document()["compile"] is True
    assert "compile" not in resolve(Resources(), CPU, None)[0].document()
    again, _ = resolve(Resources(), CPU, read(Machine, machine.document(), "machine"))
    assert again == machine


@pytest.mark.parametrize(
    ("found", "needs"), [(CPU, r"C\+\+ compiler"), (TWO_GPUS, "Triton"), (MAC, "MPS")]
)
def test_where_nothing_can_compile_it_says_so(
    found: Inventory, needs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=needs):
        resolve(Resources(compile=True), found, None)


def test_the_last_layer_is_in_fp32_unless_an_earlier_plan_has_it_otherwise() -> None:
    found = Inventory(cpus=2, cpu_name="x", bf16_cpu=True)
    begun, _ = resolve(Resources(), found, None)
    assert (begun.precision, begun.head) == ("bf16", "fp32")
    before = Machine("cpu", "bf16", 1, 2)  # of a version that judged in bf16
    assert resolve(Resources(), found, before)[0].head is None
    assert resolve(Resources(), found, begun)[0].head == "fp32"
    plain, _ = resolve(Resources(precision="fp32"), found, None)
    assert plain.head is None  # there is nothing to say, and keys stay as they were
