"""Names of networks: every member of every family has one, and the list of them is no limit.

    name   = [ "imagenet_" | "cifar_" ] member { suffix } | FILE.py ":" member { suffix }
    member = as its family spells it: resnext50_32x4d, wrn_28_10, resnext_3_4_7_3_32x4d
    suffix = "@" scale | "-noshortcut" | what else the family knows

Where no family reads it so, it may be another program's or a paper's spelling (`elsewhere`).

Dashes, underscores and case are forgiven (`WRN-28-10`). Plain names mean ImageNet for the depths
known there, otherwise CIFAR; the prefix always decides. `resnet_2_2_3_2` is one of basic blocks; of
bottlenecks it is `resnext_3_4_7_3_1x64d`. A family in a user's own file reads what stands behind
the file.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import Any

from archscope.arch.families import registry
from archscope.arch.families.axis import Axis
from archscope.arch.families.elsewhere import absent, respelled, usual
from archscope.arch.families.family import Family, Reading
from archscope.arch.families.own import (
    Place,
    check_named,
    own_families,
    place_of,
    read_own,
    readable,
)
from archscope.arch.families.spelling import PREFIXES, TIMM, normal
from archscope.arch.network import Network
from archscope.arch.shape import output_shape
from archscope.arch.windows import Shape
from archscope.errors import UsageError, shown

__all__ = ["forms", "is_own", "nearest", "parse", "read", "well_known"]

_TYPO = 0.92  # how like a name one is that was meant, whatever its family
_WEIGHTS = (".pth", ".pt", ".ckpt", ".safetensors", ".pth.tar", ".bin")  # endings of their files


def parse(name: str, classes: int | None = None, input_shape: Shape | None = None) -> Network:
    """The network of a name.

    Args:
        name: as the grammar above; `resnext50_32x4d`, `WRN-28-10`, `resnext29_8x64d@0.25`.
        classes: outputs, where not the family's 1000 (ImageNet) or 10 (CIFAR).
        input_shape: (channels, height, width), where not the family's 3x224x224
            (Inception 3x299x299) or 3x32x32.

    Returns:
        the network with its canonical name, and in `notes` what must be said of this one.

    Raises:
        UsageError: with the rule that the name broke and the nearest valid names.
    """
    reading = read(name)
    family = reading.family
    if [word for word in reading.opened if family.axis(word).default is None]:
        if (one := usual(normal(name))) is None:
            raise UsageError(_unknown(name, reading))
        return replace(parse(one.text, classes, input_shape), notes=one.notes)
    try:
        network = family.network(reading.numbers, classes, input_shape)
        output_shape(network.tree, network.input)
    except UsageError as error:
        raise UsageError(f"network '{shown(name)}': {error}") from None
    return replace(network, notes=reading.notes) if reading.notes else network


def read(name: str) -> Reading:
    """A name, or the beginning of one (`resnext50`, `wrn`): its family, numbers, what is open.

    Raises:
        UsageError: where no family is spelled so, or the name breaks a rule of its family.
    """
    if name.lower().endswith(_WEIGHTS):
        raise UsageError(
            f"{shown(name)} is a file of weights: name their network, and give the file as "
            "--weights to a command that takes it (archscope export)"
        )
    place = place_of(name)
    check_named(name)
    if place is None and (negative := re.search(r"[_@]-[0-9.]+", name)):
        raise UsageError(
            f"network '{shown(name)}': the numbers of a name are above 0, not "
            f"{shown(negative[0][1:])}; write it without the minus"
        )
    try:
        found = _ours(normal(name)) if place is None else read_own(place)
    except UsageError as error:
        raise UsageError(f"network '{shown(name)}': {error}") from None
    if found is None:
        raise UsageError(_unknown(name))
    return found


def _ours(text: str) -> Reading | None:
    """A name of one of archscope's families, in their spelling or in another's."""
    found = registry.read(text)
    if found is not None or (other := respelled(text)) is None:
        return found
    if (found := registry.read(other.text)) is None:
        return None
    kinds = [suffix.kind for suffix in found.family.names.suffixes]
    numbers = (
        {**found.numbers, "timm": True} if other.timm and TIMM.kind in kinds else found.numbers
    )
    notes = (*found.notes, *other.notes)
    return found._replace(numbers=numbers, notes=notes)


def is_own(text: str) -> bool:
    """Whether a text names a family in a user's own file, or a member of one.

    Raises:
        UsageError, ArchscopeError: where the file fails, or the name breaks a rule of its family.
    """
    place = place_of(text)
    return place is not None and readable(place.path) and read_own(place) is not None


def well_known() -> list[str]:
    """The members that have a name in a paper or elsewhere, canonical."""
    return [name for family in registry.families() for name in family.names.known]


def forms() -> list[str]:
    """How the members of each family are spelled: `resnextN_CxWd`."""
    return list(dict.fromkeys(family.form for family in registry.families()))


def nearest(name: str) -> list[str]:
    """Up to three valid names that are spelled most like `name`.

    First one that differs by a letter or so, then those of its family, or of the closest ones.
    """
    spelled = _meant(name)[:80]
    families = registry.likely(spelled) or _closest(spelled)
    cifar = spelled.startswith("cifar_")
    near = [
        f"cifar_{name}" if cifar and one.names.cifar else name
        for one in families
        for name in one.names.known
    ]
    alike = difflib.get_close_matches(spelled, well_known(), n=3, cutoff=0.8)
    found = difflib.get_close_matches(spelled, near, n=3, cutoff=0.6) or alike
    typo = [one for one in alike[:1] if difflib.SequenceMatcher(None, spelled, one).ratio() > _TYPO]
    return list(dict.fromkeys([*typo, *found]))[:3]


def _meant(name: str) -> str:
    """A name, normal, in the spelling of ours where another program's or a paper's is known."""
    text = normal(name)
    other = respelled(text)
    return other.text if other else text


def _closest(text: str) -> list[Family[Any]]:
    """The families whose names begin with the word that is most like that of a text."""
    words = {one: _word(one.names.form) for one in registry.families()}
    most = difflib.get_close_matches(_word(text), set(words.values()), n=1, cutoff=0.8)
    return [one for one, word in words.items() if word in most]


def _word(text: str) -> str:
    """`mobilenetv` of `cifar_mobilenet_v4`: the letters that a name or a form begins with."""
    first, _, rest = text.partition("_")
    plain = (rest if first in PREFIXES else text).replace("_", "")
    return re.split("[^a-z]", plain, maxsplit=1)[0]


def _completed(reading: Reading) -> list[str]:
    """The beginning of a name, with the usual numbers of its family for what is open."""
    try:
        return [reading.family.network(reading.numbers).name]
    except UsageError:  # they do not go together
        return []


def _unknown(name: str, reading: Reading | None = None) -> str:
    place = place_of(name)
    if place is not None:
        return _unknown_in(place)
    near = list(dict.fromkeys([*(_completed(reading) if reading else ()), *nearest(name)]))[:3]
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    if normal(name).startswith("tf_"):
        return (
            "timm's tf_ networks pad as TensorFlow does, and no network here pads so; write "
            f"timm:{shown(name)} where networks from outside are taken"
        )
    if (why := absent(name, normal(name))) is not None:
        return why
    unknown = f"there is no network named '{shown(name)}'"
    if re.search(r"[0-9]{10}", name):
        return f"{unknown}; a number in a name has at most nine digits, so write a smaller one"
    meant = registry.likely(_meant(name))
    if not meant:
        known = f"{unknown}; archscope list shows known ones, and how all others are spelled"
        if hint or not re.fullmatch(r"[a-z]\w{1,60}", name):
            return known + hint
        return f"{known}; other packages' are written timm:{name} or torchvision:{name}"
    spelled = ", ".join(dict.fromkeys(one.form for one in meant))
    staged = [axis for one in meant for axis in one.axes if axis.word == "depth" and axis.stages]
    also = f" ({_blocks(staged[0])})" if staged else ""
    return f"{unknown}; its family is spelled {spelled}{also}{hint}"


def _blocks(axis: Axis) -> str:
    """How the blocks of the stages are written in a name."""
    example = "_".join("34733"[: axis.stages])
    return f"blocks for N, as _{example}" if axis.symbol else f"{axis.word.upper()} as {example}"


def _unknown_in(place: Place) -> str:
    found: tuple[Family[Any], ...] = own_families(place.path)
    if not found:
        return (
            f"{shown(str(place.path))} declares no family for '{shown(place.name)}'; put "
            "archscope.family above the function that makes its trees"
        )
    return (
        f"there is no network named '{shown(place.name)}' in {shown(str(place.path))}; names "
        f"there are {', '.join(one.form for one in found)}"
    )
