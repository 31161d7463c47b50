"""RepVGG: Ding et al., arXiv 2101.03697, Tables 2 and 3; the networks of its authors' code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from archscope.arch.arrays import Number, is_array
from archscope.arch.families.axis import Axis, number_text
from archscope.arch.families.blocks import squeeze, strides
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.spelling import Names, Numbers, Spelled, Suffix
from archscope.arch.folding.fuse import fused as in_one
from archscope.arch.nodes import Act, Conv, Linear, Node, Norm, Pool, Repeat, Seq, Sum
from archscope.arch.rounded import DOWN, Rule, rounded
from archscope.arch.scaling import decimal, exact
from archscope.errors import UsageError

_A, _B = (2, 4, 14, 1), (4, 6, 16, 1)
_SIZES = {
    "a0": (_A, "0.75", "2.5"),
    "a1": (_A, "1", "2.5"),
    "a2": (_A, "1.5", "2.75"),
    "b0": (_B, "1", "2.5"),
    "b1": (_B, "2", "4"),
    "b2": (_B, "2.5", "5"),
    "b3": (_B, "3", "5"),
}
_GROUPED = tuple(f"{size}g{groups}" for size in ("b1", "b2", "b3") for groups in (2, 4))
_WIDTHS = (64, 128, 256, 512)
_INT = Rule("down to a whole number", "int() of the authors' code")
DEPLOY = Suffix(
    "deploy",
    "deploy",
    "_(?P<deploy>deploy|fused)",
    lambda _: True,
    lambda deploy: "-deploy" if deploy else "",
)
_STAGE = r"(stage([1-9])(?:_last)?\.\d+(?:\.[01])?)"
_PARTS = {
    "rbr_dense": "conv_kxk",
    "rbr_1x1": "conv_1x1",
    "rbr_identity": "identity",
    "rbr_reparam": "reparam_conv",
    "se": "attn",
}
_TIMM = Keys(
    {
        **{rf"stage0\.{ours}": f"stem.{theirs}" for ours, theirs in _PARTS.items()},
        **{rf"{_STAGE}\.{ours}": rf"stages.[\2].[\1].{theirs}" for ours, theirs in _PARTS.items()},
        "linear": "head.fc",
    }
)
_FORM = "repvgg[_{depth}[_a{a}_b{b}[_g{groups}]]]"
_SQUEEZED = _FORM.replace("repvgg", "repvgg_se", 1)


def _numbers(size: str) -> dict[str, Any]:
    plain, _, groups = size.partition("g")
    blocks, a, b = _SIZES[plain]
    return {"blocks": blocks, "a": exact(a), "b": exact(b), "groups": int(groups or 1)}


def _read(spelled: Spelled) -> Numbers:
    axes = {axis.word: axis for axis in _AXES}
    found = {axes[word].name: axes[word].read(text) for word, text in spelled.texts.items()}
    return {**found, "squeezed": spelled.form == _SQUEEZED}


def _write(numbers: Numbers) -> str:
    blocks = "_".join(map(number_text, numbers["blocks"]))
    start = "repvgg_se" if numbers["squeezed"] else "repvgg"
    groups = "" if numbers["groups"] == 1 else f"_g{numbers['groups']}"
    a, b = number_text(numbers["a"]), number_text(numbers["b"])
    return f"{start}_{blocks}_a{a}_b{b}{groups}"


# Each pair of a and b is a tree of its own: a few seconds' worth of them, the published among them.
_A_BOX = [Fraction(number, 4) for number in (2, 3, 4, 5, 6, 8, 10, 12)]
_B_BOX = [Fraction(number, 4) for number in (4, 8, 10, 11, 16, 20)]
_DEPTH_BOX = (1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24)
_AXES = (
    Axis("depth", range(1, 25), each=_DEPTH_BOX, parameter="blocks", stages=4, symbol="N"),
    Axis("a", _A_BOX, sought=_A_BOX, fractional=True, arrays=False, channels=True),
    Axis("b", _B_BOX, sought=_B_BOX, fractional=True, arrays=False),
    Axis(
        "groups",
        (1, 2, 4),
        most=10_000,
        default=1,
        arrays=False,
        grows=("activations",),
        symbol="G",
    ),
)


@family(
    Names(
        _FORM,
        aliases=(_SQUEEZED,),
        suffixes=(DEPLOY,),
        known=(
            *(f"repvgg_{size}" for size in (*_SIZES, *_GROUPED, "d2se")),
            "repvgg_a0-deploy",
        ),
        read=_read,
        write=_write,
        members={
            **{f"repvgg_{size}": _numbers(size) for size in (*_SIZES, *_GROUPED)},
            "repvgg_d2se": {**_numbers("b2"), "blocks": (8, 14, 24, 1), "squeezed": True},
        },
        cifar=True,
    ),
    *_AXES,
    channels=64,
    year=2021,
    recipe="repvgg",
    timm=_TIMM,
    main="a",
)
def repvgg(
    blocks: Sequence[Number],
    a: Fraction | float,
    b: Fraction | float,
    groups: int = 1,
    *,
    classes: int = 1000,
    squeezed: bool = False,
    deploy: bool = False,
    cifar: bool = False,
) -> Seq:
    """RepVGG: a plain stack of 3x3, trained with a 1x1 and, where the shape is kept, the identity.

    Each of the three branches has batch norm, and a ReLU follows their sum. With `deploy` each sum
    is the one 3x3 with a bias that it is in eval mode (`archscope.arch.folding.fuse`). The stages
    are 64a, 128a, 256a and 512b wide, and the stem at most 64; every second layer of a stage has
    `groups`.
    `squeezed`: squeeze-and-excitation before the ReLU, a sixteenth of the width (RepVGG-D2se).

    Raises:
        UsageError: where a stage is left without channels, or its groups do not divide it.
    """
    factors = [exact(a, "a")] * 3 + [exact(b, "b")]
    full = [width * factor for width, factor in zip(_WIDTHS, factors, strict=True)]
    widths = [rounded(floor(width), width, _INT) for width in full]
    _check(widths, factors, groups)
    first, strided = strides([2] * 4, cifar)
    stem = _Layer(min(64, widths[0]), 1, squeezed)
    parts: list[Node] = [stem.block(3, first, "stage0")]
    w_in = stem.width
    for index, (number, width) in enumerate(zip(blocks, widths, strict=True)):
        pair = [_Layer(width, each, squeezed) for each in (1, groups)]
        parts += _stage(number, pair, w_in, strided[index], f"stage{index + 1}")
        w_in = width
    tree = Seq(*parts, Pool("global"), Linear(classes, label="linear"))
    made = in_one(tree) if deploy else tree
    assert isinstance(made, Seq)
    return made


def _check(widths: Sequence[int], factors: Sequence[Fraction], groups: int) -> None:
    for width, factor, full in zip(widths, factors, _WIDTHS, strict=True):
        if not width:
            raise UsageError(
                f"a stage is a times 64, 128, 256 or b times 512 wide, so {decimal(factor)} leaves "
                f"it no channel; use 1/{full} at least"
            )
        if width % groups:
            raise UsageError(
                f"the groups of RepVGG must divide its widths {', '.join(map(str, widths))}, not "
                f"{groups}; use 1, or a and b that make multiples of {groups}"
            )


class _Layer(NamedTuple):
    """A layer without what it reads: its width, groups, squeeze-and-excitation."""

    width: int
    groups: int
    squeezed: bool

    def block(self, w_in: int, stride: int, label: str | None = None) -> Seq:
        """The layer on `w_in` channels, as it is trained."""
        branches: list[Node] = [
            Seq(
                Conv(self.width, kernel, stride, self.groups, label="conv"),
                Norm(label="bn"),
                label=name,
            )
            for kernel, name in ((3, "rbr_dense"), (1, "rbr_1x1"))
        ]
        if stride == 1 and w_in == self.width:
            branches.append(Norm(label="rbr_identity"))
        inner = rounded(self.width // 16, self.width, DOWN, over=16)
        gate = [squeeze(inner, self.width)] if self.squeezed else []
        return Seq(Sum(*branches), *gate, Act(), label=label)


def _stage(
    number: Number, layers: Sequence[_Layer], w_in: int, stride: int, label: str
) -> Iterator[Node]:
    """`number` layers, of both kinds in turn: in pairs, and one behind them where it is odd.

    Of an array of numbers first those of one kind, then the others, which count the same.
    """
    one, other = layers
    if is_array(number) and one != other:
        yield Repeat((number + 1) // 2, one.block(w_in, stride), one.block(one.width, 1))
        yield Repeat(number // 2 + 1, Seq(), other.block(one.width, 1))
        return
    if one == other or number == 1:
        yield Repeat(number, one.block(w_in, stride), one.block(one.width, 1), label=label)
        return
    pairs, odd = divmod(number, 2)
    again, then = one.block(one.width, 1, "0"), other.block(one.width, 1, "1")
    yield Repeat(pairs, Seq(one.block(w_in, stride, "0"), then), Seq(again, then), label=label)
    if odd:
        last = one.block(one.width, 1)
        yield Repeat(1, last, last, label=f"{label}_last")
