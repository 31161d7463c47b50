"""Weights into a built network: torchvision's, timm's, a training program's, or our own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from archscope.errors import UsageError, shown
from archscope.nn.weights.checkpoints import BATCHES, State, Weights, find_weights
from archscope.nn.weights.files import read_weights
from archscope.nn.weights.theirs import Spelling, spellings, state_of

_SIDES = ("AuxLogits.", "aux1.", "aux2.")
_TENSORFLOWS = re.compile(r"(?:^|[^a-z0-9])tf_(?:efficientnet|mobilenet)", flags=re.IGNORECASE)


def from_torchvision(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load torchvision's state dict, as `load_state`, into a network that torchvision makes.

    (Torchvision rescales the input of Inception-v3 and GoogLeNet: their weights expect
    (x - 0.5) / 0.5, x in [0, 1].)

    Raises:
        UsageError: naming the first key that is missing, unexpected, or of another shape.
    """
    state_of(module, "torchvision")
    load_state(module, state)


def load_weights(module: nn.Module, path: str | Path, key: str | None = None) -> Weights:
    """Load the weights of a file into a built network: torchvision's, timm's, or archscope's own.

    Whose they are is told by their keys. What stands around them is no hindrance: they are found
    under `state_dict`, `model`, `net` and the like, also one below another key; prefixes as
    `module.` are taken off, buffers of counters (`total_ops`) left out.

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
    known = [spelling.state for spelling in spellings(module)]
    found = find_weights(read_weights(Path(path)), known, name, key)
    note = _in_one_spelling(module, found.state)[0].keys.note
    if note and _TENSORFLOWS.search(str(path)):
        raise UsageError(
            "timm's tf_ networks pad as TensorFlow does, and no network here pads so; give the "
            "weights of the name without tf_"
        )
    load_state(module, found.state, name)
    return replace(found, of_keys=note)


def load_state(
    module: nn.Module, state: Mapping[str, Tensor], name: str = "the state dict"
) -> None:
    """Load a state dict strictly, by our keys, torchvision's or timm's: each, and its shape.

    Only two things may be missing or left over: the auxiliary heads of Inception-v3 and GoogLeNet
    where the module has none, and batch norm's counters of batches, which old files lack and
    nothing here reads.

    Raises:
        UsageError: naming the first key that is missing, unexpected, or of another shape; or where
            the other program's network computes something else.
    """
    spelling, state = _in_one_spelling(module, state)
    if spelling.keys.refused:
        raise UsageError(spelling.keys.refused)
    own = spelling.state
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


def _in_one_spelling(module: nn.Module, state: Mapping[str, Tensor]) -> tuple[Spelling, State]:
    """The spelling of most of a state dict's keys, and that one with the keys of older files new.

    Where two know as many, the first counts: ours.
    """
    best, found, most = None, dict(state), -1
    for spelling in spellings(module):
        newer = {spelling.keys.newer(key): value for key, value in state.items()}
        known = len(spelling.state.keys() & newer.keys())
        if known > most:
            best, found, most = spelling, newer, known
    assert best is not None
    return best, found
