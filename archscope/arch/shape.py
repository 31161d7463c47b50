"""Shape inference: one walk over the tree that every reading shares.

`walk` visits the leaves of a tree in order of execution, each with the shape that goes in and the
one that comes out. A shape is (channels, height, width); with arrays in the tree, of arrays.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from archscope.arch.arrays import Number, is_array, multiplied
from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Dropout,
    Gain,
    Gate,
    Grow,
    Linear,
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Shuffle,
    Split,
    Sum,
)
from archscope.arch.readings import unknown
from archscope.arch.windows import (
    Known,
    Shape,
    any_of,
    at,
    changed,
    check_groups,
    concatenated,
    conv_padding,
    pair,
    part_shape,
    per_group,
    pooled,
    same,
    same_where,
    shape_text,
    shape_texts,
    takes_before,
    window,
)
from archscope.errors import UsageError

Walk: TypeAlias = Generator["Visit", None, Shape]
_LEAVES = (Conv, Norm, Act, Pool, Linear, Dropout, Shuffle, Gain)
MOST_VISITED = 1_000  # of what grows; networks that are used have up to 64


class Visit(NamedTuple):
    """A leaf of the tree at its place."""

    path: str
    node: Node
    input: Shape
    output: Shape
    times: Number  # how often it stands there: a stage's repeats; 0 where a projection is masked
    side: bool  # below the side head of an `Aux`
    per_group: Number = 0  # of a convolution: the input channels that one output sees


def join(path: str, label: str | None) -> str:
    """`path` extended by `label`, as the keys of a state dict are."""
    if label is None:
        return path
    return f"{path}.{label}" if path else label


def output_shape(node: Node, shape: Shape) -> Shape:
    """The shape that `node` makes of `shape`.

    Raises:
        UsageError: where a layer does not fit its input.
    """
    visits = walk(node, shape)
    while True:
        try:
            next(visits)
        except StopIteration as stop:
            output: Shape = stop.value
            return output


def projects(node: Shortcut, shape: Shape) -> Any:
    """Whether the shortcut must change its input's shape: a bool, or an array of them."""
    if not is_array(node.stride) and (node.stride != 1 or shape[0] is node.out):
        return node.stride != 1
    changed = (shape[0] != node.out) | (node.stride != 1)
    return changed if is_array(changed) else bool(changed)


def walk(
    node: Node,
    shape: Shape,
    path: str = "",
    times: Number = 1,
    side: bool = False,
    known: Known | None = None,
) -> Walk:
    """Visit the leaves below `node` in order of execution; return the output shape.

    A `Repeat` is visited as its first block (index 0) and once for all the others (index 1, with
    `times` n - 1), so that a walk costs the same at any depth.

    Raises:
        UsageError: where a layer does not fit its input.
    """
    path, known = join(path, node.label), {} if known is None else known
    match node:
        case Seq():
            for child in node.children:
                if isinstance(child, _LEAVES):  # most nodes are: no generator for each
                    visit = _leaf(child, shape, join(path, child.label), times, side, known)
                    yield visit
                    shape = visit.output
                else:
                    shape = yield from walk(child, shape, path, times, side, known)
            return shape
        case Sum():
            outputs = yield from _branches(node.branches, shape, path, times, side, known)
            if not all(same_where(times, outputs[0], other) for other in outputs[1:]):
                raise UsageError(
                    f"the branches of the sum{at(path)} have the shapes {shape_texts(outputs)}; "
                    "they must be equal, so change the widths or strides of one"
                )
            return outputs[0]
        case Cat():
            outputs = yield from _branches(node.branches, shape, path, times, side, known)
            return concatenated(outputs, path)
        case Repeat():
            return (yield from _walk_repeat(node, shape, path, times, side, known))
        case Shortcut():
            needed = projects(node, shape)
            if needed is False:
                return shape
            return (yield from walk(node.projection(), shape, path, times * needed, side, known))
        case Aux():
            yield from walk(node.side, shape, path, times, True, known)
            return (yield from walk(node.main, shape, path, times, side, known))
        case Gate():
            gate = yield from walk(node.branch, shape, path, times, side, known)
            if not (same(gate, shape) or same(gate, (shape[0], 1, 1))):
                raise UsageError(
                    f"the gate{at(path)} has the shape {shape_text(gate)}; its input is "
                    f"{shape_text(shape)}, so it must be that or {shape[0]}x1x1"
                )
            return shape
        case Split():
            return (yield from _walk_split(node, shape, path, times, side, known))
        case Grow():
            return (yield from _walk_grow(node, shape, path, times, side, known))
    visit = _leaf(node, shape, path, times, side, known)
    yield visit
    return visit.output


