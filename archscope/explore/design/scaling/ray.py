"""A family's numbers, multiplied: the networks that lie along a scaling rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from archscope.arch.families.axis import Axis
from archscope.arch.families.family import Family
from archscope.arch.network import Network
from archscope.arch.windows import Shape
from archscope.errors import UsageError
from archscope.explore.design.scaling.rules import Factors, ScalingRule

# What multiplies all channels of a network: the first of these that its family has.
_WIDTHS = ("scale", "width", "growth")
_LINE = ("w0", "wa")  # RegNet's line, which its widths lie on
_FACTOR = 1_000  # a factor has three decimals
_FINEST = 64  # parts of one, in which a scale is sought that keeps channels whole
_CHANNELS = 8  # what group widths and RegNet's w0 are multiples of


def ray_of(network: Network) -> Ray:
    """The ray of a network.

    Raises:
        UsageError: where no family made it, or its input is another than its resolution.
    """
    if network.design is None:
        raise UsageError(
            f"a rule scales the numbers of a family, and {network.name} has none; name a network "
            "of archscope's, as efficientnet_b0"
        )
    ray = Ray(network, *network.design)
    if ray.sized and callable(ray.family.input) and ray.family.input(ray.numbers) != network.input:
        raise UsageError(
            f"the resolution of {network.name} is a number of its own; drop --input, or name the "
            "network of that resolution, as efficientnet_1_1_192"
        )
    return ray


@dataclass(frozen=True)
class Ray:
    """The networks that one becomes as its numbers, by parameter, are multiplied.

    Widths are multiplied by the family's own factor (`scale`, `width`, `growth`), or each; RegNet's
    line is stretched: w0 and wa by the width, wa over the depth. Group widths grow with the widths
    (as in the code of Dollár et al.). The resolution is the family's number or the network's input.
    """

    network: Network
    family: Family[Any]
    numbers: Mapping[str, Any]

    def lacks(self, rule: ScalingRule) -> list[str]:
        """What the rule scales and the family has no number for: `depth`, `width`."""
        there = {"depth": self._axis("depth"), "width": bool(self._widths)}
        return [word for word, found in there.items() if not found and getattr(rule, word) != 1]

    def may_fall(self, rule: ScalingRule, metric: str) -> bool:
        """Whether this cost may fall while the network grows along the rule."""
        moved = [self._axis("depth")] if rule.depth != 1 else []
        if rule.width != 1:
            moved += [*self._widths, self._axis("group")]
        if self._is_line:
            moved = moved and [*moved, *map(self._axis, _LINE)]
        return any(axis and metric not in axis.grows for axis in moved)

    def at(self, factors: Factors) -> Network | None:
        """The network of these factors, its numbers rounded; None where there is none."""
        changed: dict[str, Any] = {}
        if factors.depth != 1 and (axis := self._axis("depth")):
            changed[axis.name] = self._times(axis, factors.depth)
        if factors.width != 1:
            if not self._is_line:
                changed |= {one.name: self._times(one, factors.width) for one in self._widths}
            if group := self._axis("group"):
                made = tuple(_rounded(one * factors.width) for one in self._each(group))
                changed[group.name] = made if group.stages else made[0]
        if self._is_line:
            changed |= self._line(factors)
        shape = None
        if factors.resolution != 1 and self.sized:
            changed["resolution"] = round(self.numbers["resolution"] * factors.resolution)
        elif not self.sized:
            channels, height, width = self.network.input
            sides = (max(1, round(side * factors.resolution)) for side in (height, width))
            shape = (channels, *sides)
        return self._network(changed, shape)

    def told(self, network: Network) -> dict[str, Any]:
        """The numbers of a network of the ray that a rule may change, as JSON has them."""
        assert network.design is not None
        axes = [self._axis("depth"), *self._widths, self._axis("group")]
        axes += map(self._axis, _LINE) if self._is_line else []
        found = {a.word: _plain(network.design.numbers[a.name]) for a in axes if a is not None}
        if (group := found.get("group")) and isinstance(group, list) and len(set(group)) == 1:
            found["group"] = group[0]  # of all stages
        sides = network.input[1:]
        return {**found, "resolution": sides[0] if sides[0] == sides[1] else list(sides)}

    @property
    def sized(self) -> bool:
        """Whether the resolution is a number of the family."""
        return self._axis("resolution") is not None and not self.numbers.get("cifar")

    @property
    def _is_line(self) -> bool:
        return all(map(self._axis, _LINE))

    @cached_property
    def _widths(self) -> list[Axis]:
        found = [axis for word in _WIDTHS if (axis := self._axis(word))][:1]
        return found if not self._is_line else [axis for w in _LINE if (axis := self._axis(w))]

    @cached_property
    def _step(self) -> Fraction:
        """The finest step of the scale that keeps every width whole."""
        axis = self._widths[0]
        here = Fraction(self.numbers[axis.name])
        for parts in range(_FINEST, 1, -1):
            step = Fraction(1, parts)
            if (here / step).denominator == 1 and self._network({axis.name: here + step}, None):
                return step
        return Fraction(1)

    def _axis(self, word: str) -> Axis | None:
        return next((axis for axis in self.family.axes if axis.word == word), None)

    def _each(self, axis: Axis) -> tuple[int, ...]:
        """The numbers of an axis: one, or one for each stage."""
        value = self.numbers[axis.name]
        return value if isinstance(value, tuple) else (value,)

    def _times(self, axis: Axis, factor: float) -> Any:
        value = self.numbers[axis.name]
        step = _CHANNELS if self._axis("group") and axis.word == "width" else axis.step
        if isinstance(value, tuple):
            return tuple(_whole(one * factor, step, axis.least) for one in value)
        if axis.word == "scale":
            return max(1, round(value * factor / self._step)) * self._step
        if axis.fractional:
            return max(Fraction(axis.least), Fraction(round(value * factor * _FACTOR), _FACTOR))
        return _whole(value * factor, step, axis.least)

    def _line(self, factors: Factors) -> dict[str, Any]:
        """RegNet's line, as wide and as long as the factors say."""
        w0, wa = (self.numbers[word] for word in _LINE)
        found: dict[str, Any] = {}
        if factors.width != 1:
            found["w0"] = max(1, round(w0 * factors.width / _CHANNELS)) * _CHANNELS
        if factors.width != factors.depth:
            found["wa"] = Fraction(round(100 * wa * factors.width / factors.depth), 100)
        return found

    def _network(self, changed: Mapping[str, Any], shape: Shape | None) -> Network | None:
        try:
            found = self.family.network({**self.numbers, **changed}, self.network.classes, shape)
            found.classes  # noqa: B018  # raises where the input is too small for the strides
        except UsageError:
            return None
        return found


def _whole(value: float, step: int | Fraction, least: int) -> int:
    """The nearest multiple of `step`, which is whole, and at least `least`."""
    return int(max(least, step, step * round(value / step)))


def _rounded(group: float) -> int:
    """A group width: small ones as they are, others as multiples of 8."""
    small = max(1, round(group))
    return small if small < _CHANNELS else round(group / _CHANNELS) * _CHANNELS


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return int(value) if value == int(value) else float(value)
