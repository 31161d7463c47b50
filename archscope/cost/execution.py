"""What runs when a network sees one image in eval mode: its program as one list of operations.

Memory and the roofline read it. The modules that a program runs are written out where they run,
the blocks of a stage after the first once for all of them; what does nothing in eval mode is left
out. Of many designs, in arrays, those of one program share a pass through it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from archscope.arch.arrays import Number, TooLarge, is_array
from archscope.arch.network import Network
from archscope.arch.nodes import Node
from archscope.arch.shape import Visit, output_shape
from archscope.arch.structure import cut, designs
from archscope.arch.windows import Shape
from archscope.cost.formula import BLOCK, leaf_cost
from archscope.cost.program import program, program_of
from archscope.cost.steps import Call, Layer, Mixed, Program, Step, last_uses
from archscope.errors import UsageError

_MOST_PARTS = 50  # of a box, each with a program of its own
_MOST = 2**53  # elements of a buffer of one of many designs: a thousand such fit 64 bits


class Operation(NamedTuple):
    """One operation on one image.

    Attributes:
        path: where it stands in the tree.
        node: the leaf; or the combinator, as the `Sum` of an addition.
        reads: the buffers that it reads.
        writes: the buffer that it writes; one of `reads` where it works in place.
        times: how often it runs: a stage's blocks after the first are listed once.
        touched: the elements of each buffer that it reads or writes; a part is no more than that.
        visit: of a leaf, where it stands.
        frees: the buffers that no later operation reads, the network's output left out.
    """

    path: str
    node: Node
    reads: tuple[int, ...]
    writes: int
    times: Number
    touched: tuple[Number, ...]
    visit: Visit | None
    frees: tuple[int, ...] = ()

    @property
    def in_place(self) -> bool:
        """Whether it overwrites what it reads."""
        return self.writes in self.reads

    @property
    def moved(self) -> Number:
        """The elements that it reads and writes."""
        return sum(self.touched)

    @property
    def params(self) -> Number:
        """Of a leaf, standing there once."""
        return leaf_cost(self.visit)[0] if self.visit else 0

    @property
    def macs(self) -> Number:
        """Of a leaf, standing there once."""
        return leaf_cost(self.visit)[1] if self.visit else 0


@dataclass(frozen=True)
class Execution:
    """The operations in order. `sizes` holds the elements of each buffer; buffer 0 is the image."""

    operations: tuple[Operation, ...]
    sizes: tuple[Number, ...]


def execution(network: Network) -> Execution:
    """The operations of a network of plain numbers.

    Raises:
        UsageError: where the tree holds arrays, or a layer does not fit its input.
    """
    return _execution(program(network), network.input)


def unrolled(network: Network) -> Execution:
    """As `execution`, but each block of a stage is listed where it runs: `times` is 1 throughout.

    Raises:
        UsageError: as `execution`.
    """
    return _execution(program(network), network.input, unroll=True)


def execution_of(tree: Node, shape: Shape) -> Execution:
    """The operations of a tree that was counted at this shape; numbers in either may be arrays.

    Raises:
        Mixed: where designs of the arrays have different programs.
    """
    return _execution(program_of(tree, shape), shape)


def _execution(program: Program, shape: Shape, *, unroll: bool = False) -> Execution:
    operations: list[Operation] = []
    sizes = [_elements(shape)]
    output = _write_out(program, 0, 1, operations, sizes, unroll)
    freed = last_uses([(one.reads, one.writes) for one in operations], output)
    rows = (one._replace(frees=f) for one, f in zip(operations, freed, strict=True))
    return Execution(tuple(rows), tuple(sizes))


def _write_out(
    program: Program,
    given: int,
    times: Number,
    operations: list[Operation],
    sizes: list[Number],
    unroll: bool,
) -> int:
    """Add the operations of a module that reads buffer `given`; returns the buffer it gives."""
    buffers = {0: given}  # of the whole network, by the number in this program
    elements = {0: sizes[given]}  # of each, as this program sees it
    for step in program.steps:
        if step.side:
            continue
        op, first = step.op, buffers[step.reads[0]]
        elements[step.writes] = _elements(step.shape)
        if step.idle:
            buffers[step.writes] = first
        elif isinstance(op, Call):
            often, modules = times * op.times, [op.programs[0]]
            if unroll:
                often, modules = times, [part for _, part in op.modules]
            for module in modules:
                first = _write_out(module, first, often, operations, sizes, unroll)
            buffers[step.writes] = first
        else:
            if not step.in_place:
                buffers[step.writes] = len(sizes)
                sizes.append(elements[step.writes])
            touched = tuple(elements[buffer] for buffer in (*step.reads, step.writes))
            operations.append(_operation(step, buffers, times, touched))
    return buffers[program.output]


def _elements(shape: Shape) -> Number:
    """The elements of a buffer.

    Raises:
        TooLarge: where the buffers of an array's design might together pass 64 bits.
    """
    if any(map(is_array, shape)):
        most = math.prod(float(entry.max()) if is_array(entry) else entry for entry in shape)
        if most > _MOST:
            raise TooLarge(
                "designs of the array have feature maps of more than 2^53 elements; use smaller "
                "numbers, or plain ones"
            )
    return math.prod(shape)


def _operation(
    step: Step, buffers: dict[int, int], times: Number, touched: tuple[Number, ...]
) -> Operation:
    visit = step.op.visit if isinstance(step.op, Layer) else None
    reads = tuple(buffers[buffer] for buffer in step.reads)
    return Operation(step.path, step.node, reads, buffers[step.writes], times, touched, visit)


Reading: TypeAlias = Callable[[Execution], Number]


def each_design(network: Network, reading: Reading, kind: type = int) -> Any:
    """A reading of every design that the arrays of a network hold, as an array of a `kind`.

    Args:
        network: of arrays, equally long.
        reading: of the operations of designs that all run the same.
        kind: of the numbers: int or float.

    Raises:
        UsageError: where a layer does not fit its input, or maps are too large for 64 bits.
    """
    import numpy as np

    tree, shape = network.tree, network.input
    output_shape(tree, shape)  # raises where something does not fit
    total = designs(tree, shape) or 1
    found: Any = np.zeros(total, dtype=kind)
    for start in range(0, total, BLOCK):
        numbers = np.arange(start, min(start + BLOCK, total))
        _fill(found, *cut(tree, shape, numbers), numbers, reading)
    return found


def each_of_box(network: Network, reading: Reading) -> Number:
    """The same of a box of designs, as `archscope.cost.formula.count_box` takes it.

    Raises:
        UsageError: where a layer does not fit its input, maps are too large for 64 bits, or the
            designs run so many programs that `each_design` is faster.
    """
    return _of_box(network.tree, network.input, reading, iter(range(_MOST_PARTS)))


def _of_box(tree: Node, shape: Shape, reading: Reading, room: Iterator[int]) -> Number:
    if next(room, None) is None:
        raise UsageError("the designs run many programs: read them one by one, not as a box")
    try:
        run = execution_of(tree, shape)
    except Mixed as several:
        axis, chosen = _alike(several.key)
        read = [_of_box(*cut(tree, shape, some, axis), reading, room) for some in chosen]
        return _joined(read, chosen, axis, several.key.ndim)
    return reading(run)


def _alike(key: Any) -> tuple[int, list[Any]]:
    """An axis along which the programs of a box differ, and which of its places are alike.

    The one with the fewest sorts of places: along others they may be alike throughout.
    """
    import numpy as np

    fewest: tuple[int, list[Any]] = 0, []
    for axis in range(key.ndim):
        rows = np.moveaxis(key, axis, 0).reshape(key.shape[axis], -1)
        _, group = np.unique(rows, axis=0, return_inverse=True)
        if (sorts := int(group.max()) + 1) > 1 and (not fewest[1] or sorts < len(fewest[1])):
            fewest = axis, [np.flatnonzero(group == one) for one in range(sorts)]
    return fewest


def _joined(read: list[Number], chosen: list[Any], axis: int, axes: int) -> Number:
    """Readings of parts of a box, as one array; `chosen` are each part's places on the axis."""
    import numpy as np

    parts = [np.reshape(one, (1,) * (axes - np.ndim(one)) + np.shape(one)) for one in read]
    sides = [list(one.shape) for one in parts]
    common = np.max(sides, axis=0)
    for side, places in zip(sides, chosen, strict=True):
        side[:] = common
        side[axis] = len(places)
    whole = np.concatenate(
        [np.broadcast_to(one, side) for one, side in zip(parts, sides, strict=True)], axis
    )
    return whole.take(np.argsort(np.concatenate(chosen)), axis)


def _fill(found: Any, tree: Node, shape: Shape, numbers: Any, reading: Reading) -> None:
    """Write the readings of the designs of these numbers, which the tree and shape hold alone."""
    import numpy as np

    try:
        run = execution_of(tree, shape)
    except Mixed as several:
        for key in np.unique(several.key):
            chosen = np.flatnonzero(several.key == key)
            _fill(found, *cut(tree, shape, chosen), numbers[chosen], reading)
        return
    found[numbers] = reading(run)
