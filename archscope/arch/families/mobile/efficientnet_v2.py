"""EfficientNetV2: Tan and Le, arXiv 2104.00298, as torchvision has it."""

from __future__ import annotations

from collections.abc import Sequence

from archscope.arch.families.axis import chosen
from archscope.arch.families.blocks import strides
from archscope.arch.families.family import family
from archscope.arch.families.mobile.efficientnet import KEYS
from archscope.arch.families.mobile.inverted import Row, Style, squeezed, stages
from archscope.arch.families.spelling import Names, Numbers
from archscope.arch.nodes import Dropout, Linear, Pool, Seq
from archscope.arch.windows import Shape

_S = (
    Row(1, 24, 2, 1, fused=True),
    Row(4, 48, 4, 2, fused=True),
    Row(4, 64, 4, 2, fused=True),
    Row(4, 128, 6, 2),
    Row(6, 160, 9, 1),
    Row(6, 256, 15, 2),
)
_M = (
    Row(1, 24, 3, 1, fused=True),
    Row(4, 48, 5, 2, fused=True),
    Row(4, 80, 5, 2, fused=True),
    Row(4, 160, 7, 2),
    Row(6, 176, 14, 1),
    Row(6, 304, 18, 2),
    Row(6, 512, 5, 1),
)
_L = (
    Row(1, 32, 4, 1, fused=True),
    Row(4, 64, 7, 2, fused=True),
    Row(4, 96, 7, 2, fused=True),
    Row(4, 192, 10, 2),
    Row(6, 224, 19, 1),
    Row(6, 384, 25, 2),
    Row(6, 640, 7, 1),
)
# Stages, resolution (torchvision's, for evaluation) and dropout.
_SIZES: dict[str, tuple[Sequence[Row], int, float]] = {
    "s": (_S, 384, 0.2),
    "m": (_M, 480, 0.3),
    "l": (_L, 480, 0.4),
}


def _side(numbers: Numbers) -> Shape:
    side = _SIZES[chosen(numbers["size"], _SIZES, "size")][1]
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
    rows, _, dropout = _SIZES[chosen(size, _SIZES, "size")]
    style, w_in = Style("silu", 1e-3), rows[0].out
    stem, strided = strides([row.stride for row in rows], cifar)
    body = stages(rows, strided, w_in, style, squeezed)
    head = Pool("global"), Dropout(dropout), Linear(classes, label="fc")
    return Seq(*style.unit(1, w_in, 3, stem), *body, *style.unit(2, 1280), *head)
