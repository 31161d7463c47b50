"""Weights to and from torchvision's key names, for the families that both have.

The labels of the trees are torchvision's names, so a state dict needs no renaming, only a check.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from archscope.errors import UsageError


def to_torchvision(module: nn.Module) -> dict[str, Tensor]:
    """The weights of a built ResNet, ResNeXt or wide_resnet by torchvision's keys.

    The result loads with `strict=True` into torchvision's model of the same name.

    Raises:
        UsageError: for a network whose weights have other names than torchvision's ResNets.
    """
    state = module.state_dict()
    _check_family(state)
    return {key: value.detach().clone() for key, value in state.items()}


def from_torchvision(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load torchvision's state dict, strictly: every key and every shape must match.

    Raises:
        UsageError: naming the first key that is missing, unexpected, or of another shape.
    """
    own = module.state_dict()
    _check_family(own)
    for wrong, kind in ((own.keys() - state.keys(), "lacks"), (state.keys() - own.keys(), "adds")):
        if wrong:
            raise UsageError(
                f"weights were to be loaded, but the file {kind} '{min(wrong)}' "
                f"({len(wrong)} such keys); load those of the same network"
            )
    for key, value in own.items():
        if value.shape != state[key].shape:
            raise UsageError(
                f"weights were to be loaded, but '{key}' has shape {list(state[key].shape)} where "
                f"the network has {list(value.shape)}; load those of the same network"
            )
    module.load_state_dict(dict(state), strict=True)


def _check_family(state: Mapping[str, Tensor]) -> None:
    """Torchvision's ResNets have a 7x7 stem with batch norm and four stages."""
    stem = state.get("conv1.weight")
    if stem is None or stem.shape[-1] != 7 or "bn1.weight" not in state or "fc.weight" not in state:
        raise UsageError(
            "torchvision's names were asked for, but torchvision has no counterpart of this "
            "network; use an ImageNet resnet, resnext or wide_resnet"
        )
