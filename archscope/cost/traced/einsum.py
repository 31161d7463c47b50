"""The multiply-adds of an einsum, in the steps that torch takes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

Label: TypeAlias = "str | int"  # a letter; of an ellipsis, dimensions counted from the right, < 0


def einsum_macs(
    equation: str, shapes: Sequence[Sequence[int]], path: Sequence[int] | None = None
) -> int:
    """The multiply-adds of `torch.einsum`, in the steps that torch takes.

    A step takes two operands. An index that one of them has alone, and nothing later needs, is
    summed first, which multiplies nothing. If indices that both have are then summed, the step is
    a matrix product and costs the product of the sizes of all its indices; otherwise it is an
    elementwise product, and costs nothing. A size of 1 that is broadcast is no index.

    Args:
        equation: with or without `->`, spaces and ellipses.
        shapes: of the operands, as torch accepts them for this equation.
        path: the positions of each step's two operands, whose result becomes the last one, as
            opt_einsum plans it for torch; without it, from left to right.
    """
    written, arrow, output = equation.replace(" ", "").partition("->")
    terms = written.split(",")
    named = [_labels(term, len(shape)) for term, shape in zip(terms, shapes, strict=True)]
    sizes: dict[Label, int] = {}
    for labels, shape in zip(named, shapes, strict=True):
        for label, size in zip(labels, shape, strict=True):
            sizes[label] = size if sizes.get(label, 1) == 1 else sizes[label]
    operands = [
        {label for label, size in zip(labels, shape, strict=True) if size == sizes[label]}
        for labels, shape in zip(named, shapes, strict=True)
    ]
    kept: set[Label] = {label for label in sizes if isinstance(label, int)}
    if arrow:
        kept = (kept if "..." in output else set()) | set(output.replace("...", ""))
    else:
        kept |= {letter for letter, times in Counter(written).items() if times == 1}
    macs = 0
    places = iter(path or ())
    while len(operands) > 1:
        first, second = sorted((next(places), next(places))) if path else (0, 1)
        right, left = operands.pop(second), operands.pop(first)
        needed = kept.union(*operands)
        summed = (left & right) - needed
        result = (left | right) & needed
        if summed:
            macs += math.prod(sizes[label] for label in result | summed)
        operands.insert(len(operands) if path else 0, result)
    return macs


def _labels(term: str, rank: int) -> list[Label]:
    """The index of each dimension of an operand."""
    before, dots, after = term.partition("...")
    hidden = range(len(before) + len(after) - rank, 0) if dots else ()
    return [*before, *hidden, *after]
