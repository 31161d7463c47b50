"""What is sought among designs: a score of each, and the most that any design of a box can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from archscope.arch.arrays import combined
from archscope.explore.design.caps.grid import UNKNOWN, Costs
from archscope.explore.design.limits import Limit

Floats = npt.NDArray[np.float64]
Sound = Mapping[str, "npt.NDArray[np.bool_]"]
Reach = Callable[[str, int], int]


class Goal(Protocol):
    """What is sought: the designs of the highest score; of -inf none."""

    @property
    def caps(self) -> Mapping[str, int]:
        """The most of each cost."""

    @property
    def costs(self) -> tuple[str, ...]:
        """The costs that matter besides."""

    def score(self, costs: Costs) -> Floats:
        """The score of each design."""

    def bound(self, low: Costs, high: Costs, sound: Sound) -> Floats:
        """A score that no design of a box passes.

        Args:
            low, high: the costs of each box's first and last design, where they are `sound`: no
                design of the box costs less, or more.
        """

    def peaks(self, costs: Costs) -> npt.NDArray[np.bool_]:
        """Of which designs the memory matters, by their other costs."""

    def reaching(self, reach: Reach) -> Goal:
        """The same, where it is known which cost below a cap no design within it passes."""


@dataclass(frozen=True)
class Largest:
    """The designs within all caps that cost most: of `cost`, or of the cap that they fill most.

    `caps` holds the most of each cost; without a `cost` the score is the largest share of a cap.
    No design within them passes what they `reach`, where that is less.
    """

    caps: Mapping[str, int]
    cost: str | None = None
    reach: Mapping[str, int] = field(default_factory=dict)

    @property
    def costs(self) -> tuple[str, ...]:
        """The one that is to be large."""
        return (self.cost,) if self.cost else ()

    def score(self, costs: Costs) -> Floats:
        """The cost, or the share."""
        inside = within(costs, self.caps)
        return np.where(inside, self._size(costs), -np.inf)

    def bound(self, low: Costs, high: Costs, sound: Sound) -> Floats:
        """That of the box's last design, or what the caps allow."""
        names = (self.cost,) if self.cost else tuple(_filled(self.caps))
        known = np.logical_and.reduce([sound[name] & (high[name] < UNKNOWN) for name in names])
        ends = {**self.caps, **self.reach}
        most = ends.get(self.cost, np.inf) if self.cost else self._largest_share(ends)
        bound = np.where(known, np.minimum(self._size(high), most), most)
        return np.where(cannot(low, ends, sound), -np.inf, bound)

    def peaks(self, costs: Costs) -> npt.NDArray[np.bool_]:
        """Of those within the other caps."""
        return within(costs, _but_memory(self.caps))

    def reaching(self, reach: Reach) -> Largest:
        """With what the caps reach."""
        return replace(self, reach=_reached(self.caps, reach))

    def _size(self, costs: Costs) -> Floats:
        if self.cost is not None:
            return costs[self.cost].astype(float)
        return np.asarray(self._largest_share(costs))

    def _largest_share(self, costs: Mapping[str, Any]) -> Any:
        return _most(costs[name] / most for name, most in _filled(self.caps).items())


@dataclass(frozen=True)
class Near:
    """The designs within all caps that come nearest to some limits, the largest deviation least."""

    limits: Mapping[str, int]
    caps: Mapping[str, int]

    @property
    def costs(self) -> tuple[str, ...]:
        """Those with a limit."""
        return tuple(self.limits)

    def score(self, costs: Costs) -> Floats:
        """Less the deviation."""
        far = _most(abs(costs[name] - value) / value for name, value in self.limits.items())
        return np.where(within(costs, self.caps), -far, -np.inf)

    def bound(self, low: Costs, high: Costs, sound: Sound) -> Floats:
        """Less how far the box's first design is above a limit, or its last one below it."""
        far = np.zeros(len(low["params"]))
        for name, value in self.limits.items():
            above = np.where(sound[name] & _exists(low), (low[name] - value) / value, 0)
            below = np.where(sound[name] & (high[name] < UNKNOWN), (value - high[name]) / value, 0)
            far = np.maximum(far, np.maximum(above, below))
        return np.where(cannot(low, self.caps, sound), -np.inf, -far)

    def peaks(self, costs: Costs) -> npt.NDArray[np.bool_]:
        """Of those within the other caps."""
        return within(costs, _but_memory(self.caps))

    def reaching(self, reach: Reach) -> Near:
        """The caps as low as what they reach."""
        return replace(self, caps=_reached(self.caps, reach))


@dataclass(frozen=True)
class Closest:
    """The designs that come nearest to fulfilling all caps: the largest share of one is least."""

    caps: Mapping[str, int]

    @property
    def costs(self) -> tuple[str, ...]:
        """None."""
        return ()

    def score(self, costs: Costs) -> Floats:
        """Less the largest share of a cap."""
        share = _most(costs[name] / most for name, most in self.caps.items())
        return np.where(_exists(costs), -share, -np.inf)

    def bound(self, low: Costs, high: Costs, sound: Sound) -> Floats:
        """That of the box's first design."""
        least = [
            np.where(sound[name] & _exists(low), low[name] / most, 0.0)
            for name, most in self.caps.items()
        ]
        largest: Floats = np.max(least, axis=0)
        return -largest

    def peaks(self, costs: Costs) -> npt.NDArray[np.bool_]:
        """Of all."""
        return _exists(costs)

    def reaching(self, reach: Reach) -> Closest:
        """Itself."""
        return self


def within(costs: Costs, caps: Mapping[str, int]) -> npt.NDArray[np.bool_]:
    """Which designs exist, and pass no cap."""
    inside: npt.NDArray[np.bool_] = _exists(costs)
    for name, most in caps.items():
        inside = inside & (costs[name] <= most)
    return inside


def cannot(low: Costs, caps: Mapping[str, int], sound: Sound) -> npt.NDArray[np.bool_]:
    """In which boxes every design passes a cap."""
    out = np.zeros(len(low["params"]), dtype=bool)
    for name, most in caps.items():
        out |= sound[name] & (low[name] > most) & ((name != "memory") | (low[name] < UNKNOWN))
    out &= _exists(low)
    return out


def _most(numbers: Iterable[Any]) -> Any:
    """The largest of each design; what not all of its numbers decide has fewer sides of a box."""
    return combined(np.maximum, numbers)


def caps_of(limits: Sequence[Limit]) -> dict[str, int]:
    """The most of each cost."""
    return {limit.metric: limit.value for limit in limits}


def _reached(caps: Mapping[str, int], reach: Reach) -> dict[str, int]:
    return {name: reach(name, most) for name, most in caps.items()}


def _but_memory(caps: Mapping[str, int]) -> dict[str, int]:
    return {name: most for name, most in caps.items() if name != "memory"}


def _filled(caps: Mapping[str, int]) -> dict[str, int]:
    """The caps that were asked for: how many layers are too many, a rule says."""
    return {name: most for name, most in caps.items() if name != "layers"}


def _exists(costs: Costs) -> npt.NDArray[np.bool_]:
    exists: npt.NDArray[np.bool_] = costs["params"] < UNKNOWN
    return exists
