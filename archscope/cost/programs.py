"""What many designs need when they run, in arrays: those of one program share a pass through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from archscope.arch.arrays import Number
from archscope.arch.network import Network
from archscope.arch.nodes import Node
from archscope.arch.shape import output_shape
from archscope.arch.structure import cut, designs
from archscope.arch.windows import Shape
from archscope.cost.execution import Execution, execution_of
from archscope.cost.formula import BLOCK
from archscope.cost.steps import Mixed

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
        UsageError: where a layer does not fit its input, or maps are too large for 64 bits.
    """
    return _of_box(network.tree, network.input, reading)


def _of_box(tree: Node, shape: Shape, reading: Reading) -> Number:
    import numpy as np

    try:
        run = execution_of(tree, shape)
    except Mixed as several:
        key = several.key
        axis = next(place for place, size in enumerate(key.shape) if size > 1)
        rows = np.moveaxis(key, axis, 0).reshape(key.shape[axis], -1)
        _, group = np.unique(rows, axis=0, return_inverse=True)
        chosen = [np.flatnonzero(group == one) for one in range(group.max() + 1)]
        read = [_of_box(*cut(tree, shape, some, axis), reading) for some in chosen]
        return _joined(read, chosen, axis, key.ndim)
    return reading(run)


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
