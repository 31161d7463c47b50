"""RegNetX and RegNetY, and AnyNet: Radosavovic et al., arXiv 2003.13678.

A RegNet's widths are quantised from a line. Where a width is not a multiple of the group width, it
is rounded to one: `even`, as in the paper's own code, rounds halves to even multiples, `up`, as in
torchvision, up (and never below nine tenths of the width).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from archscope.arch.arrays import Number, blockwise, is_array, larger, smaller
from archscope.arch.families.axis import Axis, chosen, number_text
from archscope.arch.families.blocks import divisible, postactivation, strides
from archscope.arch.families.family import family
from archscope.arch.families.regnet import alike
from archscope.arch.families.regnet.ramps import Beginnings, fitted
from archscope.arch.families.regnet.regnet_keys import TIMM, VISION
from archscope.arch.families.regnet.regnet_sizes import (
    NUMBERS,
    ONLY_PAPER,
    X,
    Y,
    members,
    torchvisions,
)
from archscope.arch.families.spelling import Names, Numbers, Spelled
from archscope.arch.nodes import Act, Conv, Linear, Node, Norm, Pool, Repeat, Seq
from archscope.arch.rounded import Rule, rounded
from archscope.arch.scaling import exact

_EVEN = "pycls, the paper's code: the nearest, halves to the even multiple"
_QUARTER = Rule("a quarter, halves to even", "squeeze-and-excitation in pycls")


class _Stages(NamedTuple):
    """Blocks, widths and numbers of groups of the stages; the widths within a block, if others."""

    depths: Sequence[Number]
    widths: Sequence[Number]
    cardinalities: Sequence[Number]
    inner: Sequence[Number] | None = None


def nearest(number: Number, step: Number) -> Number:
    """How often `step` fits into a number, rounded to the nearest, halves to even; arrays too."""
    if not (is_array(number) or is_array(step)):
        return round(Fraction(number, step))
    import numpy as np

    return np.rint(number / step).astype(np.int64)  # exact: numbers of channels are below 2^52


def _up(width: Number, group: Number) -> tuple[Number, Number]:
    """A width that groups of at most it divide, and their number, as torchvision rounds it."""
    step = smaller(group, width)
    fitted = divisible(width, step)
    return fitted, fitted // step


def _even(width: Number, group: Number) -> tuple[Number, Number]:
    """The same as the paper's code rounds it."""
    step = smaller(group, width)
    number = nearest(width, step)
    if is_array(number):
        return number * step, number
    rule = Rule(f"multiple of group width {step}", _EVEN)
    return rounded(number * step, width, rule), number


def _line(numbers: Mapping[str, Any]) -> _Stages:
    """The stages of a RegNet: widths from a line, quantised (section 3.3 of the paper)."""
    return _Stages(
        *fitted(numbers, _up if numbers["rounding"] == "up" else _even, numbers["group"])
    )


def _canonical(numbers: dict[str, Any]) -> dict[str, Any]:
    """Rounding is `even` where both rules give the same network."""
    chosen(numbers["rounding"], ("even", "up"), "rounding")
    if any(map(is_array, numbers.values())):
        return numbers
    numbers = {**numbers, "wa": exact(numbers["wa"], "wa"), "wm": exact(numbers["wm"], "wm")}
    same = _line({**numbers, "rounding": "up"}) == _line({**numbers, "rounding": "even"})
    return {**numbers, "rounding": "even" if same else numbers["rounding"]}


def _tree(stages: _Stages, squeezed: bool, classes: int, cifar: bool) -> Seq:
    stem, strided = strides([2] * len(stages.depths), cifar)
    w_in: Number = 32
    parts: list[Node] = [Conv(w_in, 3, stem, label="conv1"), Norm(label="bn1"), Act()]
    inner = stages.inner or stages.widths
    rows = zip(stages.depths, stages.widths, stages.cardinalities, inner, strict=True)
    for index, (number, width, cardinality, within) in enumerate(rows):
        shape = width, within, cardinality
        first = _block(w_in, *shape, strided[index], squeezed)
        rest = _block(width, *shape, 1, squeezed)
        parts.append(Repeat(number, first, rest, label=f"layer{index + 1}"))
        w_in = width
    return Seq(*parts, Pool("global"), Linear(classes, label="fc"))


