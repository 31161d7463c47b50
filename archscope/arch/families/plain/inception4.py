"""Inception-v4 and Inception-ResNet-v2: Szegedy et al., arXiv 1602.07261.

Both as in TF-slim: Inception-ResNet-v2 has v3's stem and 1536 final channels, a biased 1x1 behind
each concatenation, and no auxiliary head. Labels are timm's names; in Inception-v4, whose layers
timm only numbers (`features.6`), the paper's. Unlabelled `Seq`s of the tree are the rows of its
Table 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from archscope.arch.families.family import family
from archscope.arch.families.keys import SAME, Keys
from archscope.arch.families.plain.inception import INCEPTION_INPUT, Layer, unit
from archscope.arch.families.spelling import Names
from archscope.arch.nodes import Act, Cat, Conv, Dropout, Linear, Node, Pool, Repeat, Seq, Sum

_TIMM = Keys(
    {
        "last_linear": r"\g<0>",
        r"inception_[abc]\.\d+|\w+": r"features.[\g<0>]",
    }
)


@family(
    Names("inception_v4", known=("inception_v4",), cifar=True),
    input=INCEPTION_INPUT,
    year=2016,
    timm=_TIMM,
)
def inception_v4(*, classes: int = 1000, cifar: bool = False) -> Seq:
    """Inception-v4 at 299x299 (Figure 9); 75x75 is the smallest input.

    For 32x32 as in weiaicunzai/pytorch-cifar100: the stem has no strides, its pools neither.
    """
    halved, single = (None, None) if cifar else (2, 1)
    pool = Pool("max", 3, 1, 1) if cifar else Pool("max", 3, 2)
    first = 1 if cifar else 2
    return Seq(
        Seq(unit("conv1", 32, 3, first), unit("conv2", 32, 3, single), unit("conv3", 64, 3)),
        Seq(
            Cat(pool, unit("conv", 96, 3, halved), label="mixed_3a"),
            _cat(
                [(64, 1), (96, 3, single)],
                [(64, 1), (64, (1, 7)), (64, (7, 1)), (96, 3, single)],
                label="mixed_4a",
            ),
        ),
        Seq(
            Cat(unit("conv", 192, 3, halved), pool, label="mixed_5a"),
            _repeat("inception_a", 4, _inception_a()),
        ),
        Seq(
            _cat([(384, 3, 2)], [(192, 1), (224, 3), (256, 3, 2)], label="reduction_a", pool="max"),
            _repeat("inception_b", 7, _inception_b()),
        ),
        Seq(
            _cat(
                [(192, 1), (192, 3, 2)],
                [(256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2)],
                label="reduction_b",
                pool="max",
            ),
            _repeat("inception_c", 3, _inception_c()),
        ),
        *(Pool("global"), Dropout(0.2), Linear(classes, label="last_linear")),
    )


@family(
    Names(
        "inception_resnet_v2",
        aliases=("inception_resnetv2",),
        known=("inception_resnet_v2",),
        cifar=True,
    ),
    input=INCEPTION_INPUT,
    year=2016,
    timm=SAME,
)
def inception_resnet_v2(*, classes: int = 1000, cifar: bool = False) -> Seq:
    """Inception-ResNet-v2 at 299x299, TF-slim's variant; 75x75 is the smallest input.

    The residual branches are scaled by 0.17, 0.1 and 0.2; the last one by 1, without a ReLU. For
    32x32 its stem is that of Inception-v3 there.
    """
    block35 = [(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]
    block17 = [(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))]
    block8 = [(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))]
    wide: Sequence[Layer] = [(256, 1), (288, 3)]
    halved, single = (None, None) if cifar else (2, 1)
    pool = () if cifar else (Pool("max", 3, 2),)
    return Seq(
        Seq(
            unit("conv2d_1a", 32, 3, halved),
            unit("conv2d_2a", 32, 3, single),
            unit("conv2d_2b", 64, 3),
        ),
        Seq(*pool, unit("conv2d_3b", 80), unit("conv2d_4a", 192, 3, 1)),
        Seq(
            *pool,
            _cat(
                *([(96, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)]),
                label="mixed_5b",
                pool=64,
            ),
            _repeat("repeat", 10, _residual(320, 0.17, *block35)),
        ),
        Seq(
            _cat([(384, 3, 2)], [(256, 1), (256, 3), (384, 3, 2)], label="mixed_6a", pool="max"),
            _repeat("repeat_1", 20, _residual(1088, 0.1, *block17)),
        ),
        Seq(
            _cat(
                *([(256, 1), (384, 3, 2)], [(256, 1), (288, 3, 2)], [*wide, (320, 3, 2)]),
                label="mixed_7a",
                pool="max",
            ),
            _repeat("repeat_2", 9, _residual(2080, 0.2, *block8)),
            Seq(*_residual(2080, 1.0, *block8).children[:-1], label="block8"),
            unit("conv2d_7b", 1536),
        ),
        *(Pool("global"), Dropout(0.2), Linear(classes, label="classif")),
    )


def _inception_a() -> Cat:
    return _cat([(96, 1)], [(64, 1), (96, 3)], [(64, 1), (96, 3), (96, 3)], pool=96)


def _inception_b() -> Cat:
    high, wide = (7, 1), (1, 7)
    double: Sequence[Layer] = [(192, 1), (192, high), (224, wide), (224, high), (256, wide)]
    return _cat([(384, 1)], [(192, 1), (224, wide), (256, high)], double, pool=128)


def _inception_c() -> Cat:
    """Branches that end in 1x3 and 3x1 side by side."""
    name = "branch2"
    return Cat(
        unit("branch0", 256),
        Seq(
            unit("branch1_0", 384),
            Cat(unit("branch1_1a", 256, (1, 3)), unit("branch1_1b", 256, (3, 1))),
        ),
        Seq(
            *(
                unit(f"{name}_0", 384),
                unit(f"{name}_1", 448, (3, 1)),
                unit(f"{name}_2", 512, (1, 3)),
            ),
            Cat(unit(f"{name}_3a", 256, (1, 3)), unit(f"{name}_3b", 256, (3, 1))),
        ),
        _pooled("branch3", 256),
    )


def _residual(out: int, scale: float, *branches: Sequence[Layer]) -> Seq:
    """A residual block: concatenated branches, a biased 1x1, scaled; the sum, and a ReLU."""
    body = Seq(_cat(*branches), Conv(out, bias=True, label="conv2d"))
    return Seq(Sum(body, Seq(), scales=(scale, 1.0)), Act())


def _repeat(label: str, number: int, block: Node) -> Repeat:
    return Repeat(number, block, block, label=label)


def _cat(
    *branches: Sequence[Layer], label: str | None = None, pool: int | str | None = None
) -> Cat:
    """Branches 0, 1, ...; `pool` adds a max pool of stride 2, or an average pool and a 1x1."""
    parts: list[Node] = []
    for index, layers in enumerate(branches):
        name = f"branch{index}"
        if len(layers) == 1:
            parts.append(unit(name, *layers[0]))
        else:
            units = (unit(str(place), *layer) for place, layer in enumerate(layers))
            parts.append(Seq(*units, label=name))
    if isinstance(pool, int):
        parts.append(_pooled(f"branch{len(branches)}", pool))
    elif pool:
        parts.append(Pool("max", 3, 2))
    return Cat(*parts, label=label)


def _pooled(label: str, out: int) -> Seq:
    pool = Pool("avg", 3, 1, 1, count_include_pad=False)
    return Seq(pool, unit("1", out), label=label)