def _branches(
    branches: tuple[Node, ...], shape: Shape, path: str, times: Number, side: bool, known: Known
) -> Generator[Visit, None, list[Shape]]:
    outputs = []
    for branch in branches:
        outputs.append((yield from walk(branch, shape, path, times, side, known)))
    return outputs


def _walk_repeat(
    node: Repeat, shape: Shape, path: str, times: Number, side: bool, known: Known
) -> Walk:
    if is_array(node.n) and (none := node.n == 0).any():
        if none.all():
            return shape
        # Where the stage has no blocks it is the identity, and its costs count no times.
        some = replace(node, n=node.n + none, label=None)
        after = yield from _walk_repeat(some, shape, path, times * ~none, side, known)
        (c, h, w), (new_c, new_h, new_w) = shape, after
        return changed(c, new_c, none), changed(h, new_h, none), changed(w, new_w, none)
    output = yield from walk(node.first, shape, join(path, "0"), times, side, known)
    again = multiplied(node.n - 1, times)
    if any_of(again > 0):
        kept = yield from walk(node.rest, output, join(path, "1"), again, side, known)
        if not same(kept, output):
            raise UsageError(
                f"the block that repeats{at(path)} turns {shape_text(output)} into "
                f"{shape_text(kept)}; all blocks but a stage's first must keep their input's shape"
            )
    return output


def _walk_split(
    node: Split, shape: Shape, path: str, times: Number, side: bool, known: Known
) -> Walk:
    part = part_shape(node, shape, path)
    outputs: list[Shape] = []
    for branch in node.branches:
        if takes_before(node, len(outputs)) and not same(outputs[-1], part):
            raise UsageError(
                f"a branch of the split{at(path)} gives {shape_text(outputs[-1])} to one that "
                f"has {shape_text(part)}; in a chain all must keep their part's shape"
            )
        outputs.append((yield from walk(branch, part, path, times, side, known)))
    return concatenated(outputs, path)


def _walk_grow(
    node: Grow, shape: Shape, path: str, times: Number, side: bool, known: Known
) -> Walk:
    """Each time with a larger input; an array of times, or a great many, in closed form.

    What a visit costs is a + b * channels, and channels grow by the same each time. So all n of
    them cost n times what the middle one does; where n is even, half as often each of the two.
    """
    if not is_array(node.n) and node.n <= MOST_VISITED:
        for index in range(node.n):
            output = yield from walk(node.body, shape, join(path, str(index)), times, side, known)
            shape = concatenated([shape, output], path)
        return shape
    growth = output_shape(node.body, shape)[0]
    for label, before, often in (
        ("0", (node.n - 1) // 2, node.n - node.n // 2),
        ("1", node.n // 2, node.n // 2),
    ):
        middle = (shape[0] + before * growth, *shape[1:])
        output = yield from _grown(node, middle, join(path, label), times * often, side, known)
        concatenated([middle, output], path)
        if not same(output[:1], (growth,)):
            raise UsageError(
                f"what grows{at(path)} an array of times, or more than {MOST_VISITED:,}, must give "
                "as many channels each time; end its body with a convolution"
            )
    return (shape[0] + node.n * growth, *shape[1:])


def _grown(node: Grow, shape: Shape, path: str, times: Number, side: bool, known: Known) -> Walk:
    visits = walk(node.body, shape, path, times, side, known)
    while True:
        try:
            visit = next(visits)
        except StopIteration as stop:
            output: Shape = stop.value
            return output
        grouped = isinstance(visit.node, Conv) and not same((visit.node.groups,), (1,))
        if grouped and visit.input[0] is shape[0]:
            raise UsageError(
                f"the convolution{at(path)} has groups on channels that grow an array of times, "
                f"or more than {MOST_VISITED:,}; make the times a smaller, plain number"
            )
        yield visit


def _leaf(node: Node, shape: Shape, path: str, times: Number, side: bool, known: Known) -> Visit:
    (channels, height, width), output, inputs = shape, shape, 0
    match node:
        case Conv():
            inputs = per_group(node, channels, path, known)
            (kh, kw), (ph, pw) = pair(node.kernel), conv_padding(node)
            output = (
                node.out,
                window(height, kh, node.stride, ph, node, path),
                window(width, kw, node.stride, pw, node, path),
            )
        case Act() | Dropout() | Gain() | Norm(kind="batch" | "layer"):
            pass
        case Norm() | Shuffle():
            check_groups(node, channels, path)
        case Pool(kind="global"):
            output = channels, 1, 1
        case Pool(kind="adaptive"):
            output = channels, node.kernel, node.kernel
        case Pool():
            output = channels, pooled(height, node, path), pooled(width, node, path)
        case Linear():
            output = node.out, 1, 1
        case _:
            raise unknown(node, "shape")
    return Visit(path, node, shape, output, times, side, inputs)
