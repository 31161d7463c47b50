"""The bottleneck Wide ResNet for ImageNet: Zagoruyko and Komodakis, arXiv 1605.07146, Table 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from archscope.arch.arrays import Number, is_array, product
from archscope.arch.families.axis import Axis, number_text
from archscope.arch.families.blocks import imagenet_stem
from archscope.arch.families.family import family
from archscope.arch.families.residual.choices import Choices
from archscope.arch.families.residual.depths import (
    FOUR_STAGES,
    IMAGENET_BLOCKS,
    depth_text,
    imagenet,
    known_depth,
    listed,
    refuse,
    scale_axis,
    whole_number,
)
from archscope.arch.families.residual.resnext import bottlenecks
from archscope.arch.families.spelling import KIND, SCALE, SHORTCUT, Names, Numbers, Spelled
from archscope.errors import UsageError

_FORM = "wide_resnet[{depth}[_{widen}]]"
_PAPERS = "wrn[_{depth}[_{widen}]]"  # with -bottleneck behind it


def _read(spelled: Spelled) -> Numbers | None:
    if spelled.form == _FORM:
        refuse(spelled, "kind", of="wide_resnet")
    elif spelled.suffixes.get("kind") != "bottleneck":
        return None
    found = imagenet(spelled, IMAGENET_BLOCKS)
    if found is None:
        depth, k = spelled.texts.get("depth", ""), int(spelled.texts.get("widen", 2))
        raise UsageError(
            "the widened bottleneck networks are ImageNet ones of depth "
            f"{listed(IMAGENET_BLOCKS)}, not {depth}; for CIFAR use wrn_28_{max(k, 1)}"
        )
    return {**found, **whole_number(spelled, "widen")}


def _write(numbers: Numbers) -> str:
    depth = known_depth(numbers["blocks"], IMAGENET_BLOCKS)
    return f"wide_resnet{depth_text(depth, numbers['blocks'])}_{number_text(numbers['widen'])}"


def _template(numbers: Numbers) -> str:
    widen = numbers["widen"]
    return f"1x{'*' if is_array(widen) else 64 * widen}d"


@family(
    Names(
        _FORM,
        aliases=(_PAPERS,),
        suffixes=(replace(KIND, parameter=""), SCALE, SHORTCUT),
        known=("wide_resnet50_2", "wide_resnet101_2"),
        read=_read,
        write=_write,
        template=_template,
    ),
    FOUR_STAGES,
    Axis("widen", range(1, 17), channels=True, symbol="k"),
    scale_axis(64),
    channels=64,
    year=2016,
)
def wide_resnet(
    blocks: Sequence[Number] = (3, 4, 6, 3),
    widen: Number = 2,
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Choices:
    """The ImageNet bottleneck Wide ResNet (Table 8): ResNet-50 with 3x3 convolutions of 64k.

    It is the ResNeXt of template 1x(64k)d; its outputs are not widened.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    template = 1, product(widen, 64)
    return bottlenecks(imagenet_stem(scale), blocks, template, scale, classes, residual)
