"""DenseNet-BC: Huang et al., arXiv 1608.06993, Table 1."""

from __future__ import annotations

from collections.abc import Sequence

from archscope.arch.arrays import Number
from archscope.arch.families.axis import Axis
from archscope.arch.families.blocks import cifar_stem, head, imagenet_stem
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.spelling import Names
from archscope.arch.nodes import Act, Conv, Grow, Node, Norm, Pool, Seq
from archscope.arch.rounded import DOWN, rounded

_BLOCKS = {
    121: (6, 12, 24, 16),
    161: (6, 12, 36, 24),
    169: (6, 12, 32, 32),
    201: (6, 12, 48, 32),
}

_KEYS = Keys(
    {
        "conv1": "features.conv0",
        "bn1": "features.norm0",
        r"denseblock(\d+)\.(\d+)": r"features.denseblock\1.denselayer[\2+1]",
        r"transition\d+|norm5": r"features.\g<0>",
        "fc": "classifier",
    },
    older=(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2."),
)


@family(
    Names(
        "densenet[_{depth}[_k{growth}]]",
        known=tuple(f"densenet{depth}" for depth in _BLOCKS),
        members={
            f"densenet{depth}": {"blocks": blocks, "growth": 48 if depth == 161 else 32}
            for depth, blocks in _BLOCKS.items()
        },
        cifar=True,
    ),
    Axis("depth", range(2, 49, 2), parameter="blocks", stages=4),
    Axis("growth", range(4, 65, 4), default=32),
    year=2016,
    recipe="densenet",
    torchvision=_KEYS,
)
def densenet(
    blocks: Sequence[Number],
    growth: Number = 32,
    *,
    classes: int = 1000,
    cifar: bool = False,
) -> Seq:
    """DenseNet-BC with `blocks` dense layers a stage, each of `growth` channels.

    A layer is a 1x1 to 4 times the growth and a 3x3; the stem has twice the growth, and between
    stages the channels are halved.
    """
    channels = 2 * growth
    stem = cifar_stem(channels) if cifar else imagenet_stem(channels=channels)
    body = layer(growth)
    stages: list[Node] = []
    for index, number in enumerate(blocks, start=1):
        stages.append(Grow(number, body, label=f"denseblock{index}"))
        channels = channels + number * growth
        if index < len(blocks):
            channels = rounded(channels // 2, channels, DOWN, over=2)
            layers = Norm(label="norm"), Act(), Conv(channels, label="conv"), Pool("avg", 2, 2)
            stages.append(Seq(*layers, label=f"transition{index}"))
    return Seq(*stem, *stages, Norm(label="norm5"), Act(), *head(classes))


def layer(growth: Number, kernel: int = 3) -> Seq:
    """A dense layer: a 1x1 to 4 times the growth, and a 3x3."""
    return Seq(
        *(Norm(label="norm1"), Act(), Conv(4 * growth, label="conv1")),
        *(Norm(label="norm2"), Act(), Conv(growth, kernel, label="conv2")),
    )
