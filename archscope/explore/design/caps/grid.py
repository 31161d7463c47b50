"""What the designs of a space cost, by the places of their numbers in its axes.

A design is a row of places, one for each axis. Rows that differ in array axes alone are one tree of
arrays; each combination of the others is a tree of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from archscope.arch.arrays import LARGEST
from archscope.arch.network import Network
from archscope.arch.times import LATENCY
from archscope.cost.formula import count, count_box
from archscope.cost.memory import peak_of_box
from archscope.errors import UsageError
from archscope.explore.design.caps.layers import layers
from archscope.explore.design.caps.tables import FEW, Tables, tables_of
from archscope.explore.design.limits import METRICS
from archscope.explore.design.shortlist import same_network
from archscope.explore.design.space import Space

if TYPE_CHECKING:
    from archscope.explore.latency.fitted import LatencyModel

Ints: TypeAlias = "npt.NDArray[np.int64]"
Costs: TypeAlias = "dict[str, Ints]"
Which: TypeAlias = Callable[[Costs], "npt.NDArray[np.bool_]"]
MOST_TREES = 2_000  # half a minute or so
_FIRST_TREES = 40  # after which it is hopeless where there may be many times as many
UNKNOWN = LARGEST  # a cost of that or more; of a design that does not exist, or was not asked for


class Enough(Exception):
    """More trees would be made than `MOST_TREES`."""


@dataclass
class Grid:
    """A space with the costs of its designs.

    Attributes:
        space: whose designs are counted.
        with_layers: whether the layers are counted as well.
        latency: a model, where the latency is predicted as well, in nanoseconds.
        counted: how many designs were, in so many `trees`.
        is_whole: whether these are all.
        left_ties: whether there may be more designs as good as the last, that nobody looked at.
    """

    space: Space
    with_layers: bool = False
    latency: LatencyModel | None = None
    counted: int = 0
    trees: int = 0
    is_whole: bool = False
    left_ties: bool = False
    values: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        axes = [self.space.of[word] for word in self.space.axes]
        arrays = [word not in self.space.scalars for word in self.space.axes]
        self.values = [list(one) for one in self.space.axes.values()]
        self._columns = [
            np.array(one, float if axis.decimals else np.int64) if array else None
            for one, axis, array in zip(self.values, axes, arrays, strict=True)
        ]
        self._scalars = [place for place, array in enumerate(arrays) if not array]
        self._most = MOST_TREES
        # Numbers of which designs run programs that an array of them does not tell.
        self._others = [place for place, axis in enumerate(axes) if not axis.programs]

    @property
    def is_array(self) -> bool:
        """Whether all free numbers are arrays, so that thousands of designs are as fast as one."""
        return all(len(self.values[place]) == 1 for place in self._scalars)

    @property
    def tells_memory(self) -> bool:
        """Whether the memory of thousands of designs is as fast as that of one."""
        return self.is_array and all(len(self.values[place]) == 1 for place in self._others)

    @property
    def singles(self) -> set[int]:
        """The places of the numbers of which an array does not tell all."""
        return {*self._scalars, *self._others}

    @property
    def ends(self) -> Ints:
        """The last place of each axis."""
        return np.array([len(one) - 1 for one in self.values], dtype=np.int64)

    def loose(self, cost: str) -> npt.NDArray[np.bool_]:
        """With which axes a cost may fall while they grow."""
        axes = (self.space.of[word] for word in self.space.axes)
        return np.array([not axis.monotone(cost) for axis in axes])

    def design(self, row: Ints) -> dict[str, Any]:
        """The numbers of a design."""
        numbers = (one[int(place)] for one, place in zip(self.values, row, strict=True))
        return dict(zip(self.space.axes, numbers, strict=True))

    def same(self, one: Ints, other: Ints) -> bool:
        """Whether two designs are the same network."""
        first, second = (self.space.network(self.design(row)) for row in (one, other))
        return same_network(first, second)

    def costs(self, rows: Ints, peaks: Which | None = None) -> Costs:
        """What each design costs: the memory of those that `peaks` picks by their other costs.

        A design that does not exist has only `UNKNOWN` ones. With tables all have their memory.
        """
        if self.tables is not None:
            self.counted += len(rows)
            told = self.tables.costs(rows)
            return {cost: told[cost] for cost in self.words}
        self._most = self._most_trees({*self._scalars, *(self._others if peaks else ())})
        found = {cost: np.full(len(rows), UNKNOWN) for cost in self.words}
        every = np.arange(len(rows))
        for group in [every] if self.is_array else groups(rows[:, self._scalars], every):
            self._fill(found, rows, group, peaks)
        self.counted += len(rows)
        return found

    def box_costs(self, first: Ints, sides: tuple[int, ...], *, memory: bool) -> Costs:
        """What each design of a box costs, as arrays that broadcast to its `sides`.

        Args:
            first: the first place on each axis.
            sides: how many there are on each.
            memory: whether the memory is told as well.

        Raises:
            UsageError: where one of the designs does not exist, or may not fit 64 bits.
        """
        network, free = self._box(first, sides)
        cost = count_box(network)
        found = {metric: getattr(cost, metric) for metric in METRICS}
        found["weights"] = self.space.storage.weight_bytes(network, cost.params, count_box)
        if self.with_layers:
            found["layers"] = layers(network)
        if self.latency:
            found[LATENCY] = self.latency.nanoseconds_of_box(network)
        if memory:
            found["memory"] = self.space.storage.peak_bytes(network, peak_of_box)
        self.counted += prod(sides)
        return {name: _placed(one, free, len(sides)) for name, one in found.items()}

    @cached_property
    def tables(self) -> Tables | None:
        """What the designs cost, section by section, where that is told at once."""
        lengths = [len(one) for one in self.values]
        if self.latency or not self.tells_memory or prod(lengths) <= FEW:
            return None
        first = np.zeros(len(lengths), np.int64)
        return tables_of(lambda sides: self._box(first, sides)[0], lengths, self.space.storage)

    def reach(self, cost: str, most: int) -> int:
        """A cost that no design of at most `most` passes, where tables tell one below it."""
        return most if self.tables is None else self.tables.reach(cost, most)

    def _box(self, first: Ints, sides: Sequence[int]) -> tuple[Network, list[int]]:
        """The designs of a box, each number that varies along an axis of its own; and those."""
        words = list(self.space.axes)
        free = [place for place, side in enumerate(sides) if side > 1]
        values: dict[str, Any] = self.design(first)
        for axis, place in enumerate(free):
            column, start = self._columns[place], first[place]
            assert column is not None  # those that are no arrays have one value
            along = [-1 if one == axis else 1 for one in range(len(free))]
            values[words[place]] = column[start : start + sides[place]].reshape(along)
        return self.space.network(values), free

    def _most_trees(self, places: set[int]) -> int:
        """How many trees are made at most, of spaces cut along these axes.

        The designs at the border of a cap are about as many as the combinations of all but one.
        """
        lengths = [len(self.values[place]) for place in places] or [1]
        few = prod(lengths) // max(lengths) <= 5 * MOST_TREES
        return MOST_TREES if few else _FIRST_TREES

    @property
    def words(self) -> tuple[str, ...]:
        """The costs that are told."""
        return (*METRICS, "weights", "memory", *self._others_told)

    @property
    def _others_told(self) -> tuple[str, ...]:
        layers = ("layers",) if self.with_layers else ()
        return (*layers, LATENCY) if self.latency else layers

    def _fill(self, found: Costs, rows: Ints, group: Ints, peaks: Which | None) -> None:
        """Write the costs of a group of rows with one tree, or of halves where that fails."""
        if not len(group):
            return
        try:
            network = self._network(rows[group])
            cost = count(network)
            some = {m: _clipped(getattr(cost, m), len(group)) for m in METRICS}
            weights = self.space.storage.weight_bytes(network, cost.params)
            some["weights"] = _clipped(weights, len(group))
            if self.with_layers:
                some["layers"] = _clipped(layers(network), len(group))
            if self.latency:
                some[LATENCY] = _clipped(self.latency.nanoseconds(network), len(group))
            some["memory"] = np.full(len(group), UNKNOWN)
            chosen = np.flatnonzero(peaks(some)) if peaks else np.arange(0)
            for alike in groups(rows[group[chosen]][:, self._others], chosen):
                part = network if len(alike) == len(group) else self._network(rows[group[alike]])
                some["memory"][alike] = _clipped(self.space.storage.peak_bytes(part), len(alike))
        except UsageError:  # there is no such network, or one of them does not fit 64 bits
            if len(group) > 1:
                middle = len(group) // 2
                self._fill(found, rows, group[:middle], peaks)
                self._fill(found, rows, group[middle:], peaks)
            return
        for word, column in some.items():
            found[word][group] = column

    def _network(self, rows: Ints) -> Network:
        """The designs of rows with one tree: of plain numbers, where it is one."""
        self.trees += 1
        if self.trees > self._most:
            raise Enough
        if len(rows) == 1:
            return self.space.network(self.design(rows[0]))
        values: dict[str, Any] = self.design(rows[0])
        for place, word in enumerate(self.space.axes):
            column = self._columns[place]
            if column is not None and (rows[:, place] != rows[0, place]).any():
                values[word] = column[rows[:, place]]
        return self.space.network(values)


def groups(keys: Ints, numbers: Ints) -> list[Ints]:
    """The numbers of rows with equal keys."""
    if not keys.shape[1] or len(keys) < 2:
        return [numbers] if len(numbers) else []
    different, which = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(which.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(which.reshape(-1), minlength=len(different)))
    return np.split(numbers[order], ends[:-1])


def _clipped(value: Any, number: int) -> Ints:
    """A count as int64; the unbounded one of a plain network as `UNKNOWN` where it is more."""
    if isinstance(value, np.ndarray):
        return np.broadcast_to(value, number).astype(np.int64)
    return np.full(number, min(int(value), UNKNOWN))


def _placed(cost: Any, free: Sequence[int], axes: int) -> Ints:
    """A cost with an axis for each number, also for those with one value."""
    cost = np.asarray(cost)
    own = (1,) * (len(free) - cost.ndim) + cost.shape
    whole = [1] * axes
    for place, side in zip(free, own, strict=True):
        whole[place] = side
    placed: Ints = cost.reshape(whole)
    return placed
