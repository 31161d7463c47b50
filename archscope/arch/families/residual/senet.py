"""SENet-154: Hu et al., arXiv 1709.01507, as they trained it for the challenge of 2017."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from archscope.arch.arrays import Number
from archscope.arch.families.blocks import deep_stem
from archscope.arch.families.family import family
from archscope.arch.families.residual.choices import Choices
from archscope.arch.families.residual.depths import (
    CARDINALITY,
    FOUR_STAGES,
    WIDTH,
    depth_text,
    imagenet,
    known_depth,
    other_stem,
    scale_axis,
)
from archscope.arch.families.residual.resnext import bottlenecks, template_numbers, template_text
from archscope.arch.families.residual.seresnext import REDUCTION
from archscope.arch.families.spelling import SCALE, SHORTCUT, Names, Numbers, Spelled
from archscope.arch.nodes import Dropout

_BLOCKS = {154: (3, 8, 36, 3)}  # and the three convolutions of the stem, and the classifier
_STEM = (64, 64, 128)
_USUAL = {"cardinality": 64, "width": 4}


def _read(spelled: Spelled) -> Numbers | None:
    found = imagenet(other_stem(spelled), _BLOCKS)
    return None if found is None else {**found, **_USUAL, **template_numbers(spelled)}


def _write(numbers: Numbers) -> str:
    blocks = numbers["blocks"]
    depth = depth_text(known_depth(blocks, _BLOCKS), blocks)
    return f"senet{depth}_{template_text(numbers)}"


@family(
    Names(
        "senet[{depth}[_{cardinality}x{width}d]]",
        suffixes=(SCALE, SHORTCUT),
        known=("senet154",),
        read=_read,
        write=_write,
        template=template_text,
        members={"senet154": {"blocks": _BLOCKS[154], **_USUAL}},
        cifar=True,
    ),
    FOUR_STAGES,
    replace(CARDINALITY, default=64),
    replace(WIDTH, default=4),
    scale_axis(64),
    channels=1,
    year=2017,
)
def senet(
    blocks: Sequence[Number] = (3, 8, 36, 3),
    cardinality: Number = 64,
    width: Number = 4,
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
    cifar: bool = False,
) -> Choices:
    """SENet-154 (the paper's appendix): SE-ResNeXt-152 of 64x4d, changed in four places.

    The first 1x1 of a block is half as wide (of each path, rounded down), projections with a stride
    are 3x3, the stem is three 3x3, and there is dropout before the classifier. The max pool is
    padded, as timm has it, not made to reach beyond the map, as in Caffe: both give as many outputs
    at 224 pixels. For 32x32 images the stem keeps the size, and the stages are the same.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    stem = deep_stem(_STEM, scale, small=cifar)
    plain = bottlenecks(stem, blocks, (cardinality, width), scale, classes, residual)
    pool, classifier = plain.head
    block = plain.block._replace(narrower=2, projection=3)
    head = pool, Dropout(0.2), classifier
    return replace(plain, block=block, squeeze=REDUCTION, head=head)
