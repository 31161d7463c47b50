"""Design spaces: a family of networks with whole numbers left open.

A space has an axis for each number of its family, each with the values that it may take. Costs grow
with every axis, which is what both the search and the enumeration prune by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from archscope.arch.arrays import Number
from archscope.arch.network import Network
from archscope.arch.scaling import decimal
from archscope.arch.shape import Shape
from archscope.explore.design.families import Family, Values


@dataclass(frozen=True)
class Space:
    """A family with the values that each of its axes may take, ascending.

    `options` are what the family takes besides: `residual`, `block`, `dropout`.
    """

    family: Family
    axes: Mapping[str, Sequence[Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    classes: int | None = None
    input: Shape | None = None

    @property
    def free(self) -> list[str]:
        """The axes with more than one value."""
        return [axis for axis in self.family.axes if len(self.axes[axis]) > 1]

    @cached_property
    def scalars(self) -> list[str]:
        """The axes that are one tree for each value; the others may be arrays."""
        return [
            axis
            for axis in self.family.axes
            if axis in ("deepening", "scale")
            or (axis == "widen" and not all(isinstance(one, int) for one in self.axes[axis]))
        ]

    @property
    def size(self) -> int:
        """How many designs the box holds."""
        total = 0
        for part in self.parts():
            designs = 1
            for values in part.arrays.values():
                designs *= len(values)
            total += designs
        return total

    def network(self, values: Values) -> Network:
        """The design of these numbers, or the designs where some are arrays."""
        options: dict[str, Any] = {"scale": values["scale"], **self.options}
        if self.classes is not None:
            options["classes"] = self.classes
        network = self.family.make(values, **options)
        return network if self.input is None else replace(network, input=self.input)

    def smallest(self) -> dict[str, Any] | None:
        """The smallest number of each axis; None where no scale keeps the widths whole."""
        for part in self.parts():
            return part.values()
        return None

    def parts(self) -> Iterator[Part]:
        """The space cut along the axes that cannot be arrays; cheaper ones first."""
        for numbers in product(*(self.axes[axis] for axis in self.scalars)):
            fixed = dict(zip(self.scalars, numbers, strict=True))
            arrays = self._whole(fixed["scale"])
            if all(arrays.values()) and self._exists(fixed):
                yield Part(self, fixed, arrays)

    def _exists(self, fixed: Values) -> bool:
        """Whether there is a network of these numbers: whole widths, and a place for dropout."""
        stem, scale = self.family.stem, fixed["scale"]
        widths = [Fraction(stem) * fixed.get("widen", 1)]
        widths += [stem * scale, widths[0] * scale]
        if fixed.get("deepening") == 1 and self.options.get("dropout"):
            return False
        return all(width.denominator == 1 for width in widths)

    def _whole(self, scale: Fraction) -> dict[str, Sequence[int]]:
        """The values of the array axes that stay whole channels at this scale."""
        arrays = {axis: self.axes[axis] for axis in self.family.axes if axis not in self.scalars}
        if self.family.width is not None and scale != 1:
            widths = arrays[self.family.width]
            arrays[self.family.width] = [w for w in widths if (w * scale).denominator == 1]
        return arrays


@dataclass(frozen=True)
class Part:
    """A part of a space in which only array axes vary; `arrays` has their values, ascending."""

    space: Space
    scalars: dict[str, Any]
    arrays: dict[str, Sequence[int]]

    def values(self, chosen: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The number of each axis, in order: the chosen ones, the others the smallest."""
        smallest = {axis: numbers[0] for axis, numbers in self.arrays.items()}
        values = {**self.scalars, **smallest, **(chosen or {})}
        return {axis: values[axis] for axis in self.space.family.axes}

    def network(self, columns: Mapping[str, Number]) -> Network:
        """The designs of these columns; an axis without one stands at its smallest value."""
        return self.space.network(self.values(columns))

    @cached_property
    def free(self) -> list[str]:
        """The array axes with more than one value."""
        return [axis for axis, values in self.arrays.items() if len(values) > 1]


class Names:
    """The names of designs, quickly: a network is made once for each stack of depths."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._patterns: dict[tuple[Any, ...], str] = {}

    def __call__(self, values: Values) -> str:
        """The name that the family gives to this design."""
        keyed = (axis for axis in values if axis not in ("cardinality", "width", "widen"))
        # A basic-block network that is not widened has a name without the factor.
        key = (*(values[axis] for axis in keyed), values.get("widen") == 1)
        if key not in self._patterns:
            self._patterns[key] = self._pattern(values)
        return self._patterns[key].format(_template(values))

    def _pattern(self, values: Values) -> str:
        head, found, tail = self._space.network(values).name.rpartition(f"_{_template(values)}")
        return f"{head}_{{}}{tail}" if found else tail


def _template(values: Values) -> str:
    if "cardinality" in values:
        return f"{values['cardinality']}x{values['width']}d"
    return decimal(Fraction(values["widen"])) if "widen" in values else "-"
