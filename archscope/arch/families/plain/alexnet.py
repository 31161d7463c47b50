"""AlexNet in one column: Krizhevsky, arXiv 1404.5997, as torchvision has it."""

from __future__ import annotations

from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.spelling import Names
from archscope.arch.nodes import Act, Conv, Dropout, Linear, Pool, Seq

_KEYS = Keys(
    {
        r"(conv|act|pool)\d*": r"features.[\g<0>]",
        "fc1": "classifier.1",
        "fc2": "classifier.4",
        "fc3": "classifier.6",
    }
)


@family(Names("alexnet", known=("alexnet",)), year=2014, torchvision=_KEYS)
def alexnet(*, classes: int = 1000) -> Seq:
    """AlexNet: five convolutions and three dense layers."""
    pool = Pool("max", 3, 2)
    return Seq(
        *(Conv(64, 11, 4, padding=2, bias=True, label="conv1"), Act(), pool),
        *(Conv(192, 5, bias=True, label="conv2"), Act(), pool),
        *(Conv(384, 3, bias=True, label="conv3"), Act()),
        *(Conv(256, 3, bias=True, label="conv4"), Act()),
        *(Conv(256, 3, bias=True, label="conv5"), Act(), pool),
        *(Pool("adaptive", 6), Dropout(0.5), Linear(4096, label="fc1"), Act()),
        *(Dropout(0.5), Linear(4096, label="fc2"), Act(), Linear(classes, label="fc3")),
    )
