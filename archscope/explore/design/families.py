"""The families that can be designed anew, each with its axes and its box.

An axis is a number of the family; the box says what `enumerate` goes through where neither a name
nor an option does. Costs grow with every axis, which both searching and enumerating prune by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from archscope.arch import families
from archscope.arch.arrays import Number
from archscope.arch.network import Network

DEPTHS = ("depth1", "depth2", "depth3", "depth4")
# What the number of an axis is where nothing says it: plain networks, of two convolutions a block.
USUAL: dict[str, Any] = {"deepening": 2, "scale": Fraction(1)}
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Family:
    """A family as a function of its axes.

    Attributes:
        name: as the user writes it.
        axes: in the order of searching: outer first. A CIFAR family has one `depth`, the blocks of
            each stage, or `depth1` to `depth3` (`by_stage`).
        make: from the axes' numbers (or arrays) and options to a network.
        stem: channels of the stem, which a scale must keep whole.
        box: the default range of each axis that is not in `USUAL`.
        width: the axis that a scale multiplies, if that can make it a fraction.
        steps: the step of the axes that are sought in others than whole ones.
    """

    name: str
    axes: tuple[str, ...]
    make: Callable[..., Network]
    stem: int
    box: Mapping[str, Sequence[Any]]
    width: str | None = None
    steps: Mapping[str, Fraction] = field(default_factory=dict)

    def channels(self, values: Values) -> Number:
        """Channels of the 3x3 convolutions of the first stage, unscaled."""
        if "cardinality" in values:
            return values["cardinality"] * values["width"]
        return self.stem * values.get("widen", 1)

    def by_stage(self) -> Family:
        """The CIFAR family with a depth for each of its stages."""
        return replace(self, axes=(*DEPTHS[:3], *(axis for axis in self.axes if axis != "depth")))

    def without(self, axis: str) -> Family:
        """The family where an axis has nothing to act on."""
        return replace(self, axes=tuple(other for other in self.axes if other != axis))


def blocks(values: Values) -> list[Any]:
    """The blocks of each stage."""
    if "depth" in values:
        return [values["depth"]] * 3
    return [values[axis] for axis in DEPTHS if axis in values]


def _resnext(values: Values, **options: Any) -> Network:
    return families.resnext(blocks(values), values["cardinality"], values["width"], **options)


def _cifar_resnext(values: Values, **options: Any) -> Network:
    return families.cifar_resnext(blocks(values), values["cardinality"], values["width"], **options)


def _wide_resnet(values: Values, **options: Any) -> Network:
    return families.wide_resnet(blocks(values), values["widen"], **options)


def _resnet_basic(values: Values, **options: Any) -> Network:
    return families.resnet_basic(blocks(values), widen=values["widen"], **options)


def _preresnet(values: Values, **options: Any) -> Network:
    return families.preresnet(blocks(values), **options)


def _cifar_preresnet(values: Values, **options: Any) -> Network:
    return families.cifar_preresnet(blocks(values), **options)


def _cifar_resnet(values: Values, **options: Any) -> Network:
    return families.cifar_resnet(blocks(values), **options)


def _wrn(values: Values, **options: Any) -> Network:
    if "deepening" in values:
        options["deepening"] = values["deepening"]
    return families.wrn(blocks(values), values["widen"], **options)


def _upto(last: int) -> range:
    return range(1, last + 1)


_STAGES = dict.fromkeys(DEPTHS, _upto(8))
_CIFAR_STAGES = {"depth": _upto(18), **_STAGES}
_TEMPLATE = {"cardinality": _upto(64), "width": _upto(128)}
_HALVES = [Fraction(halves, 2) for halves in range(2, 9)]  # Table 7 of Wide ResNet has 1.5

FAMILIES = {
    family.name: family
    for family in (
        Family(
            "resnext",
            (*DEPTHS, "cardinality", "width", "scale"),
            _resnext,
            64,
            _STAGES | _TEMPLATE,
            width="width",
        ),
        Family(
            "wide_resnet",
            (*DEPTHS, "widen", "scale"),
            _wide_resnet,
            64,
            _STAGES | {"widen": _upto(16)},
        ),
        Family(
            "resnet_basic",
            (*DEPTHS, "widen", "scale"),
            _resnet_basic,
            64,
            _STAGES | {"widen": _HALVES},
            steps={"widen": Fraction(1, 2)},
        ),
        Family("preresnet", (*DEPTHS, "scale"), _preresnet, 64, _STAGES),
        Family(
            "cifar_resnext",
            ("depth", "cardinality", "width", "scale"),
            _cifar_resnext,
            64,
            _CIFAR_STAGES | _TEMPLATE,
            width="width",
        ),
        Family("cifar_resnet", ("depth", "scale"), _cifar_resnet, 16, _CIFAR_STAGES),
        Family("cifar_preresnet", ("depth", "scale"), _cifar_preresnet, 16, _CIFAR_STAGES),
        Family(
            "wrn",
            ("depth", "widen", "deepening", "scale"),
            _wrn,
            16,
            _CIFAR_STAGES | {"widen": _upto(16)},
        ),
    )
}