def _block(
    w_in: Number, width: Number, inner: Number, cardinality: Number, stride: int, squeezed: bool
) -> Node:
    """1x1, grouped 3x3, 1x1; a RegNet's are equally wide."""
    grouped = Conv(inner, 3, stride, cardinality)
    within = rounded(nearest(w_in, 4), w_in, _QUARTER, over=4) if squeezed else None
    return postactivation([Conv(inner), grouped, Conv(width)], squeezed=within, early=True)


def _read(spelled: Spelled) -> Numbers:
    texts = spelled.texts.items()
    found = {word: exact(text, word) if word in ("wa", "wm") else int(text) for word, text in texts}
    return {**found, "rounding": "up" if "_up" in spelled.form else "even"}


def _write(letter: str, numbers: Numbers) -> str:
    up = "_up" if numbers["rounding"] == "up" else ""
    return "_".join([f"regnet{letter}{up}", *(number_text(numbers[word]) for word in NUMBERS)])


def _note(letter: str, name: str, numbers: Numbers) -> str | None:
    """That torchvision's network of a size is another one, where it is."""
    theirs = torchvisions(letter, name, numbers)
    if theirs is None or _canonical({**numbers, "rounding": "up"})["rounding"] == "even":
        return None
    return (
        f"{name} is pycls's, with widths rounded to the nearest; torchvision's {theirs} is another "
        "network"
    )


def _form(letter: str, up: str = "") -> str:
    return f"regnet{letter}{up}[_{{depth}}[_{{w0}}_{{wa}}_{{wm}}[_{{group}}]]]"


def _names(letter: str, sizes: Mapping[str, tuple[float, ...]]) -> Names:
    known = members(letter, sizes)
    published = [name for name in known if name.startswith(f"regnet_{letter}")]
    return Names(
        _form(letter),
        aliases=(_form(letter, "_up"),),
        known=(*published, *(f"regnet{letter}_{size.lower()}" for size in ONLY_PAPER[letter])),
        read=_read,
        write=partial(_write, letter),
        note=partial(_note, letter),
        members=known,
        cifar=True,
    )


