"""Wide ResNet for CIFAR and SVHN: Zagoruyko and Komodakis, arXiv 1605.07146.

Its ImageNet networks are widened post-activation ones: `resnet_basic` with `widen` (Table 7), and
the bottleneck WRN-50-2, which is `resnext` of template 1x128d (Table 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from archscope.arch.arrays import Number, is_array, positive
from archscope.arch.families.axis import Axis, number_text
from archscope.arch.families.blocks import head, widened
from archscope.arch.families.family import CIFAR_INPUT, family
from archscope.arch.families.residual.choices import Block, Choices, Stride
from archscope.arch.families.residual.depths import (
    BASIC_BLOCKS,
    THREE_STAGES,
    depth_text,
    equal_stages,
    read_depth,
    refuse,
    scale_axis,
    whole_depth,
)
from archscope.arch.families.spelling import (
    BLOCK,
    DEEPENING,
    DROPOUT,
    KIND,
    SCALE,
    SHORTCUT,
    Names,
    Numbers,
    Spelled,
    block_text,
)
from archscope.arch.nodes import Act, Conv, Norm
from archscope.arch.scaling import decimal, exact, scaled
from archscope.errors import UsageError, shown

MOST_DEEPENING = 999  # each is a layer of the tree, unlike blocks, which a stage repeats


_WIDEN = Axis("widen", range(1, 17), fractional=True, channels=True, symbol="k")


def _read(spelled: Spelled) -> Numbers | None:
    depth, kind = read_depth(spelled), spelled.suffixes.get("kind")
    if kind == "bottleneck" and "." not in spelled.texts.get("widen", ""):
        return None  # the paper's name of a wide_resnet
    if spelled.prefix == "imagenet" or (isinstance(depth, tuple) and len(depth) == 4):
        return None
    refuse(spelled, "kind", of="wrn")
    found: dict[str, Any] = {}
    if "widen" in spelled.texts:
        found["widen"] = _WIDEN.read(spelled.texts["widen"])
    if "block" in spelled.suffixes and "deepening" not in spelled.suffixes:
        found["deepening"] = None
    if depth is None:
        return found
    values = {
        "block": BLOCK.read(spelled.suffixes["block"]) if "block" in spelled.suffixes else (3, 3),
        "deepening": int(spelled.suffixes["deepening"])
        if "deepening" in spelled.suffixes
        else None,
    }
    try:
        return {**found, "depth": _canonical({"depth": depth, **values})["depth"]}
    except UsageError as error:
        if depth in BASIC_BLOCKS and spelled.prefix is None and str(error).startswith("depth"):
            widen = spelled.texts.get("widen", "2")
            raise UsageError(f"{error}, or imagenet_wrn_{depth}_{widen}") from None
        raise


def _write(numbers: Numbers) -> str:
    _, period = _kernels(tuple(numbers["block"]), numbers["deepening"])
    depth = depth_text(whole_depth(numbers["depth"], period, 4), numbers["depth"])
    return f"wrn_{depth.removeprefix('_')}_{number_text(numbers['widen'])}"


def _canonical(numbers: dict[str, Any]) -> dict[str, Any]:
    """A block of two 3x3 is one of deepening 2; of other kernels there is no deepening."""
    block, deepening = _sizes(numbers["block"]), numbers["deepening"]
    _, period = _kernels(block, deepening)
    if block == (3, 3) and deepening is None:
        deepening = 2
    blocks = equal_stages(numbers["depth"], period, 4)
    return {**numbers, "depth": blocks, "block": block, "deepening": deepening}


@family(
    Names(
        "wrn[_{depth}[_{widen}]]",
        suffixes=(replace(KIND, parameter=""), BLOCK, DEEPENING, DROPOUT, SCALE, SHORTCUT),
        known=(
            *("wrn_40_1", "wrn_40_2", "wrn_40_4", "wrn_40_8", "wrn_28_10", "wrn_28_12"),
            *("wrn_22_8", "wrn_22_10", "wrn_16_4", "wrn_16_8", "wrn_16_10", "wrn_52_1"),
            *("wrn_40_10", "wrn_16_4-drop0.3", "wrn_28_10-drop0.3", "wrn_52_1-drop0.3"),
            *("wrn_40_10-drop0.3", "wrn_16_4-drop0.4", "wrn_52_1-drop0.4", "wrn_16_8-drop0.4"),
            *("wrn_40_2-B(1,3,1)", "wrn_40_2-B(3,1)", "wrn_40_2-B(1,3)", "wrn_40_2-B(3,1,1)"),
            *("wrn_28_2", "wrn_22_2-B(3,1,3)", "wrn_40_2-l1", "wrn_40_2-l3", "wrn_40_2-l4"),
        ),
        read=_read,
        write=_write,
    ),
    THREE_STAGES,
    _WIDEN,
    Axis("deepening", (2,), most=MOST_DEEPENING, default=2, arrays=False, symbol="l"),
    scale_axis(16),
    input=CIFAR_INPUT,
    classes=10,
    init="fan_in",
    canonical=_canonical,
    channels=16,
    year=2016,
    recipe="wrn",
)
def wrn(
    depth: int | Sequence[Number] = 28,
    widen: Number = 10,
    *,
    block: Sequence[int] = (3, 3),
    deepening: int | None = None,
    dropout: Fraction | float = 0,
    classes: int = 10,
    scale: Fraction | float = 1,
    residual: bool = True,
) -> Choices:
    """The CIFAR Wide ResNet WRN-n-k (Table 1): pre-activation blocks of widths 16k, 32k, 64k.

    With k = 1 the first group has no projection. Initialised by fan in.

    Args:
        depth: 6n+4 gives n blocks a group, whatever the block's type (Table 2); or the blocks of
            each group, as (2, 3, 4).
        widen: k; a fraction such as 1.5 is possible where the widths stay whole.
        block: kernel sizes, (3, 1, 3) for B(3,1,3); the first convolution takes the stride.
        deepening: l, the number of 3x3 convolutions a block: depth 3ln+4 gives n blocks a group, so
            that the network keeps its depth (Table 3). It takes the place of `block`.
        dropout: probability, before every convolution of a block but the first (0: none).
        classes, scale, residual: as in every family.

    Raises:
        UsageError: where the depth does not fit, a kernel is not odd, or a width not whole.
    """
    assert isinstance(depth, Sequence)
    kernels, _ = _kernels(tuple(block), deepening)
    widths = tuple(widened(planes, widen, scale) for planes in (16, 32, 64))
    return Choices(
        (Conv(scaled(16, scale, "stem 16"), 3, label="conv1"),),
        tuple(depth),
        Block(kernels, preactivation=True),
        widths,
        widths,
        (1, 1, 1),
        Stride((1, 2, 2), 0),
        (Norm(label="bn1"), Act(), *head(classes)),
        residual,
        float(_probability(dropout, len(kernels))),
    )


def _sizes(block: Any) -> tuple[int, ...]:
    if not isinstance(block, Sequence) or not all(isinstance(kernel, int) for kernel in block):
        raise UsageError(
            f"a block is one or more kernels of odd size, not {shown(str(block))}; use (3, 3)"
        )
    return tuple(block)


def _kernels(block: tuple[int, ...], deepening: int | None) -> tuple[tuple[int, ...], int]:
    """The kernels of a block, and by how much one more a group deepens the network."""
    if deepening is None:
        if not block or any(kernel < 1 or kernel % 2 == 0 for kernel in block):
            raise UsageError(
                f"a block is one or more kernels of odd size, not {block_text(block)}; use "
                "B(3,3) or B(3,1,3)"
            )
        return block, 6
    if block != (3, 3):
        raise UsageError(
            f"block {block_text(block)} already says how many convolutions a block has; give "
            f"it or deepening {deepening}, not both"
        )
    (deepening,) = positive(deepening=deepening)
    return (3,) * deepening, 3 * deepening


def _probability(dropout: Fraction | float, convolutions: int) -> Fraction:
    if is_array(dropout):
        raise UsageError("dropout is one number for all designs of an array; give it, as 0.3")
    probability = Fraction(0) if dropout == 0 else exact(dropout, "dropout")
    if probability >= 1:
        raise UsageError(
            f"dropout must be below 1, not {decimal(probability)}; the paper used 0.3 "
            "(CIFAR) and 0.4 (SVHN)"
        )
    if probability and convolutions == 1:
        raise UsageError(
            "dropout acts between the convolutions of a block, and this block has only one; "
            "leave it out, or use a block such as B(3,3)"
        )
    return probability
