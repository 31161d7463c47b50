"""What runs when a network sees one image in eval mode: its program as one list of operations.

Memory and the roofline read it. The modules that a program runs are written out where they run,
the blocks of a stage after the first once for all of them; what does nothing in eval mode is left
out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from archscope.arch.network import Network
from archscope.arch.nodes import Node
from archscope.cost.formula import leaf_cost
from archscope.cost.program import program
from archscope.cost.steps import Call, Layer, Program, Step, last_uses


@dataclass(frozen=True)
class Operation:
    """One operation on one image.

    Attributes:
        path: where it stands in the tree.
        node: the leaf; or the `Sum` of an addition or scaling, the `Cat` of a concatenation.
        reads: the buffers that it reads.
        writes: the buffer that it writes; one of `reads` where it works in place.
        times: how often it runs: a stage's blocks after the first are listed once.
        params, macs: of a leaf, standing there once.
        frees: the buffers that no later operation reads, the network's output left out.
    """

    path: str
    node: Node
    reads: tuple[int, ...]
    writes: int
    times: int
    params: int
    macs: int
    frees: tuple[int, ...] = ()

    @property
    def in_place(self) -> bool:
        """Whether it overwrites what it reads."""
        return self.writes in self.reads


@dataclass(frozen=True)
class Execution:
    """The operations in order. `sizes` holds the elements of each buffer; buffer 0 is the image."""

    operations: tuple[Operation, ...]
    sizes: tuple[int, ...]


def execution(network: Network) -> Execution:
    """The operations of a network of plain numbers.

    Raises:
        UsageError: where the tree holds arrays, or a layer does not fit its input.
    """
    operations: list[Operation] = []
    sizes = [math.prod(network.input)]
    output = _write_out(program(network), 0, 1, operations, sizes)
    freed = last_uses([(one.reads, one.writes) for one in operations], output)
    rows = (replace(one, frees=f) for one, f in zip(operations, freed, strict=True))
    return Execution(tuple(rows), tuple(sizes))


def _write_out(
    program: Program, given: int, times: int, operations: list[Operation], sizes: list[int]
) -> int:
    """Add the operations of a module that reads buffer `given`; returns the buffer it gives."""
    buffers = {0: given}  # of the whole network, by the number in this program
    for step in program.steps:
        if step.side:
            continue
        op, first = step.op, buffers[step.reads[0]]
        if step.idle:
            buffers[step.writes] = first
        elif isinstance(op, Call):
            often = times * op.times
            buffers[step.writes] = _write_out(op.programs[0], first, often, operations, sizes)
        else:
            if not step.in_place:
                buffers[step.writes] = len(sizes)
                sizes.append(math.prod(step.shape))
            operations.append(_operation(step, buffers, times))
    return buffers[program.output]


def _operation(step: Step, buffers: dict[int, int], times: int) -> Operation:
    params, macs, _ = leaf_cost(step.op.visit) if isinstance(step.op, Layer) else (0, 0, 0)
    reads = tuple(buffers[buffer] for buffer in step.reads)
    return Operation(step.path, step.node, reads, buffers[step.writes], times, params, macs)
