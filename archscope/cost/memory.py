"""How much memory a network needs, in closed form from the tree: exact integers.

Conventions:
    param_bytes: the learnable parameters, batch norm's included (its running statistics are not).
    peak_activation_bytes: the most that is alive at once while one image passes in eval mode.

Alive is, while an operation of `archscope.cost.execution` runs, every buffer that was written by
it or before and is read by it or later; the image counts until it was last read, the output until
the end. So a residual block's input is alive until the last branch that reads it, and a branch that
has finished until the sum. That is what a program must have that frees each buffer after its last
use. PyTorch called module by module keeps a little more: a caller holds its module's input until
that returns. What an operation needs for itself (packed weights, the indices of a max pool,
the means of a layer norm) is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import itemgetter
from typing import Any

from archscope.arch.arrays import Number, is_array, whole
from archscope.arch.network import Network
from archscope.arch.structure import designs
from archscope.cost.execution import Execution, Operation, each_design, each_of_box, execution
from archscope.cost.formula import count
from archscope.short_repr import ShortRepr

MEMORY_CONVENTION = (
    "param_bytes: learnable parameters; peak_activation_bytes: the most bytes of activations alive "
    "at once, batch 1, eval mode, each freed after its last use, ReLU and sums in place where "
    "nothing else reads what they overwrite; {element_bytes} bytes an element"
)
MEASURED_CONVENTION = (
    "param_bytes: learnable parameters; peak_activation_bytes: the most bytes of activations alive "
    "at once, batch 1, eval mode, each freed after its last use, in place where the network's own "
    "program is; {element_bytes} bytes an element"
)
FP32 = 4  # bytes
ELEMENT_BYTES = {"fp32": FP32, "bf16": 2, "fp16": 2}
FORMATS = {**ELEMENT_BYTES, "int8": 1}  # in which weights and activations may be stored


@dataclass(frozen=True, repr=False)
class Memory(ShortRepr):
    """What a network needs, in bytes; `peak_at` is the place of the peak in the tree."""

    param_bytes: int
    peak_activation_bytes: int
    peak_at: str
    element_bytes: int = FP32

    def document(self) -> dict[str, Any]:
        """The memory as entries of a JSON."""
        return {
            "param_bytes": self.param_bytes,
            "peak_activation_bytes": self.peak_activation_bytes,
            "peak_activation_at": self.peak_at,
            "memory_convention": MEMORY_CONVENTION.format(element_bytes=self.element_bytes),
        }


def memory(network: Network, *, element_bytes: int = FP32) -> Memory:
    """The memory of a network at `element_bytes` a number (4 in fp32, 2 in bf16).

    Raises:
        UsageError: where the tree holds arrays or does not fit its input, or the bytes are below 1.
    """
    size = whole(element_bytes, "element_bytes")
    elements, operation = max(_alive(execution(network)), key=itemgetter(0))
    where = operation.path if operation else "the image"
    return Memory(size * count(network).params, size * elements, where, size)


def training_bytes(
    network: Network, batch: int, *, element_bytes: int = FP32, states: int = 1
) -> int:
    """About what a training step holds: weights, gradients, momentum, all activations.

    The first three are fp32 whatever the precision; the optimizer keeps so many `states` of each
    weight (1: momentum; AdamW, RMSProp: 2). Every buffer that a forward pass writes is
    counted, at `element_bytes` a number, as kept for the backward pass. The data are not counted.
    """
    run = execution(network)
    written = int(sum(run.sizes[op.writes] * op.times for op in run.operations if not op.in_place))
    return (2 + states) * FP32 * int(count(network).params) + element_bytes * batch * written


def peak_elements(network: Network) -> Number:
    """The most elements alive at once: an int, or int64 of every design where it holds arrays.

    All designs that run the same program share one pass through it.

    Raises:
        UsageError: where a layer does not fit its input, or maps are too large for 64 bits.
    """
    if designs(network.tree, network.input) is None:
        return max(alive for alive, _ in _alive(execution(network)))
    return each_design(network, _peak)


def peak_of_box(network: Network) -> Number:
    """The same of a box of designs, as `archscope.cost.formula.count_box` takes it.

    Raises:
        UsageError: where a layer does not fit its input, or maps are too large for 64 bits.
    """
    return each_of_box(network, _peak)


def _peak(run: Execution) -> Number:
    """Of designs of one program."""
    import numpy as np

    # The large arrays last: what few numbers decide is compared for few designs.
    largest: dict[tuple[int, ...], Number] = {}
    for alive, _ in _alive(run):
        sides = np.shape(alive)
        largest[sides] = np.maximum(largest[sides], alive) if sides in largest else alive
    return reduce(np.maximum, sorted(largest.values(), key=np.size))


def _alive(run: Execution) -> Iterator[tuple[Number, Operation | None]]:
    """The elements alive before anything runs, and while each operation does."""
    alive = run.sizes[0]
    yield alive, None
    for operation in run.operations:
        if not operation.in_place:
            alive = alive + run.sizes[operation.writes]
        times = operation.times
        runs = not is_array(times) or (times > 0).all()
        yield alive if runs else alive * (times > 0), operation
        alive = alive - sum(run.sizes[buffer] for buffer in operation.frees)
