"""What a network from outside costs, as far as fvcore, or the file itself, can tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archscope.cost.formula import Count
from archscope.cost.memory import FP32
from archscope.errors import shown
from archscope.explore.networks.opened import Outside
from archscope.files import at_home
from archscope.nn.free_memory import refuse_beyond

if TYPE_CHECKING:
    from archscope.cost.fvcore import FvcoreCount, Part

_TOP_LEVEL = "(top level)"  # the row of what stands in no submodule


@dataclass(frozen=True)
class OutsideCount:
    """The cost of one image.

    Attributes:
        count: totals, in the formula's convention.
        fvcore: None for an ONNX file.
        classes: None where the result is not (1, classes).
        stages: the direct submodules with their params and macs, and what is in none of them, so
            that both add up; empty for an ONNX file.
        notes: what a reader must know of it.
        macs_exact: False where the network has at least `count.macs` multiply-adds.
    """

    count: Count
    fvcore: FvcoreCount | None
    classes: int | None
    stages: list[dict[str, Any]]
    notes: tuple[str, ...]
    macs_exact: bool = True


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
    notes += _uncounted(network.name, fvcore.uncounted)
    stages = [_stage(name or _TOP_LEVEL, part) for name, part in fvcore.parts.items()]
    count = Count(fvcore.params, fvcore.macs, activations)
    return OutsideCount(count, fvcore, outputs_of(result), stages, tuple(notes), fvcore.macs_exact)


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
    notes = [f"{network.name}: {CONVENTION}.", *_uncounted(network.name, found.uncounted)]
    count = Count(found.params, found.macs, found.activations)
    return OutsideCount(count, None, found.classes, [], tuple(notes), not found.uncounted)


def _uncounted(name: str, operators: Mapping[str, int]) -> list[str]:
    """The note of a count that is a lower bound."""
    hidden = ", ".join(f"{times} {operator}" for operator, times in operators.items())
    if not hidden:
        return []
    return [
        f"{name} has at least so many multiply-adds; those that {hidden} may have are not counted."
    ]


def _stage(name: str, part: Part) -> dict[str, Any]:
    """A row as `stage_rows` has it, with null for what only a tree tells."""
    unknown = dict.fromkeys(("output", "block", "blocks", "cardinality"))
    return {"name": name, **unknown, **part._asdict(), "activations": None}
