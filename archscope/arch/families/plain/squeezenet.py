"""SqueezeNet: Iandola et al., arXiv 1602.07360, and its version 1.1."""

from __future__ import annotations

from archscope.arch.families.axis import chosen
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.spelling import Names
from archscope.arch.nodes import Act, Cat, Conv, Dropout, Node, Pool, Seq

# Squeezed and expanded channels (each of 1x1 and 3x3) of the fire modules.
_FIRES = (
    *((16, 64), (16, 64), (32, 128), (32, 128)),
    *((48, 192), (48, 192), (64, 256), (64, 256)),
)
# The stem, and the places of the fire modules that a pool stands before.
_VERSIONS: dict[str, tuple[Conv, tuple[int, ...]]] = {
    "1_0": (Conv(96, 7, 2, padding=0, bias=True, label="conv1"), (0, 3, 7)),
    "1_1": (Conv(64, 3, 2, padding=0, bias=True, label="conv1"), (0, 2, 4)),
}

_KEYS = Keys(
    {
        r"conv1|act|pool\d*|fire\d+": r"features.[\g<0>]",
        "classifier": "classifier.1",
    }
)


@family(
    Names(
        "squeezenet",
        known=("squeezenet1_0", "squeezenet1_1"),
        members={f"squeezenet{version}": {"version": version} for version in _VERSIONS},
        cifar=True,
    ),
    year=2016,
    recipe="squeezenet",
    torchvision=_KEYS,
)
def squeezenet(version: str = "1_0", *, classes: int = 1000, cifar: bool = False) -> Seq:
    """SqueezeNet: fire modules, and a 1x1 convolution with ReLU as the classifier.

    For 32x32 images the stem is a 3x3 convolution of stride 1, and the pool behind it is left out.
    """
    stem, pools = _VERSIONS[chosen(version, _VERSIONS, "version")]
    if cifar:
        stem, pools = Conv(stem.out, 3, bias=True, label="conv1"), pools[1:]
    parts: list[Node] = [stem, Act()]
    for index, (squeezed, expanded) in enumerate(_FIRES):
        parts += [Pool("max", 3, 2, ceil=True)] if index in pools else []
        parts.append(_fire(index + 2, squeezed, expanded))
    classifier = Conv(classes, 1, bias=True, label="classifier")
    return Seq(*parts, Dropout(0.5), classifier, Act(), Pool("global"))


def _fire(number: int, squeezed: int, expanded: int) -> Seq:
    branches = (
        Seq(Conv(expanded, kernel, bias=True, label=f"expand{kernel}x{kernel}"), Act())
        for kernel in (1, 3)
    )
    squeeze = Conv(squeezed, 1, bias=True, label="squeeze")
    return Seq(squeeze, Act(), Cat(*branches), label=f"fire{number}")
