"""Scaling rules: how depth, width and resolution grow together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from archscope.errors import UsageError, shown


class Factors(NamedTuple):
    """What a network's depth, its widths and the sides of its images are multiplied by."""

    depth: float
    width: float
    resolution: float


@dataclass(frozen=True)
class ScalingRule:
    """A rule by which a network is scaled: each number times its base to one power, phi.

    A network costs about depth * width^2 * resolution^2 multiply-adds. EfficientNet's B0 is at phi
    0; at a negative phi a network becomes smaller.

        ScalingRule("mine", depth=1.1, width=1.3)  # the resolution is kept

    Attributes:
        name: what users call it.
        depth, width, resolution: the bases; 1 keeps a number as it is.
        source: where the rule is from.
    """

    name: str
    depth: float = 1.0
    width: float = 1.0
    resolution: float = 1.0
    source: str = ""

    def __post_init__(self) -> None:
        bases = self.depth, self.width, self.resolution
        if min(bases) < 1 or max(bases) == 1 or max(bases) > 2:
            raise UsageError(
                f"a scaling rule's bases are 1 to 2, one of them above 1, not {bases}; write "
                "depth=1.2, width=1.1, resolution=1.15"
            )

    def factors(self, phi: float) -> Factors:
        """The factors at a power."""
        return Factors(self.depth**phi, self.width**phi, self.resolution**phi)

    def document(self) -> dict[str, float]:
        """The bases as JSON."""
        return {"depth": self.depth, "width": self.width, "resolution": self.resolution}


def fast(alpha: float = 0.8) -> ScalingRule:
    """Fast compound scaling: Dollár et al., arXiv 2103.06877, Table 4: dWr.

    Multiply-adds that grow s times make the depth grow s^((1-alpha)/2) times, the widths
    s^(alpha/2) and the resolution s^((1-alpha)/4); the bases are those of s = 2. Activations grow
    about s^(1-alpha/2) times.
    """
    rest = 1 - alpha
    bases = 2 ** (rest / 2), 2 ** (alpha / 2), 2 ** (rest / 4)
    return ScalingRule("dwr", *bases, source="Fast and Accurate Model Scaling, dWr")


# The single ones double the multiply-adds with each step of phi.
RULES = {
    rule.name: rule
    for rule in (
        ScalingRule("compound", 1.2, 1.1, 1.15, "EfficientNet, compound scaling"),
        fast(),
        ScalingRule("width", width=2**0.5, source="width alone"),
        ScalingRule("depth", depth=2.0, source="depth alone"),
        ScalingRule("resolution", resolution=2**0.5, source="resolution alone"),
    )
}
ALL = "all"


def rules_of(asked: str | ScalingRule | Iterable[str | ScalingRule]) -> list[ScalingRule]:
    """Rules by their names (`compound`, or several with commas, or `all`), or as they are.

    Raises:
        UsageError: where there is no such rule.
    """
    if isinstance(asked, ScalingRule):
        return [asked]
    if not isinstance(asked, str):
        return list(dict.fromkeys(rule for one in asked for rule in rules_of(one)))
    found: list[ScalingRule] = []
    for word in (part.strip().lower() for part in asked.split(",")):
        if word != ALL and word not in RULES:
            raise UsageError(
                f"a scaling rule is {', '.join(RULES)} or all, not '{shown(word)}'; name one"
            )
        found += RULES.values() if word == ALL else [RULES[word]]
    return list(dict.fromkeys(found))
