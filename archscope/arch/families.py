"""The families: plain functions from the few numbers of the papers to a network.

ResNeXt: Xie et al., arXiv 1611.05431 (Table 1, appendix A). Wide ResNet: Zagoruyko and Komodakis,
arXiv 1605.07146 (Table 1). ResNet: He et al., arXiv 1512.03385. A ResNet is a ResNeXt with
cardinality 1. Cardinality, width, widen and the blocks of an ImageNet stage may be arrays of
designs.

`scale` multiplies stem, widths and outputs, but not the cardinality (for proxies); `residual=False`
takes the shortcuts away (the ResNeXt paper's ablation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from archscope.arch.arrays import Number, is_array, positive, product
from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Conv,
    Linear,
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Sum,
)
from archscope.arch.scaling import scaled, suffixes
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


def resnext(
    blocks: Sequence[Number] = (3, 4, 6, 3),
    cardinality: Number = 32,
    width: Number = 4,
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The ImageNet ResNeXt (Table 1): `blocks` bottleneck blocks a stage of template CxWd.

    Stage i has group width C*W*2^i and 256*2^i output channels; the stride is in the 3x3.
    With cardinality 1 and width 64 it is ResNet-50/101/152, with width 128 wide_resnet50_2.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    cardinality, width = positive(cardinality=cardinality, width=width)
    stages = _bottleneck_stages(blocks, cardinality, width, scale, residual)
    template = _template(cardinality, width)
    return Network(
        f"resnext{_depth_name(blocks, IMAGENET_BLOCKS)}_{template}{suffixes(scale, residual)}",
        Seq(*_imagenet_stem(scale), *stages, *_head(classes)),
        IMAGENET_INPUT,
        template=template,
    )


def resnet_basic(
    blocks: Sequence[Number] = (2, 2, 2, 2),
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The ImageNet ResNet of basic blocks (ResNet-18 and -34): two 3x3 a block."""
    if len(blocks) != 4:
        raise UsageError(f"{len(blocks)} stages were asked for, but a ResNet has 4; give 4 numbers")
    stages = []
    for index, (number, planes) in enumerate(zip(blocks, (64, 128, 256, 512), strict=True)):
        out = scaled(planes, scale, f"width {planes}")
        stride = 1 if index == 0 else 2
        first, rest = _basic(out, stride, residual), _basic(out, 1, residual)
        stages.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
    return Network(
        f"resnet{_depth_name(blocks, BASIC_BLOCKS)}{suffixes(scale, residual)}",
        Seq(*_imagenet_stem(scale), *stages, *_head(classes)),
        IMAGENET_INPUT,
    )


