"""VGG: Simonyan and Zisserman, arXiv 1409.1556, Table 1 (networks A, B, D, E)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archscope.arch.arrays import Number
from archscope.arch.families.axis import Axis
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.spelling import Names, Suffix
from archscope.arch.nodes import Act, Conv, Dropout, Linear, Node, Norm, Pool, Repeat, Seq

_DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
NORM = Suffix("norm", "norm", "_(?P<norm>bn)", lambda _: True, lambda norm: "_bn" if norm else "")

_KEYS = Keys(
    {
        r"layer\d+\.\d+\.\w+|pool\d*": r"features.[\g<0>]",
        "fc1": "classifier.0",
        "fc2": "classifier.3",
        "fc3": "classifier.6",
    }
)
_SSD = Keys(  # SSD cuts VGG before its fourth pool
    {
        r"layer[1-4]\.\d+\.\w+|pool[12]?": r"backbone.features.[\g<0>]",
        r"layer5\.\d+\.\w+|pool3": r"backbone.extra.0.[\g<0>]",
    }
)


@family(
    Names(
        "vgg[_{depth}[_w{width}]]",
        suffixes=(NORM,),
        known=tuple(f"vgg{depth}{norm}" for depth in _DEPTHS for norm in ("", "_bn")),
        members={f"vgg{depth}": {"blocks": blocks} for depth, blocks in _DEPTHS.items()},
        cifar=True,
    ),
    Axis("depth", range(1, 5), parameter="blocks", stages=5),
    Axis("width", range(8, 129, 8), default=64, channels=True),
    channels=1,
    year=2014,
    recipe="vgg",
    torchvision=_KEYS,
    detection={"ssd": _SSD},
)
def vgg(
    blocks: Sequence[Number],
    width: Number = 64,
    *,
    classes: int = 1000,
    norm: bool = False,
    cifar: bool = False,
) -> Seq:
    """VGG: five stages of 3x3 convolutions, `width`, 2, 4, 8 and 8 times that wide.

    A max pool behind each; then two dense layers of 4,096, for 32x32 images none. `norm`: with
    batch norm behind each convolution (`vgg16_bn`).
    """
    stages: list[Node] = []
    for index, (number, factor) in enumerate(zip(blocks, (1, 2, 4, 8, 8), strict=True), start=1):
        conv = Conv(width * factor, 3, bias=True, label="conv")
        layers = Seq(conv, *([Norm(label="bn")] if norm else []), Act())
        stages += [Repeat(number, layers, layers, label=f"layer{index}"), Pool("max", 2, 2)]
    return Seq(*stages, *_head(classes, cifar))


def _head(classes: int, cifar: bool) -> tuple[Any, ...]:
    if cifar:
        return Pool("global"), Linear(classes, label="fc")
    dense = [(Linear(4096, label=f"fc{index}"), Act(), Dropout(0.5)) for index in (1, 2)]
    return Pool("adaptive", 7), *dense[0], *dense[1], Linear(classes, label="fc3")
