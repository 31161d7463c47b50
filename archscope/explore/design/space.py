"""Design spaces: a family of networks with some of its numbers left open.

A space has the values that each number may take. A number of a family may be one for each stage
(`depth1`, `depth2`, ...) or one for all; what is said of the costs while it grows, its axis says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from archscope.arch.arrays import Number
from archscope.arch.families.axis import Axis
from archscope.arch.families.family import IMAGENET_INPUT, Family
from archscope.arch.network import Network
from archscope.arch.windows import Shape
from archscope.cost.stored import Storage
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.explore.design.caps.tables import Tables

Values = Mapping[str, Any]
_MANY = 100_000  # designs of a part, from which on tables are worth their time
# The height and width of the image, where they are free and no number of the family says them.
SIDE = Axis("resolution", (), symbol="resolution")


@dataclass(frozen=True)
class Space:
    """A family with the values that each of its numbers may take, ascending.

    Attributes:
        family: what is designed.
        of: the axis of each number, by the word of the number, in the order of searching.
        axes: the values, by the same words.
        options: what the family takes besides, by parameter: `residual`, `block`, `dropout`.
        classes, input: where not the family's own.
        storage: how weights and memory are stored.
        crowded: the numbers that go through what their family declares, as there would be too many
            designs to go through otherwise.
    """

    family: Family[Any]
    of: Mapping[str, Axis]
    axes: Mapping[str, Sequence[Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    classes: int | None = None
    input: Shape | None = None
    storage: Storage = field(default_factory=Storage)
    crowded: tuple[str, ...] = ()

    @property
    def free(self) -> list[str]:
        """The numbers with more than one value."""
        return [word for word, values in self.axes.items() if len(values) > 1]

    @cached_property
    def scalars(self) -> list[str]:
        """The numbers that are one tree for each value; the others may be arrays."""
        return [
            word for word, values in self.axes.items() if not self.of[word].may_be_array(values)
        ]

    @property
    def size(self) -> int:
        """How many designs the box holds."""
        return sum(part.size for part in self.parts())

    def loose(self, costs: Sequence[str]) -> list[str]:
        """The free numbers with which one of these costs may fall while they grow."""
        return [word for word in self.free if not all(map(self.of[word].monotone, costs))]

    def numbers(self, values: Values) -> dict[str, Any]:
        """The numbers of a design by parameter, from those by word."""
        numbers = dict(self.options)
        for word, axis in self.of.items():
            if axis is SIDE:
                continue
            if not axis.stages or (axis.joint and word == axis.word):
                # Of a number for all stages, each has it.
                numbers[axis.name] = (values[word],) * axis.stages if axis.stages else values[word]
            else:
                numbers.setdefault(axis.name, tuple(values[one] for one in axis.words))
        return numbers

    def network(self, values: Values) -> Network:
        """The design of these numbers, or the designs where some are arrays."""
        return self.family.network(self.numbers(values), self.classes, self._input(values))

    def _input(self, values: Values) -> Shape | None:
        if self.of.get(SIDE.word) is not SIDE:
            return self.input
        own = self.input or self.family.input
        side = values[SIDE.word]
        return (IMAGENET_INPUT if callable(own) else own)[0], side, side

    def name(self, values: Values) -> str:
        """The name of the design of these numbers, without making it."""
        return self.family.spelled(self.family.numbers(self.numbers(values)))

    def template(self, values: Values) -> str | None:
        """`CxWd`, where a template is what the space designs."""
        if not {"cardinality", "width"} <= values.keys():
            return None
        return f"{values['cardinality']}x{values['width']}d"

    def smallest(self) -> dict[str, Any] | None:
        """The smallest number of each; None where there is no design of any."""
        for part in self.parts():
            return part.values()
        return None

    def parts(self) -> Iterator[Part]:
        """The space cut along the numbers that cannot be arrays; cheaper ones first."""
        return iter(self._parts)

    @cached_property
    def _parts(self) -> list[Part]:
        parts = []
        for numbers in product(*(self.axes[word] for word in self.scalars)):
            fixed = dict(zip(self.scalars, numbers, strict=True))
            part = Part(self, fixed, self._whole(fixed))
            if all(part.arrays.values()) and _exists(part):
                parts.append(part)
        return parts

    def _whole(self, fixed: Values) -> dict[str, Sequence[int]]:
        """The values of the array numbers that stay whole channels at this scale."""
        scale = fixed.get("scale", 1)
        arrays = {word: self.axes[word] for word in self.axes if word not in self.scalars}
        for word, values in arrays.items():
            if self.of[word].scaled and scale != 1:
                arrays[word] = [value for value in values if (value * scale).denominator == 1]
        return arrays


def usual(axes: Mapping[str, Axis]) -> dict[str, Any]:
    """The usual number of each word that has one, from the axes by word."""
    found: dict[str, Any] = {}
    for word, axis in axes.items():
        if axis.default is not None:
            place = axis.words.index(word) if axis.stages and word in axis.words else 0
            found[word] = axis.default[place] if axis.stages else axis.default
    return found


def symbols(families: Iterable[Mapping[str, Axis]]) -> dict[str, str]:
    """What heads the column of each number but depth and scale; where families differ, its word.

    Args:
        families: the axes of each, by the word of the number.
    """
    found: dict[str, str] = {}
    for axes in families:
        for word, axis in axes.items():
            if axis.word not in ("depth", "scale"):
                symbol = _symbol(axes, word)
                found[word] = symbol if found.get(word, symbol) == symbol else word
    return found


def _symbol(axes: Mapping[str, Axis], word: str) -> str:
    if word == "width" and "cardinality" in axes:
        return "d"  # of the template CxWd, where W is its number
    axis = axes[word]
    return axis.symbol if axis.symbol and word == axis.word else word


@dataclass(frozen=True)
class Part:
    """A part of a space in which only array axes vary; `arrays` has their values, ascending."""

    space: Space
    scalars: dict[str, Any]
    arrays: dict[str, Sequence[int]]

    @property
    def size(self) -> int:
        """How many designs it holds."""
        return prod(map(len, self.arrays.values()))

    def values(self, chosen: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The number of each axis, in order: the chosen ones, the others the smallest."""
        smallest = {word: numbers[0] for word, numbers in self.arrays.items()}
        values = {**self.scalars, **smallest, **(chosen or {})}
        return {word: values[word] for word in self.space.axes}

    def network(self, columns: Mapping[str, Number]) -> Network:
        """The designs of these columns; an axis without one has its smallest value."""
        return self.space.network(self.values(columns))

    def column(self, word: str) -> Any:
        """The values of an array axis as columns of designs hold them: int64, or floats."""
        import numpy as np

        return np.array(self.arrays[word], float if self.space.of[word].decimals else np.int64)

    @cached_property
    def free(self) -> list[str]:
        """The array axes with more than one value."""
        return [word for word, values in self.arrays.items() if len(values) > 1]

    @cached_property
    def tables(self) -> Tables | None:
        """What its designs cost, section by section, where there are many and that is told."""
        from archscope.explore.design.caps.tables import tables_of

        if self.size < _MANY or not all(self.space.of[word].programs for word in self.free):
            return None
        lengths = [len(self.arrays[word]) for word in self.free]
        return tables_of(self._box, lengths, self.space.storage)

    def told(self, columns: Mapping[str, Any], *, last: bool = False) -> dict[str, Any] | None:
        """The costs of the designs of these columns, by tables; None where there are none.

        An axis without a column has its smallest value, or its `last` one.
        """
        if not columns or self.tables is None:
            return None
        return self.tables.costs(self.places(columns, last=last))

    def places(self, columns: Mapping[str, Any], *, last: bool = False) -> Any:
        """The places of the designs' numbers among the values of each free axis, a row each."""
        import numpy as np

        rows = np.zeros((len(next(iter(columns.values()))), len(self.free)), np.int64)
        for place, word in enumerate(self.free):
            values = self._columns[word]
            end = len(values) - 1 if last else 0
            rows[:, place] = values.searchsorted(columns[word]) if word in columns else end
        return rows

    @cached_property
    def _columns(self) -> dict[str, Any]:
        return {word: self.column(word) for word in self.free}

    def _box(self, sides: Sequence[int]) -> Network:
        """The designs of so many first values, each axis with several along one of its own."""
        columns = {}
        for number, (word, side) in enumerate(zip(self.free, sides, strict=True)):
            along = [-1 if one == number else 1 for one in range(len(sides))]
            columns[word] = self._columns[word][:side].reshape(along)
        return self.network(columns)

    def loose(self, costs: Sequence[str]) -> list[str]:
        """The free array axes with which one of these costs may fall while they grow."""
        return [word for word in self.space.loose(costs) if word in self.free]

    def group_width(self, columns: Mapping[str, Any]) -> Any:
        """The channels of the first stage's 3x3 convolutions.

        Raises:
            UsageError: where the family does not say them.
        """
        family, values = self.space.family, self.values(columns)
        if not family.channels:
            raise UsageError(f"{family.name} has no group widths; leave --divisible out")
        channels: Any = family.channels
        for word, axis in self.space.of.items():
            channels = channels * values[word] if axis.channels else channels
        scale = values.get("scale", 1)
        return channels * scale.numerator // scale.denominator


def _exists(part: Part) -> bool:
    """Whether there is a network of these numbers: whole widths, and a place for dropout."""
    space = part.space
    try:
        space.family.made(space.family.numbers(space.numbers(part.values())), space.classes)
    except UsageError:
        return False
    return True


def ranged(word: str, range_: str) -> str:
    """How a range of a number is stated on the command line: `--depth 1:8`."""
    plain = word.rstrip("0123456789")
    own = ("cardinality", "width", "depth", "widen", "deepening", "scale")
    return f"--{plain} {range_}" if plain in own else f"--axis {word}={range_}"
