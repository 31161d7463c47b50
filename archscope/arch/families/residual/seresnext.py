"""SE-ResNet and SE-ResNeXt: Hu et al., arXiv 1709.01507, on the bottlenecks of ResNeXt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from archscope.arch.arrays import Number
from archscope.arch.families.blocks import stem_of
from archscope.arch.families.family import family
from archscope.arch.families.residual.choices import Choices
from archscope.arch.families.residual.depths import (
    BASIC_BLOCKS,
    CARDINALITY,
    FOUR_STAGES,
    IMAGENET_BLOCKS,
    WIDTH,
    depth_text,
    imagenet,
    known_depth,
    other_stem,
    scale_axis,
    variant,
    variant_forms,
)
from archscope.arch.families.residual.resnet import basic_blocks
from archscope.arch.families.residual.resnext import bottlenecks, template_numbers, template_text
from archscope.arch.families.spelling import KIND, SCALE, SHORTCUT, Names, Numbers, Spelled
from archscope.arch.scaling import scaled

REDUCTION = 16  # channels of a block over the inner channels of its squeeze-and-excitation
_FORM = "seresnext[{depth}[_{cardinality}x{width}d]]"
_PLAIN = tuple(
    form
    for one in ("seresnet[{depth}]", "se_resnet[{depth}]")
    for form in (one, *variant_forms(one))
)


def _read(spelled: Spelled) -> Numbers | None:
    found = imagenet(other_stem(spelled), IMAGENET_BLOCKS)
    if found is None or "kind" in spelled.suffixes:
        return None
    if spelled.form in _PLAIN:
        return {**found, "cardinality": 1, "width": 64, **variant(spelled)}
    return {**found, **template_numbers(spelled), **variant(spelled)}


def _write(numbers: Numbers) -> str:
    blocks = numbers["blocks"]
    depth = depth_text(known_depth(blocks, IMAGENET_BLOCKS), blocks) + numbers["variant"]
    template = template_text(numbers)
    return f"seresnet{depth}" if template == "1x64d" else f"seresnext{depth}_{template}"


@family(
    Names(
        _FORM,
        aliases=(*_PLAIN, _FORM.replace("se", "se_", 1), *variant_forms(_FORM)),
        suffixes=(SCALE, SHORTCUT),
        known=(
            *("seresnet50", "seresnet101", "seresnet152"),
            *(
                "seresnext50_32x4d",
                "seresnext101_32x4d",
                "seresnext26d_32x4d",
                "seresnext26t_32x4d",
            ),
            *("seresnext101d_32x8d", "seresnet152d"),
        ),
        read=_read,
        write=_write,
        template=template_text,
        cifar=True,
    ),
    FOUR_STAGES,
    CARDINALITY,
    WIDTH,
    scale_axis(64),
    channels=1,
    year=2017,
    recipe="resnext",
)
def seresnext(
    blocks: Sequence[Number] = (3, 4, 6, 3),
    cardinality: Number = 32,
    width: Number = 4,
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
    variant: str = "",
    cifar: bool = False,
) -> Choices:
    """SE-ResNeXt: ResNeXt's blocks with squeeze-and-excitation before the sum, reduced 16 times.

    Its two layers are 1x1 convolutions with bias. With 1x64d it is SE-ResNet. For
    32x32 images the stem is a 3x3 convolution that keeps the size, and the stages are the same. The
    `variant` d is ResNet-D's, see `resnext`.
    """
    stem, template = stem_of(scale, cifar, variant), (cardinality, width)
    plain = bottlenecks(stem, blocks, template, scale, classes, residual)
    return replace(plain, squeeze=REDUCTION, pooled=bool(variant))


def _read_basic(spelled: Spelled) -> Numbers | None:
    kind = spelled.suffixes.get("kind")
    if kind == "bottleneck" or (kind is None and "_" in spelled.texts.get("depth", "_")):
        return None  # it is open, or one of bottlenecks
    found = imagenet(other_stem(spelled), BASIC_BLOCKS, {**BASIC_BLOCKS, **IMAGENET_BLOCKS})
    return None if found is None else {**found, **variant(spelled)}


def _write_basic(numbers: Numbers) -> str:
    depth = known_depth(numbers["blocks"], BASIC_BLOCKS)
    name = f"seresnet{depth_text(depth, numbers['blocks'])}{numbers['variant']}"
    return name if depth else f"{name}-basic"


@family(
    Names(
        _PLAIN[0],
        aliases=_PLAIN[1:],
        suffixes=(replace(KIND, parameter=""), SCALE, SHORTCUT),
        known=("seresnet18", "seresnet34"),
        read=_read_basic,
        write=_write_basic,
        cifar=True,
    ),
    FOUR_STAGES,
    scale_axis(64),
    channels=64,
    year=2017,
    recipe="resnet",
)
def seresnet_basic(
    blocks: Sequence[Number] = (2, 2, 2, 2),
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
    variant: str = "",
    cifar: bool = False,
) -> Choices:
    """SE-ResNet of basic blocks, as timm has it: seresnet18 and 34.

    The inner channels of the squeeze-and-excitation are a sixteenth, to a multiple of 8.
    """
    widths = [scaled(planes, scale, f"width {planes}") for planes in (64, 128, 256, 512)]
    stem = stem_of(scale, cifar, variant)
    plain = basic_blocks(stem, blocks, widths, classes, residual)
    return replace(plain, squeeze=REDUCTION, pooled=bool(variant))
