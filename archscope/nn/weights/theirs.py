"""The weights of a built network by the keys of torchvision, timm and torchvision's detectors.

The labels of ResNets are torchvision's names and timm's, so that a state dict needs no renaming,
only a check; other families declare their keys.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from torch import Tensor, nn

from archscope.arch.families.keys import SAME, Keys, Theirs
from archscope.errors import UsageError, shown
from archscope.nn.weights.checkpoints import State

_IN_BLOCKS = {"conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "downsample"}
_RESNETS = {"fasterrcnn": Keys({r"(?!fc\b)\w+": r"backbone.body.\g<0>"})}


class Spelling(NamedTuple):
    """The state dict of a built network by a program's keys, in the memory of the module."""

    program: str
    state: State
    keys: Keys


def spellings(module: nn.Module) -> list[Spelling]:
    """Ours, then those that the family declares; none of these where the tree is not its own."""
    own = module.state_dict()
    found = [Spelling("archscope", own, SAME)]
    for program, keys in _theirs(module).networks.items():
        state = _renamed(module, keys)
        if len(state) == len(own):
            found.append(Spelling(program, state, keys))
    return found


def to_torchvision(module: nn.Module, *, detector: str | None = None) -> State:
    """The weights of a built network of one of torchvision's families, by torchvision's keys.

    The result loads with `strict=True` into torchvision's model of the same name; that of
    `inception_v3` and `googlenet` where torchvision's is made with `aux_logits=False`, of
    `inception_v3-aux` and `googlenet-aux` else.

    Args:
        module: as `build` makes it.
        detector: give what a detector of torchvision's takes of it instead: of `fasterrcnn`
            (RetinaNet's and Mask R-CNN's too: those on a pyramid), `ssd` or `ssdlite`. It loads
            with `strict=False`: the model's own pyramid, proposals and heads stay.

    Raises:
        UsageError: for a network that torchvision, or the detector, does not take.
    """
    return _backbone(module, detector) if detector else _copied(module, "torchvision")


def to_timm(module: nn.Module) -> State:
    """The weights of a built network of one of timm's families, by timm's keys.

    The result loads with `strict=True` into timm's model.

    Raises:
        UsageError: for a network that timm does not make.
    """
    return _copied(module, "timm")


def called(module: nn.Module, name: str) -> tuple[str, ...]:
    """What timm may call a network: as we do, or by another of its names."""
    keys = _theirs(module).networks.get("timm")
    return (name, *(keys.called if keys else ()))


def detectors(module: nn.Module) -> tuple[str, ...]:
    """The detectors of torchvision's that take the network for a backbone, the usual one first.

    Raises:
        UsageError: where none does.
    """
    return tuple(_backbones(module))


def state_of(module: nn.Module, program: str) -> Spelling:
    """The module's state dict by the keys of torchvision or timm.

    Raises:
        UsageError: where it has no such network, or one that computes something else.
    """
    known = {spelling.program: spelling for spelling in spellings(module)}
    if program not in known:
        _check_resnet(module, program)
        return Spelling(program, module.state_dict(), SAME)
    if known[program].keys.refused:
        raise UsageError(known[program].keys.refused)
    return known[program]


def _copied(module: nn.Module, program: str) -> State:
    spelling = state_of(module, program)
    found = OrderedDict((key, value.detach().clone()) for key, value in spelling.state.items())
    if spelling.keys.version:  # where torch keeps it
        found._metadata = {"": {"version": spelling.keys.version}}  # type: ignore[attr-defined]
    return found


def _backbone(module: nn.Module, detector: str) -> State:
    known = _backbones(module)
    if detector not in known:
        raise UsageError(
            f"this network is a backbone of {' and '.join(known)}, not of {shown(detector)}; use "
            f"--detector {next(iter(known))}"
        )
    state = _renamed(module, known[detector])
    return OrderedDict((key, value.detach().clone()) for key, value in state.items())


def _backbones(module: nn.Module) -> Mapping[str, Keys]:
    own_tree = len(spellings(module)) > 1  # its family's, or none of its keys would fit
    known = _theirs(module).backbones if own_tree else {}
    if _is_resnet(module.state_dict()):
        _check_resnet(module, "torchvision")
        known = _RESNETS
    if not known:
        raise UsageError(
            "torchvision's detectors are built on its resnets, mobilenets and vggs; use one of "
            "these, as resnet50, mobilenet_v3_large or vgg16"
        )
    return known


def _theirs(module: nn.Module) -> Theirs:
    """What `build` has set of `declared_keys`."""
    theirs = getattr(module, "theirs", None)
    return theirs if isinstance(theirs, Theirs) else Theirs({}, {})


def _renamed(module: nn.Module, keys: Keys) -> State:
    """The weights that the keys know, by these."""
    state, names = module.state_dict(), keys.named(_entries(module))
    return {names[key]: _shaped(keys, key, value) for key, value in state.items() if key in names}


def _entries(module: nn.Module) -> Iterator[str]:
    """The keys of the weights, and the paths of layers without, in the order of the tree."""
    for path, layer in module.named_modules():
        if next(layer.children(), None) is None:
            weights = layer.state_dict()
            yield from (f"{path}.{name}" for name in weights) if weights else [path]


def _shaped(keys: Keys, key: str, value: Tensor) -> Tensor:
    """The weight without its map of 1x1, where they have it so."""
    return value[..., 0, 0] if keys.flat and re.fullmatch(keys.flat, key) else value


def _check_resnet(module: nn.Module, program: str) -> None:
    """That a network whose family declares no keys is one whose labels they share."""
    state = module.state_dict()
    first = dict(module.named_modules()).get("layer2.0.conv1")
    if isinstance(first, nn.Conv2d) and first.kernel_size == (1, 1) and first.stride != (1, 1):
        raise UsageError(
            f"{program}'s networks have the stride of a stage in the 3x3, not in the first 1x1; "
            "use the name without -stride1x1, or export to safetensors, pt2 or onnx"
        )
    if _is_resnet(state, timm=program == "timm"):
        return
    if program == "timm":
        raise UsageError(
            "timm's keys are known of its resnets, res2nets, regnets, efficientnets, mobilenets, "
            "convnexts, repvggs and inceptions; use one of these, or export to safetensors"
        )
    raise UsageError(
        "torchvision has no counterpart of this network, so it has no names for it; use "
        "a network of a family that it has, as resnet50 or mobilenet_v2"
    )


def _is_resnet(state: Mapping[str, Tensor], *, timm: bool = False) -> bool:
    """Whether it is one of torchvision's: four stages behind 64 channels, basic blocks not wide.

    `timm`: or one of timm's, which may have squeeze-and-excitation, and a stem of three 3x3 with
    pooled shortcuts (ResNet-D).
    """
    parts = {key.partition(".")[0] for key in state}
    if parts != {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"}:
        return False
    deep = timm and "conv1.6.weight" in state
    stem, shortcut = ("conv1.6", "1") if deep else ("conv1", "0")
    if f"layer2.0.downsample.{shortcut}.weight" not in state or f"{stem}.weight" not in state:
        return False
    layers = {key.split(".")[2] for key in state if key.startswith("layer")}
    if not layers <= _IN_BLOCKS | ({"se"} if timm else set()):
        return False
    shape = tuple(state[f"{stem}.weight"].shape)
    basic = "layer1.0.conv3.weight" not in state
    wide = basic and state["layer1.0.conv1.weight"].shape[0] != 64
    return (shape[0] == 64 if deep else shape == (64, 3, 7, 7)) and not wide
