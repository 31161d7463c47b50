"""From a name, as `resnext50` or `wrn_28`, to a design space: what is fixed, and what is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archscope.arch import names
from archscope.arch.families import registry
from archscope.arch.families.axis import Axis
from archscope.arch.families.family import Family
from archscope.arch.families.spelling import Numbers
from archscope.arch.windows import Shape
from archscope.errors import UsageError, plural, shown
from archscope.explore.design.space import SIDE, Space, usual

if TYPE_CHECKING:
    from archscope.arch.papers.eq4 import Rounding
    from archscope.explore.design.shortlist import Rule
    from archscope.explore.latency.fitted import LatencyModel


@dataclass(frozen=True)
class Options:
    """How the answer is to be.

    Attributes:
        rounding: `floor` keeps within every limit, `ceil` reaches every one; a number K asks for
            widths that are multiples of K.
        nearest: how many designs an answer lists (of one question; of several, one each).
        tolerance: the largest relative deviation that counts as an answer.
        classes, input_shape: where not the family's own.
        maximise: under caps, the cost that is to be as large as can be; None: the one whose cap
            binds most.
        every: whether degenerate designs stand in their place, not last.
        fold: whether batch norm is folded into the convolutions, for weights and memory.
        latency: a fitted model, where latency has a limit.
    """

    rounding: Rounding = "nearest"
    nearest: int = 5
    tolerance: float | None = None
    classes: int | None = None
    input_shape: Shape | None = None
    maximise: str | None = None
    every: bool = True
    fold: bool = False
    latency: LatencyModel | None = None

    @property
    def rule(self) -> Rule:
        """On which side of the limits a design may be."""
        return "nearest" if isinstance(self.rounding, int) else self.rounding


DEFAULT = Options()


@dataclass(frozen=True)
class Base:
    """A family with the numbers that a name gives; an axis without a number is open.

    Attributes:
        name: as it was given.
        family: what is designed.
        axes: by the word of each number, in the order of searching.
        numbers: by word.
        options: what else the name says, by parameter: `residual`, `block`, `dropout`.
        notes: what must be said of the name.
    """

    name: str
    family: Family[Any]
    axes: Mapping[str, Axis]
    numbers: Mapping[str, Any]
    options: Mapping[str, Any]
    notes: Sequence[str] = ()

    def by_stage(self, given: Mapping[str, Sequence[Any]], free: Iterable[str] = ()) -> Base:
        """With a number for each stage, where one of them is spoken of."""
        words = {word.strip().lower() for word in (*given, *free)}
        if SIDE.word in words and SIDE.word not in self.axes:
            return replace(self, axes={**self.axes, SIDE.word: SIDE}).by_stage(given, free)
        spoken = [
            axis.word
            for word, axis in self.axes.items()
            if _is_joint(word, axis)
            and (words & set(axis.words) or len(given.get(word, ())) == axis.stages)
        ]
        if not spoken:
            return self
        numbers: dict[str, Any] = {}
        for word, number in self.numbers.items():
            each = self.axes[word].words if word in spoken else (word,)
            numbers |= dict.fromkeys(each, number)
        return replace(self, axes=spread(self.axes.values(), spoken), numbers=numbers)

    def axes_of(self, word: str) -> list[str]:
        """The words of the numbers that a word means: `depth` is that of every stage.

        Raises:
            UsageError: where the family has none of that name.
        """
        word = word.strip().lower()
        found = [name for name, axis in self.axes.items() if word in (name, axis.word)]
        if not found:
            known = ", ".join(dict.fromkeys(axis.word for axis in self.axes.values()))
            raise UsageError(
                f"the numbers of {self.name} are {known}, not '{shown(word)}'; name one of them"
            )
        return found

    def given(self, values: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """The values of each number, ascending, from those of each word.

        Of a word that is a number for each stage, as `depth`, the values are a list for each, one
        list for all, or the values of all. Of one number they are its values, or a list of them.

        Raises:
            UsageError: where the family has no such number, or there are too many lists.
        """
        axes: dict[str, list[Any]] = {}
        for word, numbers in values.items():
            found = self.axes_of(word)
            axis = self.axes[found[0]]
            lists = all(isinstance(one, Sequence) for one in numbers)
            by_stage = (axis.stages or numbers) and lists and word.strip().lower() == axis.word
            entries = list(numbers) if by_stage else [list(numbers)] * len(found)
            if len(entries) == 1:
                entries *= len(found)
            if len(entries) != len(found):
                stages = "3,4,6,3" if len(found) == 4 else "2,3,4"
                raise UsageError(
                    f"{self.name} has {plural(len(found), axis.word)}, not {len(entries)}; write a "
                    f"{axis.word} for each, as {stages}, or one range for all, as 1:8"
                )
            for name, entry in zip(found, entries, strict=True):
                axes[name] = sorted(set(entry))
                whole = [one for one in axes[name] if isinstance(one, int)]
                for one in {*axes[name]} - {*whole[1:-1]}:
                    axis.within(one, word)
        return axes

    def space(
        self,
        axes: Mapping[str, Sequence[Any]],
        classes: int | None = None,
        input_shape: Shape | None = None,
    ) -> Space:
        """The space of these values; others are the name's, or the usual, or else the least.

        Raises:
            UsageError: where no value of the scale keeps the widths whole, or the input is small.
        """
        known = {**usual(self.axes), **self.numbers}
        filled = {
            word: list(axes.get(word) or [known.get(word, axis.least)])
            for word, axis in self.axes.items()
        }
        space = Space(self.family, self.axes, filled, self.options, classes, input_shape)
        smallest = space.smallest()
        if smallest is None:
            try:
                space.network({word: values[0] for word, values in filled.items()})
            except UsageError as error:
                raise UsageError(f"network '{shown(self.name)}': {error}") from None
        assert smallest is not None
        # Raises where the input is too small for the strides.
        space.network(smallest).classes  # noqa: B018
        return space


def spread(axes: Iterable[Axis], single: Iterable[str] = ()) -> dict[str, Axis]:
    """The axes by the words of their numbers; joint ones are one number but for those `single`."""
    found: dict[str, Axis] = {}
    for axis in axes:
        joint = axis.joint and axis.word not in single
        found |= dict.fromkeys((axis.word,) if joint else axis.words, axis)
    return found


def read_base(name: str) -> Base:
    """`resnext50`, `resnext50_32x4d`, `wrn_28`, `resnet101`; or a whole family, as `wrn`.

    Raises:
        UsageError: where there is no such network, or its family has no numbers.
    """
    family, found, opened, notes = names.read(name)
    called = name.strip().lower().replace("b(", "B(")
    if not opened:
        network = names.parse(name)
        called, found = network.name, network.design.numbers if network.design else found
    if family.within is not None:
        wider, others = family.within
        found, family = {**found, **others}, registry.named(wider) or family
    if not family.axes:
        every = ", ".join(one.name for one in registry.families() if one.axes)
        raise UsageError(
            f"only {every} can be designed anew, not '{called}'; name one of them, as "
            "resnext50 or wrn_28"
        )
    axes, numbers = _by_word(family, found, opened)
    parameters = {axis.name for axis in family.axes}
    options = {key: value for key, value in found.items() if key not in parameters}
    return Base(called, family, axes, numbers, options, notes)


def _by_word(
    family: Family[Any], found: Numbers, opened: Sequence[str]
) -> tuple[dict[str, Axis], dict[str, Any]]:
    """The family's axes, and the numbers that a name gives them or that they have without it."""
    numbers: dict[str, Any] = {}
    kept, single = [], []
    for axis in family.axes:
        number = found.get(axis.name, axis.default)
        if axis.name in found and number is None:
            continue  # others leave it nothing to act on
        kept.append(axis)
        if axis.word in opened or number is None:
            continue
        number = axis.checked(number)
        if not axis.stages:
            numbers[axis.word] = number
        elif axis.joint and len(set(number)) == 1:
            numbers[axis.word] = number[0]
        else:
            single.append(axis.word)
            numbers |= dict(zip(axis.words, number, strict=True))
    return spread(kept, single), numbers


def _is_joint(word: str, axis: Axis) -> bool:
    return axis.joint and word == axis.word
