"""The grammar of names: every template has a name, and the zoo is not a list.

    name   = [ "imagenet_" | "cifar_" ] family [ "@" scale ] [ "-noshortcut" ]
    family = "resnet" depth | "resnext" depth "_" C "x" W "d"
           | "wide_resnet" depth "_" k | "wrn_" depth "_" k

Dashes, underscores and case are forgiven (`WRN-28-10`). Plain names mean ImageNet for the depths
known there, otherwise CIFAR; the prefix always decides.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple, TypedDict

from archscope.arch import families
from archscope.arch.network import Network
from archscope.arch.scaling import exact, suffixes
from archscope.arch.shape import Shape, output_shape
from archscope.errors import UsageError, shown

_NUMBER = r"([0-9]{1,9})"
_FORMS = {
    "resnext": re.compile(rf"resnext_?{_NUMBER}_{_NUMBER}x{_NUMBER}d"),
    "resnet": re.compile(rf"resnet_?{_NUMBER}"),
    "wide_resnet": re.compile(rf"wide_?resnet_?{_NUMBER}_{_NUMBER}"),
    "wrn": re.compile(rf"wrn_?{_NUMBER}_{_NUMBER}"),
}
_SUFFIX = re.compile(r"@(?P<scale>[^_]+)|_(?P<noshortcut>noshortcut)")
_FORM_HELP = (
    "names are resnetN, resnextN_CxWd, wide_resnetN_k and wrn_N_k with whole numbers (resnext50_"
    "32x4d, CIFAR resnext29_8x64d, wrn_28_10), each with @SCALE or -noshortcut behind it"
)


class _Keywords(TypedDict):
    classes: int
    scale: Fraction
    residual: bool


class _Options(NamedTuple):
    dataset: str | None
    classes: int | None
    scale: Fraction
    residual: bool

    def keywords(self, classes: int) -> _Keywords:
        classes = self.classes if self.classes is not None else classes
        return {"classes": classes, "scale": self.scale, "residual": self.residual}


def parse(name: str, classes: int | None = None, input_shape: Shape | None = None) -> Network:
    """The network of a name.

    Args:
        name: as the grammar above; `resnext50_32x4d`, `WRN-28-10`, `resnext29_8x64d@0.25`.
        classes: outputs, where not the family's 1000 (ImageNet) or 10 (CIFAR).
        input_shape: (channels, height, width), where not the family's 3x224x224 or 3x32x32.

    Returns:
        the network with its canonical name.

    Raises:
        UsageError: with the rule that the name broke and the nearest valid names.
    """
    base, options = _split(name, classes)
    for family, form in _FORMS.items():
        if found := form.fullmatch(base):
            try:
                network = _BUILDERS[family](*map(int, found.groups()), options)
            except UsageError as error:
                raise UsageError(f"network '{shown(name)}': {error}") from None
            break
    else:
        raise UsageError(_unknown(name))
    if input_shape is not None:
        network = replace(network, input=input_shape)
    try:
        output_shape(network.tree, network.input)
    except UsageError as error:
        raise UsageError(f"network '{shown(name)}': {error}") from None
    return network


def _split(name: str, classes: int | None) -> tuple[str, _Options]:
    text = name.strip().lower().replace("-", "_")
    start = re.search(r"@|_noshortcut", text)
    base, rest = (text[: start.start()], text[start.start() :]) if start else (text, "")
    scale, residual = Fraction(1), True
    while rest:
        suffix = _SUFFIX.match(rest)
        if suffix is None:
            raise UsageError(_unknown(name))
        if suffix["noshortcut"]:
            residual = False
        else:
            scale = exact(suffix["scale"])
        rest = rest[suffix.end() :]
    dataset = None
    if (prefix := base.partition("_")[0]) in ("imagenet", "cifar"):
        dataset, base = prefix, base.removeprefix(f"{prefix}_")
    return base, _Options(dataset, classes, scale, residual)


def _resnext(depth: int, cardinality: int, width: int, options: _Options) -> Network:
    if _is_imagenet(depth, families.IMAGENET_BLOCKS, options):
        blocks = families.IMAGENET_BLOCKS[depth]
        keywords = options.keywords(1000)
        return families.resnext(blocks, cardinality, width, **keywords)
    try:
        return families.cifar_resnext(
            depth,
            cardinality,
            width,
            **options.keywords(10),
        )
    except UsageError as error:
        raise _with_imagenet(error, families.IMAGENET_BLOCKS, options) from None


def _resnet(depth: int, options: _Options) -> Network:
    known = families.RESNET_BLOCKS
    if not _is_imagenet(depth, known, options):
        try:
            return families.cifar_resnet(depth, **options.keywords(10))
        except UsageError as error:
            raise _with_imagenet(error, known, options) from None
    keywords = options.keywords(1000)
    if depth in families.BASIC_BLOCKS:
        blocks = families.BASIC_BLOCKS[depth]
        return families.resnet_basic(blocks, **keywords)
    network = families.resnext(
        families.IMAGENET_BLOCKS[depth],
        1,
        64,
        **keywords,
    )
    return replace(network, name=f"resnet{depth}{suffixes(options.scale, options.residual)}")


def _wide_resnet(depth: int, widen: int, options: _Options) -> Network:
    if options.dataset == "cifar" or depth not in families.IMAGENET_BLOCKS:
        raise UsageError(
            f"wide_resnet{depth}_{widen} was asked for, but the widened bottleneck networks are "
            f"ImageNet ones of depth {_depths(families.IMAGENET_BLOCKS)}; "
            f"for CIFAR use wrn_28_{max(widen, 1)}"
        )
    network = families.resnext(
        families.IMAGENET_BLOCKS[depth],
        1,
        64 * widen,
        **options.keywords(1000),
    )
    ending = suffixes(options.scale, options.residual)
    return replace(network, name=f"wide_resnet{depth}_{widen}{ending}")


def _wrn(depth: int, widen: int, options: _Options) -> Network:
    if options.dataset == "imagenet":
        raise UsageError(
            f"imagenet_wrn_{depth}_{widen} was asked for, but wrn names the CIFAR networks here; "
            f"use wide_resnet50_2 for ImageNet, or drop the prefix"
        )
    return families.wrn(depth, widen, **options.keywords(10))


_BUILDERS: dict[str, Callable[..., Network]] = {
    "resnext": _resnext,
    "resnet": _resnet,
    "wide_resnet": _wide_resnet,
    "wrn": _wrn,
}


def _is_imagenet(depth: int, known: Mapping[int, tuple[int, ...]], options: _Options) -> bool:
    if options.dataset == "imagenet" and depth not in known:
        raise UsageError(
            f"depth {depth} was asked for on ImageNet, but the depths known there are "
            f"{_depths(known)}; use one of them"
        )
    return depth in known and options.dataset != "cifar"


def _with_imagenet(
    error: UsageError, known: Mapping[int, tuple[int, ...]], options: _Options
) -> UsageError:
    if options.dataset == "cifar" or not str(error).startswith("depth"):
        return error
    return UsageError(
        f"{error}, with cifar_ in front where an ImageNet network has that depth, or one of the "
        f"ImageNet depths {_depths(known)}"
    )


def _depths(known: Mapping[int, tuple[int, ...]]) -> str:
    return ", ".join(map(str, sorted(known)))


def _unknown(name: str) -> str:
    near = nearest(name)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"there is no network named '{shown(name)}': {_FORM_HELP}{hint}"


def nearest(name: str) -> list[str]:
    """Up to three valid names that are spelled most like `name`."""
    spelled = name.strip().lower().replace("-", "_")[:80]
    return difflib.get_close_matches(spelled, well_known(), n=3, cutoff=0.6)


def well_known() -> list[str]:
    """The named networks of the papers and of torchvision, for listings and suggestions."""
    return [
        *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152, 200)),
        *("resnext26_32x4d", "resnext50_2x40d", "resnext50_4x24d", "resnext50_8x14d"),
        *("resnext50_32x4d", "resnext101_2x40d", "resnext101_4x24d", "resnext101_8x14d"),
        *("resnext101_32x4d", "resnext101_32x8d", "resnext101_64x4d", "resnext101_2x64d"),
        *("resnext101_1x100d", "resnext152_32x4d", "resnext200_32x4d"),
        *("wide_resnet50_2", "wide_resnet101_2"),
        *("resnext29_1x64d", "resnext29_2x64d", "resnext29_4x64d", "resnext29_8x64d"),
        *("resnext29_16x64d", "resnext29_1x128d", "resnext29_1x192d", "resnext29_1x256d"),
        *("wrn_40_1", "wrn_40_2", "wrn_40_4", "wrn_40_8", "wrn_28_10", "wrn_28_12"),
        *("wrn_22_8", "wrn_22_10", "wrn_16_4", "wrn_16_8", "wrn_16_10", "wrn_52_1", "wrn_40_10"),
        *(f"resnet{depth}" for depth in (20, 32, 44, 56, 110)),
    ]
