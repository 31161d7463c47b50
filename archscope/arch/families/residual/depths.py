"""Depths of residual networks: `50`, or the blocks of each stage, on ImageNet and on CIFAR.

ImageNet networks have four stages, and depths that are known. CIFAR ones have three, of equally
many blocks where a depth says them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from archscope.arch.arrays import Number, is_array, whole
from archscope.arch.families.axis import Axis, number_text
from archscope.arch.families.blocks import DEEP_STEMS
from archscope.arch.families.spelling import SIGNS, WHOLE, Numbers, Spelled
from archscope.errors import UsageError, shown

IMAGENET_BLOCKS = {
    26: (2, 2, 2, 2),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
BASIC_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
# ResNet-26 is no ImageNet network of the papers: its plain name means the CIFAR one (6n+2).
RESNET_BLOCKS = {
    **BASIC_BLOCKS,
    **{depth: row for depth, row in IMAGENET_BLOCKS.items() if depth != 26},
}
Known = Mapping[int, tuple[int, ...]]
_SPELLED = f"(?:{WHOLE}_){{2,3}}{WHOLE}|{WHOLE}"

FOUR_STAGES = Axis("depth", range(1, 9), parameter="blocks", stages=4, symbol="N", spelled=_SPELLED)
THREE_STAGES = Axis(
    "depth",
    range(1, 19),
    each=range(1, 9),
    stages=3,
    joint=True,
    symbol="N",
    spelled=_SPELLED,
)
CARDINALITY = Axis("cardinality", range(1, 65), symbol="C", channels=True)
WIDTH = Axis("width", range(1, 129), symbol="W", scaled=True, channels=True)
_MOST_SCALE = 8


def variant_forms(form: str) -> tuple[str, ...]:
    """The spellings of a form's networks with another stem: `resnet{depth}d`, `resnet{depth}_d`."""
    whole = form.replace("[", "", 1)[:-1]
    marks = (dash + letter for letter in DEEP_STEMS for dash in ("", "_"))
    return tuple(whole.replace("{depth}", "{depth}" + mark) for mark in marks)


def variant(spelled: Spelled) -> dict[str, str]:
    """The letter behind the depth, by parameter; nothing where there is none."""
    found = re.search(r"\{depth\}_?([a-z])(?![a-z])", spelled.form)
    return {"variant": found[1]} if found else {}


def scale_axis(stem: int) -> Axis:
    """The scale of stem, widths and outputs, which must keep the `stem`'s channels whole."""
    sought = [Fraction(number, stem) for number in range(1, _MOST_SCALE * stem + 1)]
    least = Fraction(1, stem)
    return Axis("scale", (1,), sought=sought, least=least, fractional=True, default=1, arrays=False)


def read_depth(spelled: Spelled) -> int | tuple[int, ...] | None:
    """`50`, or the blocks of the stages for `3_4_7_3`; None where it is open.

    Raises:
        UsageError: where there are not as many stages as the prefix says.
    """
    if "depth" not in spelled.texts:
        return None
    numbers = tuple(map(int, spelled.texts["depth"].split("_")))
    if len(numbers) == 1:
        return numbers[0]
    if spelled.prefix is not None and len(numbers) != (4 if spelled.prefix == "imagenet" else 3):
        raise UsageError(
            f"a network has 4 stages for ImageNet and 3 for CIFAR, not {len(numbers)}; leave "
            "the prefix out, or give as many numbers"
        )
    return numbers


def other_stem(spelled: Spelled) -> Spelled:
    """A name whose `cifar_` means the same stages behind another stem, without that."""
    return spelled._replace(prefix=None) if spelled.prefix == "cifar" else spelled


def imagenet(spelled: Spelled, known: Known, others: Known | None = None) -> Numbers | None:
    """The blocks of the stages, by parameter, where the name is that of an ImageNet network.

    `others` has the depths that are known there, of all families that are spelled so.

    Raises:
        UsageError: where it must be one, but no such depth is known, or has an ImageNet stem.
    """
    if spelled.prefix == "cifar":
        return None
    depth, others = read_depth(spelled), others or known
    if depth is None:
        return {}
    if isinstance(depth, tuple):
        return {"blocks": depth} if len(depth) == 4 else None
    if spelled.prefix == "imagenet" and depth not in others:
        raise UsageError(
            f"the depths known on ImageNet are {listed(others)}, not {depth}; use one of them"
        )
    return {"blocks": known[depth]} if depth in known else None


