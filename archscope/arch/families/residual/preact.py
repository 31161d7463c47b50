"""Pre-activation ResNets: He et al., Identity Mappings in Deep Residual Networks, arXiv 1603.05027.

Shortcuts are 1x1 convolutions where the shape changes, without batch norm; BN-ReLU before them is
shared by both branches (the paper's appendix). The strides stand where the authors' programs have
them: CIFAR's bottleneck in the first 1x1, ImageNet's in the 3x3.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, TypeAlias

from archscope.arch.arrays import Number
from archscope.arch.families.blocks import (
    CIFAR_INPUT,
    IMAGENET_INPUT,
    RESNET_BLOCKS,
    blocks_text,
    depth_name,
    four_stages,
    head,
    imagenet_stem,
    preactivation_stages,
    three_stages,
)
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Norm, Seq
from archscope.arch.scaling import scaled, suffixes
from archscope.errors import UsageError

Block: TypeAlias = Literal["basic", "bottleneck"]


def preresnet(
    blocks: Sequence[Number] = (3, 24, 36, 3),
    block: Block = "bottleneck",
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The ImageNet pre-activation ResNet: ResNet-200 as it stands, of `blocks` a stage.

    The stem's BN-ReLU is the first block's: it stands before the max pool.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    four_stages(blocks)
    known = {
        depth: row
        for depth, row in RESNET_BLOCKS.items()
        if (depth > 34) is (block == "bottleneck")
    }
    depth = depth_name(blocks, known)
    planes = [scaled(width, scale, f"width {width}") for width in (64, 128, 256, 512)]
    w_in = scaled(64, scale, "stem 64")
    layers = _bottleneck if block == "bottleneck" else _basic
    stages = preactivation_stages(blocks, planes, w_in, layers, residual=residual, lead=False)
    kind = f"-{block}" if depth.startswith("_") else ""
    return Network(
        f"preresnet{depth}{kind}{suffixes(scale, residual)}",
        Seq(*imagenet_stem(scale), *stages, Norm(label="bn2"), Act(), *head(classes)),
        IMAGENET_INPUT,
    )


def cifar_preresnet(
    depth: int | Sequence[Number] = 110,
    block: Block | None = None,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Network:
    """The CIFAR pre-activation ResNet: stages of 16, 32, 64 channels, times 4 for bottlenecks.

    Depth 6n+2 gives n basic blocks a stage, 9n+2 n bottlenecks; or give the blocks of each stage,
    as (2, 3, 4), and which they are. Where both fit (18n+2) and no `block` is given, networks
    shallower than 164 are basic, the others bottleneck ones: so 110 and 164 are the paper's. Where
    the paper's ResNet-110 and -1202 pad shortcuts with zeros (type A), there is a 1x1 convolution
    here, 2,560 parameters more.

    Raises:
        UsageError: where the depth does not fit the block, or a scaled width is not whole.
    """
    if block is None:
        block = _usual_block(depth)
    blocks, whole = three_stages(depth, 6 if block == "basic" else 9, 2)
    planes = [scaled(width, scale, f"width {width}") for width in (16, 32, 64)]
    w_in = scaled(16, scale, "stem 16")
    layers = _early_bottleneck if block == "bottleneck" else _basic
    stages = preactivation_stages(blocks, planes, w_in, layers, residual=residual)
    prefix = "cifar_" if whole in RESNET_BLOCKS else ""
    kind = "" if whole and block == _usual_block(whole) else f"-{block}"
    stem = Conv(w_in, 3, label="conv1")
    return Network(
        f"{prefix}preresnet{whole or blocks_text(blocks)}{kind}{suffixes(scale, residual)}",
        Seq(stem, *stages, Norm(label="bn1"), Act(), *head(classes)),
        CIFAR_INPUT,
    )


def _usual_block(depth: int | Sequence[Number]) -> Block:
    """The block of a CIFAR pre-activation network that is named by its depth alone.

    Raises:
        UsageError: where no block fits the depth, or the stages are given one by one.
    """
    if isinstance(depth, Sequence):
        raise UsageError(
            "the blocks of each stage were asked for without what they are; say basic or "
            "bottleneck, as preresnet_2_3_4-basic"
        )
    basic, bottleneck = depth % 6 == 2 and depth >= 8, depth % 9 == 2 and depth >= 11
    if not basic and not bottleneck:
        near = sorted({max(8, (depth - 2) // 6 * 6 + 2), max(11, (depth - 2) // 9 * 9 + 2)})
        raise UsageError(
            f"depth {depth} was asked for, but it must be 6n+2 (basic blocks) or 9n+2 "
            f"(bottlenecks) with n >= 1; use {' or '.join(map(str, near))}"
        )
    return "bottleneck" if bottleneck and (depth >= 164 or not basic) else "basic"


def _basic(planes: Number, stride: int) -> list[Conv]:
    return [Conv(planes, 3, stride), Conv(planes, 3)]


def _bottleneck(planes: Number, stride: int) -> list[Conv]:
    return [Conv(planes, 1), Conv(planes, 3, stride), Conv(4 * planes, 1)]


def _early_bottleneck(planes: Number, stride: int) -> list[Conv]:
    return [Conv(planes, 1, stride), Conv(planes, 3), Conv(4 * planes, 1)]
