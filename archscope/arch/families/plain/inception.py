"""Inception-v3: Szegedy et al., Rethinking the Inception Architecture, arXiv 1512.00567.

The network is the one of TF-slim and torchvision, with torchvision's names for labels. Unlabelled
`Seq`s of the tree are the rows of its Table 1.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from archscope.arch.families.family import family
from archscope.arch.families.keys import SAME
from archscope.arch.families.spelling import AUX, Names
from archscope.arch.nodes import Act, Aux, Cat, Conv, Dropout, Kernel, Linear, Node, Norm, Pool, Seq
from archscope.errors import UsageError

INCEPTION_INPUT = (3, 299, 299)
# What `unit` takes after the label: (channels, kernel), or (channels, kernel, stride).
Layer: TypeAlias = tuple[Any, ...]


def unit(label: str, out: int, kernel: Kernel = 1, stride: int | None = None) -> Seq:
    """Convolution, batch norm, ReLU: padded to keep the size, but not where a `stride` is given.

    So the papers draw them: `V` marks the layers without padding, at strides 1 and 2.
    """
    padding = None if stride is None else 0
    conv = Conv(out, kernel, stride or 1, padding=padding, label="conv")
    return Seq(conv, Norm(1e-3, label="bn"), Act(), label=label)


@family(
    Names("inception_v3", suffixes=(AUX,), known=("inception_v3", "inception_v3-aux"), cifar=True),
    input=INCEPTION_INPUT,
    year=2015,
    torchvision=SAME,
    timm=SAME,
)
def inception_v3(*, classes: int = 1000, aux: bool = False, cifar: bool = False) -> Seq:
    """Inception-v3 at 299x299; 75x75 is the smallest input.

    Args:
        classes: outputs.
        aux: with the auxiliary head behind Mixed_6e, which only training runs (torchvision's
            default; its published weights were trained with one). Its module returns a pair then.
        cifar: for 32x32, as in weiaicunzai/pytorch-cifar100: the stem has no strides and no pools.

    Raises:
        UsageError: for a side head at 32x32, which it cannot take.
    """
    if aux and cifar:
        raise UsageError(
            "the side head of Inception-v3 takes maps of 17x17, not those of 32x32 images; leave "
            "-aux or cifar_ out"
        )
    halved, single = (None, None) if cifar else (2, 1)
    pool = () if cifar else (Pool("max", 3, 2),)
    head = Pool("global"), Dropout(0.5), Linear(classes, label="fc")
    last = Seq(_grid_8(), _expanded("Mixed_7b"), _expanded("Mixed_7c"))
    end: tuple[Node, ...] = (last, *head)
    if aux:
        end = (Aux(Seq(*end), _side_head(classes)),)
    return Seq(
        Seq(
            unit("Conv2d_1a_3x3", 32, 3, halved),
            unit("Conv2d_2a_3x3", 32, 3, single),
            unit("Conv2d_2b_3x3", 64, 3),
        ),
        Seq(*pool, unit("Conv2d_3b_1x1", 80), unit("Conv2d_4a_3x3", 192, 3, 1)),
        Seq(
            *pool,
            *(_grid_35("Mixed_5b", 32), _grid_35("Mixed_5c", 64), _grid_35("Mixed_5d", 64)),
        ),
        Seq(
            _grid_17(),
            *(_factorized("Mixed_6b", 128), _factorized("Mixed_6c", 160)),
            *(_factorized("Mixed_6d", 160), _factorized("Mixed_6e", 192)),
        ),
        *end,
    )


def _grid_35(label: str, pool: int) -> Cat:
    """Figure 5, with one 5x5 kept."""
    return Cat(
        _branch("branch1x1", (64, 1)),
        _branch("branch5x5", (48, 1), (64, 5)),
        _branch("branch3x3dbl", (64, 1), (96, 3), (96, 3)),
        _pooled(pool),
        label=label,
    )


def _grid_17() -> Cat:
    """Figure 10: to 17x17 by strides and a pool side by side."""
    return Cat(
        _branch("branch3x3", (384, 3, 2)),
        _branch("branch3x3dbl", (64, 1), (96, 3), (96, 3, 2)),
        Pool("max", 3, 2),
        label="Mixed_6a",
    )


def _factorized(label: str, width: int) -> Cat:
    """Figure 6: 7x7 convolutions as 1x7 and 7x1."""
    high, wide = (7, 1), (1, 7)
    double = (width, 1), (width, high), (width, wide), (width, high), (192, wide)
    return Cat(
        _branch("branch1x1", (192, 1)),
        _branch("branch7x7", (width, 1), (width, wide), (192, high)),
        _branch("branch7x7dbl", *double),
        _pooled(192),
        label=label,
    )


def _grid_8() -> Cat:
    return Cat(
        _branch("branch3x3", (192, 1), (320, 3, 2)),
        _branch("branch7x7x3", (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)),
        Pool("max", 3, 2),
        label="Mixed_7a",
    )


def _expanded(label: str) -> Cat:
    """Figure 7: branches that end in 1x3 and 3x1 side by side."""
    name, double = "branch3x3", "branch3x3dbl"
    return Cat(
        _branch("branch1x1", (320, 1)),
        Seq(
            unit(f"{name}_1", 384),
            Cat(unit(f"{name}_2a", 384, (1, 3)), unit(f"{name}_2b", 384, (3, 1))),
        ),
        Seq(
            unit(f"{double}_1", 448),
            unit(f"{double}_2", 384, 3),
            Cat(unit(f"{double}_3a", 384, (1, 3)), unit(f"{double}_3b", 384, (3, 1))),
        ),
        _pooled(192),
        label=label,
    )


def _side_head(classes: int) -> Seq:
    """Figure 8."""
    return Seq(
        Pool("avg", 5, 3),
        unit("conv0", 128),
        unit("conv1", 768, 5, 1),
        Pool("global"),
        Linear(classes, label="fc"),
        label="AuxLogits",
    )


def _pooled(out: int) -> Seq:
    return Seq(Pool("avg", 3, 1, 1), unit("branch_pool", out))


def _branch(name: str, *layers: Layer) -> Seq:
    """Units named `name`, or `name_1`, `name_2`, ... where there are several."""
    if len(layers) == 1:
        return Seq(unit(name, *layers[0]))
    return Seq(*(unit(f"{name}_{index}", *layer) for index, layer in enumerate(layers, start=1)))
