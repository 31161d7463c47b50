"""EfficientNetV2: Tan and Le, arXiv 2104.00298, as torchvision has it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from archscope.arch.families.axis import chosen, number_text
from archscope.arch.families.blocks import multiplied, strides
from archscope.arch.families.family import family
from archscope.arch.families.mobile.efficientnet import KEYS
from archscope.arch.families.mobile.inverted import WIDTH, Row, Style, squeezed, stages
from archscope.arch.families.spelling import Names, Numbers, Spelled
from archscope.arch.nodes import Dropout, Linear, Pool, Seq
from archscope.arch.scaling import exact
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


def _read(spelled: Spelled) -> Numbers:
    size = spelled.form.partition("[")[0].rpartition("_")[2]
    found: dict[str, Any] = {"size": size if size in _SIZES else "s"}
    if "width" in spelled.texts:
        found["width"] = exact(spelled.texts["width"], "width")
    return found


def _write(numbers: Numbers) -> str:
    return f"efficientnet_v2_{numbers['size']}_{number_text(numbers['width'])}"


@family(
    Names(
        "efficientnet_v2_s[_{width}]",
        aliases=(
            "efficientnet_v2_m[_{width}]",
            "efficientnet_v2_l[_{width}]",
            "efficientnet_v2[_{width}]",
        ),
        known=tuple(f"efficientnet_v2_{size}" for size in _SIZES),
        read=_read,
        write=_write,
        members={f"efficientnet_v2_{size}": {"size": size} for size in _SIZES},
        cifar=True,
    ),
    WIDTH,
    input=_side,
    year=2021,
    recipe="efficientnet",
    torchvision=KEYS,
)
def efficientnet_v2(
    width: Fraction | float = 1, size: str = "s", *, classes: int = 1000, cifar: bool = False
) -> Seq:
    """EfficientNetV2-S, M and L: fused blocks, then inverted ones with squeeze-and-excitation.

    The width factor multiplies all channels, which stay multiples of 8 (`divisible`).
    """
    published, _, dropout = _SIZES[chosen(size, _SIZES, "size")]
    factor, style = exact(width, "width"), Style("silu", 1e-3)
    rows = [row._replace(out=multiplied(row.out, factor)) for row in published]
    stem, strided = strides([row.stride for row in rows], cifar)
    planes = rows[0].out
    body = stages(rows, strided, planes, style, squeezed)
    head = Pool("global"), Dropout(dropout), Linear(classes, label="fc")
    tail = style.unit(2, multiplied(1280, factor))
    return Seq(*style.unit(1, planes, 3, stem), *body, *tail, *head)
