"""What networks of inverted residuals share (Sandler et al., MobileNetV2, arXiv 1801.04381)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from archscope.arch.arrays import Number, is_array
from archscope.arch.families.blocks import squeeze
from archscope.arch.nodes import (
    Act,
    Activation,
    Conv,
    Kernel,
    Node,
    Norm,
    Repeat,
    Seq,
    Sum,
)


def divisible(width: Fraction | int, divisor: int = 8) -> int:
    """A width as a multiple of `divisor`: the nearest, but never below nine tenths of it.

    The rule of the TensorFlow models that MobileNetV2 to EfficientNet were published with.
    """
    nearest = max(divisor, int(width + Fraction(divisor, 2)) // divisor * divisor)
    return nearest if nearest >= Fraction(9, 10) * width else nearest + divisor


class Style(NamedTuple):
    """What all blocks of a network have alike: the activation and batch norm's eps."""

    act: Activation
    eps: float = 1e-5

    def unit(
        self,
        index: int,
        out: Number,
        kernel: Kernel = 1,
        stride: int = 1,
        groups: Number = 1,
        *,
        act: bool = True,
    ) -> list[Node]:
        """A convolution, batch norm, and the activation, labelled `conv1`, `bn1`, ..."""
        conv = Conv(out, kernel, stride, groups, label=f"conv{index}")
        norm = Norm(self.eps, label=f"bn{index}")
        return [conv, norm, Act(self.act)] if act else [conv, norm]


class Inverted(NamedTuple):
    """A block: 1x1 to `hidden` channels, a depthwise convolution, 1x1 to `out` without activation.

    Attributes:
        hidden: channels of the depthwise convolution; the first 1x1 is left out where it would
            change nothing.
        out: channels behind the block.
        kernel, stride: of the depthwise convolution.
        squeeze: inner channels of the squeeze-and-excitation behind it; None: there is none.
        gate: what makes its numbers factors.
        fused: a dense convolution in place of the first 1x1 and the depthwise one.
    """

    hidden: Number
    out: Number
    kernel: int = 3
    stride: int = 1
    squeeze: Number | None = None
    gate: tuple[Activation, Activation] = ("relu", "sigmoid")
    fused: bool = False

    def node(self, w_in: Number, style: Style) -> Node:
        """The block on `w_in` channels, with a shortcut where it keeps the shape."""
        widens = is_array(self.hidden) or is_array(w_in) or self.hidden != w_in
        kernel, stride = self.kernel, self.stride
        if self.fused:
            layers = style.unit(1, self.hidden if widens else self.out, kernel, stride)
        else:
            layers = style.unit(1, self.hidden) if widens else []
            index = 2 if widens else 1
            layers += style.unit(index, self.hidden, kernel, stride, self.hidden)
        if self.squeeze is not None:
            layers.append(squeeze(self.squeeze, self.hidden, *self.gate))
        if widens or not self.fused:
            layers += style.unit(3 if widens and not self.fused else 2, self.out, act=False)
        same = w_in is self.out or (not (is_array(w_in) or is_array(self.out)) and w_in == self.out)
        # A sum costs nothing: arrays of designs may leave it out.
        return Sum(Seq(*layers), Seq()) if same and stride == 1 else Seq(*layers)


def stage(
    label: str, number: Number, w_in: Number, first: Inverted, rest: Inverted, style: Style
) -> Repeat:
    """`number` blocks: the first on `w_in` channels, the others with stride 1 on its output."""
    return Repeat(number, first.node(w_in, style), rest.node(first.out, style), label=label)


def strides(published: Sequence[int], cifar: bool) -> tuple[int, Sequence[int]]:
    """The stride of the stem and of the stages: for 32x32 images the first two 2s are 1."""
    if not cifar:
        return 2, published
    first = list(published).index(2)
    return 1, [1 if index == first else stride for index, stride in enumerate(published)]
