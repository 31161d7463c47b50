"""Weights of a network as it is trained, for its form in which each sum is one convolution."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from archscope.arch.folding.fuse import fusions
from archscope.arch.network import Network
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.nn.build import build
from archscope.nn.forms import fuse
from archscope.nn.weights.checkpoints import Weights
from archscope.nn.weights.load import load_state, load_weights

_LIMIT = 1e-4  # of the largest output; in float32, so that a network of any size is checked


def load_or_fuse(
    network: Network, module: nn.Module, images: Tensor, path: Path, key: str | None = None
) -> Weights:
    """Load the weights of a file, as `load_weights`; those of the trained form are fused.

    Args:
        network: that the module was built of.
        module: in eval mode.
        images: (N, C, H, W), on which both forms must give the same outputs.
        path, key: as of `load_weights`.

    Raises:
        UsageError: as `load_weights`.
        ArchscopeError: where the fused network computes something else.
    """
    trained = _trained(network)
    if trained is None:
        return load_weights(module, path, key)
    try:
        return load_weights(module, path, key)
    except UsageError as error:
        other = build(trained, init=False).eval()
        try:
            found = load_weights(other, path, key)
        except UsageError:
            raise error from None
    state = {key: value.double() for key, value in other.state_dict().items()}
    load_state(module, fuse(state, fusions(trained.tree)))
    with torch.no_grad():
        expected, outputs = other(images), module(images)
    difference, largest = float((outputs - expected).abs().max()), float(expected.abs().max())
    if not difference <= _LIMIT * largest:  # NaN is none
        raise ArchscopeError(
            f"the weights of {trained.name}, fused, must give its outputs, but differ by up to "
            f"{difference:.3g} of {largest:.3g}; check them by archscope equivalence {trained.name}"
        )
    said = (
        f"{shown(str(path))} holds the weights of {trained.name}, which were fused: its outputs "
        f"and the fused ones differ by at most {difference:.2g}, where the largest is {largest:.3g}"
    )
    return replace(found, of_keys="; ".join(filter(None, (found.of_keys, said))))


def _trained(network: Network) -> Network | None:
    """The network as it is trained; None where it has no other form."""
    if network.design is None or not network.design.numbers.get("deploy"):
        return None
    family, numbers = network.design
    made = family.network({**numbers, "deploy": False}, network.classes, network.input)
    assert isinstance(made, Network)
    return made
