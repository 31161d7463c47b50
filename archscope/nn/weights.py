"""Weights to and from torchvision's key names, for the families that both have.

The labels of the trees are torchvision's names, so a state dict needs no renaming, only a check.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from archscope.errors import UsageError

_SIDE = "AuxLogits."


def to_torchvision(module: nn.Module) -> dict[str, Tensor]:
    """The weights of a built ResNet, ResNeXt, wide_resnet or Inception-v3 by torchvision's keys.

    The result loads with `strict=True` into torchvision's model of the same name; that of
    `inception_v3` where torchvision's is made with `aux_logits=False`, of `inception_v3-aux` else.

    Raises:
        UsageError: for a network that torchvision does not make.
    """
    state = module.state_dict()
    _check_family(state)
    return {key: value.detach().clone() for key, value in state.items()}


def from_torchvision(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load torchvision's state dict, strictly: every key and every shape must match.

    Only the auxiliary head of torchvision's Inception-v3 is left out where the module has none.
    (Torchvision rescales that network's input: its weights expect (x - 0.5) / 0.5, x in [0, 1].)

    Raises:
        UsageError: naming the first key that is missing, unexpected, or of another shape.
    """
    own = module.state_dict()
    _check_family(own)
    if not any(key.startswith(_SIDE) for key in own):
        state = {key: value for key, value in state.items() if not key.startswith(_SIDE)}
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
    if not _is_resnet(state) and "Conv2d_1a_3x3.conv.weight" not in state:
        raise UsageError(
            "torchvision's names were asked for, but torchvision has no counterpart of this "
            "network; use an ImageNet resnet, resnext or wide_resnet, or inception_v3"
        )


def _is_resnet(state: Mapping[str, Tensor]) -> bool:
    """Whether it is one of torchvision's: four stages behind 64 channels, basic blocks not wide."""
    parts = {key.partition(".")[0] for key in state}
    if parts != {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"}:
        return False
    basic = "layer1.0.conv3.weight" not in state
    return tuple(state["conv1.weight"].shape) == (64, 3, 7, 7) and not (
        basic and state["layer1.0.conv1.weight"].shape[0] != 64
    )
