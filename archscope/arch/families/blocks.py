"""What families share: stems, heads, widths, post- and pre-activation blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from archscope.arch.arrays import Number, is_array, positive, product
from archscope.arch.families.axis import chosen
from archscope.arch.nodes import (
    Act,
    Activation,
    Conv,
    Dropout,
    Gate,
    Linear,
    Node,
    Norm,
    Pool,
    Seq,
    Shortcut,
    Split,
    Sum,
)
from archscope.arch.rounded import Rule, rounded
from archscope.arch.scaling import Factor, decimal, exact, of_each, ratio, scaled, times
from archscope.arch.windows import any_of
from archscope.errors import UsageError

# The channels of a stem of three 3x3: ResNet-D's, and timm's "tiered" one.
DEEP_STEMS = {"d": (32, 32, 64), "t": (24, 32, 64)}
_BEHIND = Norm(label="bn1"), Act()
_MAKE_DIVISIBLE = "make_divisible of the TensorFlow models: the nearest, not below nine tenths"


def widened(planes: int, widen: Number | Fraction | float, scale: Fraction | float) -> Number:
    """`planes` times WRN's k, which may be a fraction (1.5), times `scale`.

    Raises:
        UsageError: where k is below 1, or a product not whole.
    """
    if is_array(widen) or isinstance(widen, int):
        (k,) = positive(widen=widen)
        return scaled(product(k, planes), scale, f"width {planes}k")
    factor = exact(widen, "widen")
    if factor < 1:
        raise UsageError(f"widen must be at least 1, not {decimal(factor)}; write 1 or more")
    if (planes * factor).denominator != 1:
        raise UsageError(
            f"widen {decimal(factor)} makes {decimal(planes * factor)} channels of {planes}, "
            f"not a whole number; use a multiple of 1/{planes}"
        )
    return scaled(int(planes * factor), scale, f"width {planes}k")


def divisible(width: Number | Factor, divisor: Number = 8) -> Number:
    """A width as a multiple of `divisor`: the nearest, but never below nine tenths of it.

    The rule of the TensorFlow models that MobileNetV2 to EfficientNet were published with. Width
    and divisor may be arrays.
    """
    number, parts = ratio(width)
    nearest = (2 * number + divisor * parts) // (2 * divisor * parts) * divisor
    nearest = nearest + (nearest == 0) * divisor
    short = product(nearest, 10 * parts) < product(number, 9)
    if is_array(nearest):
        return nearest + short * divisor
    rule = Rule(f"multiple of {divisor}", _MAKE_DIVISIBLE)
    return rounded(nearest + short * divisor, width, rule)


def multiplied(published: Number, factor: Factor, divisor: int = 8) -> Number:
    """Published channels times a width factor, made `divisible`; both may be arrays."""
    if is_array(published):
        return divisible(times(published, factor), divisor)
    return of_each(factor, lambda one: divisible(published * one, divisor))


def strides(published: Sequence[int], cifar: bool) -> tuple[int, Sequence[int]]:
    """The stride of the stem and of the stages: for 32x32 images the first two 2s are 1."""
    if not cifar:
        return 2, published
    first = list(published).index(2)
    return 1, [1 if index == first else stride for index, stride in enumerate(published)]


def imagenet_stem(
    scale: Fraction | float = 1, channels: Number = 64, variant: str = ""
) -> tuple[Node, ...]:
    """A 7x7 convolution of stride 2 to 64 channels, and the 3x3 max pool that halves again.

    Of a `variant` (`d` or `t`, see `DEEP_STEMS`) it is three 3x3, the first of stride 2.

    Raises:
        UsageError: where there is no such variant, or a scaled width not whole.
    """
    if variant_of(variant):
        return deep_stem(DEEP_STEMS[variant], scale)
    first = Conv(scaled(channels, scale, f"stem {channels}"), 7, 2, label="conv1")
    return first, *_BEHIND, Pool("max", 3, 2, 1)


def variant_of(value: Any) -> str:
    """The letter of a stem, empty where it is the usual one.

    Raises:
        UsageError: where there is no such variant.
    """
    return "" if isinstance(value, str) and not value else chosen(value, DEEP_STEMS, "variant")


def deep_stem(
    channels: Sequence[int], scale: Fraction | float = 1, *, small: bool = False
) -> tuple[Node, ...]:
    """Three 3x3, the first of stride 2, and the max pool; for `small` images neither shrinks them.

    Raises:
        UsageError: where a scaled width is not whole.
    """
    one, two, three = (scaled(out, scale, f"stem {out}") for out in channels)
    layers = Seq(
        *(Conv(one, 3, 1 if small else 2, label="0"), Norm(label="1"), Act()),
        *(Conv(two, 3, label="3"), Norm(label="4"), Act()),
        Conv(three, 3, label="6"),
        label="conv1",
    )
    return (layers, *_BEHIND) if small else (layers, *_BEHIND, Pool("max", 3, 2, 1))


def cifar_stem(out: Number) -> tuple[Node, ...]:
    """A 3x3 convolution that keeps the size."""
    return Conv(out, 3, label="conv1"), *_BEHIND


def stem_of(scale: Fraction | float, cifar: bool, variant: str) -> tuple[Node, ...]:
    """The stem of 64 channels for ImageNet, of a variant or not, or for 32x32 images.

    Raises:
        UsageError: where there is no such stem, or a scaled width not whole.
    """
    if not cifar:
        return imagenet_stem(scale, variant=variant)
    if variant_of(variant):
        return deep_stem(DEEP_STEMS[variant], scale, small=True)
    return cifar_stem(scaled(64, scale, "stem 64"))


def head(classes: int) -> tuple[Node, ...]:
    """Global average pooling and the classifier."""
    return Pool("global"), Linear(classes, label="fc")


def squeeze(
    inner: Number, out: Number, act: Activation = "relu", gate: Activation = "sigmoid"
) -> Gate:
    """Squeeze-and-excitation (Hu et al., arXiv 1709.01507): two 1x1 with bias on the mean image."""
    layers = Conv(inner, bias=True, label="fc1"), Act(act), Conv(out, bias=True, label="fc2")
    return Gate(Seq(Pool("global"), *layers, Act(gate)), label="se")


def postactivation(
    convolutions: Sequence[Conv],
    *,
    residual: bool = True,
    squeezed: Number | None = None,
    early: bool = False,
    pooled: bool = False,
    split: Callable[[Conv], Node] | None = None,
    kernel: int = 1,
) -> Node:
    """A post-activation block: batch norm behind each convolution, ReLU behind that or the sum.

    Args:
        convolutions: without labels; they become conv1, conv2, ...
        residual: False takes the shortcut away.
        squeezed: inner channels of the block's squeeze-and-excitation; None: it has none.
        early: whether that stands before the last convolution, not behind its batch norm.
        pooled: whether a projection of the shortcut has its stride in a pool, as in ResNet-D.
        split: what it gives stands in place of each convolution between the first and the last.
        kernel: of a projection of the shortcut that has a stride.
    """
    body: list[Node] = []
    place = len(convolutions) - early
    for index, conv in enumerate(convolutions, start=1):
        if split is not None and 1 < index < len(convolutions):
            body.append(split(conv))
            continue
        body += [replace(conv, label=f"conv{index}"), Norm(label=f"bn{index}")]
        body += [Act()] if index < len(convolutions) else []
        body += [squeeze(squeezed, conv.out)] if squeezed is not None and index == place else []
    if not residual:
        return Seq(*body, Act())
    out, stride = convolutions[-1].out, prod(conv.stride for conv in convolutions)
    window = 1 if stride == 1 else kernel
    shortcut = Shortcut(out, stride, pooled=pooled, kernel=window, label="downsample")
    return Seq(Sum(Seq(*body), shortcut), Act())


def res2(conv: Conv, splits: int, first: bool, pooled: bool = True) -> Split:
    """A convolution as Res2Net has it, on parts of the channels (Gao et al., arXiv 1904.01169).

    All parts but the last have a convolution of their own, which is also given what the one before
    it made, and the last is kept. In the first block of a stage no part is given another's, and the
    last is average-pooled by the stride, or, where it is not `pooled`, has a convolution too.

    Raises:
        UsageError: where the parts cannot be equally wide.
    """
    if any_of(conv.out % splits != 0):
        raise UsageError(f"{splits} splits must divide a block's width {conv.out}; use a multiple")
    part = replace(conv, out=conv.out // splits, label="conv")
    layers = part, Norm(label="bn"), Act()
    branches: list[Node] = [Seq(*layers, label=str(index)) for index in range(splits)]
    if not first:
        branches[-1] = Seq()
    elif pooled:
        branches[-1] = Pool("avg", 3, conv.stride, 1)
    return Split(*branches, chain=not first, label="splits")


def preactivation(
    w_in: Number,
    convolutions: Sequence[Conv],
    *,
    residual: bool = True,
    dropout: float = 0.0,
    lead: bool = True,
) -> Node:
    """A pre-activation block: BN-ReLU before each convolution (He et al., arXiv 1603.05027).

    Where the shape changes, the first BN-ReLU is shared by both branches and the 1x1 projection
    has no batch norm.

    Args:
        w_in: channels that go in.
        convolutions: without labels; they become conv1, conv2, ...
        residual: False takes the shortcut away.
        dropout: probability, before every convolution but the first.
        lead: False leaves the first BN-ReLU out, where the stem has just made it.
    """
    start = (Norm(label="bn1"), Act()) if lead else ()
    body: list[Node] = [replace(convolutions[0], label="conv1")]
    for index, conv in enumerate(convolutions[1:], start=2):
        body += [Norm(label=f"bn{index}"), Act()]
        body += [Dropout(dropout)] if dropout else []
        body.append(replace(conv, label=f"conv{index}"))
    if not residual:
        return Seq(*start, *body)
    out, stride = convolutions[-1].out, prod(conv.stride for conv in convolutions)
    several = is_array(w_in) or is_array(out)
    if not several and stride == 1 and w_in == out:
        return Sum(Seq(*start, *body), Seq())
    shortcut = Shortcut(out, stride, norm=False, shared=several, label="downsample")
    return Seq(*start, Sum(Seq(*body), shortcut))
