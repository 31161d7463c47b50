"""ResNeXt, for ImageNet and CIFAR: Xie et al., arXiv 1611.05431 (Table 1, appendix A).

ResNet is a ResNeXt with cardinality 1. Cardinality, width and the blocks of a stage may be arrays
of designs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from archscope.arch.arrays import Number, product
from archscope.arch.families.axis import chosen, number_text
from archscope.arch.families.blocks import DEEP_STEMS, cifar_stem, head, imagenet_stem, stem_of
from archscope.arch.families.family import CIFAR_INPUT, family
from archscope.arch.families.residual.choices import Block, Choices, Stride
from archscope.arch.families.residual.depths import (
    CARDINALITY,
    FOUR_STAGES,
    IMAGENET_BLOCKS,
    THREE_STAGES,
    WIDTH,
    cifar,
    depth_text,
    equal_stages,
    imagenet,
    known_depth,
    other_stem,
    scale_axis,
    variant,
    variant_forms,
    whole_depth,
    whole_number,
)
from archscope.arch.families.spelling import SCALE, SHORTCUT, STRIDE, Names, Numbers, Spelled
from archscope.arch.nodes import Node
from archscope.arch.scaling import scaled

_FORM = "resnext[{depth}[_{cardinality}x{width}d]]"
_DEEP = "resnext_d"  # a question that leaves all of them open


def bottlenecks(
    stem: tuple[Node, ...],
    blocks: Sequence[Number],
    template: tuple[Number, Number],
    scale: Fraction | float,
    classes: int,
    residual: bool,
    stride_in_1x1: bool = False,
) -> Choices:
    """Stages of the block of Fig. 3 (c): 1x1, grouped 3x3 (which takes the stride), 1x1.

    With `stride_in_1x1` the first 1x1 takes it.

    Stage i has group width C*W*2^i and 256*2^i output channels, times `scale`.
    """
    cardinality, width = template
    path = scaled(width, scale, f"width {width} of a path")
    output = scaled(256, scale, "output 256")
    factors = [2**index for index in range(len(blocks))]
    return Choices(
        stem,
        tuple(blocks),
        Block((1, 3, 1)),
        tuple(output * factor for factor in factors),
        tuple(product(product(path, factor), cardinality) for factor in factors),
        (cardinality,) * len(blocks),
        Stride((1, *(2 for _ in blocks[1:])), 0 if stride_in_1x1 else 1),
        head(classes),
        residual,
    )


def template_text(numbers: Numbers) -> str:
    """The `CxWd` of a member."""
    return f"{number_text(numbers['cardinality'])}x{number_text(numbers['width'])}d"


def _read(spelled: Spelled) -> Numbers | None:
    found = imagenet(spelled, IMAGENET_BLOCKS)
    return found if found is None else {**found, **template_numbers(spelled), **variant(spelled)}


def _write(numbers: Numbers) -> str:
    depth = depth_text(known_depth(numbers["blocks"], IMAGENET_BLOCKS), numbers["blocks"])
    return f"resnext{depth}{numbers['variant']}_{template_text(numbers)}"


@family(
    Names(
        _FORM,
        aliases=variant_forms(_FORM),
        suffixes=(SCALE, SHORTCUT, STRIDE),
        known=(
            *("resnext26_32x4d", "resnext50_2x40d", "resnext50_4x24d", "resnext50_8x14d"),
            *("resnext50_32x4d", "resnext101_2x40d", "resnext101_4x24d", "resnext101_8x14d"),
            *("resnext101_32x4d", "resnext101_32x8d", "resnext101_64x4d", "resnext101_2x64d"),
            *("resnext101_1x100d", "resnext152_32x4d", "resnext200_32x4d"),
            *("resnext50_32x4d-noshortcut", "resnext50d_32x4d"),
        ),
        read=_read,
        write=_write,
        template=template_text,
    ),
    FOUR_STAGES,
    CARDINALITY,
    WIDTH,
    scale_axis(64),
    channels=1,
    year=2016,
    recipe="resnext",
)
def resnext(
    blocks: Sequence[Number] = (3, 4, 6, 3),
    cardinality: Number = 32,
    width: Number = 4,
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
    stride_in_1x1: bool = False,
    variant: str = "",
) -> Choices:
    """The ImageNet ResNeXt (Table 1): `blocks` bottleneck blocks a stage of template CxWd.

    Stage i has group width C*W*2^i and 256*2^i output channels; the stride is in the 3x3, or in the
    first 1x1. The `variant` d is ResNet-D's (He et al., arXiv 1812.01187, section 4): a stem of
    three 3x3, and shortcuts whose stride is in an average pool; t has a narrower stem (timm).
    With cardinality 1 and width 64 it is ResNet-50/101/152, with width 128 wide_resnet50_2.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    stem = imagenet_stem(scale, variant=variant)
    template = (cardinality, width)
    plain = bottlenecks(stem, blocks, template, scale, classes, residual, stride_in_1x1)
    return replace(plain, pooled=bool(variant))


