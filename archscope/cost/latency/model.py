"""The fitted model: seconds of an operation, of a network, and of arrays of designs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from operator import add
from typing import Any, TypeAlias

from archscope.arch.arrays import Number, combined
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
    return _total(one.times * _seconds(one, weights, batch) for one in operations)


def _total(seconds: Iterable[Number]) -> Number:
    return combined(add, chain((0.0,), seconds))


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
    if terms.which is None:
        of_kind = weights.get(terms.kinds[0], {}).items()
        return _total(one * terms.values[term]() for term, one in of_kind)
    import numpy as np

    which = np.bincount(terms.which.ravel(), minlength=len(terms.kinds))
    present = np.flatnonzero(which).tolist()
    used = dict.fromkeys(t for one in present for t in weights.get(terms.kinds[one], {}))

    def weight(term: str) -> Any:
        each = [weights.get(kind, {}).get(term, 0.0) for kind in terms.kinds]
        alike = len({each[one] for one in present}) == 1
        return each[present[0]] if alike else np.array(each)[terms.which]

    return _total(weight(term) * terms.values[term]() for term in used)
