"""What networks of inverted residuals share (Sandler et al., MobileNetV2, arXiv 1801.04381)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from archscope.arch.arrays import Number, is_array, product
from archscope.arch.families.axis import Axis
from archscope.arch.families.blocks import squeeze
from archscope.arch.families.keys import Keys
from archscope.arch.families.spelling import Numbers, Spelled
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

# The width multiplier: all channels are this times the published ones, made divisible by 8. Whole
# numbers of three digits are timm's hundredths (`timms_width`).
WIDTH = Axis(
    "width",
    [Fraction(number, 20) for number in range(2, 61)],
    sought=[Fraction(number, 100) for number in range(5, 301)],
    least=Fraction(1, 100),
    most=99,
    fractional=True,
    decimals=True,
    default=1,
)


TIMM_REFUSED = (
    "torchvision's network differs from {name}; leave -timm out of the name, or export it to timm"
)
IN_HUNDREDTHS = re.compile("[0-9]{3}")
TF_NOTE = (
    "timm's tf_ networks have the same keys, but pad as TensorFlow does: their weights give other "
    "outputs in {name}"
)


def timms_block(ours: str, theirs: str, *, widens: bool = True) -> dict[str, str]:
    """The rules of `Keys` for a block in timm, from the expression of ours.

    `widens`: the block has the first 1x1 convolution.
    """
    first = "conv_pw", "conv_dw", "conv_pwl"
    names = first if widens else ("conv_dw", "conv_pw")
    layers = {f"conv{index}": name for index, name in enumerate(names, start=1)}
    layers |= {f"bn{index}": f"bn{index}" for index in range(1, len(names) + 1)}
    layers |= {r"se\.fc1": "se.conv_reduce", r"se\.fc2": "se.conv_expand"}
    return {rf"{ours}\.{layer}": f"{theirs}.{name}" for layer, name in layers.items()}


def hundredths(name: str, width: Fraction | float) -> tuple[str, ...]:
    """timm's names of a network of this width multiplier."""
    return (f"{name}_{round(100 * width):03}",)


def timms_keys() -> Keys:
    """timm's keys of a network of stages `layer1`, `layer2`, ..., the first without widening."""
    there = r"blocks.[\1].\2"
    rules = {
        "conv1": "conv_stem",
        "conv2": "conv_head",
        r"bn[12]": r"\g<0>",
        **timms_block(r"(layer1)\.(\d+)", there, widens=False),
        **timms_block(r"(layer\d+)\.(\d+)", there),
        "fc": "classifier",
    }
    return Keys(rules)


def timms_width(spelled: Spelled) -> Numbers:
    """The width multiplier of a name; timm writes it in hundredths, 075."""
    text = spelled.texts.get("width")
    if text is None:
        return {}
    timms = IN_HUNDREDTHS.fullmatch(text)
    return {"width": Fraction(int(text), 100) if timms else WIDTH.read(text)}


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
        residual: False: without a shortcut, whatever its shape.
    """

    hidden: Number
    out: Number
    kernel: int = 3
    stride: int = 1
    squeeze: Number | None = None
    gate: tuple[Activation, Activation] = ("relu", "sigmoid")
    fused: bool = False
    residual: bool = True

    def node(self, w_in: Number, style: Style) -> Node:
        """The block on `w_in` channels, with a shortcut where it keeps the shape."""
        several = is_array(self.hidden) or is_array(w_in)
        widens = self.hidden is not w_in if several else self.hidden != w_in
        kernel, stride = self.kernel, self.stride
        if self.fused:
            layers = style.unit(1, self.hidden if widens else self.out, kernel, stride)
        else:
            layers = _widened(self.hidden, w_in, style) if widens else []
            index = 2 if widens else 1
            layers += style.unit(index, self.hidden, kernel, stride, self.hidden)
        if self.squeeze is not None:
            layers.append(squeeze(self.squeeze, self.hidden, *self.gate))
        if widens or not self.fused:
            layers += style.unit(3 if widens and not self.fused else 2, self.out, act=False)
        if not self.residual:
            return Seq(*layers)
        same = w_in is self.out or (not (is_array(w_in) or is_array(self.out)) and w_in == self.out)
        if stride == 1 and not same and (is_array(w_in) or is_array(self.out)):
            return _kept(Seq(*layers), w_in == self.out)
        return Sum(Seq(*layers), Seq()) if same and stride == 1 else Seq(*layers)


def _widened(hidden: Number, w_in: Number, style: Style) -> list[Node]:
    """The first 1x1; of arrays of designs, in each design where it changes the channels."""
    layers = style.unit(1, hidden)
    widens = hidden != w_in
    if not is_array(widens) or widens.all():
        return layers
    unit = Seq(*layers)
    return [Repeat(widens.astype("int64"), unit, unit)] if widens.any() else []


def _kept(layers: Seq, keeps: Any) -> Node:
    """Of arrays of designs, with a shortcut in those that keep the shape: one or the other."""
    summed = Sum(layers, Seq())
    if keeps.all():
        return summed
    if not keeps.any():
        return layers
    shortcut = keeps.astype("int64")
    return Seq(Repeat(shortcut, summed, summed), Repeat(1 - shortcut, layers, layers))


class Row(NamedTuple):
    """A stage of a network: the channels and number of its blocks, and how they are made.

    Attributes:
        expansion: of the first 1x1, times the channels of its input.
        out: channels behind each block.
        blocks: how many.
        stride: of the first block.
        kernel: of the depthwise convolutions.
        fused: as of `Inverted`.
        squeezed: with squeeze-and-excitation, where not all of a network's stages have it.
    """

    expansion: Number
    out: Number
    blocks: Number
    stride: int
    kernel: int = 3
    fused: bool = False
    squeezed: bool = False


def expanded(row: Row, w_in: Number) -> Number:
    """The channels of the input times the row's expansion; they themselves where that is 1."""
    once = not is_array(row.expansion) and row.expansion == 1
    return w_in if once else product(w_in, row.expansion)


def plain(row: Row, w_in: Number, stride: int) -> Inverted:
    """A block of MobileNetV2."""
    return Inverted(expanded(row, w_in), row.out, row.kernel, stride)


def squeezed(row: Row, w_in: Number, stride: int) -> Inverted:
    """A block of EfficientNet: a squeeze-and-excitation, but in fused ones, and hidden channels
    that are multiples of 8, as `w_in` is.
    """
    hidden = expanded(row, w_in)
    inner = None if row.fused else w_in // 4
    return Inverted(hidden, row.out, row.kernel, stride, inner, ("silu", "sigmoid"), row.fused)


def stages(
    rows: Sequence[Row],
    strided: Sequence[int],
    w_in: Number,
    style: Style,
    block: Callable[[Row, Number, int], Inverted],
) -> Iterator[Repeat]:
    """The stages `layer1`, `layer2`, ... on `w_in` channels, of strides `strided`.

    `block` makes a block of a row from its input's channels and its stride.
    """
    for number, (row, stride) in enumerate(zip(rows, strided, strict=True), start=1):
        first = block(row, w_in, stride).node(w_in, style)
        rest = block(row, row.out, 1).node(row.out, style)
        yield Repeat(row.blocks, first, rest, label=f"layer{number}")
        w_in = row.out
