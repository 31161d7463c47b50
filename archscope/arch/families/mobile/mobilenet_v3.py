"""MobileNetV3, large and small: Howard et al., arXiv 1905.02244, Tables 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial
from itertools import groupby
from typing import NamedTuple

from archscope.arch.arrays import Number
from archscope.arch.families.blocks import divisible, multiplied, strides
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys, body_of
from archscope.arch.families.mobile.inverted import (
    IN_HUNDREDTHS,
    TF_NOTE,
    TIMM_REFUSED,
    WIDTH,
    Inverted,
    Style,
    hundredths,
    timms_block,
    timms_width,
)
from archscope.arch.families.spelling import TIMM, Names, Numbers, Spelled
from archscope.arch.nodes import Act, Activation, Conv, Dropout, Linear, Node, Pool, Seq
from archscope.arch.scaling import Factor, exact, of_each, ratio, times


class _Row(NamedTuple):
    """A line of the tables: the kernel, hidden and output channels, SE, activation, stride."""

    kernel: int
    hidden: int
    out: int
    squeezed: bool
    act: Activation
    stride: int


_LARGE = (
    _Row(3, 16, 16, False, "relu", 1),
    _Row(3, 64, 24, False, "relu", 2),
    _Row(3, 72, 24, False, "relu", 1),
    _Row(5, 72, 40, True, "relu", 2),
    _Row(5, 120, 40, True, "relu", 1),
    _Row(5, 120, 40, True, "relu", 1),
    _Row(3, 240, 80, False, "hardswish", 2),
    _Row(3, 200, 80, False, "hardswish", 1),
    _Row(3, 184, 80, False, "hardswish", 1),
    _Row(3, 184, 80, False, "hardswish", 1),
    _Row(3, 480, 112, True, "hardswish", 1),
    _Row(3, 672, 112, True, "hardswish", 1),
    _Row(5, 672, 160, True, "hardswish", 2),
    _Row(5, 960, 160, True, "hardswish", 1),
    _Row(5, 960, 160, True, "hardswish", 1),
)
_SMALL = (
    _Row(3, 16, 16, True, "relu", 2),
    _Row(3, 72, 24, False, "relu", 2),
    _Row(3, 88, 24, False, "relu", 1),
    _Row(5, 96, 40, True, "hardswish", 2),
    _Row(5, 240, 40, True, "hardswish", 1),
    _Row(5, 240, 40, True, "hardswish", 1),
    _Row(5, 120, 48, True, "hardswish", 1),
    _Row(5, 144, 48, True, "hardswish", 1),
    _Row(5, 288, 96, True, "hardswish", 2),
    _Row(5, 576, 96, True, "hardswish", 1),
    _Row(5, 576, 96, True, "hardswish", 1),
)

_KEYS = Keys(
    {
        r"(conv|bn)([12])": r"features.[\2].[\1]",
        r"(block\d+)\.(conv|bn)(\d)": r"features.[\1].block.[\3].[\2]",
        r"(block\d+)\.se": r"features.[\1].block.[se]",
        "fc1": "classifier.0",
        "fc2": "classifier.3",
    }
)
_INNER = r"block.[\3].[\2]"
_SSDLITE = Keys(  # SSDlite cuts MobileNetV3-Large within its 13th block
    {
        r"(conv|bn)1": r"backbone.features.0.0.[\1]",
        r"block13\.(conv|bn)1": r"backbone.features.0.13.[\1]",
        r"block13\.(conv|bn)([23])": r"backbone.features.1.0.[\2+1].[\1]",
        r"block13\.se": "backbone.features.1.0.[se+1]",
        r"block(\d|1[0-2])\.(conv|bn)(\d)": rf"backbone.features.0.\1.{_INNER}",
        r"block(\d|1[0-2])\.se": r"backbone.features.0.\1.block.[se]",
        r"block(\d+)\.(conv|bn)(\d)": rf"backbone.features.1.[\1+1].{_INNER}",
        r"block(\d+)\.se": r"backbone.features.1.[\1+1].block.[se]",
        r"(conv|bn)2": r"backbone.features.1.[last+1].[\1]",
    }
)


def _torchvision(numbers: Numbers) -> Keys:
    return _KEYS._replace(refused=TIMM_REFUSED) if numbers["timm"] else _KEYS


def _timm(size: str, rows: Sequence[_Row], numbers: Numbers) -> Keys:
    """timm's keys: its stages are the blocks of the same channels."""
    rules = {"conv1": "conv_stem", "bn1": "bn1", "fc1": "conv_head", "fc2": "classifier"}
    stages = groupby(enumerate(rows, start=1), key=lambda one: one[1].out)
    stage = 0
    for stage, (_, group) in enumerate(stages):
        blocks = "|".join(str(number) for number, _ in group)
        ours, theirs = f"block({blocks})", rf"blocks.{stage}.[\1]"
        rules |= timms_block(ours, theirs, widens=stage > 0)
    rules |= {"conv2": f"blocks.{stage + 1}.0.conv", "bn2": f"blocks.{stage + 1}.0.bn1"}
    if numbers["timm"]:
        called = hundredths(f"mobilenetv3_{size}", numbers["width"])
        return Keys(rules, called=called, note=TF_NOTE)
    return Keys(
        rules,
        refused="timm's batch norms have an eps of 1e-5, those of {name} torchvision's 1e-3; use "
        "{name}-timm",
    )


