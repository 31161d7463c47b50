"""What a network computes on one batch, in float64: outputs, gradients, running statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from archscope.arch.network import Network
from archscope.nn.build import build

Mode: TypeAlias = Literal["eval", "train"]
Tensors: TypeAlias = Mapping[str, Tensor]
Differences: TypeAlias = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Probe:
    """A batch, and what its outputs count: no two alike, so that none can hide another.

    Attributes:
        images: (N, C, H, W), float64.
        weights: (N, classes), float64.
    """

    images: Tensor
    weights: Tensor

    def nudged(self) -> Probe:
        """The same with each pixel moved to the next float64 number."""
        up = torch.full_like(self.images, torch.inf)
        return Probe(torch.nextafter(self.images, up), self.weights)


@dataclass(frozen=True)
class Reading:
    """One forward and backward pass.

    Attributes:
        outputs: by name: `output`.
        gradients: of the sum of weights * outputs: of each parameter by its key, and of `input`.
        running_statistics: batch norm's after the pass, by key.
    """

    outputs: Tensors
    gradients: Tensors
    running_statistics: Tensors

    def mapped(self, change: Callable[[Tensors], Tensors]) -> Reading:
        """The reading with each of its mappings changed, as from one form to another."""
        return Reading(
            change(self.outputs), change(self.gradients), change(self.running_statistics)
        )


def probe(network: Network, batch: int, seed: int) -> Probe:
    """Random images and weights of outputs for a network."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return Probe(draw(batch, *network.input), draw(batch, network.classes))


def build_random(network: Network, seed: int) -> nn.Module:
    """The module of a network in float64, with batch norm that differs from channel to channel.

    As batch norm is initialised all channels are alike, and a wrong order of them would not show.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        module = build(network).double()
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.weight.uniform_(0.5, 1.5)
                part.bias.normal_(0, 0.2)
                assert part.running_mean is not None and part.running_var is not None
                part.running_mean.normal_(0, 0.2)
                part.running_var.uniform_(0.5, 1.5)
    return module


def build_with(network: Network, state: Tensors) -> nn.Module:
    """The module of a network in float64 with these weights: every key, and no other."""
    module = build(network, init=False).double()
    module.load_state_dict(dict(state), strict=True)
    return module


def readings(module: nn.Module, at: Probe) -> dict[Mode, Reading]:
    """A pass in eval mode, then one in train mode, which moves the running statistics."""
    return {"eval": reading(module.eval(), at), "train": reading(module.train(), at)}


def differences(found: Mapping[Mode, Reading], expected: Mapping[Mode, Reading]) -> Differences:
    """The largest relative differences, by mode: of `outputs`, `gradients`, `running_statistics`.

    The last in train mode only: eval mode leaves them alone.
    """
    result: Differences = {}
    for mode, other in expected.items():
        one = found[mode]
        result[mode] = {
            "outputs": largest_difference(one.outputs, other.outputs),
            "gradients": largest_difference(one.gradients, other.gradients),
        }
        if mode == "train":
            result[mode]["running_statistics"] = largest_difference(
                one.running_statistics, other.running_statistics
            )
    return result


def largest_difference(found: Tensors, expected: Tensors) -> float:
    """The largest relative difference over all tensors.

    Of each: the largest difference of an entry, over the largest entry of what is expected. A
    tensor that one side lacks, one of another shape, or an entry that is no number is infinite.
    """
    largest = 0.0
    for key in found.keys() | expected.keys():
        if key not in found or key not in expected or found[key].shape != expected[key].shape:
            return float("inf")
        one, other = found[key].double(), expected[key].double()
        gap, size = float((one - other).abs().max()), float(other.abs().max())
        if not gap < float("inf"):
            return float("inf")
        if gap:
            largest = max(largest, gap / size if size else float("inf"))
    return largest


def equal(one: Tensors, other: Tensors) -> bool:
    """Whether both hold the same keys in the same order, with the same bits."""
    return list(one) == list(other) and all(torch.equal(one[key], other[key]) for key in one)


def reading(module: nn.Module, at: Probe) -> Reading:
    """A pass in the mode that the module is in."""
    module.zero_grad(set_to_none=True)
    images = at.images.clone().requires_grad_()
    output = module(images)
    torch.autograd.backward((output * at.weights).sum())
    gradients = {key: value.grad for key, value in module.named_parameters()}
    gradients["input"] = images.grad
    module.zero_grad(set_to_none=True)
    return Reading(
        {"output": output.detach()},
        {key: value for key, value in gradients.items() if value is not None},
        {key: value.clone() for key, value in module.named_buffers()},
    )
