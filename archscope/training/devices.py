"""What the machine has to train on, and in which number format it trains best there.

torch is imported only where there may be an accelerator: to find none on a machine without one
costs nothing. The CUDA and MPS halves follow torch's documentation and have not run on such a
device yet.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archscope.errors import UsageError

Precision = Literal["fp32", "bf16", "fp16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "fp16")

_CPUINFO = Path("/proc/cpuinfo")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")
# Nodes of a driver: NVIDIA, NVIDIA under WSL, AMD.
_GPU_NODES = (Path("/dev/nvidiactl"), Path("/dev/dxg"), Path("/dev/kfd"))

_TRIM, _MMAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
_LARGE, _NEVER = 2**16, 2**30  # bytes from which a block is mapped alone


@dataclass(frozen=True)
class Inventory:
    """What a machine can train on; made by hand, it is an imaginary machine for a test.

    Attributes:
        cpus: processors that this process may use.
        cpu_name: the processor's own name.
        gpus: a name for each CUDA (or ROCm) device, by its index.
        mps: whether there is a Metal device.
        bf16_cpu: whether the processor has bfloat16 arithmetic (AVX512_BF16 or AMX).
        bf16_gpu: whether all of `gpus` have it; without, they train in fp16.
    """

    cpus: int
    cpu_name: str
    gpus: tuple[str, ...] = ()
    mps: bool = False
    bf16_cpu: bool = False
    bf16_gpu: bool = True


def inventory() -> Inventory:
    """Look at this machine."""
    cpu_name, flags = _processor()
    cpus, bf16_cpu = _cpus(), bool(flags & {"avx512_bf16", "amx_bf16"})
    if sys.platform == "linux" and not any(node.exists() for node in _GPU_NODES):
        return Inventory(cpus, cpu_name, bf16_cpu=bf16_cpu)
    import torch

    gpus = tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    # From compute capability 8.0 on; torch's own answer counts emulation as well.
    native = all(torch.cuda.get_device_capability(i) >= (8, 0) for i in range(len(gpus)))
    bf16_gpu = native or torch.version.hip is not None
    return Inventory(cpus, cpu_name, gpus, torch.backends.mps.is_available(), bf16_cpu, bf16_gpu)


def check_device(device: str, machine: Inventory) -> str:
    """Return `device` ("cpu", "cuda:0", "mps"; "cuda" means "cuda:0") if the machine has it.

    Raises UsageError, saying what there is, where it does not.
    """
    spec = "cuda:0" if device == "cuda" else device
    there = ["cpu", *(f"cuda:{i}" for i in range(len(machine.gpus))), *["mps"] * machine.mps]
    if spec not in there:
        raise UsageError(
            f'this machine has {", ".join(there)}, not the device "{device}": give '
            f"{'one of these' if len(there) > 1 else 'cpu'}"
        )
    return spec


def choose_precision(device: str, machine: Inventory) -> Precision:
    """Return the number format in which `device` trains fastest.

    bf16 where the hardware has it: on a processor with AVX512_BF16 it trained small ResNeXts 1.6 to
    2 times as fast as fp32; elsewhere it is emulated. fp16 (with a scaled loss) on older
    GPUs. fp32 on MPS, where the others have not been measured.
    """
    if device == "cpu":
        return "bf16" if machine.bf16_cpu else "fp32"
    if device.startswith("cuda"):
        return "bf16" if machine.bf16_gpu else "fp16"
    return "fp32"


def check_precision(precision: str, device: str) -> Precision:
    """Return `precision` if `device` can train in it; raises UsageError otherwise."""
    for known in PRECISIONS:
        if precision == known and not (known == "fp16" and device == "cpu"):
            return known
    choice = "fp32 or bf16" if device == "cpu" else "fp32, bf16 or fp16"
    raise UsageError(
        f'{device} trains in {choice}, not "{precision}": give one of these, or leave it out'
    )


def tune_malloc() -> bool:
    """Let glibc keep the memory of freed activations; say whether that was done.

    glibc maps big blocks anew for each activation, and the kernel clears every page of them again.
    For a process that trains on the CPU: call it before the first step. More memory stays resident.
    """
    if (libc := _glibc()) is None:
        return False
    return bool(libc.mallopt(_MMAP, _NEVER) and libc.mallopt(_TRIM, 2**31 - 1))


@contextmanager
def outside_the_heap() -> Iterator[None]:
    """After `tune_malloc`: what is made within it does not lie where activations will.

    Networks that are made and dropped one after another leave holes in the heap, and the
    activations of the next are scattered over them: after ninety, networks took 10 to 16 % longer
    than at first (2 cores of an Intel Xeon; `docs/clock.md`). Within it large blocks, as weights
    are, are mapped each alone, and free pages are given back first.
    """
    if (libc := _glibc()) is None:
        yield
        return
    libc.malloc_trim(0)
    libc.mallopt(_MMAP, _LARGE)
    try:
        yield
    finally:
        libc.mallopt(_MMAP, _NEVER)


def _glibc() -> ctypes.CDLL | None:
    known = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
    return ctypes.CDLL(None) if known else None


def _cpus() -> int:
    """Count processors: those that the process may run on, less where a container has a quota."""
    if sys.platform == "linux":
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    try:
        quota, period = _CGROUP_LIMIT.read_text().split()
        return max(1, min(allowed, math.floor(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or "max"
        return allowed


def _processor() -> tuple[str, set[str]]:
    """Return the processor's name and the flags of its instruction set (none but on x86 Linux)."""
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine(), set()
    pairs = [[part.strip() for part in line.split(":", 1)] for line in lines if ":" in line]
    facts = dict(reversed(pairs))  # the first processor's
    name = facts.get("model name") or platform.machine()
    return name, set(facts.get("flags", "").split())
