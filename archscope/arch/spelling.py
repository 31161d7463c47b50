"""From the parts of a name to a call of its family; `archscope.arch.names` takes names apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Literal, NamedTuple, TypedDict, cast

from archscope.arch import families
from archscope.arch.network import Network
from archscope.arch.scaling import exact, suffixes
from archscope.errors import UsageError, shown

_BOTTLENECK, _BASIC = families.IMAGENET_BLOCKS, families.BASIC_BLOCKS
_RESNET = families.RESNET_BLOCKS
_WRITTEN = {"scale": "@", "dropout": "-drop", "block": "-B(", "deepening": "-l", "kind": "-"}


class Keywords(TypedDict):
    """What every residual family takes."""

    classes: int
    scale: Fraction
    residual: bool


class Options(NamedTuple):
    """What stands around the family in a name: the prefix, and the suffixes by kind."""

    dataset: str | None
    classes: int | None
    found: Mapping[str, str]

    def keywords(self, classes: int) -> Keywords:
        """Classes, scale and shortcuts; `classes` where none were asked for."""
        scale = exact(self.found["scale"]) if "scale" in self.found else Fraction(1)
        classes = self.classes if self.classes is not None else classes
        return {"classes": classes, "scale": scale, "residual": "noshortcut" not in self.found}

    def ending(self) -> str:
        """The canonical spelling of scale and shortcuts."""
        keywords = self.keywords(1)
        return suffixes(keywords["scale"], keywords["residual"])

    def refuse_all_but(self, *kinds: str, of: str) -> None:
        """Raise where the name has a suffix that the family does not."""
        for kind, value in self.found.items():
            if kind not in kinds:
                written = f"{_WRITTEN.get(kind, '-')}{value}{')' if kind == 'block' else ''}"
                raise UsageError(
                    f"the suffix '{shown(written)}' was asked for, but {of} have none of its kind; "
                    "leave it out"
                )


def resnext(depth: str, cardinality: str, width: str, options: Options) -> Network:
    """`resnext50_32x4d` and, on CIFAR, `resnext29_8x64d`."""
    options.refuse_all_but("scale", "noshortcut", of="resnext networks")
    number, template = _depth(depth, options), (int(cardinality), int(width))
    if blocks := _imagenet_blocks(number, _BOTTLENECK, options):
        return families.resnext(blocks, *template, **options.keywords(1000))
    try:
        return families.cifar_resnext(number, *template, **options.keywords(10))
    except UsageError as error:
        raise _with_imagenet(error, _BOTTLENECK, options) from None


def resnet(depth: str, options: Options) -> Network:
    """`resnet50`, `resnet18` and, on CIFAR, `resnet110`."""
    options.refuse_all_but("scale", "noshortcut", of="resnet networks")
    number, known = _depth(depth, options), _RESNET
    blocks = _imagenet_blocks(number, known, options)
    if blocks is None:
        try:
            return families.cifar_resnet(number, **options.keywords(10))
        except UsageError as error:
            raise _with_imagenet(error, known, options) from None
    keywords = options.keywords(1000)
    if number not in _BOTTLENECK:
        return families.resnet_basic(blocks, **keywords)
    network = families.resnext(blocks, 1, 64, **keywords)
    return replace(network, name=f"resnet{number}{options.ending()}")


def preresnet(depth: str, options: Options) -> Network:
    """`preresnet200` and, on CIFAR, `preresnet110`, `preresnet164`, `preresnet110-bottleneck`."""
    number, known = _depth(depth, options), _RESNET
    blocks = _imagenet_blocks(number, known, options)
    kind = cast("Literal['basic', 'bottleneck'] | None", options.found.get("kind"))
    if blocks is None or isinstance(number, tuple):
        options.refuse_all_but("scale", "noshortcut", "kind", of="preresnet networks")
    else:
        options.refuse_all_but("scale", "noshortcut", of="preresnet networks for ImageNet")
        kind = "basic" if number in _BASIC else "bottleneck"
    if blocks is None:
        try:
            return families.cifar_preresnet(number, kind, **options.keywords(10))
        except UsageError as error:
            raise _with_imagenet(error, known, options) from None
    if kind is None:
        raise UsageError(
            "the blocks of each stage were asked for without what they are; say basic or "
            "bottleneck, as preresnet_3_4_7_3-bottleneck"
        )
    return families.preresnet(blocks, kind, **options.keywords(1000))


def wide_resnet(depth: str, widen: str, options: Options) -> Network:
    """`wide_resnet50_2`: ResNet-50 whose 3x3 convolutions are twice as wide."""
    options.refuse_all_but("scale", "noshortcut", of="wide_resnet networks")
    number, k = _depth(depth, options), int(widen)
    known = isinstance(number, tuple) or number in _BOTTLENECK
    blocks = _imagenet_blocks(number, _BOTTLENECK, options) if known else None
    if blocks is None:
        raise UsageError(
            f"wide_resnet{depth}_{k} was asked for, but the widened bottleneck networks are "
            f"ImageNet ones of depth {_depths(_BOTTLENECK)}; for CIFAR use wrn_28_{max(k, 1)}"
        )
    return families.wide_resnet(blocks, k, **options.keywords(1000))


def wrn(depth: str, widen: str, options: Options) -> Network:
    """`wrn_28_10` (CIFAR), `imagenet_wrn_34_2` and the paper's `WRN-50-2-bottleneck`."""
    number = _depth(depth, options)
    if options.found.get("kind") == "bottleneck" and "." not in widen:
        plain = {kind: value for kind, value in options.found.items() if kind != "kind"}
        return wide_resnet(depth, widen, options._replace(found=plain))
    if options.dataset == "imagenet" or (isinstance(number, tuple) and len(number) == 4):
        return _imagenet_wrn(number, widen, options)
    kinds = ("scale", "noshortcut", "block", "deepening", "dropout")
    options.refuse_all_but(*kinds, of="wrn networks")
    found = options.found
    try:
        return families.wrn(
            number,
            exact(widen, "widen") if "." in widen else int(widen),
            block=_kernels(found["block"]) if "block" in found else (3, 3),
            deepening=int(found["deepening"]) if "deepening" in found else None,
            dropout=_dropout(found.get("dropout", "0")),
            **options.keywords(10),
        )
    except UsageError as error:
        if number in _BASIC and options.dataset is None and str(error).startswith("depth"):
            raise UsageError(f"{error}, or imagenet_wrn_{number}_{widen}") from None
        raise