def _near(bound: Callable[..., Any]) -> Callable[..., Any]:
    """A bound of `alike` as an axis has it."""

    def which(own: Mapping[str, Any], chosen: Mapping[str, Any], values: Any) -> Any:
        line = _line(own)
        groups = [w // c for w, c in zip(line.widths, line.cardinalities, strict=True)]
        known = alike.Known(line.depths, line.widths, groups, own["rounding"] == "up")
        return bound(known, chosen, values)

    return which


def _same_depth(own: Mapping[str, Any], _: Mapping[str, Any], values: Any) -> Any:
    return values == own["depth"]


# `solve` goes through a million designs, a second or two; `enumerate` through four times as many.
_GROUPS = (*range(8, 65, 8), *range(80, 129, 16), *range(160, 257, 32))
_SLOPES = range(8, 257, 16)
_FACTOR: dict[str, Any] = {"fractional": True, "decimals": True, "grows": ()}
_AXES = (
    Axis("depth", range(12, 29), least=4, most=10_000, alike=_same_depth),
    Axis("w0", range(8, 257, 8), least=8, most=10**9, step=8, grows=(), alike=_near(alike.start)),
    Axis(
        *("wa", range(8, 257, 8)),
        sought=_SLOPES,
        alike=_near(alike.slope),
        begins=Beginnings,
        **_FACTOR,
    ),
    Axis(
        *("wm", [Fraction(number, 4) for number in range(5, 13)]),
        least=Fraction(101, 100),
        alike=_near(alike.growth),
        **_FACTOR,
    ),
    Axis("group", range(8, 257, 8), sought=_GROUPS, grows=(), alike=_near(alike.group)),
)


@family(
    _names("x", X),
    *_AXES,
    canonical=_canonical,
    year=2020,
    recipe="regnet",
    torchvision=VISION,
    timm=TIMM,
)
def regnetx(
    depth: int,
    w0: int,
    wa: Fraction | float,
    wm: Fraction | float,
    group: int,
    *,
    rounding: str = "even",
    classes: int = 1000,
    cifar: bool = False,
) -> Seq:
    """RegNetX: block j is w0 + wa * j wide, quantised to w0 * wm^k and to multiples of 8.

    `group` is the group width of all 3x3 convolutions, at most a stage's width; `rounding` how a
    width is made a multiple of it: `even` in the paper's code, `up` in torchvision.
    """
    stages = _line(
        {"depth": depth, "w0": w0, "wa": wa, "wm": wm, "group": group, "rounding": rounding}
    )
    return _tree(stages, False, classes, cifar)


@family(
    _names("y", Y),
    *_AXES,
    canonical=_canonical,
    year=2020,
    recipe="regnet",
    torchvision=VISION,
    timm=TIMM,
)
def regnety(
    depth: int,
    w0: int,
    wa: Fraction | float,
    wm: Fraction | float,
    group: int,
    *,
    rounding: str = "even",
    classes: int = 1000,
    cifar: bool = False,
) -> Seq:
    """RegNetY: RegNetX with squeeze-and-excitation, a quarter of each block's input wide."""
    stages = _line(
        {"depth": depth, "w0": w0, "wa": wa, "wm": wm, "group": group, "rounding": rounding}
    )
    return _tree(stages, True, classes, cifar)


@family(
    Names(
        "anynet[_{depth}[_w_{width}[_g_{group}[_b_{ratio}]]]]",
        known=(
            "anynet_1_2_7_12_w_32_64_160_384",
            "anynet_1_2_7_12_w_32_64_160_384_g_8",
            "anynet_3_4_6_3_w_256_512_1024_2048_g_4_8_16_32_b_2",  # ResNeXt-50's blocks
        ),
        cifar=True,
    ),
    Axis("depth", range(1, 17), stages=4, default=(1, 2, 7, 12)),  # of RegNetX-400MF
    Axis("width", range(16, 1025, 16), stages=4),
    Axis("group", range(8, 65, 8), stages=4, joint=True, default=(16,) * 4, grows=()),
    Axis("ratio", (1,), sought=(1, 2, 4), stages=4, joint=True, default=(1,) * 4, grows=()),
    year=2020,
    recipe="regnet",
    main="width",
    torchvision=VISION,
)
def anynet(
    depth: Sequence[Number],
    width: Sequence[Number],
    group: Sequence[Number] = (16,) * 4,
    ratio: Sequence[Number] = (1,) * 4,
    *,
    classes: int = 1000,
    cifar: bool = False,
) -> Seq:
    """AnyNetX: blocks, widths, group widths and bottleneck ratios of four stages, all free.

    A block is a width over its bottleneck ratio wide within, rounded to a multiple of the group
    width as RegNet's `even`, and as many times as wide behind.
    """
    rows = [_narrowed(*row) for row in zip(width, group, ratio, strict=True)]
    return _tree(_Stages(depth, *zip(*rows, strict=True)), False, classes, cifar)


def _narrowed(width: Number, group: Number, ratio: Number) -> tuple[Number, Number, Number]:
    """Width, number of groups, and width within of a block whose first 1x1 is narrower."""
    wide = not is_array(ratio) and ratio == 1
    inner, number = blockwise(_even, width if wide else larger(1, width // ratio), group)
    return inner if wide else inner * ratio, number, inner
