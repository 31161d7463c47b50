"""EfficientNetV2: Tan and Le, arXiv 2104.00298, as torchvision has it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from archscope.arch.families.family import family
from archscope.arch.families.mobile.efficientnet import KEYS
from archscope.arch.families.mobile.inverted import Inverted, Style, divisible, stage, strides
from archscope.arch.families.spelling import Names, Numbers
from archscope.arch.nodes import Dropout, Linear, Pool, Seq
from archscope.arch.windows import Shape


class _Row(NamedTuple):
    """A stage: fused blocks or not, their expansion, the stride, channels and blocks."""

    fused: bool
    expansion: int
    stride: int
    out: int
    blocks: int


_S = (
    _Row(True, 1, 1, 24, 2),
    _Row(True, 4, 2, 48, 4),
    _Row(True, 4, 2, 64, 4),
    _Row(False, 4, 2, 128, 6),
    _Row(False, 6, 1, 160, 9),
    _Row(False, 6, 2, 256, 15),
)
_M = (
    _Row(True, 1, 1, 24, 3),
    _Row(True, 4, 2, 48, 5),
    _Row(True, 4, 2, 80, 5),
    _Row(False, 4, 2, 160, 7),
    _Row(False, 6, 1, 176, 14),
    _Row(False, 6, 2, 304, 18),
    _Row(False, 6, 1, 512, 5),
)
_L = (
    _Row(True, 1, 1, 32, 4),
    _Row(True, 4, 2, 64, 7),
    _Row(True, 4, 2, 96, 7),
    _Row(False, 4, 2, 192, 10),
    _Row(False, 6, 1, 224, 19),
    _Row(False, 6, 2, 384, 25),
    _Row(False, 6, 1, 640, 7),
)
# Stages, resolution (torchvision's, for evaluation) and dropout.
_SIZES: dict[str, tuple[Sequence[_Row], int, float]] = {
    "s": (_S, 384, 0.2),
    "m": (_M, 480, 0.3),
    "l": (_L, 480, 0.4),
}


def _side(numbers: Numbers) -> Shape:
    side = _SIZES[numbers["size"]][1]
    return 3, side, side


@family(
    Names(
        "efficientnet_v2",
        known=tuple(f"efficientnet_v2_{size}" for size in _SIZES),
        members={f"efficientnet_v2_{size}": {"size": size} for size in _SIZES},
        cifar=True,
    ),
    input=_side,
    year=2021,
    torchvision=KEYS,
)
def efficientnet_v2(size: str = "s", *, classes: int = 1000, cifar: bool = False) -> Seq:
    """EfficientNetV2-S, M and L: fused blocks, then inverted ones with squeeze-and-excitation."""
    rows, _, dropout = _SIZES[size]
    style, w_in = Style("silu", 1e-3), rows[0].out
    stem, strided = strides([row.stride for row in rows], cifar)
    start = style.unit(1, w_in, 3, stem)
    stages = []
    for number, row in enumerate(rows, start=1):
        first = _block(row, w_in, strided[number - 1])
        rest = _block(row, row.out, 1)
        stages.append(stage(f"layer{number}", row.blocks, w_in, first, rest, style))
        w_in = row.out
    head = Pool("global"), Dropout(dropout), Linear(classes, label="fc")
    return Seq(*start, *stages, *style.unit(2, 1280), *head)


def _block(row: _Row, w_in: int, stride: int) -> Inverted:
    hidden = divisible(Fraction(w_in * row.expansion))
    inner = None if row.fused else max(1, w_in // 4)
    return Inverted(hidden, row.out, 3, stride, inner, ("silu", "sigmoid"), row.fused)
