"""Which device trains which trial: slots, from what the machine has and what was asked.

The inventory is handed in, so that a test can schedule on imaginary GPUs.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Literal

from archscope.documents import Within
from archscope.errors import UsageError, plural
from archscope.sweep.plan.trial import THREADS, Machine
from archscope.training.devices import Inventory, check_precision, choose_precision

_GAIN = 1.05
_PER_GPU = 100


@dataclass(frozen=True)
class Slot:
    """Room for one trial at a time: a device ("cpu", "cuda:0", "mps") and threads.

    `loaders` processes read images for it, where these are files.
    """

    device: str
    threads: int
    loaders: int = 0


@dataclass(frozen=True)
class Ray:
    """A Ray cluster, to train there: its address; None: $RAY_ADDRESS, else one of this machine."""

    address: str | None = None


@dataclass(frozen=True)
class Resources:
    """What was asked of the machine; `None` is "choose".

    Attributes:
        gpus: GPUs to use; 0 is the CPU.
        workers: trials at a time.
        threads: threads of each trial.
        precision: "fp32", "bf16" or "fp16".
        loaders: processes of each trial that read images, where these are files.
        compile: have torch compile the networks.
        trials_per_gpu: trials on a GPU at a time.
        ray: the cluster whose nodes are the machine; None: this machine.
    """

    gpus: int | None = None
    workers: int | None = None
    threads: int | None = None
    precision: str | None = None
    loaders: int | None = None
    _: KW_ONLY
    compile: bool | None = None
    trials_per_gpu: int | None = None
    ray: Ray | None = None

    def __post_init__(self) -> None:
        """Raise `UsageError` for numbers that cannot be."""
        none = Within(0, THREADS.most)
        ranges = {"gpus": none, "workers": THREADS, "threads": THREADS, "loaders": none}
        for name, range_ in ranges.items():
            value = getattr(self, name)
            if value is not None and value not in range_:
                raise UsageError(f"--{name} {value} must be a number {range_}.")
        each = self.trials_per_gpu
        if each is not None and not 1 <= each <= _PER_GPU:
            raise UsageError(f"--trials-per-gpu {each} must be a number from 1 to {_PER_GPU}.")


def device_kind(asked: Resources, found: Inventory, before: Machine | None) -> str:
    """The device that is to train: "cuda", "mps" or "cpu".

    That is what `--gpus` says, else what the folder was begun on, else the best there is. Raises
    `UsageError` for more GPUs than there are, or a folder begun on a device that is not here.
    """
    here = "this machine" if asked.ray is None else "the Ray cluster"
    kinds = ["cuda"] * bool(found.gpus) + ["mps"] * found.mps + ["cpu"]
    if asked.gpus is None:
        kind = before.device if before else kinds[0]
        if kind not in kinds:
            raise UsageError(
                f"The folder's sweep was begun on {kind}, which {here} does not have: "
                "continue it where there is one, or choose another --out."
            )
        return kind
    have = gpu_count(found)
    if asked.gpus > have:
        there = "no GPU" if not have else f"{plural(have, 'GPU')}{_names(found)}"
        instead = "--gpus 0 for the CPU" if not have else f"--gpus {have}"
        raise UsageError(f"--gpus {asked.gpus}: {here} has {there}; type {instead} instead.")
    return "cpu" if asked.gpus == 0 else kinds[0]


def gpu_count(found: Inventory) -> int:
    """GPUs that can train at the same time."""
    return len(found.gpus) or int(found.mps)


def slots(asked: Resources, found: Inventory, kind: str, threads: int) -> list[Slot]:
    """The slots of a run: one for each GPU or as many as asked, or as many CPU trials as fit.

    More `workers` than GPUs share them in turn. Raises `UsageError` where they are more than the
    GPUs hold, or there is none.
    """
    each, workers = asked.trials_per_gpu, asked.workers
    if kind == "cpu":
        if each is not None:
            raise UsageError(
                "--trials-per-gpu needs GPUs, but the trials train on the CPU: leave it "
                "out, and give --workers for trials at a time"
            )
        return [Slot("cpu", threads)] * (workers or max(1, found.cpus // threads))
    gpus = asked.gpus or gpu_count(found)
    devices = ["mps"] if kind == "mps" else [f"cuda:{i}" for i in range(gpus)]
    room = len(devices) * (each or 1)
    if each is not None and workers is not None and workers > room:
        raise UsageError(
            f"--trials-per-gpu {each} on {plural(len(devices), 'GPU')} has room for "
            f"{plural(room, 'trial')}, not for --workers {workers}: give fewer workers or "
            "more trials per GPU"
        )
    return [Slot(devices[i % len(devices)], threads) for i in range(workers or room)]


def with_loaders(room: list[Slot], asked: Resources, found: Inventory) -> list[Slot]:
    """The slots with processes that read image files for each: those asked for, or a fair share.

    A CPU trial learns more slowly than one process reads; a GPU wants several.
    """
    share = min(8, max(1, found.cpus // len(room)))
    fair = 1 if room[0].device == "cpu" else share
    loaders = fair if asked.loaders is None else asked.loaders
    return [replace(slot, loaders=loaders) for slot in room]


def resolve(
    asked: Resources, found: Inventory, before: Machine | None
) -> tuple[Machine, list[Slot]]:
    """Every automatic choice about the machine, once: later runs take them from `before`.

    Raises `UsageError` for what the machine has not, or a precision that its device cannot do.
    """
    kind = device_kind(asked, found, before)
    earlier = before if before and before.device == kind else None
    threads = asked.threads or (earlier.threads if earlier else 1)
    chosen = asked.precision or (earlier.precision if earlier else choose_precision(kind, found))
    precision = check_precision(chosen, kind)
    compiled = asked.compile or (earlier and earlier.compile)
    if compiled and asked.ray is None:
        check_compiler(kind)
    room = slots(asked, found, kind, threads)
    head: Literal["fp32"] | None = None if precision == "fp32" else "fp32"
    if earlier and earlier.precision == precision:  # its trials go on as they began
        head = earlier.head
    made = Machine(kind, precision, threads, len(room), True if compiled else None, head)
    return made, room


def threads_are_open(
    asked: Resources, found: Inventory, machine: Machine, before: Machine | None
) -> bool:
    """Whether nothing has said yet how a CPU is divided between trials and their threads.

    On a cluster it is a trial a thread, as one node's answer is not another's; so it is for
    compiled networks, as to compile them takes longer than to try.
    """
    decided = before is not None and before.device == machine.device
    said = any(value is not None for value in (asked.threads, asked.workers, asked.ray))
    several = machine.device == "cpu" and found.cpus > 1 and not machine.compile
    return several and not said and not decided


def divided(
    machine: Machine, found: Inventory, rates: Mapping[int, float]
) -> tuple[Machine, list[Slot]]:
    """The CPU divided as it trains fastest, by `rates` (images/s by threads of a trial).

    Threads are added only for a gain of 5 %: less is noise. Without rates it is a trial a core.
    """
    best = max(rates.values(), default=0.0)
    threads = min((n for n, rate in rates.items() if rate * _GAIN >= best), default=1)
    room = slots(Resources(), found, "cpu", threads)
    shown = {str(n): round(rate, 1) for n, rate in rates.items()}
    return replace(machine, threads=threads, workers=len(room), measured=shown or None), room


def check_compiler(kind: str, option: str = "--compile") -> None:
    """Raise `UsageError` where torch has nothing to compile with, which `option` asks for."""
    needed = {"cpu": "a C++ compiler (g++)", "cuda": "Triton", "mps": "another device than MPS"}
    have = {
        "cpu": any(map(shutil.which, (os.environ.get("CXX", "g++"), "g++", "clang++"))),
        "cuda": importlib.util.find_spec("triton") is not None,
        "mps": False,
    }
    if not have[kind]:
        raise UsageError(
            f"{option} on {kind} needs {needed[kind]}, which is missing: install it, or "
            f"leave {option} out"
        )


def _names(found: Inventory) -> str:
    return f" ({', '.join(dict.fromkeys(found.gpus))})" if found.gpus else ""
