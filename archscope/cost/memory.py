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

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from archscope.arch.arrays import Number, combined, is_array, larger, smaller, whole
from archscope.arch.network import Network
from archscope.arch.nodes import (
    Conv,
    Gain,
    Grow,
    Linear,
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    is_combinator,
)
from archscope.arch.shape import output_shape
from archscope.arch.structure import designs
from archscope.arch.windows import Shape, any_of
from archscope.cost.execution import (
    Execution,
    Operation,
    Reading,
    each_design,
    each_of_box,
    execution,
)
from archscope.cost.formula import count
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    from archscope.cost.workload import Mode

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
_WRITE_ANEW = (Conv, Linear, Norm, Pool, Gain)  # a buffer of their own, whatever they are given
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


def call_bytes(network: Network, mode: Mode, batch: int) -> int:
    """About what one call of a mode holds of a batch in fp32; without weights in eval mode."""
    if mode == "step":
        return training_bytes(network, batch)
    return batch * memory(network).peak_activation_bytes


def peak_elements(network: Network) -> Number:
    """The most elements alive at once: an int, or int64 of every design where it holds arrays.

    All designs that run the same program share one pass through it.

    Raises:
        UsageError: where a layer does not fit its input, or maps are too large for 64 bits.
    """
    if designs(network.tree, network.input) is None:
        return max(alive for alive, _ in _alive(execution(network)))
    return _largest_of_sections(network, each_design)


def peak_of_box(network: Network) -> Number:
    """The same of a box of designs, as `archscope.cost.formula.count_box` takes it.

    Raises:
        UsageError: where a layer does not fit its input, or maps are too large for 64 bits.
    """
    return _largest_of_sections(network, each_of_box)


def _largest_of_sections(network: Network, each: Callable[[Network, Reading], Number]) -> Number:
    """The largest peak of the sections, of every design.

    A section has few programs, and the network as many as their product.
    """
    return _largest(
        each(replace(network, tree=one.tree, input=one.input, design=None), _peak) * (one.times > 0)
        for one in map(_last_grown, sections(network.tree, network.input))
    )


class Section(NamedTuple):
    """A part of a network, its input, and how often it runs (in designs of arrays perhaps not)."""

    tree: Seq
    input: Shape
    times: Number


def sections(tree: Seq, shape: Shape) -> Iterator[Section]:
    """The parts of a network that run one after the other: what stands between stages, and blocks.

    Between two of them nothing is alive but what one gives the other: a block of a stage, a module
    of its own, overwrites nothing that it is given, nor does what comes behind it. Where a design
    lacks the stage that may be otherwise: such a stage is no section, but among what is between.
    What grows is one section, where nothing behind it overwrites what it gives.
    """
    between: list[Node] = []
    given = shape
    for node, is_stage in _stages_told(list(_in_line(tree))):
        after = output_shape(node, shape)
        if isinstance(node, Repeat) and is_stage:
            if between:
                yield Section(Seq(*between), given, 1)
            yield Section(Seq(node.first), shape, smaller(node.n, 1))
            if any_of(node.n > 1):
                inner = output_shape(node.first, shape)
                yield Section(Seq(node.rest), inner, larger(node.n, 1) - 1)
            between, given = [], after
        elif isinstance(node, Grow) and is_stage:
            if between:
                yield Section(Seq(*between), given, 1)
            yield Section(Seq(node), shape, 1)
            between, given = [], after
        else:
            between.append(node)
        shape = after
    yield Section(Seq(*between), given, 1)


def _last_grown(section: Section) -> Section:
    """A section; of what grows an array of times the last time, as each needs more than before."""
    node = section.tree.children[0] if len(section.tree.children) == 1 else None
    if not isinstance(node, Grow) or not is_array(node.n):
        return section
    channels, height, width = section.input
    before = (node.n - 1) * output_shape(node.body, section.input)[0]
    return section._replace(tree=Seq(replace(node, n=1)), input=(channels + before, height, width))


def _stages_told(nodes: Sequence[Node]) -> Iterator[tuple[Node, bool]]:
    """The nodes, each with whether it is a stage whose sections stand by themselves."""
    told: list[tuple[Node, bool]] = []
    overwrites = False  # whether what is behind a node may overwrite what is given to it
    for node in reversed(nodes):
        if isinstance(node, Repeat):
            overwrites = overwrites and bool(any_of(node.n < 1))
            told.append((node, not overwrites))
        elif isinstance(node, Grow):  # gives a buffer of its own, which what is behind may reuse
            told.append((node, not overwrites))
            overwrites = False
        else:
            module = is_combinator(node) and node.label is not None
            overwrites = isinstance(node, Shortcut) or not (module or isinstance(node, _WRITE_ANEW))
            told.append((node, False))
    return reversed(told)


def _in_line(tree: Seq) -> Iterator[Node]:
    """The nodes that run one after the other; what has a label is a module of its own."""
    for node in tree.children:
        if isinstance(node, Seq) and node.label is None:
            yield from _in_line(node)
        else:
            yield node


def _peak(run: Execution) -> Number:
    """Of designs of one program."""
    return _largest(alive for alive, _ in _alive(run))


def _largest(numbers: Iterable[Number]) -> Number:
    """The largest, of arrays in every design."""
    import numpy as np

    return combined(np.maximum, numbers)


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
