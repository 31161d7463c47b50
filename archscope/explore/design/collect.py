"""What is kept of a stream of designs: all, the first of an order, or a Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from archscope.errors import UsageError, shown
from archscope.explore.design.drawing.fingerprints import shuffled
from archscope.explore.design.limits import CAPPED, METRICS

Columns: TypeAlias = "dict[str, npt.NDArray[Any]]"
SORTS = (*CAPPED, "cardinality", "width", "widen", "deepening")
_HELD = 200_000
PRINT = "print"  # the fingerprint of each network, where a sample is drawn
_DRAW = "draw"  # made of it, as a random number: the networks with the smallest are the sample


@dataclass(frozen=True)
class Order:
    """How designs are listed.

    Attributes:
        sort: a cost or number, ascending; with a minus in front, descending. Without it by the
            cost that has an upper bound alone, the largest first, or else by parameters.
        limit: at most so many; None: all.
        pareto: two costs; only designs are kept than which no other is better in one and as good
            in the other. Less is better; with a minus in front, more.
        sample: so many different networks, drawn at random, each as likely as any other,
            however many designs give it; None: all.
        seed: of the draw.
    """

    sort: str = ""
    limit: int | None = None
    pareto: tuple[str, str] | None = None
    sample: int | None = None
    seed: int = 1

    def within(self, ranges: Mapping[str, tuple[int, int | None]]) -> Order:
        """The same with a sort, where designs within `ranges` are listed."""
        if self.sort:
            return self
        capped = [cost for cost in CAPPED if _is_cap(*ranges.get(cost, (0, None)))]
        plain = self.pareto is None and self.sample is None
        return replace(self, sort=f"-{capped[0]}" if capped and plain else "params")

    def __post_init__(self) -> None:
        if self.sample is not None and (self.pareto or self.limit is not None):
            other = "a Pareto front" if self.pareto else f"a limit of {self.limit:,}"
            raise UsageError(f"a random sample does not go with {other}; drop one of them")
        for metric in self.pareto or ():
            if metric.removeprefix("-") not in CAPPED:
                raise UsageError(
                    f"the costs of a Pareto front are {', '.join(CAPPED)}, not "
                    f"'{shown(metric)}'; write params,macs, or params,-macs where more is "
                    "better"
                )


def _is_cap(low: int, high: int | None) -> bool:
    return high is not None and not low


def parse_pareto(text: str) -> tuple[str, str]:
    """`params,macs` -> the two costs.

    Raises:
        UsageError: where it is not two different ones.
    """
    parts = [part.strip().lower() for part in text.split(",")]
    if len({part.removeprefix("-") for part in parts}) != 2 or len(parts) != 2:
        raise UsageError(
            f"a Pareto front needs two different costs, not '{shown(text)}'; write params,macs"
        )
    return parts[0], parts[1]


class Collector:
    """Takes chunks of designs (columns of equal length) and keeps what the order asks for."""

    def __init__(self, order: Order, names: Sequence[str], sampled: int = 0) -> None:
        self.matches = 0
        self.kept = 0  # before the limit: those of the front, where one is asked for
        self._order = order
        self._names = list(names)
        self._random = order.sample is not None
        if self._random:
            self._names.append(_DRAW)
        self._chunks: list[Columns] = []
        self._held = 0
        self._cutoff: Any = None
        self._repeated = False
        self._sampled, self._stride = sampled, 1
        self._sample: list[Columns] = []
        self._drawn = ["part", *(cost for cost in CAPPED if cost in names)]
        self.front: Columns = {}  # all of it, for the picture

    def add(self, columns: Columns) -> None:
        """Take a chunk."""
        rows = len(columns["part"])
        if not rows:
            return
        self._thin(columns)
        self.matches += rows
        if self._cutoff is not None:
            kept = np.flatnonzero(_key(columns, self._order.sort) <= self._cutoff)
            columns, rows = {name: column[kept] for name, column in columns.items()}, len(kept)
        if self._random:
            columns = {**columns, _DRAW: shuffled(columns[PRINT], self._order.seed)}
        self._chunks.append({n: c if n in CAPPED else _small(c) for n, c in columns.items()})
        self._held += rows
        bounded = self._order.pareto or self._order.limit is not None or self._random
        most = self._order.limit or self._order.sample or 0
        if bounded and self._held > max(_HELD, 4 * most):
            self._reduce()

    def finish(self) -> tuple[Columns, Columns]:
        """The kept designs in order, and the sample of all of them."""
        self._reduce()
        columns = self._chunks.pop()
        self.kept = len(columns["part"])
        if self._sampled and self._order.pareto:
            self.front = {name: columns[name] for name in self._drawn}
        first = order_of(columns, self._order.sort)[: self._order.limit]
        listed = {name: columns.pop(name)[first] for name in self._names}
        return listed, _joined(self._sample, self._drawn)

    def _reduce(self) -> None:
        columns = _joined(self._chunks, self._names)
        if not self._random:  # one design of each network
            _, first = np.unique(columns[PRINT], return_index=True)
            self._repeated |= len(first) < len(columns[PRINT])
            if self._repeated:
                columns = {name: column[np.sort(first)] for name, column in columns.items()}
        if self._order.pareto:
            kept = front_of(columns, self._order.pareto)
        elif self._order.sample is not None:
            _, first = np.unique(columns[_DRAW], return_index=True)
            kept = np.sort(first[: self._order.sample])
        elif self._order.limit is not None and len(columns["part"]) > self._order.limit:
            key = _key(columns, self._order.sort)
            self._cutoff = np.partition(key, self._order.limit - 1)[self._order.limit - 1]
            kept = np.flatnonzero(key <= self._cutoff)
            within = {name: column[kept] for name, column in columns.items()}
            kept = kept[np.sort(order_of(within, self._order.sort)[: self._order.limit])]
        else:
            kept = np.arange(len(columns["part"]))
        self._chunks = [{name: column[kept] for name, column in columns.items()}]
        self._held = len(kept)

    def _thin(self, columns: Columns) -> None:
        """Keep every n-th design for the picture, a larger n as there are more."""
        if not self._sampled:
            return
        start = -self.matches % self._stride
        self._sample.append({m: columns[m][start :: self._stride] for m in self._drawn})
        if sum(len(chunk["macs"]) for chunk in self._sample) > 2 * self._sampled:
            joined = _joined(self._sample, self._drawn)
            self._sample = [{name: column[::2] for name, column in joined.items()}]
            self._stride *= 2


def order_of(columns: Columns, sort: str) -> Any:
    """The order of the rows; equal ones by their costs, then as they came."""
    return np.lexsort([*(columns[metric] for metric in reversed(METRICS)), _key(columns, sort)])


def front_of(columns: Columns, costs: Sequence[str]) -> Any:
    """The rows of the Pareto front of two costs; with a minus before one, more is better."""
    one, other = (_key(columns, cost) for cost in costs)
    return pareto_front(one, other)


def pareto_front(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Any:
    """The rows that no other dominates (both smaller is better); equal ones all stay."""
    if not len(one):
        return np.arange(0)
    order = np.lexsort([other, one])
    first, second = one[order], other[order]
    least = np.minimum.accumulate(second)
    better = np.concatenate([[True], second[1:] < least[:-1]])
    new = np.concatenate([[True], (first[1:] != first[:-1]) | (second[1:] != second[:-1])])
    group = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    return np.sort(order[better[group]])


def _key(columns: Columns, name: str) -> Any:
    column = columns[name.removeprefix("-")]
    return -column if name.startswith("-") else column


def _small(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The numbers of designs are small, and there may be millions of them."""
    if column.dtype.kind in "fu":  # a widening factor such as 1.5; a fingerprint
        return column
    fits = not len(column) or column.max() < 2**15
    return column.astype(np.int16 if fits else np.int32)


def _joined(chunks: Sequence[Columns], names: Sequence[str]) -> Columns:
    """The chunks as one; they are emptied on the way, so that few columns exist twice."""
    if not chunks:
        return {name: np.zeros(0, np.int64) for name in names}
    if len(chunks) == 1:
        return chunks[0]
    return {name: np.concatenate([chunk.pop(name) for chunk in chunks]) for name in names}
