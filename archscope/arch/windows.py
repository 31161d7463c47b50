"""What fits where: windows on a map, groups of channels, equal shapes; arrays in every design."""

from __future__ import annotations

from typing import Any

from archscope.arch.arrays import Number, is_array
from archscope.arch.nodes import Conv, Kernel, Node, Norm, Pool, Seq, Shuffle, Split
from archscope.errors import UsageError

Shape = tuple[Any, Any, Any]
Known = dict[
    tuple[int, ...], tuple[Any, Number]
]  # by numbers' ids: they, and what was made of them


def pair(value: Kernel) -> tuple[int, int]:
    """A kernel or padding as (height, width)."""
    return value if isinstance(value, tuple) else (value, value)


def conv_padding(node: Conv) -> tuple[int, int]:
    """The padding of a convolution as (height, width): k // 2 where none is given."""
    if node.padding is not None:
        return pair(node.padding)
    height, width = pair(node.kernel)
    return height // 2, width // 2


def at(path: str) -> str:
    """The place of a node in a sentence; nothing, where no label names it."""
    return f" at '{path}'" if path else ""


def check_groups(node: Shuffle | Norm, channels: Number, path: str) -> None:
    """Raise where the channels cannot be dealt into the node's groups."""
    if any_of(channels % node.groups != 0):
        raise UsageError(
            f"the {type(node).__name__.lower()}{at(path)} has {node.groups} groups for "
            f"{channels} channels; the channels must be a multiple of the groups"
        )


def window(size: Number, kernel: int, stride: Number, padding: int, node: Node, path: str) -> Any:
    """How many windows fit along one side; raises where none does."""
    span = size + 2 * padding - kernel
    if any_of(span < 0):
        raise UsageError(
            f"the {type(node).__name__.lower()}{at(path)} has a window of {kernel}, but its "
            f"padded input is only {size + 2 * padding} wide; use a larger input"
        )
    return span // stride + 1


def pooled(size: Number, node: Pool, path: str) -> Any:
    """The windows of a pool along one side; with `ceil` one more that begins inside the input."""
    number = window(size, node.kernel, node.stride, node.padding, node, path)
    if not node.ceil:
        return number
    begin = number * node.stride  # of the next one, in the padded input
    within = (begin < size + node.padding) & (
        (size + 2 * node.padding - node.kernel) % node.stride != 0
    )
    return number + within


def per_group(node: Conv, channels: Number, path: str, known: Known) -> Number:
    """The input channels of each of the convolution's groups; raises where they do not divide.

    A division of arrays costs as much as ten other operations: `known` has those that were made.
    """
    groups = node.groups
    if not is_array(groups):
        return channels if groups == 1 else _divided(node, channels, path)
    if groups is node.out is channels:  # depthwise, in every design
        return 1
    key = id(channels), id(groups), id(node.out)
    if key not in known:
        known[key] = (channels, groups, node.out), _divided(node, channels, path)
    return known[key][1]


def _divided(node: Conv, channels: Number, path: str) -> Number:
    groups = node.groups
    quotient = channels // groups
    # Where a block keeps its width, both numbers are one array: one check does for both.
    if any_of(quotient * groups != channels) or (
        node.out is not channels and any_of(node.out % groups != 0)
    ):
        raise UsageError(
            f"the convolution{at(path)} cannot split {channels} input and {node.out} "
            f"output channels into {groups} groups; use a divisor of both"
        )
    return quotient


def part_shape(node: Split, shape: Shape, path: str) -> Shape:
    """The shape of each part that a split cuts its input into.

    Raises:
        UsageError: where the channels cannot be cut into so many equal parts.
    """
    number = len(node.branches)
    if any_of(shape[0] % number != 0):
        raise UsageError(
            f"the split{at(path)} cuts {shape[0]} channels into {number} parts; the channels "
            f"must be a multiple of {number}"
        )
    return (shape[0] // number, *shape[1:])


def takes_before(node: Split, index: int) -> bool:
    """Whether a branch of a split is given the output of the one before it as well."""
    return node.chain and index > 0 and node.branches[index] != Seq()


def concatenated(outputs: list[Shape], path: str) -> Shape:
    """The shape of maps behind one another along the channels; raises where their sides differ."""
    if not all(same(outputs[0][1:], other[1:]) for other in outputs[1:]):
        raise UsageError(
            f"the branches concatenated{at(path)} have the shapes {shape_texts(outputs)}; "
            "height and width must be equal, so change the strides or paddings"
        )
    return (sum(output[0] for output in outputs), *outputs[0][1:])


def any_of(condition: Any) -> bool:
    """Whether a condition holds, of an array for any design."""
    if condition is True or condition is False:
        return condition
    return bool(condition.any()) if is_array(condition) else bool(condition)


def same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether all numbers are equal, arrays in every design."""
    return not any(a is not b and any_of(a != b) for a, b in zip(one, other, strict=True))


def same_where(times: Number, one: Shape, other: Shape) -> bool:
    """Whether shapes are equal in all designs in which their node stands at all."""
    if not is_array(times):
        return same(one, other)
    return not any(
        a is not b and any_of((a != b) & (times > 0)) for a, b in zip(one, other, strict=True)
    )


def changed(before: Number, new: Number, none: Any) -> Number:
    """A side of a shape behind what stands in all designs but those of `none`."""
    kept = none & (new != before)
    return new - kept * (new - before) if kept.any() else new


def shape_text(shape: Shape) -> str:
    """A shape as `3x224x224`."""
    return "x".join(str(entry) for entry in shape)


def shape_texts(shapes: list[Shape]) -> str:
    """Shapes in a sentence."""
    return " and ".join(shape_text(shape) for shape in shapes)
