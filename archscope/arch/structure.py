"""Designs of an array: how many there are, some of them, those of about the same stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from archscope.arch.arrays import is_array
from archscope.arch.nodes import Node, Repeat, Seq, array_fields, with_arrays
from archscope.arch.rebuild import rebuild
from archscope.arch.windows import Shape
from archscope.errors import UsageError, plural

_BITS = 16


def parts(tree: Node, total: int, most: int) -> Iterator[tuple[Node, Any]]:
    """Slices of `most` designs; or the numbers of as many that have about the same stages.

    Each with the tree, without the stages that none of them has.
    """
    import numpy as np

    present = {id(n): n > 0 for n in _stage_blocks(tree) if len(n) == total and not n.all()}
    if not present:
        for start in range(0, total, most):
            yield tree, slice(start, min(start + most, total))
        return
    bits = dict(zip(present, range(len(present)), strict=True)) if len(present) <= _BITS else {}
    key = np.zeros(total, dtype=np.uint16)  # the stages that there are; of very many, their number
    for stage, one in present.items():
        key += one.astype(np.uint16) << np.uint16(bits.get(stage, 0))
    order, bounds = np.argsort(key, kind="stable"), [0]
    few, start = most // 4, 0
    for size in np.bincount(key).tolist():  # a pass has its price: small groups share one
        if size >= few:
            bounds.append(start)
        start += size
        if start - bounds[-1] >= few or start == total:
            bounds.append(start)
    for first, end in pairwise(dict.fromkeys(bounds)):
        found = int(np.bitwise_or.reduce(key[order[first:end]]))
        absent = {stage for stage, bit in bits.items() if not found >> bit & 1}
        least = rebuild(tree, partial(_present, absent)) if absent else tree
        for start in range(first, end, most):
            yield least, order[start : min(start + most, end)]


def _present(absent: set[int], node: Node) -> Node:
    """A node, or nothing where it is a stage of which none of some designs has a block."""
    return Seq() if isinstance(node, Repeat) and id(node.n) in absent else node


def _stage_blocks(node: Node) -> Iterator[Any]:
    """The arrays of the numbers of blocks of stages."""
    if isinstance(node, Repeat) and is_array(node.n):
        yield node.n
    for part in node.parts():
        yield from _stage_blocks(part)


class Cut:
    """A tree and its input as some of the designs have them; one tree serves all of them in turn.

    An array in several places stays one array.

    Args:
        largest: where given, the largest number of each array that was taken, by its id.
    """

    def __init__(
        self, tree: Node, shape: Shape, axis: int = 0, largest: dict[int, int] | None = None
    ) -> None:
        self._shape, self._axis, self._largest = shape, axis, largest
        self._places: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._tree = rebuild(tree, self._own)

    def _own(self, node: Node) -> Node:
        """A node whose arrays may be put in place."""
        arrays = array_fields(node)
        if arrays:
            node = with_arrays(node, {})
            self._places.append((vars(node), arrays))
        return node

    def of(self, part: Any) -> tuple[Node, Shape]:
        """The designs of `part`, a slice or numbers along the axis, until others are asked for."""
        kept: dict[int, Any] = {}

        def taken(value: Any) -> Any:
            if id(value) not in kept:
                if value.shape[self._axis] == 1:
                    kept[id(value)] = value
                else:  # taking is twice as fast as indexing
                    sliced = isinstance(part, slice)
                    kept[id(value)] = value[part] if sliced else value.take(part, self._axis)
                if self._largest is not None:  # quickly, while they are in the cache
                    most = int(kept[id(value)].max())
                    self._largest[id(value)] = max(self._largest.get(id(value), most), most)
            return kept[id(value)]

        for held, arrays in self._places:
            for name, value in arrays.items():
                held[name] = taken(value)
        return self._tree, change_shape(self._shape, taken)


def cut(tree: Node, shape: Shape, part: Any, axis: int = 0) -> tuple[Node, Shape]:
    """The designs of `part`, a slice or numbers along an axis."""
    return Cut(tree, shape, axis).of(part)


def designs(tree: Node, shape: Shape) -> int | None:
    """How many designs the arrays of a tree and its input hold; None where there are none.

    Raises:
        UsageError: where they are not one-dimensional int64, and equally long.
    """
    arrays = arrays_in(tree, shape)
    if not arrays:
        return None
    for array in arrays:
        if array.dtype != "int64" or array.ndim != 1:
            raise UsageError(
                f"an array of designs must be one-dimensional int64, not {array.dtype} with "
                f"{plural(array.ndim, 'axis', 'axes')}; pass one such"
            )
    lengths = {len(array) for array in arrays}
    if len(lengths - {1}) > 1:
        raise UsageError(
            "all arrays in one tree must be equally long, not of "
            f"{' and '.join(map(str, sorted(lengths)))} designs; make them so"
        )
    return max(lengths - {1}, default=1)


def arrays_in(tree: Node, shape: Shape = (1, 1, 1)) -> list[Any]:
    """The arrays of a tree and of its input."""
    found = [entry for entry in shape if is_array(entry)]
    _gather(tree, found)
    return found


def _gather(node: Node, found: list[Any]) -> None:
    found += array_fields(node).values()
    for part in node.parts():
        _gather(part, found)


def change_arrays(tree: Node, change: Callable[[Any], Any]) -> Node:
    """The tree with every array replaced by what `change` makes of it."""

    def change_node(node: Node) -> Node:
        found = array_fields(node)
        return with_arrays(node, {k: change(v) for k, v in found.items()}) if found else node

    return rebuild(tree, change_node)


def change_shape(shape: Shape, change: Callable[[Any], Any]) -> Shape:
    """The same of an input."""
    channels, height, width = (change(entry) if is_array(entry) else entry for entry in shape)
    return channels, height, width
