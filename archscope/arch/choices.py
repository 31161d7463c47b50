"""A residual network as the choices that make it, so that two networks can be mixed.

`read` takes a network of the ResNet families apart, `write` puts one together again, and between
the two some choices may be taken from another network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from math import prod
from typing import NamedTuple

from archscope.arch.families.blocks import postactivation, preactivation
from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Dropout,
    Kernel,
    Linear,
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Sum,
)
from archscope.arch.readings import unknown
from archscope.arch.shape import Shape, output_shape


class Block(NamedTuple):
    """The layers of a block, without their widths.

    Attributes:
        kernels: of its convolutions.
        preactivation: batch norm and ReLU before each convolution, not behind.
        lead: whether the first of them stands in the first block too, not in the stem.
    """

    kernels: tuple[Kernel, ...]
    preactivation: bool
    lead: bool


class Stride(NamedTuple):
    """The strides of the stages, and which convolution of a block (from 0) takes them."""

    stages: tuple[int, ...]
    convolution: int


@dataclass(frozen=True)
class Choices:
    """What makes a residual network; tuples have an entry a stage.

    Attributes:
        input: (channels, height, width).
        stem: the layers before the first stage.
        depth: blocks of the stages.
        block: the layers of a block.
        output: channels behind a block.
        width: channels within it: of all its convolutions but the last.
        cardinality: groups of the convolutions that are neither first nor last.
        stride: of the stages.
        shortcut: whether the blocks have one.
        head: the layers behind the last stage.
    """

    input: Shape
    stem: tuple[Node, ...]
    depth: tuple[int, ...]
    block: Block
    output: tuple[int, ...]
    width: tuple[int, ...]
    cardinality: tuple[int, ...]
    stride: Stride
    shortcut: bool
    head: tuple[Node, ...]

    @property
    def is_plain(self) -> bool:
        """Whether all convolutions of a stage are equally wide, as in basic blocks."""
        return self.output == self.width


def read(network: Network) -> Choices | None:
    """The choices of a network of stages of blocks; None where it is no such network.

    Dropout and names of layers are left out: they cost nothing. A network whose blocks are built
    otherwise may be misread; whoever goes on with the choices checks that `write` of them costs the
    same.
    """
    children = network.tree.children
    stem = tuple(takewhile(lambda child: not isinstance(child, Repeat), children))
    stages = [child for child in children if isinstance(child, Repeat)]
    head = children[len(stem) + len(stages) :]
    first = [_main_path(stage.first) for stage in stages]
    rest = [_main_path(stage.rest) for stage in stages]
    convolutions = [[node for node in path if isinstance(node, Conv)] for path in rest]
    if not stages or not all(convolutions):
        return None
    norm_first = isinstance(rest[0][0], Norm)
    return Choices(
        network.input,
        stem,
        tuple(stage.n for stage in stages),
        Block(
            tuple(conv.kernel for conv in convolutions[0]),
            norm_first,
            isinstance(first[0][0], Norm) or not norm_first,
        ),
        tuple(convs[-1].out for convs in convolutions),
        tuple(convs[0].out for convs in convolutions),
        tuple(max(conv.groups for conv in convs) for convs in convolutions),
        _stride(first),
        any(_is_sum(stage.rest) for stage in stages),
        head,
    )


def write(choices: Choices, name: str) -> Network:
    """The network of these choices.

    Raises:
        UsageError: where they do not go together, as a width that the cardinality does not divide.
    """
    w_in = output_shape(Seq(*choices.stem), choices.input)[0]
    stages: list[Node] = []
    for index, number in enumerate(choices.depth):
        first = _block(choices, index, w_in, choices.stride.stages[index], first=True)
        w_in = choices.output[index]
        rest = _block(choices, index, w_in, 1, first=False)
        stages.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
    tree = Seq(*choices.stem, *stages, *choices.head)
    output_shape(tree, choices.input)
    return Network(name, tree, choices.input)


def aligned(one: Choices, other: Choices) -> tuple[Choices, Choices]:
    """The same choices, with widths and the like for as many stages as either network has.

    So that a network can take the other's depth: a stage that it has not is as the other's. The
    depth alone says how many there are.
    """
    return _extended(one, other), _extended(other, one)


def _extended(choices: Choices, other: Choices) -> Choices:
    number = len(choices.depth)
    strides = choices.stride.stages + other.stride.stages[number:]
    return replace(
        choices,
        output=choices.output + other.output[number:],
        width=choices.width + other.width[number:],
        cardinality=choices.cardinality + other.cardinality[number:],
        stride=choices.stride._replace(stages=strides),
    )


def _block(choices: Choices, index: int, w_in: int, stride: int, *, first: bool) -> Node:
    """A block of stage `index`, which its `first` one is or not."""
    kernels = choices.block.kernels
    last = len(kernels) - 1
    convolutions = [
        Conv(
            choices.output[index] if place == last else choices.width[index],
            kernel,
            stride if place == min(choices.stride.convolution, last) else 1,
            choices.cardinality[index] if 0 < place < last else 1,
        )
        for place, kernel in enumerate(kernels)
    ]
    if not choices.block.preactivation:
        return postactivation(convolutions, residual=choices.shortcut)
    lead = choices.block.lead or index > 0 or not first
    return preactivation(w_in, convolutions, residual=choices.shortcut, lead=lead)


def _stride(first: Sequence[Sequence[Node]]) -> Stride:
    """The strides of the stages' first blocks."""
    strides = [[conv.stride for conv in path if isinstance(conv, Conv)] for path in first]
    places = [place for row in strides for place, stride in enumerate(row) if stride != 1]
    return Stride(tuple(map(prod, strides)), places[0] if places else 0)


def _main_path(node: Node) -> list[Node]:
    """The leaves of a block without its shortcut."""
    match node:
        case Shortcut():
            return []
        case Seq() | Sum() | Cat() | Repeat() | Aux():
            return [leaf for part in node.parts() for leaf in _main_path(part)]
        case Conv() | Norm() | Act() | Pool() | Linear() | Dropout():
            return [node]
    raise unknown(node, "choices")


def _is_sum(node: Node) -> bool:
    return isinstance(node, Sum) or any(map(_is_sum, node.parts()))
