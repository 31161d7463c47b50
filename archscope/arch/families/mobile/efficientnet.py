"""EfficientNet: Tan and Le, arXiv 1905.11946, Table 1 and the compound scaling of section 3.3."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

from archscope.arch.arrays import Number
from archscope.arch.families.axis import Axis
from archscope.arch.families.blocks import multiplied, strides
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.mobile.inverted import (
    TF_NOTE,
    TIMM_REFUSED,
    Row,
    Style,
    squeezed,
    stages,
    timms_keys,
)
from archscope.arch.families.spelling import TIMM, Names, Numbers
from archscope.arch.nodes import Dropout, Linear, Pool, Seq
from archscope.arch.rounded import Rule, rounded
from archscope.arch.scaling import Factor, Fractions, exact, of_each, rounded_up
from archscope.arch.windows import Shape

_STAGES = (
    Row(1, 16, 1, 1, 3),
    Row(6, 24, 2, 2, 3),
    Row(6, 40, 2, 2, 5),
    Row(6, 80, 3, 2, 3),
    Row(6, 112, 3, 1, 5),
    Row(6, 192, 4, 2, 5),
    Row(6, 320, 1, 1, 3),
)
_REPEATS = Rule("up to a whole number", "round_repeats of EfficientNet's code")
# Width and depth factor, resolution and dropout; the resolutions are those of torchvision.
_SCALES = {
    "b0": (1, 1, 224, 0.2),
    "b1": (1, 1.1, 240, 0.2),
    "b2": (1.1, 1.2, 288, 0.3),
    "b3": (1.2, 1.4, 300, 0.3),
    "b4": (1.4, 1.8, 380, 0.4),
    "b5": (1.6, 2.2, 456, 0.4),
    "b6": (1.8, 2.6, 528, 0.5),
    "b7": (2, 3.1, 600, 0.5),
}

KEYS = Keys(
    {
        r"(conv|bn)([12])": r"features.[\2].[\1]",
        r"(layer\d+)\.(\d+)\.(conv|bn)(\d)": r"features.[\1].\2.block.[\4].[\3]",
        r"(layer\d+)\.(\d+)\.se": r"features.[\1].\2.block.[se]",
        "fc": "classifier.1",
    }
)


def _factor(word: str) -> Axis:
    """The factor of the widths or of the depths."""
    steps = [Fraction(number, 10) for number in range(5, 41)]
    finer = [Fraction(number, 20) for number in range(5, 81)]
    least = Fraction(1, 100)
    return Axis(word, steps, sought=finer, least=least, fractional=True, decimals=True, default=1)


def _side(numbers: Numbers) -> Shape:
    side = numbers["resolution"]
    return 3, side, side


def _member(entry: tuple[Any, ...]) -> dict[str, Any]:
    return {"width": entry[0], "depth": entry[1], "resolution": entry[2]}


def _blocks(row: Row, deeper: Factor) -> Number:
    blocks = row.blocks * deeper
    return rounded(rounded_up(blocks), blocks, _REPEATS)


def _style(width: Factor, depth: Factor, timm: bool) -> Style:
    """Batch norm's eps is 0.001 from B5 on in torchvision; before, and in timm, torch's own."""
    if timm or isinstance(width, Fractions) or isinstance(depth, Fractions):
        return Style("silu")  # nothing that is counted depends on it
    known = {tuple(map(exact, row[:2])): name for name, row in _SCALES.items()}
    return Style("silu", 1e-3 if known.get((width, depth)) in ("b5", "b6", "b7") else 1e-5)


def _last(width: Factor, timm: bool) -> Number:
    """Channels of the last convolution."""
    return multiplied(1280, width) if timm else 4 * multiplied(320, width)


def _as_timm(numbers: Numbers) -> bool:
    """Whether timm's network computes the same as torchvision's."""
    factors = exact(numbers["width"], "width"), exact(numbers["depth"], "depth")
    if any(isinstance(factor, Fractions) for factor in factors):
        return False
    same_width = _last(factors[0], True) == _last(factors[0], False)
    return same_width and _style(*factors, True) == _style(*factors, False)


def _canonical(numbers: dict[str, Any]) -> dict[str, Any]:
    """`timm` is False where it changes nothing."""
    return {**numbers, "timm": numbers["timm"] and not _as_timm(numbers)}


def _torchvision(numbers: Numbers) -> Keys:
    return KEYS._replace(refused=TIMM_REFUSED) if numbers["timm"] else KEYS


def _timm(numbers: Numbers) -> Keys:
    if numbers["timm"] or _as_timm(numbers):
        return timms_keys()._replace(note=TF_NOTE)
    return timms_keys()._replace(
        refused="timm's network has another eps in its batch norms, or another last convolution, "
        "than torchvision's {name}; use {name}-timm"
    )


@family(
    Names(
        "efficientnet[_{width}_{depth}_{resolution}]",
        known=tuple(f"efficientnet_{name}" for name in _SCALES),
        suffixes=(TIMM,),
        members={f"efficientnet_{name}": _member(row) for name, row in _SCALES.items()},
        cifar=True,
    ),
    Axis("resolution", range(128, 641, 32), default=224, least=32),
    _factor("width"),
    _factor("depth"),
    input=_side,
    year=2019,
    recipe="efficientnet",
    canonical=_canonical,
    torchvision=_torchvision,
    timm=_timm,
)
def efficientnet(
    width: Fraction | float = 1,
    depth: Fraction | float = 1,
    resolution: int = 224,
    *,
    classes: int = 1000,
    timm: bool = False,
    cifar: bool = False,
) -> Seq:
    """EfficientNet with any factor of width and depth, for images of `resolution`.

    Channels are multiples of 8 (`divisible`); blocks of a stage are rounded up. B0 to B7 have names
    of their own, with torchvision's resolutions (the paper trains B2 at 260). `timm`: with batch
    norm's eps of 1e-5 throughout, as timm has it.
    """
    wider, deeper = exact(width, "width"), exact(depth, "depth")
    style, planes = _style(wider, deeper, timm), multiplied(32, wider)
    rows = [
        row._replace(out=multiplied(row.out, wider), blocks=of_each(deeper, partial(_blocks, row)))
        for row in _STAGES
    ]
    stem, strided = strides([row.stride for row in rows], cifar)
    body = stages(rows, strided, planes, style, squeezed)
    tail = style.unit(2, _last(wider, timm))
    head = Pool("global"), Dropout(_dropout(wider, deeper)), Linear(classes, label="fc")
    return Seq(*style.unit(1, planes, 3, stem), *body, *tail, *head)


def _dropout(width: Factor, depth: Factor) -> float:
    """That of the smallest published network that is as wide and as deep."""
    if isinstance(width, Fractions) or isinstance(depth, Fractions):
        return 0.2
    for factor, deeper, _, dropout in _SCALES.values():
        if width <= exact(factor) and depth <= exact(deeper):
            return dropout
    return 0.5
