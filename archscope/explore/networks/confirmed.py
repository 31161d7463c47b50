"""The formula confirmed: a network is built and counted by fvcore, which must say the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from archscope.arch.arrays import Number
from archscope.arch.network import Network
from archscope.cost.formula import count
from archscope.errors import ArchscopeError
from archscope.nn.free_memory import refuse_beyond

if TYPE_CHECKING:
    from archscope.cost.fvcore import FvcoreCount


def confirmed(network: Network, instead: str, *, activations: bool = False) -> FvcoreCount:
    """Build a network and let fvcore count it on one image, in eval mode.

    Args:
        network: one of ours.
        instead: what to do where memory is short, for the sentence's end.
        activations: compare activations as well, which takes a second trace.

    Raises:
        UsageError: where the trace needs more memory than the machine has free.
        ArchscopeError: where fvcore's parameters, multiply-adds or activations differ from the
            formula's by as little as one.
    """
    from archscope.cost.fvcore import count_activations_with_fvcore, count_with_fvcore
    from archscope.nn.build import build

    total = count(network)
    sizes = [math.prod(row.input) + math.prod(row.output) for row in total.nodes]
    need = 4 * (total.params + 2 * max(sizes, default=0))
    refuse_beyond(need, network.name, network.input, instead)
    module = build(network, init=False)
    measured = count_with_fvcore(module, network.input)
    pairs: dict[str, tuple[Number, Number]] = {
        "params": (total.params, measured.params),
        "multiply-adds": (total.macs, measured.macs),
    }
    if activations:
        traced = count_activations_with_fvcore(module, network.input)
        pairs["activations"] = (total.activations, traced)
    if any(ours != theirs for ours, theirs in pairs.values()):
        ours, theirs = (_listed(pairs, side) for side in (0, 1))
        raise ArchscopeError(
            f"the formula counts {ours} for {network.name}, but fvcore {theirs}; they must "
            "agree, so please report this as a defect of archscope"
        )
    return measured


def _listed(pairs: Mapping[str, tuple[Number, Number]], side: int) -> str:
    return " and ".join(f"{pair[side]:,} {name}" for name, pair in pairs.items())
