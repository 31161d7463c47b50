"""What the families share: stems, heads, blocks per stage, post- and pre-activation blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod

from archscope.arch.arrays import Number, is_array, positive, product
from archscope.arch.nodes import (
    Act,
    Conv,
    Dropout,
    Linear,
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Sum,
)
from archscope.arch.scaling import decimal, exact, scaled
from archscope.errors import UsageError

IMAGENET_BLOCKS = {
    26: (2, 2, 2, 2),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
BASIC_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
# ResNet-26 is no ImageNet network of the papers: its plain name means the CIFAR one (6n+2).
RESNET_BLOCKS = {
    **BASIC_BLOCKS,
    **{depth: row for depth, row in IMAGENET_BLOCKS.items() if depth != 26},
}
IMAGENET_INPUT = (3, 224, 224)
CIFAR_INPUT = (3, 32, 32)


def blocks_per_stage(depth: int, period: int, offset: int) -> int:
    """The n of a depth `period`*n + `offset`.

    Raises:
        UsageError: where there is none; the message names the nearest depths that have one.
    """
    if is_array(depth):
        raise UsageError(
            "an array of depths was asked for, but these families take one depth at a time; "
            "let the widths or the cardinality vary"
        )
    n, rest = divmod(depth - offset, period)
    if rest == 0 and n >= 1:
        return n
    near = sorted({max(1, n) * period + offset, (max(0, n) + 1) * period + offset})
    raise UsageError(
        f"depth {depth} was asked for, but it must be {period}n+{offset} with n >= 1; "
        f"use {' or '.join(map(str, near))}"
    )


def three_stages(
    depth: int | Sequence[Number], period: int, offset: int
) -> tuple[tuple[Number, ...], int | None]:
    """The blocks of a CIFAR network's stages, and the depth that they make.

    Args:
        depth: `period`*n + `offset` for n blocks in each stage, or the blocks of each of the three.
        period, offset: of the family.

    Returns:
        the blocks, and the depth where it says them all: None where the stages differ.

    Raises:
        UsageError: where the depth has no n, or there are not three numbers of at least 1.
    """
    if not isinstance(depth, Sequence):
        return (blocks_per_stage(depth, period, offset),) * 3, depth
    if len(depth) != 3:
        raise UsageError(
            f"{len(depth)} stages were asked for, but a CIFAR network has 3; give 3 numbers"
        )
    blocks = positive(**{f"blocks{stage}": number for stage, number in enumerate(depth, 1)})
    if any(is_array(number) or number != blocks[0] for number in blocks):
        return blocks, None
    return blocks, period * blocks[0] + offset


def depth_name(blocks: Sequence[Number], known: Mapping[int, tuple[int, ...]]) -> str:
    """The depth of these blocks a stage; where it has none, the blocks themselves."""
    if not any(is_array(number) for number in blocks):
        for depth, row in known.items():
            if row == tuple(blocks):
                return str(depth)
    return blocks_text(blocks)


def blocks_text(blocks: Sequence[Number]) -> str:
    """The blocks of the stages as a name has them: `_3_4_7_3`."""
    return "_" + "_".join(map(text, blocks))


def text(number: Number | Fraction | float) -> str:
    """A number in a name: `*` for an array, a short decimal for a fraction."""
    if is_array(number):
        return "*"
    return str(number) if isinstance(number, int) else decimal(exact(number))


def four_stages(blocks: Sequence[Number]) -> None:
    """Check that there are as many numbers as an ImageNet network has stages.

    Raises:
        UsageError: where there are not.
    """
    if len(blocks) != 4:
        raise UsageError(f"{len(blocks)} stages were asked for, but a ResNet has 4; give 4 numbers")


def widened(planes: int, widen: Number | Fraction | float, scale: Fraction | float) -> Number:
    """`planes` times WRN's k, which may be a fraction (1.5), times `scale`.

    Raises:
        UsageError: where k is below 1, or a product not whole.
    """
    if is_array(widen) or isinstance(widen, int):
        (k,) = positive(widen=widen)
        return scaled(product(k, planes), scale, f"width {planes}k")
    factor = exact(widen, "widen")
    if factor < 1:
        raise UsageError(f"widen {decimal(factor)} was asked for, but it must be at least 1")
    if (planes * factor).denominator != 1:
        raise UsageError(
            f"widen {decimal(factor)} was asked for, but it makes {decimal(planes * factor)} "
            f"channels of {planes}; use a multiple of 1/{planes}"
        )
    return scaled(int(planes * factor), scale, f"width {planes}k")


def imagenet_stem(scale: Fraction | float) -> tuple[Node, ...]:
    """A 7x7 convolution of stride 2 to 64 channels, and the 3x3 max pool that halves again."""
    conv = Conv(scaled(64, scale, "stem 64"), 7, 2, label="conv1")
    return conv, Norm(label="bn1"), Act(), Pool("max", 3, 2, 1)


def cifar_stem(out: Number) -> tuple[Node, ...]:
    """A 3x3 convolution that keeps the size."""
    return Conv(out, 3, label="conv1"), Norm(label="bn1"), Act()


def head(classes: int) -> tuple[Node, ...]:
    """Global average pooling and the classifier."""
    return Pool("global"), Linear(classes, label="fc")


def postactivation(convolutions: Sequence[Conv], *, residual: bool = True) -> Node:
    """A post-activation block: batch norm behind each convolution, ReLU behind that or the sum.

    Args:
        convolutions: without labels; they become conv1, conv2, ...
        residual: False takes the shortcut away.
    """
    body: list[Node] = []
    for index, conv in enumerate(convolutions, start=1):
        body += [Act()] if body else []
        body += [replace(conv, label=f"conv{index}"), Norm(label=f"bn{index}")]
    if not residual:
        return Seq(*body, Act())
    out, stride = convolutions[-1].out, prod(conv.stride for conv in convolutions)
    return Seq(Sum(Seq(*body), Shortcut(out, stride, label="downsample")), Act())


def preactivation_stages(
    blocks: Sequence[Number],
    widths: Sequence[Number],
    w_in: Number,
    layers: Callable[[Number, int], Sequence[Conv]],
    *,
    residual: bool = True,
    dropout: float = 0.0,
    lead: bool = True,
) -> list[Node]:
    """Stages of pre-activation blocks: `blocks` of each of the `widths`.

    Args:
        w_in: channels of the stem.
        layers: (width, stride) -> the convolutions of a block.
        residual, dropout: as in `preactivation`.
        lead: False leaves out the first BN-ReLU of all, where the stem has it.
    """
    stages: list[Node] = []
    for index, (number, width) in enumerate(zip(blocks, widths, strict=True)):
        opening, repeated = layers(width, 1 if index == 0 else 2), layers(width, 1)
        w_out = repeated[-1].out
        first = preactivation(
            w_in, opening, residual=residual, dropout=dropout, lead=lead or index > 0
        )
        rest = preactivation(w_out, repeated, residual=residual, dropout=dropout)
        stages.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
        w_in = w_out
    return stages


def preactivation(
    w_in: Number,
    convolutions: Sequence[Conv],
    *,
    residual: bool = True,
    dropout: float = 0.0,
    lead: bool = True,
) -> Node:
    """A pre-activation block: BN-ReLU before each convolution (He et al., arXiv 1603.05027).

    Where the shape changes, the first BN-ReLU is shared by both branches and the 1x1 projection
    has no batch norm.

    Args:
        w_in: channels that go in.
        convolutions: without labels; they become conv1, conv2, ...
        residual: False takes the shortcut away.
        dropout: probability, before every convolution but the first.
        lead: False leaves the first BN-ReLU out, where the stem has just made it.
    """
    start = (Norm(label="bn1"), Act()) if lead else ()
    body: list[Node] = [replace(convolutions[0], label="conv1")]
    for index, conv in enumerate(convolutions[1:], start=2):
        body += [Norm(label=f"bn{index}"), Act()]
        body += [Dropout(dropout)] if dropout else []
        body.append(replace(conv, label=f"conv{index}"))
    if not residual:
        return Seq(*start, *body)
    out, stride = convolutions[-1].out, prod(conv.stride for conv in convolutions)
    changes = is_array(w_in) or is_array(out) or stride != 1 or w_in != out
    if not changes:
        return Sum(Seq(*start, *body), Seq())
    # Arrays of designs stand in this form too: it counts the same where nothing changes.
    return Seq(*start, Sum(Seq(*body), Shortcut(out, stride, norm=False, label="downsample")))
