"""ResNet, for ImageNet and CIFAR: He et al., arXiv 1512.03385; basic blocks also widened.

ResNet-18 and -34 widened: Zagoruyko and Komodakis, arXiv 1605.07146, Table 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from archscope.arch.arrays import Number, is_array
from archscope.arch.families.axis import Axis, number_text
from archscope.arch.families.blocks import cifar_stem, head, imagenet_stem, widened
from archscope.arch.families.family import CIFAR_INPUT, family
from archscope.arch.families.residual.choices import Block, Choices, Stride
from archscope.arch.families.residual.depths import (
    BASIC_BLOCKS,
    FOUR_STAGES,
    IMAGENET_BLOCKS,
    RESNET_BLOCKS,
    THREE_STAGES,
    cifar,
    depth_text,
    equal_stages,
    imagenet,
    known_depth,
    listed,
    read_depth,
    refuse,
    scale_axis,
    variant,
    variant_forms,
    whole_depth,
)
from archscope.arch.families.residual.resnext import bottlenecks
from archscope.arch.families.spelling import KIND, SCALE, SHORTCUT, STRIDE, Names, Numbers, Spelled
from archscope.arch.nodes import Node
from archscope.arch.scaling import scaled
from archscope.errors import UsageError

_BOTTLENECK = {depth: row for depth, row in RESNET_BLOCKS.items() if depth not in BASIC_BLOCKS}
_FORM = "resnet[{depth}]"
_WIDENED = "wrn[_{depth}[_{widen}]]"


def _read(spelled: Spelled) -> Numbers | None:
    other = variant(spelled)
    # The plain name of ResNet-26 means the CIFAR one.
    found = imagenet(spelled, IMAGENET_BLOCKS if other else _BOTTLENECK, RESNET_BLOCKS)
    if found is None or "kind" in spelled.suffixes:
        return None
    is_blocks = isinstance(read_depth(spelled), tuple)  # such a name is one of basic blocks
    return None if is_blocks else {**found, **other}


def _write(numbers: Numbers) -> str:
    blocks, letter = numbers["blocks"], numbers["variant"]
    if depth := known_depth(blocks, IMAGENET_BLOCKS if letter else _BOTTLENECK):
        return f"resnet{depth}{letter}"
    # It has no name of its own: the ResNeXt that it is.
    return f"resnext{depth_text(known_depth(blocks, IMAGENET_BLOCKS), blocks)}{letter}_1x64d"


@family(
    Names(
        _FORM,
        aliases=variant_forms(_FORM),
        suffixes=(SCALE, SHORTCUT, STRIDE),
        known=(
            *("resnet50", "resnet101", "resnet152", "resnet200"),
            *("resnet50-stride1x1", "resnet101-stride1x1", "resnet152-stride1x1"),
            *("resnet50-noshortcut", "resnet26d", "resnet26t", "resnet50d", "resnet50t"),
            *("resnet101d", "resnet152d", "resnet200d"),
        ),
        read=_read,
        write=_write,
        template=lambda _: "1x64d",
    ),
    FOUR_STAGES,
    scale_axis(64),
    channels=64,
    within=("resnext", {"cardinality": 1, "width": 64}),
    year=2015,
    recipe="resnet",
)
def resnet(
    blocks: Sequence[Number] = (3, 4, 6, 3),
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
    stride_in_1x1: bool = False,
    variant: str = "",
) -> Choices:
    """The ImageNet ResNet of bottleneck blocks (ResNet-50 and deeper): the ResNeXt of 1x64d.

    The stride of a stage is in the 3x3, as torchvision, the ResNeXt paper and all after them have
    it ("v1.5"); in He et al.'s own (Caffe) networks it was in the first 1x1. The `variant` d is
    ResNet-D, see `resnext`.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    stem = imagenet_stem(scale, variant=variant)
    plain = bottlenecks(stem, blocks, (1, 64), scale, classes, residual, stride_in_1x1)
    return replace(plain, pooled=bool(variant))


def basic_blocks(
    stem: tuple[Node, ...],
    blocks: Sequence[Number],
    widths: Sequence[Number],
    classes: int,
    residual: bool,
) -> Choices:
    """Stages of two 3x3 convolutions a block, of which the first takes the stride."""
    return Choices(
        stem,
        tuple(blocks),
        Block((3, 3)),
        tuple(widths),
        tuple(widths),
        (1,) * len(blocks),
        Stride((1, *(2 for _ in blocks[1:])), 0),
        head(classes),
        residual,
    )


def _read_basic(spelled: Spelled) -> Numbers | None:
    if spelled.form not in (_WIDENED, *variant_forms(_WIDENED)):
        bare = "depth" not in spelled.texts
        if bare and spelled.suffixes.get("kind") != "basic":
            return None
        if not bare:
            found = imagenet(spelled, BASIC_BLOCKS, RESNET_BLOCKS)
            if found is not None:
                refuse(spelled, "kind", of="resnet")
            return found if found is None else {**found, "widen": 1, **variant(spelled)}
        return {"widen": 1} if spelled.prefix != "cifar" else None
    depth = read_depth(spelled)
    stages = isinstance(depth, tuple) and len(depth) == 4
    if spelled.suffixes.get("kind") == "bottleneck":
        return None
    if spelled.prefix != "imagenet" and not stages:
        return None
    return _read_widened(depth, spelled)


