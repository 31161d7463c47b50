"""GoogLeNet: Szegedy et al., arXiv 1409.4842, Table 1, with batch norm, as torchvision has it."""

from __future__ import annotations

from archscope.arch.families.family import family
from archscope.arch.families.keys import SAME
from archscope.arch.families.spelling import AUX, Names
from archscope.arch.nodes import Act, Aux, Cat, Conv, Dropout, Linear, Node, Norm, Pool, Seq

# Channels: 1x1; 3x3 reduced, 3x3; 5x5 reduced, 5x5; behind the pool.
_MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


@family(
    Names("googlenet", suffixes=(AUX,), known=("googlenet", "googlenet-aux"), cifar=True),
    year=2014,
    torchvision=SAME,
)
def googlenet(*, classes: int = 1000, aux: bool = False, cifar: bool = False) -> Seq:
    """GoogLeNet: its 5x5 convolutions are 3x3, as in the published weights of torchvision.

    With `aux`, the two heads of training stand behind 4a and 4d. For 32x32 images the stem is one
    3x3 convolution to the 192 channels of the published one (as in kuangliu/pytorch-cifar).
    """
    pool = Pool("max", 3, 2, ceil=True)
    stem = _unit("conv1", 64, 7, 2), pool, _unit("conv2", 64), _unit("conv3", 192, 3), pool
    rest = Seq(
        *(_module("4e"), Pool("max", 2, 2, ceil=True), _module("5a"), _module("5b")),
        *(Pool("global"), Dropout(0.2), Linear(classes, label="fc")),
    )
    middle: list[Node] = [_module(name) for name in ("4b", "4c", "4d")]
    middle.append(Aux(rest, _side("aux2", classes)) if aux else rest)
    return Seq(
        *([_unit("conv1", 192, 3)] if cifar else stem),
        *(_module("3a"), _module("3b"), pool, _module("4a")),
        *([Aux(Seq(*middle), _side("aux1", classes))] if aux else middle),
    )


def _unit(label: str, out: int, kernel: int = 1, stride: int = 1) -> Seq:
    conv = Conv(out, kernel, stride, label="conv")
    return Seq(conv, Norm(1e-3, label="bn"), Act(), label=label)


def _module(name: str) -> Cat:
    one, reduced3, three, reduced5, five, pooled = _MODULES[name]
    return Cat(
        _unit("branch1", one),
        Seq(_unit("0", reduced3), _unit("1", three, 3), label="branch2"),
        Seq(_unit("0", reduced5), _unit("1", five, 3), label="branch3"),
        Seq(Pool("max", 3, 1, 1), _unit("1", pooled), label="branch4"),
        label=f"inception{name}",
    )


def _side(label: str, classes: int) -> Seq:
    dense = Linear(1024, label="fc1"), Act(), Dropout(0.7), Linear(classes, label="fc2")
    return Seq(Pool("adaptive", 4), _unit("conv", 128), *dense, label=label)
