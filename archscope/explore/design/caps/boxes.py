"""A space in boxes: some values of each number, whose designs are counted together."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from archscope.errors import UsageError
from archscope.explore.design.caps.grid import UNKNOWN, Costs, Grid, Ints, Which


@dataclass(frozen=True)
class Box:
    """A first place on each axis, and how many there are."""

    first: Ints
    sides: tuple[int, ...]

    def rows(self, numbers: Ints) -> Ints:
        """The places of designs of these numbers, counted along the last axis first."""
        return self.first + np.stack(np.unravel_index(numbers, self.sides), axis=1)

    @property
    def every(self) -> Ints:
        """The places of all its designs."""
        return self.rows(np.arange(prod(self.sides)))


def boxes(grid: Grid, most: int, fixed: Collection[int] = ()) -> Iterator[Box]:
    """The space in boxes: as many of the last axes as fit, and each value of the others.

    Numbers that cannot be arrays, or not for the memory, have one value in each; so have the
    axes that are `fixed`, and that the first.
    """
    sides = [1 if place in grid.singles else len(one) for place, one in enumerate(grid.values)]
    lengths = [len(one) for one in grid.values]
    for place in fixed:
        sides[place] = lengths[place] = 1
    for place in range(len(sides)):
        rest = prod(sides[place + 1 :])
        if sides[place] * rest <= most:
            break
        sides[place] = max(1, most // rest)
    starts = (range(0, length, side) for length, side in zip(lengths, sides, strict=True))
    for first in product(*starts):
        ends = zip(first, sides, lengths, strict=True)
        yield Box(np.array(first), tuple(min(n, length - at) for at, n, length in ends))


def costs_in(grid: Grid, box: Box, peaks: Which | None) -> Costs:
    """What each design of a box costs, as `Grid.costs` tells it of rows, but faster."""
    try:
        costs = grid.box_costs(box.first, box.sides, memory=peaks is not None)
    except UsageError:  # one of them does not exist, or does not fit 64 bits
        return grid.costs(box.every, peaks)
    some = {word: costs.get(word, np.array(UNKNOWN)) for word in grid.words}
    return {word: np.broadcast_to(one, box.sides).reshape(-1) for word, one in some.items()}
