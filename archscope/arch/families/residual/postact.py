"""ResNet and ResNeXt: post-activation networks, for ImageNet and CIFAR.

ResNeXt: Xie et al., arXiv 1611.05431 (Table 1, appendix A). ResNet: He et al., arXiv 1512.03385; it
is a ResNeXt with cardinality 1. ResNet-18 and -34 widened: Zagoruyko and Komodakis, arXiv
1605.07146, Table 7. Cardinality, width, widen and the blocks of an ImageNet stage may be arrays of
designs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from archscope.arch.arrays import Number, is_array, positive, product
from archscope.arch.families.blocks import (
    BASIC_BLOCKS,
    CIFAR_INPUT,
    IMAGENET_BLOCKS,
    IMAGENET_INPUT,
    RESNET_BLOCKS,
    blocks_text,
    cifar_stem,
    depth_name,
    four_stages,
    head,
    imagenet_stem,
    postactivation,
    text,
    three_stages,
    widened,
)
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Node, Repeat, Seq
from archscope.arch.scaling import scaled, suffixes


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
    four_stages(blocks)
    cardinality, width = positive(cardinality=cardinality, width=width)
    stages = _bottleneck_stages(blocks, cardinality, width, scale, residual)
    template = f"{text(cardinality)}x{text(width)}d"
    return Network(
        f"resnext{depth_name(blocks, IMAGENET_BLOCKS)}_{template}{suffixes(scale, residual)}",
        Seq(*imagenet_stem(scale), *stages, *head(classes)),
        IMAGENET_INPUT,
        template=template,
    )


def wide_resnet(
    blocks: Sequence[Number] = (3, 4, 6, 3),
    widen: Number = 2,
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The ImageNet bottleneck Wide ResNet (Table 8): ResNet-50 with 3x3 convolutions of 64k.

    It is the ResNeXt of template 1x(64k)d; its outputs are not widened.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    (widen,) = positive(widen=widen)
    width = product(widen, 64)
    network = resnext(blocks, 1, width, classes=classes, scale=scale, residual=residual)
    depth = depth_name(blocks, IMAGENET_BLOCKS)
    return replace(network, name=f"wide_resnet{depth}_{text(widen)}{suffixes(scale, residual)}")


def resnet_basic(
    blocks: Sequence[Number] = (2, 2, 2, 2),
    *,
    widen: Number = 1,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The ImageNet ResNet of basic blocks (ResNet-18 and -34): two 3x3 a block.

    `widen` multiplies the widths of the blocks, and may be a fraction (1.5); the stem stays 64
    (Wide ResNet, Table 7).

    Raises:
        UsageError: where a number is not positive, or a width not whole.
    """
    four_stages(blocks)
    widths = [widened(planes, widen, scale) for planes in (64, 128, 256, 512)]
    depth = depth_name(blocks, BASIC_BLOCKS)
    name = f"resnet{depth}"
    if is_array(widen) or widen != 1:
        name = f"imagenet_wrn_{depth.removeprefix('_')}_{text(widen)}"
    return Network(
        f"{name}{suffixes(scale, residual)}",
        Seq(*imagenet_stem(scale), *_basic_stages(blocks, widths, residual), *head(classes)),
        IMAGENET_INPUT,
    )


def cifar_resnext(
    depth: int | Sequence[Number] = 29,
    cardinality: Number = 8,
    width: Number = 64,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The CIFAR ResNeXt (appendix A): a 3x3 stem of 64 and three stages of bottleneck blocks.

    Depth 9n+2 gives n blocks a stage (or give the blocks of each, as (2, 3, 4)); outputs 256, 512,
    1024; type B shortcuts.

    Raises:
        UsageError: where the depth is not 9n+2, or a scaled width not whole.
    """
    blocks, whole = three_stages(depth, 9, 2)
    cardinality, width = positive(cardinality=cardinality, width=width)
    stem = cifar_stem(scaled(64, scale, "stem 64"))
    stages = _bottleneck_stages(blocks, cardinality, width, scale, residual)
    template = f"{text(cardinality)}x{text(width)}d"
    prefix = "cifar_" if whole in IMAGENET_BLOCKS else ""
    return Network(
        f"{prefix}resnext{whole or blocks_text(blocks)}_{template}{suffixes(scale, residual)}",
        Seq(*stem, *stages, *head(classes)),
        CIFAR_INPUT,
        template=template,
    )


def cifar_resnet(
    depth: int | Sequence[Number] = 20,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The thin CIFAR ResNet (He et al., section 4.2): basic blocks of 16, 32, 64 channels.

    Depth 6n+2 gives n blocks a stage (or give the blocks of each, as (2, 3, 4)). Shortcuts are of
    type B here (1x1 convolution and batch norm where channels change); He et al. padded with zeros
    (type A), 2,752 parameters fewer.
    """
    blocks, whole = three_stages(depth, 6, 2)
    widths = [scaled(planes, scale, f"width {planes}") for planes in (16, 32, 64)]
    stages = _basic_stages(blocks, widths, residual)
    stem = cifar_stem(scaled(16, scale, "stem 16"))
    prefix = "cifar_" if whole in RESNET_BLOCKS else ""
    return Network(
        f"{prefix}resnet{whole or blocks_text(blocks)}{suffixes(scale, residual)}",
        Seq(*stem, *stages, *head(classes)),
        CIFAR_INPUT,
    )


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
    grouped = Conv(group_width, 3, stride, cardinality)
    return postactivation([Conv(group_width), grouped, Conv(out)], residual=residual)


def _basic_stages(blocks: Sequence[Number], widths: Sequence[Number], residual: bool) -> list[Node]:
    stages: list[Node] = []
    for index, (number, out) in enumerate(zip(blocks, widths, strict=True)):
        first = _basic(out, 1 if index == 0 else 2, residual)
        rest = _basic(out, 1, residual)
        stages.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
    return stages


def _basic(out: Number, stride: int, residual: bool) -> Node:
    return postactivation([Conv(out, 3, stride), Conv(out, 3)], residual=residual)
