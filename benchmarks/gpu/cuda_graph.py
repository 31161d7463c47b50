"""A training step captured as a CUDA graph against the plain loop's; needs CUDA.

    python benchmarks/gpu/cuda_graph.py [--network NAME] [--batch N] [--steps N]

Both compute the same steps: losses after them are compared. Rounds are interleaved, medians shown.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

ROUNDS, WARM_UP = 5, 3


class Training:
    """A network with its optimizer, and one batch: `step` trains on it, in bf16."""

    def __init__(self, name: str, batch: int, device: str) -> None:
        import torch

        from archscope.arch.names import parse
        from archscope.cost.workload import place
        from archscope.nn.build import build

        network = parse(name)
        torch.manual_seed(1)
        self.model = build(network).train()
        place(self.model, device)
        images = torch.randn(batch, *network.input, device=device)
        self.x = images.to(memory_format=torch.channels_last)
        self.y = torch.arange(batch, device=device) % network.classes
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=0.01, momentum=0.9, nesterov=True, fused=True
        )
        self.loss: torch.Tensor

    def step(self) -> None:
        import torch
        from torch.nn import functional

        with torch.autocast(self.x.device.type, dtype=torch.bfloat16, cache_enabled=False):
            logits = self.model(self.x)
        self.loss = functional.cross_entropy(logits.float(), self.y)
        self.loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)  # a graph writes where it wrote before


def captured(training: Training) -> Callable[[], None]:
    """The step as a graph; some plain ones go before, on a stream of their own, as CUDA asks."""
    import torch

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            training.step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):  # captures and does not run
        training.step()
    return graph.replay


def seconds(step: Callable[[], None], steps: int) -> float:
    """Of one step, in so many."""
    import torch

    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(steps):
        step()
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / steps


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="cifar_resnext20_8x16d@0.5")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=50)
    given = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        print("CUDA graphs need a CUDA device, and torch sees none here", file=sys.stderr)
        return 2
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from pairs import machine

    plain, other = (Training(given.network, given.batch, "cuda") for _ in range(2))
    for _ in range(WARM_UP):
        plain.step()
    replay = captured(other)
    for _ in range(WARM_UP):
        plain.step()
        replay()
    losses = float(plain.loss.detach()), float(other.loss.detach())
    pairs = [
        (seconds(plain.step, given.steps), seconds(replay, given.steps)) for _ in range(ROUNDS)
    ]
    one, graph = (statistics.median(each) for each in zip(*pairs, strict=True))
    print(f"{given.network}, batch {given.batch}, bf16, {torch.cuda.get_device_name()}")
    print(
        f"  plain {1000 * one:.2f} ms a step, CUDA graph {1000 * graph:.2f} ms: {one / graph:.2f}x"
    )
    print(f"  losses after the same steps {losses[0]:.6f} and {losses[1]:.6f}; {machine()}")
    return int(abs(losses[0] - losses[1]) > 0.02 * losses[0])


if __name__ == "__main__":
    raise SystemExit(main())