def _read_cifar(spelled: Spelled) -> Numbers | None:
    found = cifar(spelled, 9, 2, IMAGENET_BLOCKS)
    return found if found is None else {**found, **template_numbers(spelled)}


def template_numbers(spelled: Spelled) -> Numbers:
    """Cardinality and width, where a name says them."""
    return {**whole_number(spelled, "cardinality"), **whole_number(spelled, "width")}


def _write_cifar(numbers: Numbers) -> str:
    depth = whole_depth(numbers["depth"], 9, 2)
    prefix = "cifar_" if depth in IMAGENET_BLOCKS else ""
    return f"{prefix}resnext{depth_text(depth, numbers['depth'])}_{template_text(numbers)}"


def _blocks(numbers: dict[str, Any]) -> dict[str, Any]:
    return {**numbers, "depth": equal_stages(numbers["depth"], 9, 2)}


@family(
    Names(
        _FORM,
        suffixes=(SCALE, SHORTCUT),
        known=(
            *("resnext29_1x64d", "resnext29_2x64d", "resnext29_4x64d", "resnext29_8x64d"),
            *("resnext29_16x64d", "resnext29_1x128d", "resnext29_1x192d", "resnext29_1x256d"),
        ),
        read=_read_cifar,
        write=_write_cifar,
        template=template_text,
    ),
    THREE_STAGES,
    CARDINALITY,
    WIDTH,
    scale_axis(64),
    input=CIFAR_INPUT,
    classes=10,
    canonical=_blocks,
    channels=1,
    year=2016,
    recipe="resnext",
)
def cifar_resnext(
    depth: int | Sequence[Number] = 29,
    cardinality: Number = 8,
    width: Number = 64,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Choices:
    """The CIFAR ResNeXt (appendix A): a 3x3 stem of 64 and three stages of bottleneck blocks.

    Depth 9n+2 gives n blocks a stage (or give the blocks of each, as (2, 3, 4)); outputs 256, 512,
    1024; type B shortcuts.

    Raises:
        UsageError: where the depth is not 9n+2, or a scaled width not whole.
    """
    assert isinstance(depth, Sequence)
    stem = cifar_stem(scaled(64, scale, "stem 64"))
    return bottlenecks(stem, depth, (cardinality, width), scale, classes, residual)


def _read_deep(spelled: Spelled) -> Numbers | None:
    other = {"variant": "d"} if spelled.form == _DEEP else variant(spelled)
    if spelled.prefix != "cifar" or not other:
        return None
    found = imagenet(other_stem(spelled), IMAGENET_BLOCKS)
    usual = {"cardinality": 1, "width": 64} if "resnet" in spelled.form else {}
    return found if found is None else {**found, **usual, **template_numbers(spelled), **other}


def _write_deep(numbers: Numbers) -> str:
    depth = depth_text(known_depth(numbers["blocks"], IMAGENET_BLOCKS), numbers["blocks"])
    template = template_text(numbers)
    kind, behind = ("resnet", "") if template == "1x64d" else ("resnext", f"_{template}")
    return f"cifar_{kind}{depth}{numbers['variant']}{behind}"


@family(
    Names(
        _FORM,
        aliases=(*variant_forms(_FORM), *variant_forms("resnet[{depth}]"), _DEEP),
        suffixes=(SCALE, SHORTCUT),
        known=("cifar_resnet50d", "cifar_resnext50d_32x4d"),
        read=_read_deep,
        write=_write_deep,
        template=template_text,
    ),
    FOUR_STAGES,
    CARDINALITY,
    WIDTH,
    scale_axis(64),
    input=CIFAR_INPUT,
    classes=10,
    channels=1,
    year=2018,
)
def cifar_resnext_d(
    blocks: Sequence[Number] = (3, 4, 6, 3),
    cardinality: Number = 32,
    width: Number = 4,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
    variant: str = "d",
) -> Choices:
    """ResNet-D and ResNeXt-D for 32x32 images: the four stages of `resnext`, less strided.

    The first of the stem's three 3x3 has stride 1, and there is no max pool; the stages and the
    shortcuts that pool are the same.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    stem = stem_of(scale, True, chosen(variant, DEEP_STEMS, "variant"))
    plain = bottlenecks(stem, blocks, (cardinality, width), scale, classes, residual)
    return replace(plain, pooled=True)
