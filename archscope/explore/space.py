"""Design spaces: a family of networks with whole numbers left open.

A space has an axis for each number of its family, each with the values that it may take. Costs grow
with every axis, which is what both the search and the enumeration prune by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from archscope.arch import families
from archscope.arch.arrays import Number
from archscope.arch.network import Network
from archscope.arch.shape import Shape

DEPTHS = ("depth1", "depth2", "depth3", "depth4")
SCALARS = ("depth", "scale")  # one tree each; the other axes may be arrays
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Family:
    """A family as a function of its axes.

    Attributes:
        name: as the user writes it.
        axes: in the order of searching: outer first.
        make: from the axes' numbers (or arrays) and `classes`, `scale`, `residual` to a network.
        stem: channels of the stem, which a scale must keep whole.
        width: the axis that a scale multiplies, if that can make it a fraction.
    """

    name: str
    axes: tuple[str, ...]
    make: Callable[..., Network]
    stem: int
    width: str | None = None


def _resnext(values: Values, **options: Any) -> Network:
    blocks = [values[axis] for axis in DEPTHS]
    return families.resnext(blocks, values["cardinality"], values["width"], **options)


def _wide_resnet(values: Values, **options: Any) -> Network:
    blocks, widen = [values[axis] for axis in DEPTHS], values["widen"]
    network = families.resnext(blocks, 1, 64 * widen, **options)
    name = network.name.replace("resnext", "wide_resnet", 1)
    return replace(network, name=name.replace(f"_1x{64 * widen}d", f"_{widen}", 1))


def _cifar_resnext(values: Values, **options: Any) -> Network:
    depth = 9 * values["depth"] + 2
    return families.cifar_resnext(depth, values["cardinality"], values["width"], **options)


def _cifar_resnet(values: Values, **options: Any) -> Network:
    return families.cifar_resnet(6 * values["depth"] + 2, **options)


def _wrn(values: Values, **options: Any) -> Network:
    return families.wrn(6 * values["depth"] + 4, values["widen"], **options)


FAMILIES = {
    family.name: family
    for family in (
        Family("resnext", (*DEPTHS, "cardinality", "width", "scale"), _resnext, 64, "width"),
        Family("wide_resnet", (*DEPTHS, "widen", "scale"), _wide_resnet, 64),
        Family(
            "cifar_resnext", ("depth", "cardinality", "width", "scale"), _cifar_resnext, 64, "width"
        ),
        Family("cifar_resnet", ("depth", "scale"), _cifar_resnet, 16),
        Family("wrn", ("depth", "widen", "scale"), _wrn, 16),
    )
}


@dataclass(frozen=True)
class Space:
    """A family with the values that each of its axes may take, ascending."""

    family: Family
    axes: Mapping[str, Sequence[Any]]
    residual: bool = True
    classes: int | None = None
    input: Shape | None = None

    @property
    def free(self) -> list[str]:
        """The axes with more than one value."""
        return [axis for axis in self.family.axes if len(self.axes[axis]) > 1]

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
        options: dict[str, Any] = {"scale": values["scale"], "residual": self.residual}
        if self.classes is not None:
            options["classes"] = self.classes
        network = self.family.make(values, **options)
        return network if self.input is None else replace(network, input=self.input)

    def smallest(self) -> dict[str, Any] | None:
        """The cheapest design; None where no scale keeps the widths whole."""
        for part in self.parts():
            return {**part.scalars, **{axis: values[0] for axis, values in part.arrays.items()}}
        return None

    def parts(self) -> Iterator[Part]:
        """The space cut along the axes that cannot be arrays; cheaper ones first."""
        scalars = [axis for axis in SCALARS if axis in self.axes]
        for numbers in product(*(self.axes[axis] for axis in scalars)):
            fixed = dict(zip(scalars, numbers, strict=True))
            arrays = self._whole(fixed["scale"])
            if (self.family.stem * fixed["scale"]).denominator == 1 and all(arrays.values()):
                yield Part(self, fixed, arrays)

    def _whole(self, scale: Fraction) -> dict[str, list[int]]:
        """The values of the array axes that stay whole channels at this scale."""
        arrays = {axis: list(self.axes[axis]) for axis in self.family.axes if axis not in SCALARS}
        if self.family.width is not None and scale != 1:
            widths = arrays[self.family.width]
            arrays[self.family.width] = [w for w in widths if (w * scale).denominator == 1]
        return arrays


@dataclass(frozen=True)
class Part:
    """A part of a space in which only array axes vary; `arrays` has their values, ascending."""

    space: Space
    scalars: dict[str, Any]
    arrays: dict[str, list[int]]

    def network(self, columns: Mapping[str, Number]) -> Network:
        """The designs of these columns; an axis without one stands at its smallest value."""
        values = {axis: numbers[0] for axis, numbers in self.arrays.items()}
        return self.space.network({**self.scalars, **values, **columns})

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
        key = tuple(values[axis] for axis in self._space.family.axes if axis.startswith("depth"))
        key += (values["scale"],)
        if key not in self._patterns:
            self._patterns[key] = self._pattern(values)
        return self._patterns[key].format(_template(values))

    def _pattern(self, values: Values) -> str:
        head, found, tail = self._space.network(values).name.rpartition(f"_{_template(values)}")
        return f"{head}_{{}}{tail}" if found else tail


def _template(values: Values) -> str:
    if "cardinality" in values:
        return f"{values['cardinality']}x{values['width']}d"
    return str(values.get("widen"))
