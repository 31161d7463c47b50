"""Designs of an array by structure: those of about the same stages are counted together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from archscope.arch.arrays import is_array
from archscope.arch.nodes import Node, Repeat, Seq
from archscope.arch.rebuild import rebuild

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