def inception(version: str, options: Options) -> Network:
    """`inception_v3`, `inception_v3-aux`, `inception_v4`, `inception_resnet_v2`."""
    version = version.replace("resnetv2", "resnet_v2")
    kinds = ("aux",) if version == "v3" else ()
    options.refuse_all_but(*kinds, of=f"inception_{version} networks")
    if options.dataset == "cifar":
        raise UsageError(
            f"cifar_inception_{version} was asked for, but the Inception networks are ImageNet "
            "ones of 3x299x299; leave the prefix out"
        )
    classes = options.classes if options.classes is not None else 1000
    if version == "v3":
        return families.inception_v3(classes=classes, aux="aux" in options.found)
    if version == "v4":
        return families.inception_v4(classes=classes)
    return families.inception_resnet_v2(classes=classes)


def _imagenet_wrn(depth: int | tuple[int, ...], widen: str, options: Options) -> Network:
    options.refuse_all_but("scale", "noshortcut", of="wrn networks for ImageNet")
    if isinstance(depth, int) and depth not in _BASIC:
        hint = f", or wide_resnet{depth}_2 for the bottleneck one" if depth in _BOTTLENECK else ""
        raise UsageError(
            f"imagenet_wrn_{depth}_{widen} was asked for, but the widened basic-block networks "
            f"are of depth {_depths(_BASIC)}; use imagenet_wrn_34_2{hint}"
        )
    k = exact(widen, "widen") if "." in widen else int(widen)
    blocks = _BASIC[depth] if isinstance(depth, int) else depth
    return families.resnet_basic(blocks, widen=k, **options.keywords(1000))


def _kernels(text: str) -> tuple[int, ...]:
    text = text.replace(" ", "")
    if not re.fullmatch(r"(?:[0-9]{1,3},){0,98}[0-9]{1,3}", text):
        raise UsageError(
            f"block B({shown(text)}) was asked for, but it is written as 1 to 99 kernel sizes with "
            "commas between them; use B(3,3) or B(3,1,3)"
        )
    return tuple(int(entry) for entry in text.split(","))


def _dropout(text: str) -> Fraction:
    return Fraction(0) if re.fullmatch(r"0{1,6}\.?0{0,9}", text) else exact(text, "dropout")


def _depth(text: str, options: Options) -> int | tuple[int, ...]:
    """`50`, or the blocks of the stages where `3_4_7_3` stands there."""
    numbers = tuple(map(int, text.split("_")))
    if len(numbers) == 1:
        return numbers[0]
    dataset, stages = options.dataset, len(numbers)
    if dataset is not None and stages != (4 if dataset == "imagenet" else 3):
        raise UsageError(
            f"{stages} stages were asked for, but a network for ImageNet has 4 and one for CIFAR "
            "3; leave the prefix out, or give as many numbers"
        )
    return numbers


def _imagenet_blocks(
    depth: int | tuple[int, ...], known: Mapping[int, tuple[int, ...]], options: Options
) -> tuple[int, ...] | None:
    """The blocks of the stages, where it is a network for ImageNet."""
    if isinstance(depth, tuple):
        return depth if len(depth) == 4 else None
    if options.dataset == "imagenet" and depth not in known:
        raise UsageError(
            f"depth {depth} was asked for on ImageNet, but the depths known there are "
            f"{_depths(known)}; use one of them"
        )
    return known.get(depth) if options.dataset != "cifar" else None


def _with_imagenet(
    error: UsageError, known: Mapping[int, tuple[int, ...]], options: Options
) -> UsageError:
    if options.dataset == "cifar" or not str(error).startswith("depth"):
        return error
    return UsageError(
        f"{error}, with cifar_ in front where an ImageNet network has that depth, or one of the "
        f"ImageNet depths {_depths(known)}"
    )


def _depths(known: Mapping[int, tuple[int, ...]]) -> str:
    return ", ".join(map(str, sorted(known)))
