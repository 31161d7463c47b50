"""The grammar of names: every template has a name, and the zoo is not a list.

    name   = [ "imagenet_" | "cifar_" ] family { suffix }
    family = "resnet" depth | "resnext" depth "_" C "x" W "d" | "preresnet" depth
           | "wide_resnet" depth "_" k | "wrn_" depth "_" k
           | "inception_v3" | "inception_v4" | "inception_resnet_v2"
    depth  = number | blocks of the stages: "_3_4_7_3" (ImageNet), "_2_3_4" (CIFAR)
    suffix = "@" scale | "-noshortcut"
           | "-B(3,1,3)" | "-l" l | "-drop" p      (wrn on CIFAR: block, deepening, dropout)
           | "-basic" | "-bottleneck"              (preresnet on CIFAR, or of given blocks)
           | "-aux"                                (inception_v3: its auxiliary head)

Dashes, underscores and case are forgiven (`WRN-28-10`). Plain names mean ImageNet for the depths
known there, otherwise CIFAR; the prefix always decides. `wrn` is CIFAR's without a prefix, and
`WRN-50-2-bottleneck` the paper's name for wide_resnet50_2. `resnet_2_2_3_2` is one of basic blocks;
of bottlenecks it is `resnext_3_4_7_3_1x64d`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from archscope.arch import spelling
from archscope.arch.network import Network
from archscope.arch.shape import Shape, output_shape
from archscope.arch.zoo import well_known
from archscope.errors import UsageError, shown

__all__ = ["Form", "nearest", "parse", "split_suffixes", "take_apart", "well_known"]

_NUMBER = r"([0-9]{1,9})"
_DEPTH = r"((?:[0-9]{1,9}_){2,3}[0-9]{1,9}|[0-9]{1,9})"
_FORMS: list[tuple[re.Pattern[str], Callable[..., Network]]] = [
    (re.compile(rf"resnext_?{_DEPTH}_{_NUMBER}x{_NUMBER}d"), spelling.resnext),
    (re.compile(rf"resnet_?{_DEPTH}"), spelling.resnet),
    (re.compile(rf"pre_?(?:act_?)?resnet_?{_DEPTH}"), spelling.preresnet),
    (re.compile(rf"wide_?resnet_?{_DEPTH}_{_NUMBER}"), spelling.wide_resnet),
    (re.compile(rf"wrn_?{_DEPTH}_([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)"), spelling.wrn),
    (re.compile(r"inception_?(v3|v4|resnet_?v2)"), spelling.inception),
]
_SUFFIX = re.compile(
    r"@(?P<scale>[^_@]+)"
    r"|_(?P<noshortcut>noshortcut)"
    r"|_drop(?:out)?_?(?P<dropout>[^_@]+)"
    r"|_b\((?P<block>[^()]*)\)"
    r"|_l_?(?P<deepening>[0-9]{1,3})(?![^_@])"
    r"|_(?P<kind>basic|bottleneck)"
    r"|_(?P<aux>aux)"
)
_FORM_HELP = (
    "names are resnetN, resnextN_CxWd, wide_resnetN_k, preresnetN and wrn_N_k with whole numbers "
    "(resnext50_32x4d, CIFAR resnext29_8x64d, wrn_28_10; blocks for N, as resnext_3_4_7_3_32x4d), "
    "each with suffixes such as @SCALE or -noshortcut behind it, and inception_v3, inception_v4, "
    "inception_resnet_v2"
)


def parse(name: str, classes: int | None = None, input_shape: Shape | None = None) -> Network:
    """The network of a name.

    Args:
        name: as the grammar above; `resnext50_32x4d`, `WRN-28-10`, `resnext29_8x64d@0.25`.
        classes: outputs, where not the family's 1000 (ImageNet) or 10 (CIFAR).
        input_shape: (channels, height, width), where not the family's 3x224x224
            (Inception 3x299x299) or 3x32x32.

    Returns:
        the network with its canonical name.

    Raises:
        UsageError: with the rule that the name broke and the nearest valid names.
    """
    form = take_apart(name, classes)
    try:
        network = form.build(*form.numbers, form.options)
        if input_shape is not None:
            network = replace(network, input=input_shape)
        output_shape(network.tree, network.input)
    except UsageError as error:
        raise UsageError(f"network '{shown(name)}': {error}") from None
    return network


class Form(NamedTuple):
    """A name taken apart: `build(*numbers, options)` is its network."""

    build: Callable[..., Network]
    numbers: tuple[str, ...]
    options: spelling.Options


def take_apart(name: str, classes: int | None = None) -> Form:
    """The family of a name, its numbers and its suffixes.

    Raises:
        UsageError: where no family is spelled so.
    """
    base, options = _split(name, classes)
    for form, build in _FORMS:
        if found := form.fullmatch(base):
            return Form(build, found.groups(), options)
    raise UsageError(_unknown(name))


def split_suffixes(name: str) -> tuple[str, str]:
    """A name before and from its suffixes on: `("wrn_28", "_b(3,1)@0.5")`."""
    text = name.strip().lower().replace("-", "_")
    start = _SUFFIX.search(text)
    return (text[: start.start()], text[start.start() :]) if start else (text, "")


def nearest(name: str) -> list[str]:
    """Up to three valid names that are spelled most like `name`."""
    spelled = name.strip().lower().replace("-", "_")[:80]
    return difflib.get_close_matches(spelled, well_known(), n=3, cutoff=0.6)


def _split(name: str, classes: int | None) -> tuple[str, spelling.Options]:
    base, rest = split_suffixes(name)
    found: dict[str, str] = {}
    while rest:
        suffix = _SUFFIX.match(rest)
        if suffix is None:
            raise UsageError(_unknown(name))
        kind, value = str(suffix.lastgroup), suffix[str(suffix.lastgroup)]
        if found.setdefault(kind, value) != value:
            raise UsageError(
                f"network '{shown(name)}': the suffixes '{shown(found[kind])}' and "
                f"'{shown(value)}' were both asked for, but a name has one of a kind; leave one out"
            )
        rest = rest[suffix.end() :]
    dataset = None
    if (prefix := base.partition("_")[0]) in ("imagenet", "cifar"):
        dataset, base = prefix, base.removeprefix(f"{prefix}_")
    return base, spelling.Options(dataset, classes, found)


def _unknown(name: str) -> str:
    near = nearest(name)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"there is no network named '{shown(name)}': {_FORM_HELP}{hint}"
