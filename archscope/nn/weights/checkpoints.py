"""The weights in what a training program wrote: where they are, under which names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor

from archscope.errors import UsageError, shown

State: TypeAlias = dict[str, Tensor]

# Where training programs keep weights: those that are trained, then their moving averages.
_TRAINED = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights")
_AVERAGED = ("state_dict_ema", "ema_state_dict", "model_ema", "model_ema_state_dict", "ema")
_KNOWN = (*_TRAINED, *_AVERAGED)
# What DataParallel, torch.compile, Lightning's modules and detectors put before every key.
_PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.")
# Buffers of a program that counted operations (thop), or averaged weights (torch's AveragedModel).
_COUNTERS = ("total_ops", "total_params", "n_averaged")
BATCHES = ".num_batches_tracked"
"""Ends the keys of batch norm's counters of batches, which old files lack."""

_DEPTH = 2  # of mappings: weights stand at the top, under a key, or one below that


@dataclass(frozen=True)
class Weights:
    """A state dict that was found.

    Attributes:
        state: by plain keys, without the prefixes of what was around the network.
        key: where it stood, as `state_dict`, or `checkpoint.model` one below; empty: at the top.
        others: where others stood.
        left_out: keys that are no weights of the network.
        of_keys: what their keys leave open.
    """

    state: State
    key: str
    others: tuple[str, ...]
    left_out: tuple[str, ...]
    of_keys: str | None = None

    def notes(self, name: str) -> tuple[str, ...]:
        """What must be said of weights that were read from the file `name`."""
        notes = []
        if self.others:
            notes.append(
                f"the weights are those of '{self.key}' in {name}; --weights-key takes others: "
                f"{_listed(self.others)}"
            )
        if self.left_out:
            last = {key.rpartition(".")[2] for key in self.left_out}
            what = sorted(last) if last <= set(_COUNTERS) else self.left_out
            notes.append(
                f"{len(self.left_out)} entries of {name} are no weights of the network and were "
                f"left out: {_listed(what)}"
            )
        return (*notes, *([self.of_keys] if self.of_keys else []))


def find_weights(
    found: Any, spellings: Collection[Collection[str]], name: str, key: str | None = None
) -> Weights:
    """The state dict in what was read from a file.

    Args:
        found: what was read.
        spellings: the keys of the network, in every spelling that is understood; where there are
            several state dicts, those that share keys with one come first.
        name: of the file.
        key: which is meant, as `Weights.key`; without it the best known name.

    Raises:
        UsageError: where there is none, none of that key, or several and none of a known name.
    """
    there = dict(_state_dicts(found))
    if not there:
        raise UsageError(
            f"{name} holds no state dict (names and their tensors); give one that does"
        )
    wanted = [{entry for entry in own if not entry.endswith(BATCHES)} for own in spellings]
    plain = {at: _plain(state, wanted) for at, state in there.items()}
    if key is None:
        fitting = [at for at, (state, _) in plain.items() if set().union(*wanted) & state.keys()]
        key, *others = _ranked(fitting or list(plain), name)
    else:
        others = []
        _check_key(key, list(plain), name)
    state, left_out = plain[key]
    return Weights(state, key, tuple(others), left_out)


def _ranked(places: list[str], name: str) -> list[str]:
    ranked = sorted(places, key=_rank)
    if len(ranked) > 1 and _rank(ranked[0]) == _rank(ranked[1]):
        raise UsageError(
            f"{name} holds several state dicts; name one with --weights-key: {_listed(ranked)}"
        )
    return ranked


def _check_key(key: str, places: list[str], name: str) -> None:
    if key in places:
        return
    if places == [""]:
        raise UsageError(f"{name} holds one state dict, under no key; leave --weights-key out")
    raise UsageError(
        f"there are no weights under '{shown(key)}' in {name}; name one of {_listed(places)}"
    )


def _rank(at: str) -> tuple[int, int]:
    """The place of a key: the known ones first, in order; averages last; the shallow before."""
    parts = at.split(".")
    averaged = any(part in _AVERAGED for part in parts)
    ranks = [_KNOWN.index(part) for part in parts if part in _KNOWN]
    return len(_KNOWN) * averaged + min(ranks, default=len(_KNOWN)), len(parts)


def _state_dicts(found: Any, at: str = "", depth: int = _DEPTH) -> Iterator[tuple[str, State]]:
    """Every state dict in nested mappings, with where it stands."""
    if not isinstance(found, Mapping) or not found:
        return
    if all(isinstance(k, str) and isinstance(v, Tensor) for k, v in found.items()):
        yield at, dict(found)
    elif depth:
        for key, inner in found.items():
            if isinstance(key, str):
                yield from _state_dicts(inner, f"{at}.{key}" if at else key, depth - 1)


def _plain(state: State, spellings: list[set[str]]) -> tuple[State, tuple[str, ...]]:
    """The state dict by the network's own keys, and what in it is none of its weights."""
    own: set[str] = set().union(*spellings)
    counters = {key for key in state if key.rpartition(".")[2] in _COUNTERS and key not in own}
    left_out = [key for key in state if key in counters]
    state = {key: value for key, value in state.items() if key not in counters}
    prefix = _prefix(state, spellings)
    left_out += [key for key in state if not key.startswith(prefix)]
    inside = {key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)}
    return inside, tuple(left_out)


def _prefix(state: State, spellings: list[set[str]]) -> str:
    """What stands before the network's keys, others beside (a loss's); or else before all keys."""
    found = sorted({prefix for key in state for prefix in _prefixes(key)}, key=len)
    for prefix in found:
        inside = {key.removeprefix(prefix) for key in state if key.startswith(prefix)}
        if any(own <= inside for own in spellings):
            return prefix
    return next((one for one in reversed(found) if all(key.startswith(one) for key in state)), "")


def _prefixes(key: str) -> Iterator[str]:
    """Nothing, and what of a key may be the prefixes of wrappers: `module.`, `module.model.`."""
    prefix: str | None = ""
    while prefix is not None:
        yield prefix
        rest = key.removeprefix(prefix)
        more = next((one for one in _PREFIXES if rest.startswith(one)), None)
        prefix = None if more is None else prefix + more


def _listed(keys: Collection[str], most: int = 6) -> str:
    more = ", ..." if len(keys) > most else ""
    return ", ".join(shown(key) for key in list(keys)[:most]) + more
