"""MobileNetV2: Sandler et al., arXiv 1801.04381, Table 2."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from archscope.arch.arrays import Number, larger
from archscope.arch.families.axis import Axis
from archscope.arch.families.blocks import multiplied, strides
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
from archscope.arch.families.spelling import Names, Numbers, Spelled
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

_CHANNELS = tuple(row.out for row in _STAGES)
_DEPTHS = tuple(row.blocks for row in _STAGES)
_EXPANSIONS = tuple(row.expansion for row in _STAGES)


def _named(narrow: str = "1") -> Keys:
    """torchvision's keys; `narrow` are the stages (as `12`) whose blocks have no first 1x1."""
    return Keys(
        {
            r"(conv|bn)([12])": r"features.[\2].[\1]",
            rf"(layer[{narrow}]\.\d+)\.(conv|bn)2": r"features.[\1].conv.[\2]",
            r"(layer\d+\.\d+)\.(conv|bn)3": r"features.[\1].conv.[\2]",
            r"(layer\d+\.\d+)\.(conv|bn)(\d)": r"features.[\1].conv.[\3].[\2]",
            "fc": "classifier.1",
        }
    )


def _keys(numbers: Numbers) -> Keys:
    stages = (str(stage) for stage, one in enumerate(numbers["expansion"], start=1) if one == 1)
    return _named("".join(stages) or "0")


def _detection(numbers: Numbers) -> dict[str, Keys]:
    return {"fasterrcnn": body_of(_keys(numbers))}


def _timm(numbers: Numbers) -> Keys | None:
    if tuple(numbers["expansion"]) != _EXPANSIONS:
        return None
    return timms_keys()._replace(called=hundredths("mobilenetv2", numbers["width"]))


_STAGES_AXES = (
    Axis("depth", range(1, 7), stages=7, default=_DEPTHS),
    Axis("expansion", range(1, 9), stages=7, default=_EXPANSIONS),
    Axis("channels", range(8, 641, 8), stages=7, least=8, step=8, default=_CHANNELS),
)


def _read(spelled: Spelled) -> Numbers:
    """A name; in timm's, the width multiplier is in hundredths."""
    texts = spelled.texts
    said = {one.word: one.read(texts[one.word]) for one in _STAGES_AXES if one.word in texts}
    return {**timms_width(spelled), **said}


@family(
    Names(
        "mobilenet_v2[_{width}[_d{depth}[_e{expansion}[_c{channels}]]]]",
        known=(
            "mobilenet_v2",
            *(f"mobilenet_v2_{width}" for width in ("0.35", "0.5", "0.75", "1.3", "1.4")),
        ),
        read=_read,
        cifar=True,
    ),
    WIDTH,
    *_STAGES_AXES,
    year=2018,
    recipe="mobilenet-v2",
    torchvision=_keys,
    timm=_timm,
    detection=_detection,
    main="width",
)
def mobilenet_v2(
    width: Fraction | float = 1,
    depth: Sequence[Number] = _DEPTHS,
    expansion: Sequence[Number] = _EXPANSIONS,
    channels: Sequence[Number] = _CHANNELS,
    *,
    classes: int = 1000,
    cifar: bool = False,
) -> Seq:
    """MobileNetV2 with any width multiplier; channels are multiples of 8 (`divisible`).

    The last convolution never has fewer than 1,280 channels. `depth`, `expansion` and `channels`
    are those of each stage; the width multiplies the channels.
    """
    factor, style = exact(width, "width"), Style("relu6")
    planes = multiplied(32, factor)
    rows = [
        row._replace(out=multiplied(out, factor), blocks=blocks, expansion=wider)
        for row, out, blocks, wider in zip(_STAGES, channels, depth, expansion, strict=True)
    ]
    stem, strided = strides([row.stride for row in rows], cifar)
    body = stages(rows, strided, planes, style, plain)
    tail = style.unit(2, larger(1280, multiplied(1280, factor)))
    head = Pool("global"), Dropout(0.2), Linear(classes, label="fc")
    return Seq(*style.unit(1, planes, 3, stem), *body, *tail, *head)
