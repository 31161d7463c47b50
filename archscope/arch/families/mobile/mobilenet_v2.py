"""MobileNetV2: Sandler et al., arXiv 1801.04381, Table 2."""

from __future__ import annotations

from fractions import Fraction

from archscope.arch.families.blocks import divisible, strides
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys, body_of
from archscope.arch.families.mobile.inverted import (
    WIDTH,
    Row,
    Style,
    hundredths,
    plain,
    stages,
    timms_keys,
    timms_width,
)
from archscope.arch.families.spelling import Names, Numbers
from archscope.arch.nodes import Dropout, Linear, Pool, Seq
from archscope.arch.scaling import exact

_STAGES = (
    Row(1, 16, 1, 1),
    Row(6, 24, 2, 2),
    Row(6, 32, 3, 2),
    Row(6, 64, 4, 2),
    Row(6, 96, 3, 1),
    Row(6, 160, 3, 2),
    Row(6, 320, 1, 1),
)

_KEYS = Keys(
    {
        r"(conv|bn)([12])": r"features.[\2].[\1]",
        r"(layer1\.0)\.(conv|bn)2": r"features.[\1].conv.[\2]",
        r"(layer\d+\.\d+)\.(conv|bn)3": r"features.[\1].conv.[\2]",
        r"(layer\d+\.\d+)\.(conv|bn)(\d)": r"features.[\1].conv.[\3].[\2]",
        "fc": "classifier.1",
    }
)


def _timm(numbers: Numbers) -> Keys:
    return timms_keys()._replace(called=hundredths("mobilenetv2", numbers["width"]))


@family(
    Names(
        "mobilenet_v2[_{width}]",
        aliases=("mobilenetv2_{width}",),
        known=(
            "mobilenet_v2",
            *(f"mobilenet_v2_{width}" for width in ("0.35", "0.5", "0.75", "1.3", "1.4")),
        ),
        read=timms_width,
        cifar=True,
    ),
    WIDTH,
    year=2018,
    torchvision=_KEYS,
    timm=_timm,
    detection={"fasterrcnn": body_of(_KEYS)},
)
def mobilenet_v2(width: Fraction | float = 1, *, classes: int = 1000, cifar: bool = False) -> Seq:
    """MobileNetV2 with any width multiplier; channels are multiples of 8 (`divisible`).

    The last convolution never has fewer than 1,280 channels.
    """
    factor, style = exact(width, "width"), Style("relu6")
    planes = divisible(32 * factor)
    rows = [row._replace(out=divisible(row.out * factor)) for row in _STAGES]
    stem, strided = strides([row.stride for row in rows], cifar)
    body = stages(rows, strided, planes, style, plain)
    tail = style.unit(2, divisible(1280 * max(Fraction(1), factor)))
    head = Pool("global"), Dropout(0.2), Linear(classes, label="fc")
    return Seq(*style.unit(1, planes, 3, stem), *body, *tail, *head)
