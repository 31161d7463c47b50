"""When a sweep is decided: its comparisons, and the rule of stopping that it was begun with.

It is part of the plan, as a rule chosen after errors were seen decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from archscope.documents import Within
from archscope.sweep.plan.reading import Fault, written

MOST_SEEDS = 64
_PROBABILITY = Within(0, 1)


@dataclass(frozen=True)
class Levels:
    """The p value below which each look decides, from `first` seeds to `most`.

    `own` and `pooled` for a difference, by whose noise; `own_alike` and `pooled_alike` for "no
    difference". See `archscope.reporting.judge.boundary`.
    """

    own: tuple[Annotated[float, _PROBABILITY], ...]
    pooled: tuple[Annotated[float, _PROBABILITY], ...]
    own_alike: tuple[Annotated[float, _PROBABILITY], ...]
    pooled_alike: tuple[Annotated[float, _PROBABILITY], ...]

    def of(self, pooled: bool, alike: bool) -> tuple[float, ...]:
        """Those of a look."""
        if pooled:
            return self.pooled_alike if alike else self.pooled
        return self.own_alike if alike else self.own


@dataclass(frozen=True)
class Rule:
    """A sweep that stops itself.

    Attributes:
        first, second: the templates of each comparison.
        alpha: the chance of any false difference, over all comparisons and looks.
        looks: seeds of each network at the first look and at the last.
        seeds: in the order of training, as many as the last look has.
        resolve: the difference (points) that matters.
        drop: whether a network that was found worse is out, and its other comparisons with it.
        spending: how the error is spent, in words.
        levels: of each look.
        rest: what a later version has written.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    alpha: Annotated[float, _PROBABILITY]
    looks: tuple[Annotated[int, Within(2, MOST_SEEDS)], ...]
    seeds: tuple[Annotated[int, Within(0, 2**31 - 1)], ...]
    resolve: float
    drop: bool
    spending: str
    levels: Levels
    rest: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first, most = self.looks if len(self.looks) == 2 else (0, 0)
        parts = [self.levels.of(a, b) for a in (False, True) for b in (False, True)]
        if (
            not self.first
            or len(self.first) != len(self.second)
            or not 0 < first <= most == len(self.seeds)
            or len(set(self.seeds)) != len(self.seeds)
            or any(len(part) != most - first + 1 for part in parts)
            or not all(0 < level < 1 for part in parts for level in part)
            or not 0 < self.alpha < 0.5
            or not self.resolve > 0
        ):
            raise Fault("the parts of its rule do not go together")

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """The comparisons."""
        return list(zip(self.first, self.second, strict=True))

    @property
    def choices(self) -> dict[str, Any]:
        """What a user has chosen, in words of the options; the rest follows from it."""
        return {
            "comparisons": _listed(self.pairs),
            "alpha": self.alpha,
            "looks": f"{self.looks[0]} to {self.looks[1]}",
            "resolve": self.resolve,
            "networks found worse": "out" if self.drop else "trained on",
        }

    @property
    def networks(self) -> list[str]:
        """The templates, in the order of the comparisons."""
        return list(dict.fromkeys(name for pair in self.pairs for name in pair))

    def document(self) -> dict[str, Any]:
        """The rule as JSON, as `sweep.json` keeps it."""
        return {**written(self), "levels": asdict(self.levels)}


def differing(there: Rule, asked: Rule) -> list[str]:
    """What was chosen otherwise for a folder's rule than is asked, in words.

    The levels are no choice: those of the folder hold, though another version, or another machine's
    simulation, has others.
    """
    old, new = there.choices, asked.choices
    return [
        f"{name} {_cut(old[name])} there, {_cut(new[name])} asked"
        for name in old
        if old[name] != new[name]
    ]


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{first} with {second}" for first, second in pairs)