def cifar_resnext(
    depth: int = 29,
    cardinality: Number = 8,
    width: Number = 64,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The CIFAR ResNeXt (appendix A): a 3x3 stem of 64 and three stages of bottleneck blocks.

    Depth 9n+2 gives n blocks a stage; outputs 256, 512, 1024; type B shortcuts.

    Raises:
        UsageError: where the depth is not 9n+2, or a scaled width not whole.
    """
    number = blocks_per_stage(depth, 9, 2)
    cardinality, width = positive(cardinality=cardinality, width=width)
    stem = _cifar_stem(scaled(64, scale, "stem 64"))
    stages = _bottleneck_stages((number,) * 3, cardinality, width, scale, residual)
    template = _template(cardinality, width)
    prefix = "cifar_" if depth in IMAGENET_BLOCKS else ""
    return Network(
        f"{prefix}resnext{depth}_{template}{suffixes(scale, residual)}",
        Seq(*stem, *stages, *_head(classes)),
        CIFAR_INPUT,
        template=template,
    )


def cifar_resnet(
    depth: int = 20,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The thin CIFAR ResNet (He et al., section 4.2): basic blocks of 16, 32, 64 channels.

    Depth 6n+2 gives n blocks a stage. Shortcuts are of type B here (1x1 convolution and batch norm
    where channels change); He et al. padded with zeros (type A), 2,752 parameters fewer.
    """
    number = blocks_per_stage(depth, 6, 2)
    stages: list[Node] = []
    for index, planes in enumerate((16, 32, 64)):
        out = scaled(planes, scale, f"width {planes}")
        first = _basic(out, 1 if index == 0 else 2, residual)
        rest = _basic(out, 1, residual)
        stages.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
    stem = _cifar_stem(scaled(16, scale, "stem 16"))
    prefix = "cifar_" if depth in RESNET_BLOCKS else ""
    return Network(
        f"{prefix}resnet{depth}{suffixes(scale, residual)}",
        Seq(*stem, *stages, *_head(classes)),
        CIFAR_INPUT,
    )


def wrn(
    depth: int = 28,
    widen: Number = 10,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The CIFAR Wide ResNet WRN-n-k (Table 1): pre-activation B(3,3) blocks, widths 16k, 32k, 64k.

    Depth 6n+4 gives n blocks a group (the stem and the projections are counted in); with k = 1 the
    first group has no projection. Initialised by fan in.
    """
    number = blocks_per_stage(depth, 6, 4)
    (widen,) = positive(widen=widen)
    w_in = scaled(16, scale, "stem 16")
    groups: list[Node] = []
    stem = Conv(w_in, 3, label="conv1")
    for index, planes in enumerate((16, 32, 64)):
        out = scaled(product(widen, planes), scale, f"width {planes}k")
        stride = 1 if index == 0 else 2
        first = _preactivation(w_in, out, stride, residual)
        rest = _preactivation(out, out, 1, residual)
        groups.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
        w_in = out
    head = Norm(label="bn1"), Act(), *_head(classes)
    return Network(
        f"wrn_{depth}_{_text(widen)}{suffixes(scale, residual)}",
        Seq(stem, *groups, *head),
        CIFAR_INPUT,
        init="fan_in",
    )


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


def _imagenet_stem(scale: Fraction | float) -> tuple[Node, ...]:
    conv = Conv(scaled(64, scale, "stem 64"), 7, 2, label="conv1")
    return conv, Norm(label="bn1"), Act(), Pool("max", 3, 2, 1)


def _cifar_stem(out: Number) -> tuple[Node, ...]:
    return Conv(out, 3, label="conv1"), Norm(label="bn1"), Act()


def _head(classes: int) -> tuple[Node, ...]:
    return Pool("global"), Linear(classes, label="fc")


def _bottleneck_stages(
    blocks: Sequence[Number],
    cardinality: Number,
    width: Number,
    scale: Fraction | float,
    residual: bool,
) -> list[Node]:
    path = scaled(width, scale, f"width {width} of a path")
    output = scaled(256, scale, "output 256")
    stages: list[Node] = []
    for index, number in enumerate(blocks):
        factor = 2**index
        group_width = product(product(path, factor), cardinality)
        template = cardinality, group_width, output * factor
        first = _bottleneck(*template, 1 if index == 0 else 2, residual)
        rest = _bottleneck(*template, 1, residual)
        stages.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
    return stages


def _bottleneck(
    cardinality: Number, group_width: Number, out: Number, stride: int, residual: bool
) -> Node:
    """The block of Fig. 3 (c): 1x1, grouped 3x3 (which takes the stride), 1x1."""
    body = (
        *(Conv(group_width, 1, label="conv1"), Norm(label="bn1"), Act()),
        *(Conv(group_width, 3, stride, cardinality, label="conv2"), Norm(label="bn2"), Act()),
        *(Conv(out, 1, label="conv3"), Norm(label="bn3")),
    )
    return _postactivation(body, out, stride, residual)


def _basic(out: Number, stride: int, residual: bool) -> Node:
    body = (
        *(Conv(out, 3, stride, label="conv1"), Norm(label="bn1"), Act()),
        *(Conv(out, 3, label="conv2"), Norm(label="bn2")),
    )
    return _postactivation(body, out, stride, residual)


def _postactivation(body: tuple[Node, ...], out: Number, stride: int, residual: bool) -> Node:
    if not residual:
        return Seq(*body, Act())
    return Seq(Sum(Seq(*body), Shortcut(out, stride, label="downsample")), Act())


def _preactivation(w_in: Number, out: Number, stride: int, residual: bool) -> Node:
    """A WRN block: BN-ReLU before each convolution, shared by both branches where it projects."""
    start = Norm(label="bn1"), Act()
    body = (
        Conv(out, 3, stride, label="conv1"),
        *(Norm(label="bn2"), Act(), Conv(out, 3, label="conv2")),
    )
    if not residual:
        return Seq(*start, *body)
    changes = is_array(w_in) or is_array(out) or stride != 1 or w_in != out
    if not changes:
        return Sum(Seq(*start, *body), Seq())
    # Arrays of designs stand in this form too: it counts the same where nothing changes.
    return Seq(*start, Sum(Seq(*body), Shortcut(out, stride, norm=False, label="downsample")))


def _depth_name(blocks: Sequence[Number], known: Mapping[int, tuple[int, ...]]) -> str:
    if not any(is_array(number) for number in blocks):
        for depth, row in known.items():
            if row == tuple(blocks):
                return str(depth)
    return "_" + "_".join(map(_text, blocks))


def _template(cardinality: Number, width: Number) -> str:
    return f"{_text(cardinality)}x{_text(width)}d"


def _text(number: Number) -> str:
    return "*" if is_array(number) else str(number)
