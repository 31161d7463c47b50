"""A residual network as the choices that make it: its family's plan, and what can be mixed.

Families give `Choices`, and the tree follows. Between two networks, some choices may be taken from
the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from archscope.arch.arrays import Number, larger
from archscope.arch.families.blocks import postactivation, preactivation, res2
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Kernel, Node, Repeat, Seq
from archscope.arch.rounded import DOWN, Rule, rounded
from archscope.arch.shape import output_shape
from archscope.arch.windows import Shape
from archscope.errors import UsageError

_TIMM = Rule("multiple of 8", "timm's squeeze-and-excitation in blocks of two convolutions")


class Block(NamedTuple):
    """The layers of a block, without their widths.

    Attributes:
        kernels: of its convolutions.
        preactivation: batch norm and ReLU before each convolution, not behind.
        lead: whether the first of them is in the first block too, not in the stem.
        narrower: how many times narrower than the others each path of the first convolution is.
        projection: the kernel of the shortcut's projection, where that has a stride.
        last_pooled: whether the last part of splits is pooled in a stage's first block; else it has
            a convolution there, as the others.
    """

    kernels: tuple[Kernel, ...]
    preactivation: bool = False
    lead: bool = True
    narrower: int = 1
    projection: int = 1
    last_pooled: bool = True


class Stride(NamedTuple):
    """The strides of the stages, and which convolution of a block (from 0) takes them."""

    stages: tuple[int, ...]
    convolution: int


@dataclass(frozen=True)
class Choices:
    """What makes a residual network; tuples have an entry a stage. Numbers may be arrays.

    Attributes:
        stem: the layers before the first stage.
        depth: blocks of the stages.
        block: the layers of a block.
        output: channels behind a block.
        width: channels within it: of all its convolutions but the last.
        cardinality: groups of the convolutions that are neither first nor last.
        stride: of the stages.
        head: the layers behind the last stage.
        shortcut: whether the blocks have one.
        dropout: probability, before every convolution of a pre-activation block but the first.
        squeeze: channels of a block over the inner ones of its squeeze-and-excitation; None: it has
            none.
        splits: parts of the channels that a block's inner convolutions work on, as in Res2Net.
        pooled: whether projections of shortcuts have their stride in a pool, as in ResNet-D.
        input: (channels, height, width), that of the network, where it is one of two.
    """

    stem: tuple[Node, ...]
    depth: tuple[Number, ...]
    block: Block
    output: tuple[Number, ...]
    width: tuple[Number, ...]
    cardinality: tuple[Number, ...]
    stride: Stride
    head: tuple[Node, ...]
    shortcut: bool = True
    dropout: float = 0.0
    squeeze: int | None = None
    splits: int = 1
    pooled: bool = False
    input: Shape = (3, 224, 224)

    @property
    def is_plain(self) -> bool:
        """Whether all convolutions of a stage are equally wide, as in basic blocks."""
        return self.output == self.width

    def tree(self) -> Seq:
        """The tree of these choices."""
        w_in = _convolutions(Seq(*self.stem))[-1].out
        stages: list[Node] = []
        for index, number in enumerate(self.depth):
            first = _block(self, index, w_in, self.stride.stages[index], first=True)
            w_in = self.output[index]
            rest = _block(self, index, w_in, 1, first=False)
            stages.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
        return Seq(*self.stem, *stages, *self.head)

    def network(self, name: str) -> Network:
        """The network of these choices.

        Raises:
            UsageError: where they do not go together, as a width that the cardinality does not
                divide.
        """
        tree = self.tree()
        output_shape(tree, self.input)
        return Network(name, tree, self.input)


def choices_of(network: Network) -> Choices | None:
    """The choices that made the network's tree; None where no such family made it."""
    if network.design is None:
        return None
    family, numbers = network.design
    made = family.made(numbers, network.classes)
    # A network with another tree in place of its own still has the design.
    if not isinstance(made, Choices) or made.tree() != network.tree:
        return None
    return replace(made, input=network.input)


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


def _convolutions(node: Node) -> list[Conv]:
    """The convolutions of a stem, in order."""
    if isinstance(node, Conv):
        return [node]
    return [conv for part in node.parts() for conv in _convolutions(part)]


def _inner(out: Number, over: int, layers: int) -> Number:
    """The inner channels of a block's squeeze-and-excitation.

    Down to a whole number in the paper's bottlenecks; in blocks of two convolutions, which are
    timm's, a multiple of 8.
    """
    if layers != 2:
        return rounded(out // over, out, DOWN, over=over)
    return rounded(larger(8, (2 * out + 8 * over) // (16 * over) * 8), out, _TIMM, over=over)


def _block(choices: Choices, index: int, w_in: Number, stride: int, *, first: bool) -> Node:
    """A block of stage `index`, which its `first` one is or not."""
    kernels = choices.block.kernels
    last = len(kernels) - 1
    width, cardinality = choices.width[index], choices.cardinality[index]
    begin = width
    if choices.block.narrower > 1:
        begin = cardinality * larger(1, width // cardinality // choices.block.narrower)
    convolutions: Sequence[Conv] = [
        Conv(
            choices.output[index] if place == last else begin if place == 0 else width,
            kernel,
            stride if place == min(choices.stride.convolution, last) else 1,
            cardinality if 0 < place < last else 1,
        )
        for place, kernel in enumerate(kernels)
    ]
    if not choices.block.preactivation:
        out, squeeze = choices.output[index], choices.squeeze
        squeezed = None if squeeze is None else _inner(out, squeeze, len(kernels))
        split = None
        if choices.splits > 1:
            split = partial(
                res2, splits=choices.splits, first=first, pooled=choices.block.last_pooled
            )
        if split and last < 2:
            raise UsageError("splits stand between a block's first and last convolution; use three")
        return postactivation(
            convolutions,
            residual=choices.shortcut,
            squeezed=squeezed,
            pooled=choices.pooled,
            split=split,
            kernel=choices.block.projection,
        )
    for there, what in (
        (choices.squeeze is not None, "squeeze-and-excitation stands"),
        (choices.splits > 1, "splits stand"),
        (choices.pooled, "pooled shortcuts stand"),
    ):
        if there:
            raise UsageError(f"{what} in post-activation blocks; drop one of the two")
    lead = choices.block.lead or index > 0 or not first
    return preactivation(
        w_in, convolutions, residual=choices.shortcut, dropout=choices.dropout, lead=lead
    )
