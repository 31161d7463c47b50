"""What the machine has, and the precision chosen from it; accelerators are imaginary here."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from archscope.errors import UsageError
from archscope.training import devices
from archscope.training.devices import Inventory

CPUINFO = """processor\t: 0
model name\t: AMD EPYC 9R14
flags\t\t: fpu avx512f {flag} rdpid

processor\t: 1
model name\t: another
flags\t\t: fpu
"""
CPU = Inventory(2, "a processor", bf16_cpu=True)
TWO_GPUS = Inventory(16, "a processor", gpus=("H100", "H100"))


@pytest.mark.parametrize(
    ("flag", "expected"), [("avx512_bf16", True), ("amx_bf16", True), ("avx512_vnni", False)]
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_bf16_is_read_from_the_processors_flags(
    flag: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(CPUINFO.format(flag=flag))
    monkeypatch.setattr(devices, "_CPUINFO", tmp_path / "cpuinfo")
    found = devices.inventory()
    assert (found.cpu_name, found.bf16_cpu) == ("AMD EPYC 9R14", expected)


def test_an_unknown_processor_has_no_bf16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_CPUINFO", tmp_path / "absent")
    found = devices.inventory()
    assert not found.bf16_cpu and found.cpu_name


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("150000 100000", 1), ("200000 100000", 2), ("50000 100000", 1), ("max 100000", 3)],
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads cgroups")
def test_a_containers_quota_counts(
    limit: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.max").write_text(limit + "\n")
    monkeypatch.setattr(devices, "_CGROUP_LIMIT", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 5})
    assert devices.inventory().cpus == expected


@pytest.mark.parametrize(("capability", "bf16"), [((9, 0), True), ((7, 5), False)])
def test_gpus_are_listed_by_their_names(
    capability: tuple[int, int], bf16: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr(devices, "_GPU_NODES", (tmp_path / "nvidiactl",))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda i: f"GPU {i}")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda i: capability)
    found = devices.inventory()
    assert (found.gpus, found.bf16_gpu) == (("GPU 0", "GPU 1"), bf16)


@pytest.mark.parametrize(
    ("device", "machine", "expected"),
    [
        ("cpu", CPU, "bf16"),
        ("cpu", Inventory(2, "an older one"), "fp32"),
        ("cuda:1", TWO_GPUS, "bf16"),
        ("cuda:0", Inventory(4, "x", gpus=("T4",), bf16_gpu=False), "fp16"),
        ("mps", Inventory(8, "Apple M2", mps=True), "fp32"),
    ],
)
def test_precision_follows_the_hardware(device: str, machine: Inventory, expected: str) -> None:
    assert devices.choose_precision(device, machine) == expected


def test_a_device_must_be_there() -> None:
    assert devices.check_device("cpu", CPU) == "cpu"
    assert devices.check_device("cuda", TWO_GPUS) == "cuda:0"
    assert devices.check_device("cuda:1", TWO_GPUS) == "cuda:1"
    assert devices.check_device("mps", Inventory(8, "Apple M2", mps=True)) == "mps"
    with pytest.raises(UsageError, match=r'has cpu, cuda:0, cuda:1, not the device "cuda:2"'):
        devices.check_device("cuda:2", TWO_GPUS)
    with pytest.raises(UsageError, match=r'has cpu, not the device "mps": give cpu'):
        devices.check_device("mps", CPU)
    with pytest.raises(UsageError, match=r'"tpu"'):
        devices.check_device("tpu", TWO_GPUS)


def test_a_precision_must_suit_the_device() -> None:
    assert devices.check_precision("fp16", "cuda:0") == "fp16"
    assert devices.check_precision("bf16", "cpu") == "bf16"
    with pytest.raises(UsageError, match=r'cpu trains in fp32 or bf16, not "fp16"'):
        devices.check_precision("fp16", "cpu")
    with pytest.raises(UsageError, match=r'fp32, bf16 or fp16, not "fp8"'):
        devices.check_precision("fp8", "cuda:0")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_tuned_malloc_keeps_the_pages_of_freed_memory() -> None:
    """Twenty times 40 MB: without tuning, the kernel hands out every page anew each time."""
    code = """
import resource
from archscope.training.devices import tune_malloc

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        b"x" * 40_000_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = faults()
done = tune_malloc()
print(done, before, faults())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    done, before, after = run.stdout.split()
    assert done == "True"
    assert int(after) < int(before) / 5


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_what_is_made_outside_the_heap_leaves_no_holes_in_it() -> None:
    """Two sets of blocks in turn, the first dropped: of the heap that the second stands on."""
    code = """
import ctypes, sys
from archscope.training.devices import outside_the_heap, tune_malloc

class Stored(ctypes.Structure):
    _fields_ = [(one, ctypes.c_size_t) for one in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks top".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Stored

def holes(within):
    first, second = [], []
    for _ in range(50):
        with within():
            first.append(b"x" * 1_000_000)
            second.append(b"x" * 1_000_000)
    before = libc.mallinfo2()
    del first
    return before.fordblks - before.top, libc.mallinfo2().fordblks - libc.mallinfo2().top

import contextlib
tune_malloc()
print(*holes(outside_the_heap), *holes(contextlib.nullcontext))
before = libc.mallinfo2().hblks
kept = b"x" * 10_000_000
print(libc.mallinfo2().hblks - before)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after, heap_before, heap_after, mapped = map(int, run.stdout.split())
    assert after - before < 100_000 and heap_after - heap_before > 49_000_000
    assert mapped == 0  # and then the threshold is again that of `tune_malloc`
