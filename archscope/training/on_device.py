"""What a device itself shows: what it is, whether it computes as a CPU does, where a step waits.

The CUDA and MPS halves follow torch's documentation; `archscope verify-device` is what runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from archscope.arch.network import Network
from archscope.cost.workload import dtype_of, place, wait_for
from archscope.data.dataset import Dataset
from archscope.nn.build import build
from archscope.training.job import Job
from archscope.training.loop import train

_IMAGES = 16


def facts(device: str) -> dict[str, Any]:
    """What torch says of a device: name, memory (bytes), libraries."""
    found: dict[str, Any] = {"torch": torch.__version__, "device": device}
    if device.startswith("cuda"):
        properties = torch.cuda.get_device_properties(device)
        found |= {
            "name": properties.name,
            "memory": properties.total_memory,
            "capability": list(torch.cuda.get_device_capability(device)),
            "cuda": torch.version.cuda,
            "hip": torch.version.hip,
            "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
            "tf32": torch.backends.cudnn.allow_tf32,
        }
    one = torch.ones(64, 64, device=device)
    found["product"] = float((one @ one).sum().cpu())  # 64^3, on a device that computes at all
    return found


def disagreement(network: Network, device: str, precision: str) -> dict[str, float]:
    """How far one training step on a device is from the same in float64 on the CPU.

    Of the logits (16, classes) and of all gradients, as one vector each: the length of the
    difference over that of the CPU's.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build(network)
        images = torch.randn(_IMAGES, *network.input)
        labels = torch.randint(network.classes, (_IMAGES,))
    exact = _step(model.double(), images.double(), labels, "cpu", "fp32")
    there = _step(model.float(), images, labels, device, precision)
    return {
        name: float((one.double() - other).norm() / other.norm())
        for name, one, other in zip(("logits", "gradients"), there, exact, strict=True)
    }


def _step(
    model: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor, device: str, precision: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits and the gradients of a step, on the CPU."""
    place(model, device)
    model.train().zero_grad()
    low = precision != "fp32"
    x = images.to(device).to(memory_format=torch.channels_last)
    with torch.autocast(device.partition(":")[0], dtype=dtype_of(precision), enabled=low):
        logits = model(x)
    loss = functional.cross_entropy(logits.float() if low else logits, labels.to(device))
    torch.autograd.backward(loss)
    wait_for(device)()
    every = [one.grad.cpu().flatten() for one in model.parameters() if one.grad is not None]
    return logits.detach().cpu(), torch.cat(every)


def watched_steps(job: Job, dataset: Dataset, switch: Callable[[str], None]) -> int:
    """Train, while between steps an operation that waits for the device is an error.

    `switch` is torch.cuda.set_sync_debug_mode. What an epoch begins and ends with may wait: it is
    switched on by the end of the first step, and off by that of the last. Returns the steps so
    watched; raises RuntimeError where one waits.
    """
    steps = 0

    def watch(done: int, total: int) -> None:
        nonlocal steps
        switch("default" if done >= total else "error")
        steps += done < total

    try:
        train(job, dataset, on_step=watch)
    finally:
        switch("default")
    return steps


def without_waiting(job: Job, dataset: Dataset) -> int:
    """As `watched_steps`, on a CUDA device."""
    return watched_steps(job, dataset, torch.cuda.set_sync_debug_mode)
