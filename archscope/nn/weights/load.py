"""Weights to and from torchvision's and timm's key names, for the families that they share.

The labels of ResNets and Inceptions are torchvision's names, and timm's but for Inception-v4, so
that a state dict needs no renaming, only a check; other families declare torchvision's keys.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor, nn

from archscope.arch.families.keys import Keys
from archscope.errors import UsageError, shown
from archscope.nn.weights.checkpoints import BATCHES, State, Weights, find_weights
from archscope.nn.weights.files import read_weights

_SIDES = ("AuxLogits.", "aux1.", "aux2.")
BODY = "backbone.body."


def to_torchvision(module: nn.Module, *, detection: bool = False) -> dict[str, Tensor]:
    """The weights of a built network of one of torchvision's families, by torchvision's keys.

    The result loads with `strict=True` into torchvision's model of the same name; that of
    `inception_v3` and `googlenet` where torchvision's is made with `aux_logits=False`, of
    `inception_v3-aux` and `googlenet-aux` else.

    Args:
        module: as `build` makes it.
        detection: give the backbone of torchvision's detection models instead, such as
            `fasterrcnn_resnet50_fpn`: keys `backbone.body.layer1.0.conv1.weight`, no classifier.
            It loads with `strict=False`: the model's own pyramid, proposals and heads stay.

    Raises:
        UsageError: for a network that torchvision does not make.
    """
    state = _torchvisions(module)
    if detection and not _is_resnet(state):
        raise UsageError(
            "torchvision's detection models are built on its resnets; use an ImageNet "
            "resnet, resnext or wide_resnet for a backbone"
        )
    found = OrderedDict(
        (BODY * detection + key, value.detach().clone())
        for key, value in state.items()
        if not (detection and key.startswith("fc."))
    )
    keys = _keys_of(module)
    if keys and keys.version:  # where torch keeps it
        found._metadata = {"": {"version": keys.version}}  # type: ignore[attr-defined]
    return found


def torchvision_state(module: nn.Module) -> State | None:
    """The state dict of a built network with torchvision's keys and shapes, in the same memory.

    None where its family declares none, or its tree is no longer its family's.
    """
    if (keys := _keys_of(module)) is None:
        return None
    state, names = module.state_dict(), keys.named(_entries(module))
    if not state.keys() <= names.keys():
        return None
    return {names[key]: _shaped(keys, key, value) for key, value in state.items()}


def from_torchvision(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load torchvision's state dict, as `load_state`, into a network that torchvision makes.

    (Torchvision rescales the input of Inception-v3 and GoogLeNet: their weights expect
    (x - 0.5) / 0.5, x in [0, 1].)

    Raises:
        UsageError: naming the first key that is missing, unexpected, or of another shape.
    """
    _torchvisions(module)
    load_state(module, state)


def load_weights(module: nn.Module, path: str | Path, key: str | None = None) -> Weights:
    """Load the weights of a file into a built network: torchvision's, timm's, or archscope's own.

    What stands around them is no hindrance: they are found under `state_dict`, `model`, `net` and
    the like, also one below another key; prefixes as `module.` are taken off, buffers of counters
    (`total_ops`) left out.

    Args:
        module: as `build` makes it.
        path: `.safetensors`, or what `torch.save` wrote (`.pth`, `.pt`, a checkpoint of a sweep);
            nothing in it is executed.
        key: which weights are meant where the file holds several, as `state_dict_ema`; without it
            those that were trained, rather than their moving averages.

    Returns:
        what was loaded; its `notes` say which weights were taken, and what was left out.

    Raises:
        UsageError: where the file is none of these, is damaged, asks for more than data, or holds
            the weights of another network.
    """
    name = shown(str(path))
    spellings = [module.state_dict(), torchvision_state(module) or {}]
    found = find_weights(read_weights(Path(path)), [keys for keys in spellings if keys], name, key)
    load_state(module, found.state, name)
    return found


