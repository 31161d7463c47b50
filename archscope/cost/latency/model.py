"""The fitted model: seconds of an operation, of a network, and of arrays of designs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import prod
from typing import Any, TypeAlias

from archscope.arch.arrays import Number
from archscope.arch.network import Network
from archscope.cost.execution import Operation, each_design, each_of_box
from archscope.cost.latency.terms import terms_of

# Seconds of each unit of each term, by the kind of operation; a term that is missing has none.
Weights: TypeAlias = Mapping[str, Mapping[str, float]]
Row: TypeAlias = Counter[tuple[str, str]]  # numbers by kind and term


def row_of(operations: Iterable[Operation], batch: int = 1) -> Row:
    """The terms of operations of plain numbers, on so many images at once, added up."""
    row: Row = Counter()
    for operation in operations:
        terms = terms_of(operation, batch)
        kind = terms.kinds[terms.which or 0]
        for term, value in terms.values.items():
            if number := value():
                row[kind, term] += int(operation.times) * number
    return row


def seconds_of(row: Row, weights: Weights) -> float:
    """The predicted seconds of such terms."""
    return sum(weights.get(kind, {}).get(term, 0.0) * value for (kind, term), value in row.items())


def seconds(operations: Iterable[Operation], weights: Weights, batch: int = 1) -> Number:
    """The predicted seconds of operations one after the other; of arrays those of every design.

    The weights are those of so many images at once.
    """
    total = _Sum()
    for operation in operations:
        total.add(operation.times * _seconds(operation, weights, batch))
    return total.value


class _Sum:
    """A sum of arrays, those of one shape first: what few numbers decide is added for few."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, ...], Any] = {}

    def add(self, number: Any) -> None:
        sides = getattr(number, "shape", ())
        self._parts[sides] = self._parts[sides] + number if sides in self._parts else number

    @property
    def value(self) -> Number:
        """The sum."""
        total: Number = 0.0
        for sides in sorted(self._parts, key=prod):
            total = total + self._parts[sides]
        return total


def latencies(network: Network, weights: Weights) -> Any:
    """The predicted seconds of every design that the arrays of a network hold.

    Raises:
        UsageError: where a layer does not fit its input, or maps are too large for 64 bits.
    """
    return each_design(network, lambda run: seconds(run.operations, weights), float)


def latencies_of_box(network: Network, weights: Weights) -> Number:
    """The same of a box of designs, as `archscope.cost.formula.count_box` takes it.

    Raises:
        UsageError: as `latencies`.
    """
    return each_of_box(network, lambda run: seconds(run.operations, weights))


def _seconds(operation: Operation, weights: Weights, batch: int) -> Number:
    """Of one run: terms without weight are not made."""
    terms = terms_of(operation, batch)
    total = _Sum()
    if terms.which is None:
        for term, one in weights.get(terms.kinds[0], {}).items():
            total.add(one * terms.values[term]())
        return total.value
    import numpy as np

    which = np.bincount(terms.which.ravel(), minlength=len(terms.kinds))
    present = np.flatnonzero(which).tolist()
    used = dict.fromkeys(t for one in present for t in weights.get(terms.kinds[one], {}))
    for term in used:
        each = [weights.get(kind, {}).get(term, 0.0) for kind in terms.kinds]
        alike = len({each[one] for one in present}) == 1
        weight: Any = each[present[0]] if alike else np.array(each)[terms.which]
        total.add(weight * terms.values[term]())
    return total.value
