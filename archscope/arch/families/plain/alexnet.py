"""AlexNet in one column: Krizhevsky, arXiv 1404.5997, as torchvision has it."""

from __future__ import annotations

from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.spelling import Names
from archscope.arch.nodes import Act, Conv, Dropout, Linear, Node, Pool, Seq

_KEYS = Keys(
    {
        r"(conv|act|pool)\d*": r"features.[\g<0>]",
        "fc1": "classifier.1",
        "fc2": "classifier.4",
        "fc3": "classifier.6",
    }
)


@family(
    Names("alexnet", known=("alexnet",), cifar=True), year=2014, recipe="vgg", torchvision=_KEYS
)
def alexnet(*, classes: int = 1000, cifar: bool = False) -> Seq:
    """AlexNet: five convolutions and three dense layers.

    For 32x32 images as in W. Yang's collection (bearpaw/pytorch-classification): the first
    convolution padded by 5, 2x2 pools, and one dense layer.
    """
    pool = Pool("max", 2, 2) if cifar else Pool("max", 3, 2)
    padding = 5 if cifar else 2
    return Seq(
        *(Conv(64, 11, 4, padding=padding, bias=True, label="conv1"), Act(), pool),
        *(Conv(192, 5, bias=True, label="conv2"), Act(), pool),
        *(Conv(384, 3, bias=True, label="conv3"), Act()),
        *(Conv(256, 3, bias=True, label="conv4"), Act()),
        *(Conv(256, 3, bias=True, label="conv5"), Act(), pool),
        *_head(classes, cifar),
    )


def _head(classes: int, cifar: bool) -> tuple[Node, ...]:
    if cifar:
        return (Linear(classes, label="fc"),)
    return (
        *(Pool("adaptive", 6), Dropout(0.5), Linear(4096, label="fc1"), Act()),
        *(Dropout(0.5), Linear(4096, label="fc2"), Act(), Linear(classes, label="fc3")),
    )
