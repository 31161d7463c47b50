"""From a name, as `resnext50` or `wrn_28`, to a design space: what is fixed, and what is open."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from archscope.arch import families
from archscope.arch.names import parse
from archscope.arch.scaling import exact
from archscope.arch.shape import Shape
from archscope.errors import UsageError
from archscope.explore.space import DEPTHS, FAMILIES, Family, Space

_BARE = {
    "resnext": "resnext50",
    "cifar_resnext": "cifar_resnext29",
    "wide_resnet": "wide_resnet50",
    "cifar_resnet": "cifar_resnet20",
    "wrn": "wrn_28",
}
_OPEN = (
    (re.compile(r"(imagenet_|cifar_)?resnext_?\d+"), "_1x64d"),
    (re.compile(r"(cifar_)?wrn_?\d+|(imagenet_)?wide_?resnet_?\d+"), "_1"),
)
_CANONICAL = re.compile(
    r"(?:cifar_)?(?:resnext(?P<x>\d+)_(?P<C>\d+)x(?P<W>\d+)d|wide_resnet(?P<wide>\d+)_(?P<k>\d+)"
    r"|wrn_(?P<wrn>\d+)_(?P<widen>\d+)|resnet(?P<plain>\d+))"
    r"(?:@(?P<scale>[\d./]+))?(?P<bare>-noshortcut)?"
)
AXES = ("cardinality", "width", "depth", *DEPTHS, "widen", "scale")


@dataclass(frozen=True)
class Base:
    """A family with the numbers that a name gives; an axis without a number is open."""

    name: str
    family: Family
    numbers: Mapping[str, Any]
    residual: bool

    def axes_of(self, word: str) -> list[str]:
        """The axes that a word means: `depth` is that of every stage.

        Raises:
            UsageError: where the family has none of that name.
        """
        word = word.strip().lower()
        found = [axis for axis in self.family.axes if axis == word]
        if word == "depth" and not found:
            found = [axis for axis in self.family.axes if axis in DEPTHS]
        if not found:
            known = ", ".join(dict.fromkeys(a.rstrip("1234") for a in self.family.axes))
            raise UsageError(
                f"{word!a} of {self.name} was asked for, but its numbers are {known}; name "
                "one of them"
            )
        return found

    def given(self, values: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """The values of each axis, ascending, from those of each word; `depth` has lists of them.

        Raises:
            UsageError: where a word is no axis of the family, or there are too many depths.
        """
        axes: dict[str, list[Any]] = {}
        for word, numbers in values.items():
            names = self.axes_of(word)
            entries = list(numbers) if word == "depth" else [list(numbers)] * len(names)
            if len(entries) == 1:
                entries *= len(names)
            if len(entries) != len(names):
                raise UsageError(
                    f"{len(entries)} depths were asked for, but {self.name} has {len(names)}; "
                    "write one for each, as 3,4,6,3, or one range for all, as 1:8"
                )
            for name, entry in zip(names, entries, strict=True):
                axes[name] = sorted(set(entry))
        return axes

    def space(
        self,
        axes: Mapping[str, Sequence[Any]],
        classes: int | None = None,
        input_shape: Shape | None = None,
    ) -> Space:
        """The space of these values; an axis that is not given stands at the name's number, or 1.

        Raises:
            UsageError: where no value of the scale keeps the widths whole, or the input is small.
        """
        filled = {
            axis: list(axes.get(axis) or [self.numbers.get(axis, 1)]) for axis in self.family.axes
        }
        filled["scale"] = [Fraction(value) for value in filled["scale"]]
        space = Space(self.family, filled, self.residual, classes, input_shape)
        smallest = space.smallest()
        if smallest is None:
            scales = ", ".join(str(float(value)) for value in filled["scale"][:3])
            raise UsageError(
                f"{self.name} at scale {scales} was asked for, but a scaled width must be whole; "
                "use another scale, as 0.5"
            )
        # Raises where the input is too small for the strides.
        space.network(smallest).classes  # noqa: B018
        return space


def read_base(name: str) -> Base:
    """`resnext50`, `resnext50_32x4d`, `wrn_28`, `resnet101`; or a whole family, as `wrn`.

    Raises:
        UsageError: where there is no such network, or its numbers are not those of a family here.
    """
    spelled = name.strip().lower().replace("-", "_")
    network = parse(_complete(name))
    found = _CANONICAL.fullmatch(network.name)
    if found is None:
        raise UsageError(
            f"network '{network.name}' was to be designed anew, but only {', '.join(FAMILIES)} can "
            "be; name one of them, as resnext50 or wrn_28"
        )
    imagenet = network.input == families.IMAGENET_INPUT
    depth = int(found["x"] or found["wide"] or found["wrn"] or found["plain"])
    family = _family(found, imagenet, network.name)
    numbers: dict[str, Any] = {}
    if "depth1" in family.axes:
        numbers.update(zip(DEPTHS, families.IMAGENET_BLOCKS[depth], strict=True))
    else:
        numbers["depth"] = depth // 9 if family.name == "cifar_resnext" else depth // 6
    if found["plain"] and imagenet:
        numbers.update(cardinality=1, width=64)
    for axis, key in (("cardinality", "C"), ("width", "W"), ("widen", "k"), ("widen", "widen")):
        if found[key] and not _is_open(name):
            numbers[axis] = int(found[key])
    if spelled in _BARE:
        numbers = {}
    if found["scale"]:
        numbers["scale"] = exact(Fraction(found["scale"]))
    shown = name.strip().lower() if spelled in _BARE or _is_open(name) else network.name
    return Base(shown, family, numbers, not found["bare"])


def _family(found: re.Match[str], imagenet: bool, name: str) -> Family:
    if found["wrn"]:
        return FAMILIES["wrn"]
    if found["wide"]:
        return FAMILIES["wide_resnet"]
    if not imagenet:
        return FAMILIES["cifar_resnet" if found["plain"] else "cifar_resnext"]
    if int(found["plain"] or 50) in families.BASIC_BLOCKS:
        raise UsageError(
            f"network '{name}' was to be designed anew, but of the ImageNet networks only those of "
            "bottleneck blocks can be; name resnext50, resnet50 or wide_resnet50"
        )
    return FAMILIES["resnext"]


def _parts(name: str) -> tuple[str, str]:
    """A name before and from its suffixes on, spelled plainly."""
    spelled = name.strip().lower().replace("-", "_")
    start = re.search(r"@|_noshortcut", spelled)
    return (spelled[: start.start()], spelled[start.start() :]) if start else (spelled, "")


def _is_open(name: str) -> bool:
    head, _ = _parts(name)
    return any(form.fullmatch(head) for form, _ in _OPEN)


def _complete(name: str) -> str:
    """The name with a template, where it leaves that open."""
    head, suffixes = _parts(name)
    head = _BARE.get(head, head)
    for form, template in _OPEN:
        if form.fullmatch(head):
            return f"{head}{template}{suffixes}"
    return head + suffixes