def _read(spelled: Spelled) -> Numbers:
    """A name; one with the width multiplier in hundredths is timm's."""
    timms = IN_HUNDREDTHS.fullmatch(spelled.texts.get("width", ""))
    return {**timms_width(spelled), **({"timm": True} if timms else {})}


def _note(name: str, numbers: Numbers) -> str | None:
    """That a name with the width multiplier in hundredths is timm's, where it is."""
    if not numbers.get("timm"):
        return None
    return (
        f"{name} is timm's, with an eps of 1e-5 in its batch norms; torchvision's, of 1e-3, is the "
        "name without -timm"
    )


@family(
    Names(
        "mobilenet_v3_large[_{width}]",
        aliases=("mobilenetv3_large_{width}", "mobilenet_v3[_{width}]"),
        suffixes=(TIMM,),
        known=("mobilenet_v3_large", "mobilenet_v3_large_0.75"),
        read=_read,
        note=_note,
        cifar=True,
    ),
    WIDTH,
    year=2019,
    recipe="mobilenet-v3",
    torchvision=_torchvision,
    timm=partial(_timm, "large", _LARGE),
    detection={"fasterrcnn": body_of(_KEYS), "ssdlite": _SSDLITE},
)
def mobilenet_v3_large(
    width: Fraction | float = 1, *, classes: int = 1000, timm: bool = False, cifar: bool = False
) -> Seq:
    """MobileNetV3-Large with any width multiplier; channels are multiples of 8 (`divisible`).

    `timm`: with batch norm's eps of 1e-5 and a last layer of 1,280 at any width, as timm has it.
    """
    return _network(_LARGE, 1280, exact(width, "width"), classes, cifar, timm)


@family(
    Names(
        "mobilenet_v3_small[_{width}]",
        aliases=("mobilenetv3_small_{width}",),
        suffixes=(TIMM,),
        known=("mobilenet_v3_small", "mobilenet_v3_small_0.75"),
        read=_read,
        note=_note,
        cifar=True,
    ),
    WIDTH,
    year=2019,
    recipe="mobilenet-v3",
    torchvision=_torchvision,
    timm=partial(_timm, "small", _SMALL),
    detection={"fasterrcnn": body_of(_KEYS)},
)
def mobilenet_v3_small(
    width: Fraction | float = 1, *, classes: int = 1000, timm: bool = False, cifar: bool = False
) -> Seq:
    """MobileNetV3-Small with any width multiplier; channels are multiples of 8 (`divisible`).

    `timm`: with batch norm's eps of 1e-5 and a last layer of 1,024 at any width, as timm has it.
    """
    return _network(_SMALL, 1024, exact(width, "width"), classes, cifar, timm)


def _network(
    rows: Sequence[_Row], last: int, factor: Factor, classes: int, cifar: bool, timm: bool
) -> Seq:
    eps = 1e-5 if timm else 1e-3
    style = Style("hardswish", eps)
    # Equal numbers of channels are one array, so that what is equal need not be compared.
    channels = cache(lambda published: multiplied(published, factor))
    planes = w_in = of_each(factor, _timms_stem) if timm else channels(16)
    stem, strided = strides([row.stride for row in rows], cifar)
    blocks: list[tuple[int, Node]] = []
    for index, (row, wider) in enumerate(zip(rows, _ratios(rows), strict=True)):
        hidden, out = channels(row.hidden), channels(row.out)
        if timm:
            hidden = w_in if wider == 1 else divisible(times(w_in, wider))
        inner = divisible(hidden // 4) if row.squeezed else None
        gate: tuple[Activation, Activation] = ("relu", "hardsigmoid")
        block = Inverted(hidden, out, row.kernel, strided[index], inner, gate)
        node = block.node(w_in, Style(row.act, eps))
        blocks.append((row.out, Seq(node, label=f"block{index + 1}")))
        w_in = out
    stages = [
        Seq(*(node for _, node in group)) for _, group in groupby(blocks, key=lambda one: one[0])
    ]
    tail = style.unit(2, channels(6 * rows[-1].out) if timm else 6 * w_in)
    wide = Conv(last, bias=True) if timm else Linear(channels(last))
    head = Pool("global"), replace(wide, label="fc1"), Act("hardswish"), Dropout(0.2)
    fc = Linear(classes, label="fc2")
    return Seq(*style.unit(1, planes, 3, stem), *stages, *tail, *head, fc)


def _timms_stem(factor: Factor) -> Number:
    """The stem's channels in timm, which scales none below three quarters."""
    number, parts = ratio(factor)
    small = 4 * number < 3 * parts
    return small * 16 + (1 - small) * divisible(16 * factor)


def _ratios(rows: Sequence[_Row]) -> Iterator[Fraction]:
    """Hidden channels over those that go into a block, as published."""
    w_in = 16
    for row in rows:
        yield Fraction(row.hidden, w_in)
        w_in = row.out
