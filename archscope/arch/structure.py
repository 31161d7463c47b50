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

    present = [n > 0 for n in _stage_blocks(tree) if len(n) == total and not n.all()]
    if not present:
        for start in range(0, total, most):
            yield tree, slice(start, min(start + most, total))
        return
    which = range(len(present)) if len(present) <= _BITS else [0] * len(present)
    key = np.zeros(total, dtype=np.uint16)  # the stages that there are; of very many, their number
    for one, bit in zip(present, which, strict=True):
        key += one.astype(np.uint16) << np.uint16(bit)
    order, bounds = np.argsort(key, kind="stable"), [0]
    few, start = most // 4, 0
    for size in np.bincount(key).tolist():  # a pass has its price: small groups share one
        if size >= few:
            bounds.append(start)
        start += size
        if start - bounds[-1] >= few or start == total:
            bounds.append(start)
    for first, end in pairwise(dict.fromkeys(bounds)):
        least = rebuild(tree, partial(_present, order[first:end]))
        for start in range(first, end, most):
            yield least, order[start : min(start + most, end)]


def _present(designs: Any, node: Node) -> Node:
    """A node, or nothing where it is a stage of which none of these designs has a block."""
    if isinstance(node, Repeat) and is_array(node.n) and len(node.n) > 1:
        return node if node.n[designs].any() else Seq()
    return node


def _stage_blocks(node: Node) -> Iterator[Any]:
    """The arrays of the numbers of blocks of stages."""
    if isinstance(node, Repeat) and is_array(node.n):
        yield node.n
    for part in node.parts():
        yield from _stage_blocks(part)


def cut(tree: Node, shape: Shape, part: Any, axis: int = 0) -> tuple[Node, Shape]:
    """The designs of `part`, a slice or numbers along an axis.

    An array in several places stays one array.
    """
    kept: dict[int, Any] = {}

    def taken(value: Any) -> Any:
        if id(value) not in kept:
            if value.shape[axis] == 1:
                kept[id(value)] = value
            else:  # taking is twice as fast as indexing
                sliced = isinstance(part, slice)
                kept[id(value)] = value[part] if sliced else value.take(part, axis)
        return kept[id(value)]

    return change_arrays(tree, taken), change_shape(shape, taken)


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
    found = [*array_fields(tree).values(), *(entry for entry in shape if is_array(entry))]
    for part in tree.parts():
        found += arrays_in(part)
    return found


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
