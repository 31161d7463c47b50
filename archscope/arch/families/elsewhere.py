"""Names as papers and other programs write them, in the spelling of ours.

    ResNeXt-50 (32x4d)          papers set a template, a width or a growth in brackets
    X-50-32x4d, EN-B0           pycls's configurations; a schedule behind them is left out
    regnetx_004.pycls_in1k      timm's: the network, and behind the point a tag of its weights
    ConvNeXt-T, ShuffleNetV2 1.0x, Res2Net-50-26w4s, VGG-D, ResNet50-vd, Inception-v1

It is looked at where no family reads a name as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from re import Match
from typing import NamedTuple

from archscope.arch.families.spelling import PREFIXES
from archscope.errors import shown


class Elsewhere(NamedTuple):
    """A name of another program or a paper.

    Attributes:
        text: as ours are spelled, normal (`spelling.normal`).
        notes: what must be said of it.
        timm: whether timm's network is meant where torchvision's of the name is another.
    """

    text: str
    notes: tuple[str, ...]
    timm: bool = False


_BRACKETS = re.compile(r"(?<!_b)[ _]*\(([^()]*)\)")
_GAPS = re.compile(r"[\s,_]+")
# `.a1_in1k`, `.fb_in22k_ft_in1k_384`, `.fb_swsl_ig1b_ft_in1k`: it ends with the images.
_TAG = re.compile(r"(?P<name>.+)\.(?P<tag>[a-z]\w*_?(?:in[0-9]+k|laion\w*)(?:_[0-9]+)?|in[0-9]+k)")
_SCHEDULE = re.compile(r"(?P<name>.+)_(?P<schedule>(?:dds|step|nds|bs[0-9]+)_[0-9]+gpu)")
_CONVNEXT = {"t": "tiny", "s": "small", "b": "base", "l": "large", "xl": "xlarge"}
_VGG = {"a": "11", "b": "13", "d": "16", "e": "19"}  # of Table 1; C has 1x1 convolutions
_SHUFFLENET = {"0.5": "0_5", "1": "1_0", "1.0": "1_0", "1.5": "1_5", "2": "2_0", "2.0": "2_0"}
_DENSENET = {"121": "6_12_24_16", "161": "6_12_36_24", "169": "6_12_32_32", "201": "6_12_48_32"}
_MOBILE = r"(?:mobilenet_?v[23](?:_?(?:large|small|l|s))?|mnasnet(?:_?[ab]1)?)"


def _of(table: Mapping[str, str], before: str, after: str = "") -> Callable[[Match[str]], str]:
    return lambda found: f"{before}{table.get(found[1], found[1])}{after}"


def _efficientnet(found: Match[str]) -> str:
    """pycls's: B2 for images of 260, and an eps of 1e-5 in every batch norm, as timm's."""
    size = "1.1_1.2_260" if found[1] == "2" else f"b{found[1]}"
    return f"efficientnet_{size}_timm"


# One after the other, each in place of the whole name.
_RULES: tuple[tuple[str, str | Callable[[Match[str]], str]], ...] = (
    (r"r_([0-9]+)(?:_1x64d)?", r"resnet\1"),
    (r"[rx]_([0-9]+)_([0-9x]+d?)", r"resnext\1_\2"),
    (r"en_b([0-9]+)", _efficientnet),
    (r"convnext_?(t|s|b|l|xl)", _of(_CONVNEXT, "convnext_")),
    (r"vgg_(a|b|d|e)((?:_bn)?)", lambda found: f"vgg{_VGG[found[1]]}{found[2]}"),
    (r"vgg_?([0-9]+)_?bn", r"vgg\1_bn"),
    (r"shufflenet_?v2_?x?_?([0-9.]+)x?", _of(_SHUFFLENET, "shufflenet_v2_x")),
    (r"([0-9.]+)x?_(mobilenet\w*|mnasnet\w*)", r"\2_\1"),
    (rf"({_MOBILE}_[0-9.]+)x", r"\1"),
    (r"mobilenet_?v3_?l((?:_.*)?)", r"mobilenet_v3_large\1"),
    (r"mobilenet_?v3_?s((?:_.*)?)", r"mobilenet_v3_small\1"),
    (r"mnasnet_?a1((?:_.*)?)", r"mnasnet_a1\1"),
    (r"mnasnet_?b1((?:_.*)?)", lambda found: f"mnasnet{found[1] or '1_0'}"),
    (r"squeezenet_?v?1[._]([0-9])", r"squeezenet1_\1"),
    (
        r"densenet_?(?:bc_?)?(121|161|169|201)_k_?=?_?([0-9]+)",
        lambda found: f"densenet_{_DENSENET[found[1]]}_k{found[2]}",
    ),
    (r"(res2net_?[0-9]+)_?([0-9]+w)_?x?_?([0-9]+s)", r"\1_\2_\3"),
    (r"(res2next_?[0-9]+)_?([0-9]+c)_?x?_?([0-9]+w)_?x?_?([0-9]+s)", r"\1_\2_\3_\4"),
    (r"((?:se_?)?resne(?:x)?t)_?([0-9]+)_?(?:vd|v1d)((?:_.*)?)", r"\1\2d\3"),
    (r"((?:se_?)?resnet)_?(?:v1)?d_?([0-9]+)", r"\1\2d"),
    (r"(resnet)_?([0-9]+)_?(?:v1b|v1\.5)", r"\1\2"),
    (r"inception_?v1((?:_aux)?)", r"googlenet\1"),
)


# Names that are no network of a family here, and what to write in their place.
_ABSENT = (
    (
        r"x_[0-9]+",
        "{name} says no template; write it with one, as X-50-32x4d",
    ),
    (
        r"legacy_?senet_?154",
        "no family here has the pooling of {name}; write senet154, or timm:legacy_senet154 where "
        "networks from outside are taken",
    ),
    (
        r"se_?res2next_?29(?:_.*)?",
        "no family here has Res2NeXt-29 with squeeze-and-excitation; write res2next29_6c_24w_4s, "
        "which is without",
    ),
)
_TABLE_2 = re.compile(r"(?P<before>(?:cifar_|imagenet_)?)se_?resnext_?(?P<depth>50|101)")


def absent(name: str, text: str) -> str | None:
    """Why no family here has a network of that name (`text` where normal), as a sentence."""
    for pattern, sentence in _ABSENT:
        if re.fullmatch(pattern, _GAPS.sub("_", text.replace("×", "x"))):
            return sentence.format(name=shown(name))
    return None


def usual(text: str) -> Elsewhere | None:
    """The network of a paper, where its name leaves open what the paper has one of; else None."""
    found = _TABLE_2.fullmatch(text)
    if found is None:
        return None
    name = f"SE-ResNeXt-{found['depth']}"
    said = f"{name} is read as that of the SE paper's Table 2, of the template 32x4d"
    return Elsewhere(f"{found['before']}seresnext{found['depth']}_32x4d", (said,))


def respelled(text: str) -> Elsewhere | None:
    """A name (normal, see `spelling.normal`) as ours are spelled; None where it stays as it is."""
    name, notes, timm = text, [], False
    if found := _TAG.fullmatch(name):
        name, timm = found["name"], True
        notes.append(f"'{shown(found['tag'])}' names weights of timm's, not another network")
    if found := _SCHEDULE.fullmatch(name):
        name = found["name"]
        said = f"'{shown(found['schedule'])}' is how pycls trains the network, not a part of it"
        notes.append(said)
    name = _BRACKETS.sub(r"_\1", name.replace("×", "x"))
    name = _GAPS.sub("_", name).strip("_")
    prefix, _, rest = name.partition("_")
    prefix = f"{prefix}_" if prefix in PREFIXES else ""
    name = rest if prefix else name
    notes += _differs(name)
    for pattern, template in _RULES:
        if found := re.fullmatch(pattern, name):
            name = found.expand(template) if isinstance(template, str) else template(found)
    name = prefix + name
    return None if name == text else Elsewhere(name, tuple(notes), timm)


def _differs(name: str) -> list[str]:
    """What another program means by the name than torchvision, or than a third one."""
    if re.fullmatch("r_[0-9]+", name):
        return [
            f"{name.replace('_', '-').upper()} is read as pycls's, with the stride of a stage in "
            f"the 3x3; Detectron's is resnet{name[2:]}-stride1x1"
        ]
    if name == "en_b2":
        return [
            "EN-B2 is pycls's, for images of 260x260; torchvision's efficientnet_b2 takes 288x288"
        ]
    if re.fullmatch("en_b[567]", name):
        return [
            f"EN-{name[3:].upper()} is pycls's, with an eps of 1e-5 in its batch norms; that of "
            f"torchvision's efficientnet_{name[3:]} is 1e-3"
        ]
    return []