def cifar(spelled: Spelled, period: int, offset: int, known: Known) -> Numbers | None:
    """The blocks of the stages, by parameter, where the name is that of a CIFAR network.

    `known` has the depths of ImageNet networks that are spelled so.

    Raises:
        UsageError: where no number of blocks makes the depth.
    """
    depth = read_depth(spelled)
    if spelled.prefix == "imagenet" or (isinstance(depth, tuple) and len(depth) != 3):
        return None
    if depth is None:
        return {}
    try:
        return {"depth": equal_stages(depth, period, offset)}
    except UsageError as error:
        raise with_imagenet(error, spelled, known) from None


def with_imagenet(error: UsageError, spelled: Spelled, known: Known) -> UsageError:
    """An error about a depth, with the ImageNet networks that could be meant."""
    if spelled.prefix == "cifar":
        return error
    return UsageError(
        f"{error}, with cifar_ in front where an ImageNet network has that depth, or one of the "
        f"ImageNet depths {listed(known)}"
    )


def equal_stages(depth: int | Sequence[Number], period: int, offset: int) -> tuple[Number, ...]:
    """The blocks of the three stages of a CIFAR network.

    Args:
        depth: `period`*n + `offset` for n blocks in each stage, or the blocks of each of the three.
        period, offset: of the family.

    Raises:
        UsageError: where the depth has no n; the message names the nearest depths that have one.
    """
    if isinstance(depth, Sequence):
        if len(depth) != 3:
            raise UsageError(f"a CIFAR network has 3 stages, not {len(depth)}; give 3 numbers")
        return tuple(depth)
    if is_array(depth):
        raise UsageError(
            "these families take one depth at a time, not an array; let the widths or the "
            "cardinality vary"
        )
    n, rest = divmod(whole(depth, "depth", 0) - offset, period)
    if rest == 0 and n >= 1:
        return (n,) * 3
    near = sorted({max(1, n) * period + offset, (max(0, n) + 1) * period + offset})
    raise UsageError(
        f"depth must be {period}n+{offset} with n >= 1, not {shown(str(depth))}; use "
        f"{shown(' or '.join(map(str, near)))}"
    )


def whole_depth(blocks: Sequence[Number], period: int, offset: int) -> int | None:
    """The depth that equal stages make; None where they are not equal."""
    if any(is_array(number) or number != blocks[0] for number in blocks):
        return None
    return int(period * blocks[0] + offset)


def known_depth(blocks: Sequence[Number], known: Known) -> int | None:
    """The depth of these blocks a stage, where it is known."""
    if any(is_array(number) for number in blocks):
        return None
    return next((depth for depth, row in known.items() if row == tuple(blocks)), None)


def depth_text(depth: int | None, blocks: Sequence[Number]) -> str:
    """The depth in a name; where there is none, the blocks of the stages: `_3_4_7_3`."""
    return str(depth) if depth else "_" + "_".join(map(number_text, blocks))


def whole_number(spelled: Spelled, word: str) -> dict[str, Any]:
    """The whole number of a field, by its word; nothing where it is open."""
    return {word: int(spelled.texts[word])} if word in spelled.texts else {}


def refuse(spelled: Spelled, *kinds: str, of: str) -> None:
    """Refuse suffixes of these kinds, which other networks of the name may have.

    Raises:
        UsageError: where the name has one.
    """
    for kind in kinds:
        if kind in spelled.suffixes:
            raise UsageError(
                f"{of} networks take no suffix like "
                f"'{SIGNS.get(kind, '-')}{shown(spelled.suffixes[kind])}'; leave it out"
            )


def listed(known: Known) -> str:
    """The known depths in a sentence."""
    return ", ".join(map(str, sorted(known)))
