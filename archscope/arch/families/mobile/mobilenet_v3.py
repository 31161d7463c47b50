"""MobileNetV3, large and small: Howard et al., arXiv 1905.02244, Tables 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import NamedTuple

from archscope.arch.families.blocks import divisible, multiplied, strides
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.mobile.inverted import WIDTH, Inverted, Style
from archscope.arch.families.spelling import Names
from archscope.arch.nodes import Act, Activation, Dropout, Linear, Node, Pool, Seq
from archscope.arch.scaling import Factor, exact

_EPS = 1e-3


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


@family(
    Names(
        "mobilenet_v3_large[_{width}]",
        aliases=("mobilenetv3_large_{width}",),
        known=("mobilenet_v3_large", "mobilenet_v3_large_0.75"),
        cifar=True,
    ),
    WIDTH,
    year=2019,
    torchvision=_KEYS,
)
def mobilenet_v3_large(
    width: Fraction | float = 1, *, classes: int = 1000, cifar: bool = False
) -> Seq:
    """MobileNetV3-Large with any width multiplier; channels are multiples of 8 (`divisible`)."""
    return _network(_LARGE, 1280, exact(width, "width"), classes, cifar)


@family(
    Names(
        "mobilenet_v3_small[_{width}]",
        aliases=("mobilenetv3_small_{width}",),
        known=("mobilenet_v3_small", "mobilenet_v3_small_0.75"),
        cifar=True,
    ),
    WIDTH,
    year=2019,
    torchvision=_KEYS,
)
def mobilenet_v3_small(
    width: Fraction | float = 1, *, classes: int = 1000, cifar: bool = False
) -> Seq:
    """MobileNetV3-Small with any width multiplier; channels are multiples of 8 (`divisible`)."""
    return _network(_SMALL, 1024, exact(width, "width"), classes, cifar)


def _network(rows: Sequence[_Row], last: int, factor: Factor, classes: int, cifar: bool) -> Seq:
    style = Style("hardswish", _EPS)
    # Equal numbers of channels are one array, so that what is equal need not be compared.
    channels = cache(lambda published: multiplied(published, factor))
    w_in = channels(16)
    stem, strided = strides([row.stride for row in rows], cifar)
    blocks: list[tuple[int, Node]] = []
    for index, row in enumerate(rows):
        hidden, out = channels(row.hidden), channels(row.out)
        inner = divisible(hidden // 4) if row.squeezed else None
        gate: tuple[Activation, Activation] = ("relu", "hardsigmoid")
        block = Inverted(hidden, out, row.kernel, strided[index], inner, gate)
        node = block.node(w_in, Style(row.act, _EPS))
        blocks.append((row.out, Seq(node, label=f"block{index + 1}")))
        w_in = out
    stages = [
        Seq(*(node for _, node in group)) for _, group in groupby(blocks, key=lambda one: one[0])
    ]
    head = Pool("global"), Linear(channels(last), label="fc1"), Act("hardswish")
    tail = *style.unit(2, 6 * w_in), *head, Dropout(0.2), Linear(classes, label="fc2")
    return Seq(*style.unit(1, channels(16), 3, stem), *stages, *tail)
