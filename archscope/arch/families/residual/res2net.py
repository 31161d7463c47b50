"""Res2Net and Res2NeXt: Gao et al., arXiv 1904.01169, on the bottlenecks of ResNet and ResNeXt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from archscope.arch.arrays import Number, product
from archscope.arch.families.axis import Axis, number_text
from archscope.arch.families.blocks import stem_of
from archscope.arch.families.family import CIFAR_INPUT, family
from archscope.arch.families.keys import Keys
from archscope.arch.families.residual.choices import Choices
from archscope.arch.families.residual.depths import (
    FOUR_STAGES,
    IMAGENET_BLOCKS,
    THREE_STAGES,
    WIDTH,
    cifar,
    depth_text,
    equal_stages,
    imagenet,
    known_depth,
    scale_axis,
    variant,
    variant_forms,
    whole_depth,
    whole_number,
)
from archscope.arch.families.residual.resnext import bottlenecks
from archscope.arch.families.spelling import SCALE, SHORTCUT, Names, Numbers, Spelled
from archscope.arch.scaling import scaled

_FORM = "res2net[{depth}[_{width}w_{splits}s]]"
_GROUPED = "res2next[{depth}[_{cardinality}c_{width}w_{splits}s]]"
_USUAL = {"cardinality": 1, "width": 26, "splits": 4}  # of a name that does not say them
_USUAL_GROUPED = {"cardinality": 8, "width": 4, "splits": 4}
_USUAL_CIFAR = {"width": 24, "splits": 4}


def _read(spelled: Spelled) -> Numbers | None:
    found = imagenet(spelled._replace(prefix=None), IMAGENET_BLOCKS)
    if found is None:
        return None
    usual = _USUAL_GROUPED if spelled.form.startswith("res2next") else _USUAL
    given = {word: whole_number(spelled, word).get(word, usual[word]) for word in usual}
    return {**found, **given, **variant(spelled)}


def _write(numbers: Numbers) -> str:
    blocks = numbers["blocks"]
    depth = depth_text(known_depth(blocks, IMAGENET_BLOCKS), blocks) + numbers["variant"]
    return _template(depth, numbers)


def _template(depth: str, numbers: Numbers) -> str:
    cardinality, width, splits = (number_text(numbers[word]) for word in _USUAL)
    if cardinality == "1":
        return f"res2net{depth}_{width}w_{splits}s"
    return f"res2next{depth}_{cardinality}c_{width}w_{splits}s"


_OWN = (
    Axis("cardinality", (1, 2, 4, 8, 16, 32), default=1, symbol="C", channels=True),
    replace(WIDTH, default=26),
    Axis(
        "splits",
        range(2, 9),
        sought=range(2, 17),
        most=1_024,
        default=4,
        symbol="S",
        channels=True,
        arrays=False,
    ),
)
_TIMM = Keys(
    {
        r"(layer\d+\.\d+)\.splits\.(\d+)\.(conv|bn)": r"\1.\3s.\2",
        r"\w+": r"\g<0>",
    }
)


def _timm(numbers: Numbers) -> Keys | None:
    return _TIMM if numbers["residual"] and numbers["scale"] == 1 else None


@family(
    Names(
        _FORM,
        aliases=(_GROUPED, *variant_forms(_FORM), *variant_forms(_GROUPED)),
        suffixes=(SCALE, SHORTCUT),
        known=(
            *("res2net50_26w_4s", "res2net50_48w_2s", "res2net50_14w_8s", "res2net50_26w_6s"),
            *("res2net50_26w_8s", "res2net101_26w_4s", "res2next50", "res2net50d", "res2net101d"),
        ),
        read=_read,
        write=_write,
        members={
            "res2next50": {"blocks": IMAGENET_BLOCKS[50], **_USUAL_GROUPED},
            "res2net50d": {"blocks": IMAGENET_BLOCKS[50], **_USUAL, "variant": "d"},
            "res2net101d": {"blocks": IMAGENET_BLOCKS[101], **_USUAL, "variant": "d"},
        },
        cifar=True,
    ),
    FOUR_STAGES,
    *_OWN,
    scale_axis(64),
    channels=1,
    year=2019,
    recipe="resnext",
    timm=_timm,
)
def res2net(
    blocks: Sequence[Number] = (3, 4, 6, 3),
    cardinality: Number = 1,
    width: Number = 26,
    splits: int = 4,
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
    variant: str = "",
    cifar: bool = False,
) -> Choices:
    """Res2Net: the 3x3 of a bottleneck is one on each of `splits` parts of `width` channels.

    Each is also given what the one before it made, and the last part is kept as it is; in the first
    block of a stage no part is given another's, and the last is average-pooled. Stage i is 2^i
    times that wide. With a cardinality the 3x3 are grouped (Res2NeXt: C groups of `width`); with
    one split it is ResNeXt. The `variant` d is ResNet-D's, see `resnext`.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    stem = stem_of(scale, cifar, variant)
    scaled(width, scale, f"width {number_text(width)} of a split")  # that it is whole
    template = (cardinality, product(width, splits))
    plain = bottlenecks(stem, blocks, template, scale, classes, residual)
    return replace(plain, splits=splits, pooled=bool(variant))


def _read_cifar(spelled: Spelled) -> Numbers | None:
    found = cifar(spelled, 9, 2, IMAGENET_BLOCKS)
    if found is None:
        return None
    usual = {**_USUAL_CIFAR, "cardinality": 6 if spelled.form.startswith("res2next") else 1}
    return {**found, **{word: whole_number(spelled, word).get(word, usual[word]) for word in usual}}


def _write_cifar(numbers: Numbers) -> str:
    depth = whole_depth(numbers["depth"], 9, 2)
    # Of a depth that ImageNet has too, cifar_ in front means those four stages.
    return _template(
        depth_text(None if depth in IMAGENET_BLOCKS else depth, numbers["depth"]), numbers
    )


@family(
    Names(
        _FORM,
        aliases=(_GROUPED,),
        suffixes=(SCALE, SHORTCUT),
        known=("res2next29_6c_24w_4s", "res2next29_8c_25w_4s", "res2next29_6c_24w_6s"),
        read=_read_cifar,
        write=_write_cifar,
    ),
    THREE_STAGES,
    *_OWN,
    scale_axis(64),
    input=CIFAR_INPUT,
    classes=10,
    canonical=lambda numbers: {**numbers, "depth": equal_stages(numbers["depth"], 9, 2)},
    channels=1,
    year=2019,
)
def cifar_res2net(
    depth: int | Sequence[Number] = 29,
    cardinality: Number = 6,
    width: Number = 24,
    splits: int = 4,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Choices:
    """Res2NeXt-29 (section 4.3): Res2Net's blocks in the three stages of the CIFAR ResNeXt.

    In the first block of a stage the last part has a convolution too, where `res2net` pools it: so
    the sizes come out that the paper prints in Table 4 (for 10 classes).

    Raises:
        UsageError: where the depth is not 9n+2, or a scaled width not whole.
    """
    assert isinstance(depth, Sequence)
    stem = stem_of(scale, True, "")
    scaled(width, scale, f"width {number_text(width)} of a split")  # that it is whole
    template = (cardinality, product(width, splits))
    plain = bottlenecks(stem, depth, template, scale, classes, residual)
    return replace(plain, block=plain.block._replace(last_pooled=False), splits=splits)
