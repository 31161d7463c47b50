"""The multiply-adds of an operator in a trace, exact, beside what fvcore says of it.

Each handle takes torch's values, as fvcore's own do; `HANDLES` goes to fvcore's `set_op_handle`.

    matmul, mm, bmm, addmm, linear   the elements of the output times the length of the sums
    convolutions                     fvcore's own handle, which is exact
    einsum                           as torch computes it, see `einsum_macs`

A bias costs nothing, and neither does an elementwise product, whichever way it is written.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fvcore.nn import jit_handles

# Of the inputs and the outputs of an operator (torch._C.Value).
Handle: TypeAlias = Callable[[list[Any], list[Any]], Any]
Label: TypeAlias = "str | int"  # a letter; of an ellipsis, dimensions counted from the right, < 0


@dataclass(frozen=True)
class Exact:
    """The key of an operator's exact multiply-adds; fvcore's own numbers have its name alone."""

    operator: str


@dataclass(frozen=True)
class Failed:
    """The key of how often fvcore's own handle of an operator failed."""

    operator: str


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


def _einsum(inputs: list[Any], outputs: list[Any]) -> int:
    equation, operands, path = inputs[:3]
    shapes = [_shape(value) for value in operands.node().inputs()]
    steps = path.toIValue()
    if steps is None and path.node().kind() == "prim::ListConstruct":
        steps = [value.toIValue() for value in path.node().inputs()]
    return einsum_macs(equation.toIValue(), shapes, steps)


def _product(factor: int) -> Handle:
    """Of a product of matrices or vectors, the first of which is input number `factor`."""

    def count(inputs: list[Any], outputs: list[Any]) -> int:
        return math.prod(_shape(outputs[0])) * _shape(inputs[factor])[-1]

    return count


def _convolution(inputs: list[Any], outputs: list[Any]) -> int:
    return int(jit_handles.conv_flop_jit(inputs, outputs)["conv"])


def _shape(value: Any) -> list[int]:
    if (shape := jit_handles.get_shape(value)) is None:
        raise ValueError(f"the trace does not know the shape of {value.debugName()}")
    return list(shape)


def _both(name: str, exact: Handle, theirs: Handle) -> Handle:
    """Both counts of one operator in one trace."""

    def count(inputs: list[Any], outputs: list[Any]) -> Counter[Any]:
        counted: Counter[Any] = Counter({Exact(name): exact(inputs, outputs)})
        try:
            found = theirs(inputs, outputs)
        except Exception:  # a handle of fvcore's may fail in any way; ours has counted
            counted[Failed(name)] = 1
        else:
            counted.update(found if isinstance(found, Counter) else {name: found})
        return counted

    return count


# torch's name of an operator, fvcore's, our handle, fvcore's.
_OPERATORS: tuple[tuple[str, str, Handle, Handle], ...] = (
    ("aten::_convolution", "conv", _convolution, jit_handles.conv_flop_jit),
    ("aten::linear", "linear", _product(0), jit_handles.linear_flop_jit),
    ("aten::addmm", "addmm", _product(1), jit_handles.addmm_flop_jit),
    ("aten::bmm", "bmm", _product(0), jit_handles.bmm_flop_jit),
    ("aten::mm", "mm", _product(0), jit_handles.matmul_flop_jit),
    ("aten::matmul", "matmul", _product(0), jit_handles.matmul_flop_jit),
    ("aten::einsum", "einsum", _einsum, jit_handles.einsum_flop_jit),
)
HANDLES = {kind: _both(name, exact, theirs) for kind, name, exact, theirs in _OPERATORS}
COUNTED = tuple(name for _, name, _, _ in _OPERATORS)
