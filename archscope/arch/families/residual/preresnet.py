"""Pre-activation ResNets: He et al., Identity Mappings in Deep Residual Networks, arXiv 1603.05027.

Shortcuts are 1x1 convolutions where the shape changes, without batch norm; BN-ReLU before them is
shared by both branches (the paper's appendix). The strides stand where the authors' programs have
them: CIFAR's bottleneck in the first 1x1, ImageNet's in the 3x3.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from archscope.arch.arrays import Number
from archscope.arch.families.blocks import head, imagenet_stem
from archscope.arch.families.family import CIFAR_INPUT, family
from archscope.arch.families.residual import choices
from archscope.arch.families.residual.choices import Choices, Stride
from archscope.arch.families.residual.depths import (
    BASIC_BLOCKS,
    FOUR_STAGES,
    RESNET_BLOCKS,
    THREE_STAGES,
    Known,
    depth_text,
    equal_stages,
    imagenet,
    known_depth,
    read_depth,
    refuse,
    scale_axis,
    whole_depth,
    with_imagenet,
)
from archscope.arch.families.spelling import KIND, SCALE, SHORTCUT, Names, Numbers, Spelled
from archscope.arch.nodes import Act, Conv, Node, Norm
from archscope.arch.scaling import scaled
from archscope.errors import UsageError, shown

Block: TypeAlias = Literal["basic", "bottleneck"]
_FORM = "preresnet[{depth}]"
_ALIASES = ("pre_resnet[{depth}]", "pre_act_resnet[{depth}]", "preact_resnet[{depth}]")


def _plan(
    stem: tuple[Node, ...],
    blocks: Sequence[Number],
    planes: Sequence[Number],
    is_basic: bool,
    stride: int,
    classes: int,
    residual: bool,
) -> Choices:
    """Stages of pre-activation blocks; convolution number `stride` of a bottleneck has the stride.

    The stem's BN-ReLU, where it has one, is that of the first block.
    """
    lead = len(stem) == 1
    output = planes if is_basic else [4 * width for width in planes]
    return Choices(
        stem,
        tuple(blocks),
        choices.Block((3, 3) if is_basic else (1, 3, 1), True, lead),
        tuple(output),
        tuple(planes),
        (1,) * len(blocks),
        Stride((1, *(2 for _ in blocks[1:])), 0 if is_basic else stride),
        (Norm(label="bn1" if lead else "bn2"), Act(), *head(classes)),
        residual,
    )


def _known(block: Block) -> Known:
    is_basic = block == "basic"
    return {
        depth: row for depth, row in RESNET_BLOCKS.items() if (depth in BASIC_BLOCKS) is is_basic
    }


def _read(spelled: Spelled) -> Numbers | None:
    found = imagenet(spelled, RESNET_BLOCKS)
    if found is None:
        return None
    depth, kind = read_depth(spelled), spelled.suffixes.get("kind")
    if isinstance(depth, int):
        refuse(spelled, "kind", of="ImageNet's preresnet")
        kind = "basic" if depth in BASIC_BLOCKS else "bottleneck"
    if isinstance(depth, tuple) and kind is None:
        raise UsageError(
            "the blocks of each stage need their kind, basic or bottleneck; write it, as "
            "preresnet_3_4_7_3-bottleneck"
        )
    return {**found, "block": kind or "bottleneck"}


def _write(numbers: Numbers) -> str:
    blocks, block = numbers["blocks"], numbers["block"]
    depth = known_depth(blocks, _known(block))
    return f"preresnet{depth_text(depth, blocks)}{'' if depth else f'-{block}'}"


@family(
    Names(
        _FORM,
        aliases=_ALIASES,
        suffixes=(KIND, SCALE, SHORTCUT),
        known=("preresnet200",),
        read=_read,
        write=_write,
    ),
    FOUR_STAGES,
    scale_axis(64),
    channels=64,
    year=2016,
    recipe="resnet",
)
def preresnet(
    blocks: Sequence[Number] = (3, 24, 36, 3),
    block: Block = "bottleneck",
    *,
    classes: int = 1000,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Choices:
    """The ImageNet pre-activation ResNet: ResNet-200 itself, of `blocks` a stage.

    The stem's BN-ReLU is the first block's: it comes before the max pool.

    Raises:
        UsageError: where a number is not positive, or a scaled width not whole.
    """
    planes = [scaled(width, scale, f"width {width}") for width in (64, 128, 256, 512)]
    stem = imagenet_stem(scale)
    return _plan(stem, blocks, planes, _is_basic(block), 1, classes, residual)


def _is_basic(block: str | None) -> bool:
    if not isinstance(block, str) or block not in ("basic", "bottleneck"):
        raise UsageError(f"a block is basic or bottleneck, not {shown(str(block))}; use one")
    return block == "basic"


def _canonical(numbers: dict[str, Any]) -> dict[str, Any]:
    depth, block = numbers["depth"], numbers["block"]
    if block is None:
        block = _usual_block(depth)
    blocks = equal_stages(depth, 6 if _is_basic(block) else 9, 2)
    return {**numbers, "depth": blocks, "block": block}


def _read_cifar(spelled: Spelled) -> Numbers | None:
    depth = read_depth(spelled)
    if spelled.prefix == "imagenet" or (isinstance(depth, tuple) and len(depth) != 3):
        return None
    kind = spelled.suffixes.get("kind")
    if depth is None:
        return {"block": kind or "basic"}
    try:
        found = _canonical({"depth": depth, "block": kind})
    except UsageError as error:
        if isinstance(depth, tuple):
            raise
        raise with_imagenet(error, spelled, RESNET_BLOCKS) from None
    return found


def _write_cifar(numbers: Numbers) -> str:
    blocks, block = numbers["depth"], numbers["block"]
    depth = whole_depth(blocks, 6 if block == "basic" else 9, 2)
    kind = "" if depth and block == _usual_block(depth) else f"-{block}"
    prefix = "cifar_" if depth in RESNET_BLOCKS else ""
    return f"{prefix}preresnet{depth_text(depth, blocks)}{kind}"


@family(
    Names(
        _FORM,
        aliases=_ALIASES,
        suffixes=(KIND, SCALE, SHORTCUT),
        known=("preresnet110", "preresnet164", "preresnet1001"),
        read=_read_cifar,
        write=_write_cifar,
    ),
    THREE_STAGES,
    scale_axis(16),
    input=CIFAR_INPUT,
    classes=10,
    canonical=_canonical,
    channels=16,
    year=2016,
    recipe="resnet",
)
def cifar_preresnet(
    depth: int | Sequence[Number] = 110,
    block: Block | None = None,
    *,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Choices:
    """The CIFAR pre-activation ResNet: stages of 16, 32, 64 channels, times 4 for bottlenecks.

    Depth 6n+2 gives n basic blocks a stage, 9n+2 n bottlenecks; or give the blocks of each stage,
    as (2, 3, 4), and which they are. Where both fit (18n+2) and no `block` is given, networks
    shallower than 164 are basic, the others bottleneck ones: so 110 and 164 are the paper's. Where
    the paper's ResNet-110 and -1202 pad shortcuts with zeros (type A), there is a 1x1 convolution
    here, 2,560 parameters more.

    Raises:
        UsageError: where the depth does not fit the block, or a scaled width is not whole.
    """
    assert isinstance(depth, Sequence)
    planes = [scaled(width, scale, f"width {width}") for width in (16, 32, 64)]
    stem = (Conv(planes[0], 3, label="conv1"),)
    return _plan(stem, depth, planes, _is_basic(block), 0, classes, residual)


def _usual_block(depth: int | Sequence[Number]) -> Block:
    """The block of a CIFAR pre-activation network that is named by its depth alone.

    Raises:
        UsageError: where no block fits the depth, or the stages are given one by one.
    """
    if isinstance(depth, Sequence):
        raise UsageError(
            "the blocks of each stage need their kind, basic or bottleneck; write it, as "
            "preresnet_2_3_4-basic"
        )
    basic, bottleneck = depth % 6 == 2 and depth >= 8, depth % 9 == 2 and depth >= 11
    if not basic and not bottleneck:
        near = sorted({max(8, (depth - 2) // 6 * 6 + 2), max(11, (depth - 2) // 9 * 9 + 2)})
        raise UsageError(
            "depth must be 6n+2 (basic blocks) or 9n+2 (bottlenecks) with n >= 1, not "
            f"{depth}; use {' or '.join(map(str, near))}"
        )
    return "bottleneck" if bottleneck and (depth >= 164 or not basic) else "basic"
