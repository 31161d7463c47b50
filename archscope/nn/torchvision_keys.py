"""The weights of a built network by the keys that its family declares for torchvision."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from archscope.arch.families.keys import Keys
from archscope.arch.network import Network

State = dict[str, Tensor]


def declared_keys(network: Network) -> Keys | None:
    """How torchvision names the weights of a network; None where its family does not say.

    Its networks are for ImageNet: a form for 32x32 images has none.
    """
    if network.design is None or network.design.numbers.get("cifar"):
        return None
    keys: Keys | None = network.design.family.torchvision
    return keys


def keys_of(module: nn.Module) -> Keys | None:
    """What `build` has set of `declared_keys`."""
    keys = getattr(module, "their_keys", None)
    return keys if isinstance(keys, Keys) else None


def torchvision_state(module: nn.Module) -> State | None:
    """The state dict of a built network with torchvision's keys and shapes, in the same memory.

    None where its family declares none, or its tree is no longer its family's.
    """
    if (keys := keys_of(module)) is None:
        return None
    state, names = module.state_dict(), keys.named(_entries(module))
    if not state.keys() <= names.keys():
        return None
    return {names[key]: _shaped(keys, key, value) for key, value in state.items()}


def in_one_spelling(module: nn.Module, state: Mapping[str, Tensor]) -> tuple[State, State]:
    """A module's own state dict by the keys of a given one (ours or torchvision's), and that one.

    The first is in the memory of the module; in the second the keys of older files are today's.
    """
    own, theirs, keys = module.state_dict(), torchvision_state(module), keys_of(module)
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
