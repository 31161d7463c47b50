"""The fitted model: seconds of an operation, of a network, and of arrays of designs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from archscope.arch.arrays import Number
from archscope.cost.execution import Operation
from archscope.cost.latency.terms import terms_of

# Seconds of each unit of each term, by the kind of operation; a term that is missing has none.
Weights: TypeAlias = Mapping[str, Mapping[str, float]]
Row: TypeAlias = Counter[tuple[str, str]]  # numbers by kind and term


def row_of(operations: Iterable[Operation]) -> Row:
    """The terms of operations of plain numbers, added up."""
    row: Row = Counter()
    for operation in operations:
        terms = terms_of(operation)
        kind = terms.kinds[terms.which or 0]
        for term, value in terms.values.items():
            if number := value():
                row[kind, term] += int(operation.times) * number
    return row


def seconds_of(row: Row, weights: Weights) -> float:
    """The predicted seconds of such terms."""
    return sum(weights.get(kind, {}).get(term, 0.0) * value for (kind, term), value in row.items())


def seconds(operations: Iterable[Operation], weights: Weights) -> Number:
    """The predicted seconds of operations one after the other; of arrays those of every design."""
    total: Number = 0.0
    for operation in operations:
        total = total + operation.times * _seconds(operation, weights)
    return total


def _seconds(operation: Operation, weights: Weights) -> Number:
    """Of one run: terms without weight are not made."""
    terms = terms_of(operation)
    total: Number = 0.0
    if terms.which is None:
        for term, one in weights.get(terms.kinds[0], {}).items():
            total = total + one * terms.values[term]()
        return total
    import numpy as np

    present = np.flatnonzero(np.bincount(terms.which, minlength=len(terms.kinds))).tolist()
    used = dict.fromkeys(t for one in present for t in weights.get(terms.kinds[one], {}))
    for term in used:
        each = [weights.get(kind, {}).get(term, 0.0) for kind in terms.kinds]
        alike = len({each[one] for one in present}) == 1
        weight: Any = each[present[0]] if alike else np.array(each)[terms.which]
        total = total + weight * terms.values[term]()
    return total