_WIDEN = Axis(
    "widen",
    [Fraction(halves, 2) for halves in range(2, 9)],  # Table 7 of Wide ResNet has 1.5
    step=Fraction(1, 2),
    fractional=True,
    channels=True,
    symbol="k",
)


def _read_widened(depth: int | tuple[int, ...] | None, spelled: Spelled) -> Numbers:
    refuse(spelled, "kind", of="imagenet_wrn")
    factor = spelled.texts.get("widen")
    if isinstance(depth, int) and depth not in BASIC_BLOCKS:
        hint = f", or wide_resnet{depth}_2 for the bottleneck one"
        raise UsageError(
            "the widened basic-block networks for ImageNet are of depth "
            f"{listed(BASIC_BLOCKS)}, not {depth}; use "
            f"imagenet_wrn_34_2{hint if depth in IMAGENET_BLOCKS else ''}"
        )
    blocks = BASIC_BLOCKS[depth] if isinstance(depth, int) else depth
    found: dict[str, Any] = {} if blocks is None else {"blocks": blocks}
    if factor is not None:
        found["widen"] = _WIDEN.read(factor)
    return {**found, **variant(spelled)}


def _write_basic(numbers: Numbers) -> str:
    widen = numbers["widen"]
    depth = depth_text(known_depth(numbers["blocks"], BASIC_BLOCKS), numbers["blocks"])
    depth += numbers["variant"]
    if is_array(widen) or widen != 1:
        return f"imagenet_wrn_{depth.removeprefix('_')}_{number_text(widen)}"
    return f"resnet{depth}"


@family(
    Names(
        _FORM,
        aliases=(_WIDENED, *variant_forms(_FORM), *variant_forms(_WIDENED)),
        suffixes=(replace(KIND, parameter=""), SCALE, SHORTCUT),
        known=(
            *("resnet18", "resnet34", "resnet18d", "resnet34d"),
            *("imagenet_wrn_18_1.5", "imagenet_wrn_18_2", "imagenet_wrn_18_3"),
            *("imagenet_wrn_34_1.5", "imagenet_wrn_34_2"),
        ),
        read=_read_basic,
        write=_write_basic,
    ),
    FOUR_STAGES,
    _WIDEN,
    scale_axis(64),
    channels=64,
    year=2015,
    recipe="resnet",
)
def resnet_basic(
    blocks: Sequence[Number] = (2, 2, 2, 2),
    *,
    widen: Number = 1,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
    variant: str = "",
) -> Choices:
    """The ImageNet ResNet of basic blocks (ResNet-18 and -34): two 3x3 a block.

    `widen` multiplies the widths of the blocks, and may be a fraction (1.5); the stem stays 64
    (Wide ResNet, Table 7). The `variant` d is ResNet-D, see `resnext`.

    Raises:
        UsageError: where a number is not positive, or a width not whole.
    """
    widths = [widened(planes, widen, scale) for planes in (64, 128, 256, 512)]
    stem = imagenet_stem(scale, variant=variant)
    plain = basic_blocks(stem, blocks, widths, classes, residual)
    return replace(plain, pooled=bool(variant))


def _read_cifar(spelled: Spelled) -> Numbers | None:
    return cifar(spelled, 6, 2, RESNET_BLOCKS)


def _write_cifar(numbers: Numbers) -> str:
    depth = whole_depth(numbers["depth"], 6, 2)
    prefix = "cifar_" if depth in RESNET_BLOCKS else ""
    return f"{prefix}resnet{depth_text(depth, numbers['depth'])}"


@family(
    Names(
        _FORM,
        suffixes=(SCALE, SHORTCUT),
        known=("resnet20", "resnet32", "resnet44", "resnet56", "resnet110", "resnet1202"),
        read=_read_cifar,
        write=_write_cifar,
    ),
    THREE_STAGES,
    scale_axis(16),
    input=CIFAR_INPUT,
    classes=10,
    canonical=lambda numbers: {**numbers, "depth": equal_stages(numbers["depth"], 6, 2)},
    channels=16,
    year=2015,
    recipe="resnet",
)
def cifar_resnet(
    depth: int | Sequence[Number] = 20,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Choices:
    """The thin CIFAR ResNet (He et al., section 4.2): basic blocks of 16, 32, 64 channels.

    Depth 6n+2 gives n blocks a stage (or give the blocks of each, as (2, 3, 4)). Shortcuts are of
    type B here (1x1 convolution and batch norm where channels change); He et al. padded with zeros
    (type A), 2,752 parameters fewer.
    """
    assert isinstance(depth, Sequence)
    widths = [scaled(planes, scale, f"width {planes}") for planes in (16, 32, 64)]
    return basic_blocks(cifar_stem(widths[0]), depth, widths, classes, residual)
