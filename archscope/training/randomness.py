"""Random generators of a training: seeded for each epoch, kept and set again within one."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor


def epoch_seed(seed: int, epoch: int) -> int:
    """The seed of an epoch: nearby ones have nothing in common."""
    digest = hashlib.sha256(f"archscope epoch {seed} {epoch}".encode()).digest()
    return int.from_bytes(digest[:7], "big")


def state(device: torch.device) -> dict[str, Tensor]:
    """The state of the generators from which a network on `device` draws, on the CPU."""
    found = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        found["mps"] = torch.mps.get_rng_state()
    return found


def set_state(device: torch.device, kept: dict[str, Tensor]) -> None:
    """Go on drawing where `state` was taken."""
    torch.set_rng_state(kept["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(kept["cuda"], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(kept["mps"])


@contextlib.contextmanager
def apart(device: torch.device) -> Iterator[None]:
    """Leave the caller's generators as they were, and have CUDA repeat itself."""
    cuda = device.type == "cuda"
    devices = [device.index or 0] if cuda else []
    repeatable = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)
    with torch.random.fork_rng(devices), repeatable if cuda else contextlib.nullcontext():
        yield
