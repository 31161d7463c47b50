"""What a network from outside costs, as far as fvcore, or the file itself, can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archscope.arch.inputs import Inputs, elements, image_of
from archscope.arch.network import Network
from archscope.arch.windows import Shape
from archscope.cost.formula import Count
from archscope.cost.memory import FP32, Memory
from archscope.errors import UsageError, shown
from archscope.explore.networks.opened import Outside
from archscope.files import at_home
from archscope.nn.free_memory import refuse_beyond

if TYPE_CHECKING:
    from archscope.cost.fvcore import FvcoreCount, Part
    from archscope.nn.outside import Module

TOP_LEVEL = "(top level)"  # the row of what is in no submodule


@dataclass(frozen=True)
class OutsideCount:
    """The cost of one image.

    Attributes:
        count: totals, in the formula's convention.
        fvcore: None for an ONNX file.
        classes: None where the result is not (1, classes).
        stages: the direct submodules with their params and macs, and what is in none of them, so
            that both add up; macs are None where the trace does not tell them. Empty for an ONNX
            file.
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
    from archscope.cost.fvcore import activations_inside, count_with_fvcore
    from archscope.nn.guarded import running
    from archscope.nn.outside import outputs_of, run_once

    module, notes = _made(network)
    classes = outputs_of(run_once(module, network.input, network.name))
    if network.classes and classes is not None and classes != network.classes:
        raise UsageError(
            f"{shown(network.name)} has {classes} outputs whatever it is told, not "
            f"{network.classes}; leave --classes out"
        )
    with running(f"{shown(network.name)} runs, but fvcore's trace of it"):
        fvcore = count_with_fvcore(module, network.input)
        inside = activations_inside(module, network.input)
    notes += [
        f"{network.name} has {ours:,} multiply-adds in {operator}; fvcore's own total has "
        f"{theirs:,} for them."
        for operator, (ours, theirs) in fvcore.differences.items()
    ]
    notes += _uncounted(network.name, fvcore.uncounted)
    inner = [part for name, part in fvcore.parts.items() if name]
    if inner and fvcore.macs and all(part.macs is None for part in inner):
        notes.append(f"{network.name} does not tell which part multiplies: all is at {TOP_LEVEL}.")
    stages = _stages(fvcore.parts, inside)
    count = Count(fvcore.params, fvcore.macs, inside[""])
    return OutsideCount(count, fvcore, classes, stages, tuple(notes), fvcore.macs_exact)


def memory_outside(network: Outside, element_bytes: int) -> Memory:
    """The memory of a network from outside, seen while it runs once, at so many bytes a number.

    Raises:
        UsageError: where it can only be counted.
        ArchscopeError: where it cannot be made or run.
    """
    from archscope.nn.guarded import running
    from archscope.nn.live import size_of
    from archscope.nn.live_memory import peak_elements
    from archscope.nn.outside import run_once

    module, _ = _made(network)
    run_once(module, network.input, network.name)
    with running(f"a look at the memory of {shown(network.name)}"):
        most, where = peak_elements(module, network.input)
    return Memory(element_bytes * size_of(module), element_bytes * most, where, element_bytes)


def runnable(network: Network | Outside, note: Callable[[str], None] | None = None) -> Module:
    """The module of a network as it is timed and trained: with weights in memory, in float32.

    `note` is told where they were not.

    Raises:
        UsageError: for a tree of arrays, a scripted module, or too little memory.
        ArchscopeError: where a network from outside cannot be made or run.
    """
    if isinstance(network, Network):
        from archscope.nn.build import build

        return build(network)
    from archscope.cost.example import dtype_of
    from archscope.nn.outside import run_once

    module, _ = _made(network)
    run_once(module, network.input, network.name)  # makes what is made by the first run
    kind = str(dtype_of(module)).removeprefix("torch.")
    if note is not None and kind != "float32":
        note(f"{network.name}: its {kind} weights run as float32, under autocast if asked")
    return module.float()


def _made(network: Outside) -> tuple[Module, list[str]]:
    """Its module, ready to be run, and what must be said of it.

    Raises:
        UsageError: where its weights and input need more memory than there is.
        ArchscopeError: where it cannot be made.
    """
    from archscope.nn.live import ready, size_of

    module = network.module()
    need = 4 * (size_of(module) + 2 * elements(network.input))
    refuse_beyond(need, shown(network.name), network.input, "use a smaller input")
    module, notes = ready(module, network.name)
    batch = network.input.batch if isinstance(network.input, Inputs) else 1
    if batch > 1:
        notes.append(f"{network.name} is counted for a batch of {batch}, as it was given.")
    return module, notes


def image_shape(network: Network | Outside) -> Shape:
    """The (channels, height, width) of a network; UsageError where it takes something else."""
    image = image_of(network.input, network.name)
    assert image is not None
    return image


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


def _stages(parts: Mapping[str, Part], activations: Mapping[str, int]) -> list[dict[str, Any]]:
    """Rows as `stage_rows` has them, with null for what the trace, or only a tree, would tell."""
    unknown = dict.fromkeys(("output", "block", "blocks", "cardinality"))
    rows, rest = [], activations[""]
    for name, part in parts.items():
        found = None if part.macs is None else activations.get(name, 0)
        found = found if name else rest
        rest -= found or 0
        rows.append({"name": name or TOP_LEVEL, **unknown, **part._asdict(), "activations": found})
    return rows
