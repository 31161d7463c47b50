"""ShuffleNetV2: Ma et al., arXiv 1807.11164, Table 5."""

from __future__ import annotations

from archscope.arch.arrays import Number
from archscope.arch.families.axis import Axis
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.mobile.inverted import Style
from archscope.arch.families.spelling import Names
from archscope.arch.nodes import Cat, Linear, Node, Pool, Repeat, Seq, Shuffle, Split
from archscope.arch.windows import any_of
from archscope.errors import UsageError

_BLOCKS = (4, 8, 4)
_STEM = 24

_KEYS = Keys(
    {
        r"(conv|bn)([15])": r"conv\2.[\1]",
        r"(stage\d\.\d+\.branch\d)\.(\w+)": r"\1.[\2]",
        "fc": "fc",
    }
)


@family(
    Names(
        "shufflenet_v2[_{width}[_{last}]]",
        known=(
            *("shufflenet_v2_x0_5", "shufflenet_v2_x1_0"),
            *("shufflenet_v2_x1_5", "shufflenet_v2_x2_0"),
        ),
        members={
            "shufflenet_v2_x0_5": {"width": 48},
            "shufflenet_v2_x1_0": {"width": 116},
            "shufflenet_v2_x1_5": {"width": 176},
            "shufflenet_v2_x2_0": {"width": 244, "last": 2048},
        },
        cifar=True,
    ),
    Axis("width", range(8, 401, 4), least=2, step=2),
    Axis("last", (1024, 2048), sought=range(128, 4097, 128), default=1024),
    year=2018,
    recipe="shufflenet",
    main="width",
    torchvision=_KEYS,
)
def shufflenet_v2(
    width: Number, last: Number = 1024, *, classes: int = 1000, cifar: bool = False
) -> Seq:
    """ShuffleNetV2 of `width` channels (even) in the first stage, twice and 4 times that behind it.

    The last convolution has `last` channels. For 32x32 images the stem keeps the size and is not
    pooled.
    """
    if any_of(width % 2 != 0):
        raise UsageError("width must be even, as a block works on half of its channels; use 116")
    style = Style("relu")
    pool = () if cifar else (Pool("max", 3, 2, 1),)
    stages = []
    for index, number in enumerate(_BLOCKS):
        half = width * 2**index // 2
        first = _first(_STEM if index == 0 else width * 2 ** (index - 1), half)
        stages.append(Repeat(number, first, unit(half, half), label=f"stage{index + 2}"))
    head = Pool("global"), Linear(classes, label="fc")
    start = style.unit(1, _STEM, 3, 1 if cifar else 2)
    return Seq(*start, *pool, *stages, *style.unit(5, last), *head)


def unit(half: Number, inner: Number, kernel: int = 3) -> Seq:
    """The block that keeps the map: half of the channels pass, `inner` in the other's branch."""
    branch = Seq(*_branch(inner, half, 1, kernel), label="branch2")
    return Seq(Split(Seq(), branch), Shuffle(2))


def _branch(inner: Number, out: Number, stride: int, kernel: int = 3) -> list[Node]:
    """1x1 to `inner` channels, depthwise 3x3, 1x1 to `out`."""
    style = Style("relu")
    return [
        *style.unit(1, inner),
        *style.unit(2, inner, kernel, stride, inner, act=False),
        *style.unit(3, out),
    ]


def _first(w_in: Number, half: Number) -> Seq:
    """The block that halves the map: both branches see all channels."""
    style = Style("relu")
    left = [*style.unit(1, w_in, 3, 2, w_in, act=False), *style.unit(2, half)]
    right = Seq(*_branch(half, half, 2), label="branch2")
    return Seq(Cat(Seq(*left, label="branch1"), right), Shuffle(2))