def load_state(
    module: nn.Module, state: Mapping[str, Tensor], name: str = "the state dict"
) -> None:
    """Load a state dict strictly, by our keys or torchvision's: every one and its shape must match.

    Only two things may be missing or left over: the auxiliary heads of Inception-v3 and GoogLeNet
    where the module has none, and batch norm's counters of batches, which old files lack and
    nothing here reads.

    Raises:
        UsageError: naming the first key that is missing, unexpected, or of another shape.
    """
    own, state = _in_one_spelling(module, state)
    state = _timms_inception_v4(own, state)
    if not any(key.startswith(_SIDES) for key in own):
        state = {key: value for key, value in state.items() if not key.startswith(_SIDES)}
    counters = {key: value for key, value in own.items() if key.endswith(BATCHES)}
    state = {**counters, **state}
    for wrong, kind in ((own.keys() - state.keys(), "lacks"), (state.keys() - own.keys(), "adds")):
        if wrong:
            raise UsageError(
                f"the weights must be those of this network, but {name} {kind} "
                f"'{shown(min(wrong))}' (such keys: {len(wrong)}); load those of the same "
                "network"
            )
    for key, value in own.items():
        if value.shape != state[key].shape:
            raise UsageError(
                f"the weights must be those of this network, but in {name} '{key}' has shape "
                f"{list(state[key].shape)}, not {list(value.shape)}; load those of the same "
                "network"
            )
    for key, value in own.items():
        value.copy_(state[key])


def _keys_of(module: nn.Module) -> Keys | None:
    """What `build` has set of `declared_keys`."""
    keys = getattr(module, "their_keys", None)
    return keys if isinstance(keys, Keys) else None


def _in_one_spelling(module: nn.Module, state: Mapping[str, Tensor]) -> tuple[State, State]:
    """A module's own state dict by the keys of a given one (ours or torchvision's), and that one.

    The first is in the memory of the module; in the second the keys of older files are today's.
    """
    own, theirs, keys = module.state_dict(), torchvision_state(module), _keys_of(module)
    if theirs is None or keys is None:
        return own, dict(state)
    newer = {keys.newer(key): value for key, value in state.items()}
    if (theirs.keys() - own.keys()) & newer.keys():
        return theirs, newer
    return own, dict(state)


def _entries(module: nn.Module) -> Iterator[str]:
    """The keys of the weights, and the paths of layers without, in the order of the tree."""
    for path, layer in module.named_modules():
        if next(layer.children(), None) is None:
            weights = layer.state_dict()
            yield from (f"{path}.{name}" for name in weights) if weights else [path]


def _shaped(keys: Keys, key: str, value: Tensor) -> Tensor:
    """The weight of a 1x1 convolution as that of a linear layer, where they have one."""
    return value.flatten(1) if keys.linear and re.fullmatch(keys.linear, key) else value


def _timms_inception_v4(
    own: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> Mapping[str, Tensor]:
    """Name what timm only numbers: its `features.6` is our `inception_a.0`."""
    if "mixed_3a.conv.conv.weight" not in own or "features.0.conv.weight" not in state:
        return state
    parts = dict.fromkeys(
        ".".join(key.split(".")[: 2 if key.split(".")[1].isdigit() else 1]) for key in own
    )
    ours = {f"features.{number}": part for number, part in enumerate(parts)}
    renamed = {}
    for key, value in state.items():
        head = ".".join(key.split(".")[:2])
        renamed[ours.get(head, head) + key.removeprefix(head)] = value
    return renamed


def _torchvisions(module: nn.Module) -> Mapping[str, Tensor]:
    """The module's state dict by torchvision's keys."""
    state = torchvision_state(module)
    if state is None:
        state = module.state_dict()
        _check_family(module)
    return state


def _check_family(module: nn.Module) -> None:
    state = module.state_dict()
    first = dict(module.named_modules()).get("layer2.0.conv1")
    if isinstance(first, nn.Conv2d) and first.kernel_size == (1, 1) and first.stride != (1, 1):
        raise UsageError(
            "torchvision's networks have the stride of a stage in the 3x3, not in the first 1x1; "
            "use the name without -stride1x1, or export to safetensors, pt2 or onnx"
        )
    if not _is_resnet(state) and "Conv2d_1a_3x3.conv.weight" not in state:
        raise UsageError(
            "torchvision has no counterpart of this network, so it has no names for it; use "
            "a network of a family that it has, as resnet50 or mobilenet_v2"
        )


def _is_resnet(state: Mapping[str, Tensor]) -> bool:
    """Whether it is one of torchvision's: four stages behind 64 channels, basic blocks not wide."""
    parts = {key.partition(".")[0] for key in state}
    if parts != {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"}:
        return False
    if "layer2.0.downsample.0.weight" not in state or any(".se." in key for key in state):
        return False
    basic = "layer1.0.conv3.weight" not in state
    return tuple(state["conv1.weight"].shape) == (64, 3, 7, 7) and not (
        basic and state["layer1.0.conv1.weight"].shape[0] != 64
    )
