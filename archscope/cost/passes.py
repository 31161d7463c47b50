"""A forward pass and a training step of a module that is handed in, on the CPU in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def forward_pass(module: nn.Module, *images: int) -> Callable[[], None]:
    """A call that runs `module` in eval mode on random images (N, C, H, W), without gradients."""
    import torch

    x = torch.randn(*images, generator=torch.Generator().manual_seed(0))
    module.eval()

    def call() -> None:
        with torch.inference_mode():
            module(x)

    return call


def training_step(module: nn.Module, *images: int) -> Callable[[], None]:
    """A call of one step: forward, cross-entropy, backward, SGD with momentum.

    The learning rate is 0: the weights stay, and with them the time of a step.
    """
    import torch

    x = torch.randn(*images, generator=torch.Generator().manual_seed(0))
    labels = torch.zeros(len(x), dtype=torch.int64)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.0, momentum=0.9)
    module.train()

    def call() -> None:
        loss = torch.nn.functional.cross_entropy(module(x), labels)
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()

    return call


def threads() -> int:
    """The processor threads that torch uses for an operation."""
    import torch

    return torch.get_num_threads()
