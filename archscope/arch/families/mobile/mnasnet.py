"""MnasNet: Tan et al., arXiv 1807.11626; B1 as torchvision has it, A1 as Figure 7 (timm's too)."""

from __future__ import annotations

from fractions import Fraction

from archscope.arch.arrays import Number
from archscope.arch.families.blocks import multiplied, strides
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.mobile.inverted import (
    WIDTH,
    Inverted,
    Row,
    Style,
    expanded,
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
    Row(3, 24, 3, 2, 3),
    Row(3, 40, 3, 2, 5),
    Row(6, 80, 3, 2, 5),
    Row(6, 96, 2, 1, 3),
    Row(6, 192, 4, 2, 5),
    Row(6, 320, 1, 1, 3),
)

_STAGES_A1 = (
    Row(1, 16, 1, 1, 3),
    Row(6, 24, 2, 2, 3),
    Row(3, 40, 3, 2, 5, squeezed=True),
    Row(6, 80, 4, 2, 3),
    Row(6, 112, 2, 1, 3, squeezed=True),
    Row(6, 160, 3, 2, 5, squeezed=True),
    Row(6, 320, 1, 1, 3),
)

_KEYS = Keys(
    {
        r"(conv|bn|act)\d*": r"layers.[\g<0>]",
        r"separable\.\w+": r"layers.[\g<0>]",
        r"(layer\d+)\.(\d+)\.(\w+)": r"layers.[\1].\2.layers.[\3]",
        "fc": "classifier.1",
    },
    version=2,
)


@family(
    Names(
        "mnasnet[_{width}]",
        known=("mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"),
        members={
            "mnasnet0_5": {"width": 0.5},
            "mnasnet0_75": {"width": 0.75},
            "mnasnet1_0": {"width": 1},
            "mnasnet1_3": {"width": 1.3},
        },
        read=timms_width,
        cifar=True,
    ),
    WIDTH,
    year=2018,
    recipe="mnasnet",
    torchvision=_KEYS,
)
def mnasnet(width: Fraction | float = 1, *, classes: int = 1000, cifar: bool = False) -> Seq:
    """MNASNet-B1 (without squeeze-and-excitation) with any width multiplier.

    Channels are multiples of 8 (`divisible`), but for the last convolution's 1,280.
    """
    factor, style = exact(width, "width"), Style("relu")
    planes = multiplied(32, factor)
    rows = [row._replace(out=multiplied(row.out, factor)) for row in _STAGES]
    stem, strided = strides([row.stride for row in rows], cifar)
    w_in = multiplied(16, factor)
    start = Seq(Inverted(planes, w_in, residual=False).node(planes, style), label="separable")
    body = stages(rows, strided, w_in, style, plain)
    head = Pool("global"), Dropout(0.2), Linear(classes, label="fc")
    return Seq(*style.unit(1, planes, 3, stem), start, *body, *style.unit(2, 1280), *head)


def _block(row: Row, w_in: Number, stride: int) -> Inverted:
    inner = w_in // 4 if row.squeezed else None
    made = expanded(row, w_in), row.out, row.kernel, stride, inner
    return Inverted(*made, residual=row.expansion != 1)


def _timm(numbers: Numbers) -> Keys:
    return timms_keys()._replace(called=hundredths("semnasnet", numbers["width"]))


@family(
    Names(
        "mnasnet_a1[_{width}]",
        aliases=("semnasnet[_{width}]",),
        known=(
            *("mnasnet_a1", "mnasnet_a1_0.35", "mnasnet_a1_0.5", "mnasnet_a1_0.75"),
            "mnasnet_a1_1.4",
        ),
        read=timms_width,
        cifar=True,
    ),
    WIDTH,
    year=2018,
    recipe="mnasnet",
    timm=_timm,
)
def mnasnet_a1(width: Fraction | float = 1, *, classes: int = 1000, cifar: bool = False) -> Seq:
    """MnasNet-A1, with any width multiplier: squeeze-and-excitation in three of its stages.

    Its inner channels are a quarter of those of the block's input. Channels are multiples of 8
    (`divisible`), but for the last convolution's 1,280.
    """
    factor, style = exact(width, "width"), Style("relu")
    planes = multiplied(32, factor)
    rows = [row._replace(out=multiplied(row.out, factor)) for row in _STAGES_A1]
    stem, strided = strides([row.stride for row in rows], cifar)
    body = stages(rows, strided, planes, style, _block)
    head = Pool("global"), Dropout(0.2), Linear(classes, label="fc")
    return Seq(*style.unit(1, planes, 3, stem), *body, *style.unit(2, 1280), *head)
