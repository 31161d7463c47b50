"""K seeds of one network packed into one (stacked parameters under vmap) against K plain loops.

    python benchmarks/gpu/packed_seeds.py [--device cuda|cpu] [--network NAME] [--seeds K]

Both train K networks from their own seeds for some steps, fp32, SGD with momentum, on the same
batches: the losses of each seed have to be equal up to rounding. Rounds are interleaved.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn import functional

LR, MOMENTUM = 0.01, 0.9
ROUNDS = 3
_NEAR = {"cpu": 1e-4}  # of losses of the first steps: rounding grows from step to step
_NEAR_TF32 = 1e-2  # in which cuDNN computes
_COMPARED = 3


def networks(name: str, seeds: int, device: str) -> tuple[list[nn.Module], tuple[int, ...], int]:
    """A network of each seed, in training mode; its input and its classes."""
    from archscope.arch.names import parse
    from archscope.cost.workload import place
    from archscope.nn.build import build

    network = parse(name)
    made = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        module = build(network).train()
        place(module, device)
        made.append(module)
    return made, network.input, network.classes


class Plain:
    """Each network by itself, one after the other."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self.models = [copy.deepcopy(model) for model in models]
        self.optimizers = [
            torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM, fused=True)
            for model in self.models
        ]

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        losses = []
        for model, optimizer in zip(self.models, self.optimizers, strict=True):
            loss = functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
        return torch.stack(losses)


class Packed:
    """All networks at once: parameters with a dimension for the seed, one optimizer."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        parameters, self.buffers = stack_module_state([copy.deepcopy(one) for one in models])
        self.parameters = {name: one.detach() for name, one in parameters.items()}
        skeleton = copy.deepcopy(models[0]).to("meta")

        def loss(weights, kept, x: Tensor, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            kept = dict(kept)  # running statistics are written in place; vmap returns them
            logits = functional_call(skeleton, (weights, kept), (x,))
            return functional.cross_entropy(logits, y), kept

        one = grad_and_value(loss, has_aux=True)
        self.gradients = vmap(one, in_dims=(0, 0, None, None))
        self.optimizer = torch.optim.SGD(
            list(self.parameters.values()), lr=LR, momentum=MOMENTUM, fused=True
        )

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        gradients, (losses, self.buffers) = self.gradients(self.parameters, self.buffers, x, y)
        for name, parameter in self.parameters.items():
            parameter.grad = gradients[name]
        self.optimizer.step()
        return losses.detach()


def seconds(trained: Plain | Packed, x: Tensor, y: Tensor, steps: int) -> float:
    """Of one step of all networks."""
    from archscope.cost.workload import wait_for

    wait = wait_for(str(x.device))
    wait()
    began = time.perf_counter()
    for _ in range(steps):
        trained.step(x, y)
    wait()
    return (time.perf_counter() - began) / steps


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    usual = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=usual)
    parser.add_argument("--network", default="cifar_resnext11_1x64d@0.25")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from pairs import machine

    models, shape, classes = networks(given.network, given.seeds, given.device)
    x = torch.randn(given.batch, *shape, device=given.device)
    x = x.to(memory_format=torch.channels_last)
    y = torch.arange(given.batch, device=given.device) % classes
    plain, packed = Plain(models), Packed(models)
    apart = max(
        float((plain.step(x, y) / packed.step(x, y) - 1).abs().max()) for _ in range(_COMPARED)
    )
    pairs = [
        (seconds(plain, x, y, given.steps), seconds(packed, x, y, given.steps))
        for _ in range(ROUNDS)
    ]
    one, all_in_one = (statistics.median(each) for each in zip(*pairs, strict=True))
    cuda = given.device.startswith("cuda")
    name = torch.cuda.get_device_name(given.device) if cuda else given.device
    print(f"{given.network}, {given.seeds} seeds, batch {given.batch}, fp32, {name}")
    print(
        f"  one after the other {1000 * one:.2f} ms a step of all, packed "
        f"{1000 * all_in_one:.2f} ms: {one / all_in_one:.2f}x"
    )
    print(f"  losses of {_COMPARED} steps differ by {apart:.1e} at most (relative); {machine()}")
    return int(not apart <= _NEAR.get(given.device, _NEAR_TF32))


if __name__ == "__main__":
    raise SystemExit(main())
