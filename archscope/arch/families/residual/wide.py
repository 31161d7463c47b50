"""Wide ResNet for CIFAR and SVHN: Zagoruyko and Komodakis, arXiv 1605.07146.

Its ImageNet networks are widened post-activation ones: `resnet_basic` with `widen` (Table 7), and
the bottleneck WRN-50-2, which is `resnext` of template 1x128d (Table 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from archscope.arch.arrays import Number, positive
from archscope.arch.families.blocks import (
    CIFAR_INPUT,
    blocks_text,
    head,
    preactivation_stages,
    text,
    three_stages,
    widened,
)
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Norm, Seq
from archscope.arch.scaling import decimal, exact, scaled, suffixes
from archscope.errors import UsageError

MOST_DEEPENING = 999  # each is a layer of the tree, unlike blocks, which a stage repeats


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
) -> Network:
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
    kernels, period = _block(tuple(block), deepening)
    blocks, whole = three_stages(depth, period, 4)
    probability = _probability(dropout, len(kernels))
    w_in = scaled(16, scale, "stem 16")
    stem = Conv(w_in, 3, label="conv1")
    widths = [widened(planes, widen, scale) for planes in (16, 32, 64)]

    def layers(width: Number, stride: int) -> list[Conv]:
        return [Conv(width, kernels[0], stride), *(Conv(width, kernel) for kernel in kernels[1:])]

    groups = preactivation_stages(
        blocks, widths, w_in, layers, residual=residual, dropout=float(probability)
    )
    kind = _suffix(kernels, deepening) + (f"-drop{decimal(probability)}" if probability else "")
    depth_text = str(whole) if whole else blocks_text(blocks).removeprefix("_")
    return Network(
        f"wrn_{depth_text}_{text(widen)}{kind}{suffixes(scale, residual)}",
        Seq(stem, *groups, Norm(label="bn1"), Act(), *head(classes)),
        CIFAR_INPUT,
        init="fan_in",
    )


def _block(block: tuple[int, ...], deepening: int | None) -> tuple[tuple[int, ...], int]:
    """The kernels of a block, and by how much one more a group deepens the network."""
    if deepening is None:
        if not block or any(kernel < 1 or kernel % 2 == 0 for kernel in block):
            raise UsageError(
                f"block {_written(block)} was asked for, but a block is one or more kernels of odd "
                "size; use B(3,3) or B(3,1,3)"
            )
        return block, 6
    if block != (3, 3):
        raise UsageError(
            f"block {_written(block)} was asked for with deepening factor {deepening}, but that "
            "already says what a block is; give one of the two"
        )
    (deepening,) = positive(deepening=deepening)
    if deepening > MOST_DEEPENING:
        raise UsageError(
            f"deepening {deepening} was asked for, but a block of more than {MOST_DEEPENING} "
            "convolutions is not made; use a smaller one"
        )
    return (3,) * deepening, 3 * deepening


def _probability(dropout: Fraction | float, convolutions: int) -> Fraction:
    probability = exact(dropout, "dropout") if dropout != 0 else Fraction(0)
    if probability >= 1:
        raise UsageError(
            f"dropout {decimal(probability)} was asked for, but it must be below 1; "
            "the paper used 0.3 (CIFAR) and 0.4 (SVHN)"
        )
    if probability and convolutions == 1:
        raise UsageError(
            f"dropout {decimal(probability)} was asked for, but it stands between the "
            "convolutions of a block, and this one has only one; use a block such as B(3,3)"
        )
    return probability


def _suffix(kernels: tuple[int, ...], deepening: int | None) -> str:
    if kernels == (3, 3):
        return ""  # l = 2 is the block of the plain network
    return f"-{_written(kernels)}" if deepening is None else f"-l{deepening}"


def _written(block: Sequence[int]) -> str:
    return f"B({','.join(map(str, block))})"
