"""What a network from outside costs, as far as fvcore, or the file itself, can tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archscope.cost.formula import Count
from archscope.cost.memory import FP32
from archscope.errors import shown
from archscope.explore.networks.opened import Outside
from archscope.files import at_home
from archscope.nn.free_memory import refuse_beyond

if TYPE_CHECKING:
    from archscope.cost.fvcore import FvcoreCount

# Operators with multiply-adds that fvcore does not count.
_HIDDEN = ("scaled_dot_product_attention", "_native_multi_head_attention", "baddbmm")


@dataclass(frozen=True)
class OutsideCount:
    """The cost of one image.

    Attributes:
        count: totals, in the formula's convention.
        fvcore: None for an ONNX file.
        classes: None where the result is not (1, classes).
        stages: the direct submodules with their params and macs; empty for an ONNX file.
        notes: what a reader must know of it.
    """

    count: Count
    fvcore: FvcoreCount | None
    classes: int | None
    stages: list[dict[str, Any]]
    notes: tuple[str, ...]


def count_outside(network: Outside) -> OutsideCount:
    """Count a network from outside: run it once, and let fvcore trace it; ONNX by its own shapes.

    Raises:
        ArchscopeError: where it cannot be made, run or traced.
    """
    if network.source.startswith("onnx "):
        return _count_onnx(network)
    from archscope.cost.fvcore import count_activations_with_fvcore, count_with_fvcore
    from archscope.nn.guarded import running
    from archscope.nn.outside import outputs_of, run_once

    module = network.module()
    params = sum(weight.numel() for weight in module.parameters())
    need = 4 * (params + 2 * math.prod(network.input))
    refuse_beyond(need, shown(network.name), network.input, "use a smaller input")
    result = run_once(module, network.input, network.name)
    with running(f"{shown(network.name)} runs, but fvcore's trace of it"):
        fvcore = count_with_fvcore(module, network.input)
        activations = count_activations_with_fvcore(module, network.input)
    notes = [
        f"{network.name} has {ours:,} multiply-adds in {operator}; fvcore's own total has "
        f"{theirs:,} for them."
        for operator, (ours, theirs) in fvcore.differences.items()
    ]
    hidden = [f"{times} {op}" for op, times in fvcore.unsupported.items() if op in _HIDDEN]
    if hidden:
        notes.append(f"{network.name} has multiply-adds that are not counted: {', '.join(hidden)}.")
    stages = [_stage(name, *costs) for name, costs in fvcore.parts.items()]
    count = Count(fvcore.params, fvcore.macs, activations)
    return OutsideCount(count, fvcore, outputs_of(result), stages, tuple(notes))


def known_memory(cost: Count) -> dict[str, Any]:
    """What `Memory.document` tells of our networks: null where that needs a tree."""
    return {
        "param_bytes": FP32 * cost.params,
        "peak_activation_bytes": None,
        "peak_activation_at": None,
        "memory_convention": None,
    }


def _count_onnx(network: Outside) -> OutsideCount:
    from archscope.cost.onnx_file import CONVENTION, count_onnx

    found = count_onnx(at_home(network.name), network.input)
    notes = [f"{network.name}: {CONVENTION}."]
    if found.uncounted:
        hidden = ", ".join(f"{times} {op}" for op, times in found.uncounted.items())
        notes.append(f"{network.name} may have multiply-adds that are not counted: {hidden}.")
    count = Count(found.params, found.macs, found.activations)
    return OutsideCount(count, None, found.classes, [], tuple(notes))


def _stage(name: str, params: int, macs: int) -> dict[str, Any]:
    """A row as `stage_rows` has it, with null for what only a tree tells."""
    unknown = dict.fromkeys(("output", "block", "blocks", "cardinality"))
    return {"name": name, **unknown, "params": params, "macs": macs, "activations": None}
