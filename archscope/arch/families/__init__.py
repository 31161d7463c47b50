"""The families: plain functions from the few numbers of the papers to a network.

`scale` multiplies stem, widths and outputs, but not the cardinality (for proxies); `residual=False`
takes the shortcuts away (the ResNeXt paper's ablation). Cardinality, width, widen and the blocks of
a stage may be arrays of designs, which can be counted.
"""

from archscope.arch.families.blocks import (
    BASIC_BLOCKS,
    CIFAR_INPUT,
    IMAGENET_BLOCKS,
    IMAGENET_INPUT,
    RESNET_BLOCKS,
)
from archscope.arch.families.plain.inception import inception_v3
from archscope.arch.families.plain.inception4 import inception_resnet_v2, inception_v4
from archscope.arch.families.residual.postact import (
    cifar_resnet,
    cifar_resnext,
    resnet_basic,
    resnext,
    wide_resnet,
)
from archscope.arch.families.residual.preact import cifar_preresnet, preresnet
from archscope.arch.families.residual.wide import MOST_DEEPENING, wrn

__all__ = [
    "BASIC_BLOCKS",
    "CIFAR_INPUT",
    "IMAGENET_BLOCKS",
    "IMAGENET_INPUT",
    "MOST_DEEPENING",
    "RESNET_BLOCKS",
    "cifar_preresnet",
    "cifar_resnet",
    "cifar_resnext",
    "inception_resnet_v2",
    "inception_v3",
    "inception_v4",
    "preresnet",
    "resnet_basic",
    "resnext",
    "wide_resnet",
    "wrn",
]
