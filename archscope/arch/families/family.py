"""A family: networks that one function makes of a few numbers, and all that is known of them.

    @family("plainnet[_{depth}[_{width}]]", Axis("depth", range(1, 9)), Axis("width", range(1, 65)))
    def plainnet(depth: int, width: int, *, classes: int = 1000) -> Seq: ...

The function gives the tree. What it is declared with says how members are spelled, and which
numbers may be left free. Naming, listing, solving and enumerating follow.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from re import Pattern
from typing import Any, Generic, Literal, NamedTuple, ParamSpec

from archscope.arch.families import spelling
from archscope.arch.families.axis import Axis, frees, switch
from archscope.arch.families.called import Made, called, has_array, is_same, restored
from archscope.arch.families.keys import Declared, Taken
from archscope.arch.families.read_name import patterns_of, read_name
from archscope.arch.families.spelling import Names, Numbers
from archscope.arch.network import Design, Network
from archscope.arch.nodes import Seq
from archscope.arch.windows import Shape
from archscope.errors import UsageError, shown

P = ParamSpec("P")
IMAGENET_INPUT: Shape = (3, 224, 224)
CIFAR_INPUT: Shape = (3, 32, 32)
CIFAR_CLASSES = 10


class Reading(NamedTuple):
    """A name as its family reads it: some numbers, the words left open, what must be said."""

    family: Family[Any]
    numbers: Numbers
    opened: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Family(Generic[P]):
    """A function from a few numbers to a network, with what is known of its members.

    Called like the function, it gives the network. `Network.design` is the family with its numbers.

    Attributes:
        function: from numbers to a tree; it takes `classes`, and each axis's parameter.
        names: how members are spelled.
        axes: in the order of searching, the outer ones first.
        input: (channels, height, width), or a function of the numbers (a resolution) to it.
        classes: outputs, where nothing else says them.
        init: how weights are initialised, see `Network`.
        canonical: from what a caller gives to the numbers of the design; the function sees those.
        channels: of the first stage's 3x3 convolutions, but for the factors of axes that multiply
            it; 0 where `--divisible` means nothing.
        within: the family, and its other numbers, that members are designed anew in.
        year: of its paper.
        recipe: the name of that by which its paper trains, or which it takes over, where one does.
        main: of the axes with a usual number, the word of that which a name of the family alone
            leaves free as well. Without it, the first of the form that has one.
        torchvision: the keys of torchvision's weights, where it has the family and the labels of
            the tree are others; or a function of the numbers to them.
        timm, detection: the same of timm's, and of what torchvision's detectors take (`Theirs`).
        place: the user's file that defines it; empty for archscope's own.
    """

    function: Callable[P, Made]
    names: Names
    axes: tuple[Axis, ...]
    input: Shape | Callable[[Numbers], Shape] = IMAGENET_INPUT
    classes: int = 1000
    init: Literal["fan_out", "fan_in"] = "fan_out"
    canonical: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    channels: int = 0
    within: tuple[str, Numbers] | None = None
    year: int | None = field(default=None, kw_only=True)
    recipe: str = field(default="", kw_only=True)
    torchvision: Declared = field(default=None, kw_only=True)
    timm: Declared = field(default=None, kw_only=True)
    detection: Taken = field(default_factory=dict, kw_only=True)
    main: str = field(default="", kw_only=True)
    place: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.function.__doc__)
        object.__setattr__(self, "__wrapped__", self.function)

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (self.place, self.function.__module__, self.name)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Network:
        """The network of these numbers.

        Raises:
            UsageError: where a number cannot be, is missing, or is none of the family's.
        """
        every: dict[str, Any] = {"classes": None, **kwargs}
        try:
            given = dict(self._signature.bind(*args, **every).arguments)
        except TypeError as error:
            numbers = ", ".join(self._signature.parameters)
            raise UsageError(f"{self.title} is called with {numbers} ({error})") from None
        return self.network(given, given.pop("classes"))

    def __repr__(self) -> str:
        return f"<family {self.title}: {self.form}>"

    @property
    def name(self) -> str:
        """What users call the family."""
        return self.function.__name__

    @property
    def title(self) -> str:
        """Its name, after the file that defines it."""
        return f"{self.place}:{self.name}" if self.place else self.name

    @property
    def form(self) -> str:
        """How members are spelled, for people: `resnextN_CxWd`."""
        return spelling.written(
            self.names.form, {axis.word: axis.symbol or axis.word.upper() for axis in self.axes}
        )

    def numbers(self, given: Numbers) -> dict[str, Any]:
        """The design's numbers, by parameter, each as its axis holds it.

        Raises:
            UsageError: where one cannot be.
        """
        numbers = {**self._defaults, **given}
        for name, value in numbers.items():
            if isinstance(self._defaults.get(name), bool):
                numbers[name] = switch(value, name)
        for axis in self.axes:
            if numbers.get(axis.name) is None and axis.name not in self._optional:
                raise UsageError(f"{self.title} needs a number for {axis.word}; give it")
            if not axis.stages:  # what stands for those of the stages may be one number, a depth
                numbers[axis.name] = axis.checked(numbers[axis.name])
        if self.canonical is not None:
            numbers = self.canonical(numbers)
        for axis in self.axes:
            numbers[axis.name] = axis.checked(numbers[axis.name])
        return numbers

    def made(self, numbers: Numbers, classes: int | None = None) -> Made:
        """What the function makes of canonical numbers: a tree, or a plan of one."""
        if classes is None:
            classes = CIFAR_CLASSES if numbers.get("cifar") else self.classes
        return called(self.function, self.title if self.place else "", numbers, classes)

    def network(
        self, given: Numbers, classes: int | None = None, input_shape: Shape | None = None
    ) -> Network:
        """The network of these numbers; the designs, where some are arrays.

        Args:
            given: by parameter; the others have the function's defaults.
            classes: outputs, where not the family's own.
            input_shape: (channels, height, width), where not the family's own.

        Raises:
            UsageError: where a number cannot be.
        """
        numbers = self.numbers(given)
        made = self.made(numbers, classes)
        if input_shape is None and numbers.get("cifar"):
            input_shape = CIFAR_INPUT
        elif input_shape is None:
            input_shape = self.input(numbers) if callable(self.input) else self.input
        return Network(
            self.spelled(numbers),
            made if isinstance(made, Seq) else made.tree(),
            input_shape,
            self.init,
            self.names.template(numbers) if self.names.template else None,
            Design(self, numbers),
        )

    def spelled(self, numbers: Numbers) -> str:
        """The canonical name of a member, from canonical numbers."""
        name = next(iter(self.names_of(numbers)), None)
        if name is None and self.names.write is not None:
            name = self.names.write(numbers)
        elif name is None:
            texts = {axis.word: axis.text(numbers[axis.name]) for axis in self.axes}
            usual = [axis.word for axis in self.axes if is_same(numbers[axis.name], axis.default)]
            name = spelling.written(spelling.shortest(self.names.form, usual), texts)
        name = f"cifar_{name}" if self.names.cifar and numbers["cifar"] else name
        for suffix in self.names.suffixes:
            name += suffix.write(numbers[suffix.parameter]) if suffix.parameter else ""
        return f"{self.place}:{name}" if self.place else name

    def read(self, text: str) -> Reading | None:
        """A name (normal, see `spelling.normal`) of this family; None where it is none.

        Raises:
            UsageError: where it is one, but breaks a rule.
        """
        found = read_name(self, text, self._patterns)
        if found is None:
            return None
        form = self.names.form
        free = tuple(
            word for word in found.opened if frees(self.axis(word), self.axes, form, self.main)
        )
        return Reading(self, found.numbers, free, (found.note,) if found.note else ())

    def axis(self, word: str) -> Axis:
        """The axis of a word: `depth` and `depth3` are both that of the stages' depths.

        Raises:
            UsageError: where there is none.
        """
        for axis in self.axes:
            if word == axis.word or word in axis.words:
                return axis
        known = ", ".join(axis.word for axis in self.axes)
        raise UsageError(f"the numbers of {self.name} are {known}, not '{shown(word)}'")

    def names_of(self, numbers: Numbers) -> tuple[str, ...]:
        """A member's names of its own, without prefix and suffixes, the canonical one first."""
        if any(map(has_array, numbers.values())):
            return ()
        plain = self._unsuffixed(numbers)
        return tuple(name for name, own in self._members.items() if own == plain)

    def _unsuffixed(self, numbers: Numbers) -> dict[str, Any]:
        """The numbers but those that a prefix or suffix says."""
        besides = {suffix.parameter for suffix in self.names.suffixes} | {"cifar"}
        return {name: number for name, number in numbers.items() if name not in besides}

    @cached_property
    def _patterns(self) -> list[tuple[str, Pattern[str]]]:
        return patterns_of(self)

    @cached_property
    def _members(self) -> dict[str, dict[str, Any]]:
        """The canonical numbers of the members that have a name of their own."""
        every = self.names.members.items()
        return {name: self._unsuffixed(self.numbers(numbers)) for name, numbers in every}

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.function)

    @cached_property
    def _optional(self) -> frozenset[str]:
        """The parameters that need no number, as others may stand for them."""
        every = self._signature.parameters.values()
        return frozenset(one.name for one in every if one.default is None)

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        """The function's defaults, and those of axes that it has none for."""
        defaults = {axis.name: axis.default for axis in self.axes if axis.default is not None}
        for parameter in self._signature.parameters.values():
            if parameter.default is not parameter.empty and parameter.name != "classes":
                defaults[parameter.name] = parameter.default
        return defaults


def family(
    names: str | Names,
    *axes: Axis,
    input: Shape | Callable[[Numbers], Shape] = IMAGENET_INPUT,
    classes: int = 1000,
    init: Literal["fan_out", "fan_in"] = "fan_out",
    canonical: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    channels: int = 0,
    within: tuple[str, Mapping[str, Any]] | None = None,
    year: int | None = None,
    recipe: str = "",
    torchvision: Declared = None,
    timm: Declared = None,
    detection: Taken | None = None,
    main: str = "",
) -> Callable[[Callable[P, Made]], Family[P]]:
    """Declare a family above its function; `Family` has the parameters, `names` may be a form."""
    grammar = names if isinstance(names, Names) else Names(names)

    def declared(function: Callable[P, Made]) -> Family[P]:
        return Family(
            *(function, grammar, axes, input, classes, init, canonical, channels, within),
            year=year,
            recipe=recipe,
            torchvision=torchvision,
            timm=timm,
            detection=detection or {},
            main=main,
        )

    return declared
