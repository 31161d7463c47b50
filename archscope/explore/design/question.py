"""From a name, as `resnext50` or `wrn_28`, to a design space: what is fixed, and what is open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from archscope.arch import families, spelling
from archscope.arch.names import Form, parse, split_suffixes, take_apart
from archscope.arch.network import Network
from archscope.arch.nodes import Repeat
from archscope.arch.shape import Shape, walk
from archscope.errors import UsageError, shown
from archscope.explore.design.families import DEPTHS, FAMILIES, USUAL, Family
from archscope.explore.design.space import Space

_TEMPLATE = ("cardinality", "width")
# Whole families: a network of each, and what is open in it.
_BARE = {
    "resnext": ("resnext50_1x64d", ("depth", *_TEMPLATE)),
    "cifar_resnext": ("cifar_resnext29_1x64d", ("depth", *_TEMPLATE)),
    "wide_resnet": ("wide_resnet50_1", ("depth", "widen")),
    "imagenet_wrn": ("imagenet_wrn_18_1", ("depth", "widen")),
    "resnet_basic": ("resnet18", ("depth",)),
    "preresnet": ("preresnet50", ("depth",)),
    "preresnet_bottleneck": ("preresnet50", ("depth",)),
    "preresnet_basic": ("preresnet18", ("depth",)),
    "cifar_resnet": ("cifar_resnet20", ("depth",)),
    "cifar_preresnet": ("cifar_preresnet20", ("depth",)),
    "cifar_preresnet_basic": ("cifar_preresnet20", ("depth",)),
    "cifar_preresnet_bottleneck": ("cifar_preresnet20-bottleneck", ("depth",)),
    "wrn": ("wrn_28_1", ("depth", "widen")),
}
# Networks without a template: what is put behind their name, and is open.
_OPEN = (
    (re.compile(r"(imagenet_|cifar_)?resnext_?\d+(_\d+){0,3}"), "_1x64d", _TEMPLATE),
    (re.compile(r"(cifar_)?wrn_?(\d+|\d+_\d+_\d+)|imagenet_wrn_?\d+"), "_1", ("widen",)),
    (re.compile(r"(imagenet_)?wide_?resnet_?\d+"), "_1", ("widen",)),
)


@dataclass(frozen=True)
class Base:
    """A family with the numbers that a name gives; an axis without a number is open.

    `options` are what else the name says: `residual`, `block`, `dropout`.
    """

    name: str
    family: Family
    numbers: Mapping[str, Any]
    options: Mapping[str, Any]

    def by_stage(self, given: Mapping[str, Sequence[Any]], free: Iterable[str] = ()) -> Base:
        """With a depth for each stage of a CIFAR network, where one of them is spoken of."""
        words = {word.strip().lower() for word in (*given, *free)}
        spoken = words & set(DEPTHS[:3]) or len(given.get("depth", ())) == 3
        if "depth" not in self.family.axes or not spoken:
            return self
        numbers = {axis: number for axis, number in self.numbers.items() if axis != "depth"}
        if "depth" in self.numbers:
            numbers |= dict.fromkeys(DEPTHS[:3], self.numbers["depth"])
        return replace(self, family=self.family.by_stage(), numbers=numbers)

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
                f"'{shown(word)}' of {self.name} was asked for, but its numbers are {known}; name "
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
                stages = "3,4,6,3" if len(names) == 4 else "2,3,4"
                raise UsageError(
                    f"{len(entries)} depths were asked for, but {self.name} has {len(names)}; "
                    f"write one for each, as {stages}, or one range for all, as 1:8"
                )
            for name, entry in zip(names, entries, strict=True):
                axes[name] = sorted(set(entry))
        if max(axes.get("deepening", ()), default=1) > families.MOST_DEEPENING:
            raise UsageError(
                f"deepening {axes['deepening'][-1]} was asked for, but it ends at "
                f"{families.MOST_DEEPENING}; use smaller ones, as 1:4"
            )
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
        space = Space(self.family, filled, self.options, classes, input_shape)
        smallest = space.smallest()
        if smallest is None:
            try:
                space.network({axis: values[0] for axis, values in filled.items()})
            except UsageError as error:
                raise UsageError(f"network '{shown(self.name)}': {error}") from None
        assert smallest is not None
        # Raises where the input is too small for the strides.
        space.network(smallest).classes  # noqa: B018
        return space


def read_base(name: str) -> Base:
    """`resnext50`, `resnext50_32x4d`, `wrn_28`, `resnet101`; or a whole family, as `wrn`.

    Raises:
        UsageError: where there is no such network, or its numbers are not those of a family here.
    """
    complete, opened = _complete(name)
    network = parse(complete)
    form = take_apart(network.name)
    family, numbers, options = _read(form, network)
    found = form.options.keywords(1)
    numbers = {**USUAL, **numbers, "scale": found["scale"]}
    blocks = [child.n for child in network.tree.children if isinstance(child, Repeat)]
    if "depth" in family.axes and len(set(blocks)) > 1:
        family = family.by_stage()
    depths = [axis for axis in family.axes if axis.startswith("depth")]
    numbers |= dict(zip(depths, blocks, strict=False))
    kept = {
        axis: number
        for axis, number in numbers.items()
        if axis in family.axes and ("depth" if axis in DEPTHS else axis) not in opened
    }
    called = name.strip().lower().replace("b(", "B(") if opened else network.name
    return Base(called, family, kept, {"residual": found["residual"], **options})


def _complete(name: str) -> tuple[str, tuple[str, ...]]:
    """A name with a depth and a template, where it leaves them open; and what it leaves open."""
    head, suffixes = split_suffixes(name)
    kind = re.match(r"_basic|_bottleneck|", suffixes)
    assert kind is not None
    if head + kind[0] in _BARE:
        complete, opened = _BARE[head + kind[0]]
        return complete + suffixes[kind.end() :], opened
    for form, template, opened in _OPEN:
        if form.fullmatch(head):
            return f"{head}{template}{suffixes}", opened
    return head + suffixes, ()


def _read(form: Form, network: Network) -> tuple[Family, dict[str, Any], dict[str, Any]]:
    """The family of a canonical name, its numbers but depths and scale, and its options."""
    imagenet = network.input == families.IMAGENET_INPUT
    found, numbers = form.options.found, form.numbers
    if form.build is spelling.resnext:
        family = FAMILIES["resnext" if imagenet else "cifar_resnext"]
        return family, {"cardinality": int(numbers[1]), "width": int(numbers[2])}, {}
    if form.build is spelling.resnet:
        if not imagenet:
            return FAMILIES["cifar_resnet"], {}, {}
        if _is_bottleneck(network):
            return FAMILIES["resnext"], {"cardinality": 1, "width": 64}, {}
        return FAMILIES["resnet_basic"], {"widen": 1}, {}
    if form.build is spelling.preresnet:
        family = FAMILIES["preresnet" if imagenet else "cifar_preresnet"]
        return family, {}, {"block": "bottleneck" if _is_bottleneck(network) else "basic"}
    if form.build is spelling.wide_resnet:
        return FAMILIES["wide_resnet"], {"widen": int(numbers[1])}, {}
    if form.build is spelling.wrn:
        widen = Fraction(numbers[1])
        factor = {"widen": int(widen) if widen.denominator == 1 else widen}
        if imagenet:
            return FAMILIES["resnet_basic"], factor, {}
        options: dict[str, Any] = {}
        if "dropout" in found:
            options["dropout"] = Fraction(found["dropout"])
        if "block" in found:
            options["block"] = tuple(int(kernel) for kernel in found["block"].split(","))
            return FAMILIES["wrn"].without("deepening"), factor, options
        return FAMILIES["wrn"], {**factor, "deepening": int(found.get("deepening", 2))}, options
    raise UsageError(
        f"network '{network.name}' was to be designed anew, but only {', '.join(FAMILIES)} can "
        "be; name one of them, as resnext50 or wrn_28"
    )


def _is_bottleneck(network: Network) -> bool:
    return any(visit.path == "layer1.0.conv3" for visit in walk(network.tree, network.input))
