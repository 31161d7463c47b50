"""Rows of designs along one axis: bracketed by bisection, and gone through from there outward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from archscope.cost.formula import Count
from archscope.explore.design.limits import METRICS
from archscope.explore.design.shortlist import Found

Ints: TypeAlias = "npt.NDArray[np.int64]"


@dataclass(frozen=True)
class Line:
    """Rows of designs that differ along the inner axis only: `count(rows, index)` of each.

    `too_deep(rows, index)` says which of them have too many layers.
    """

    rows: int
    size: int
    count: Callable[[Ints, Ints], Count]
    too_deep: Callable[[Ints, Ints], Any]
    values: Callable[[int, int], dict[str, Any]]


def first_past(line: Line, found: Found) -> Ints:
    """The first index of each row that is past the best one; the row's size where none is.

    The steps double before they halve: a design far past the limits might not fit 64 bits.
    """
    low, high = np.zeros(line.rows, np.int64), np.full(line.rows, line.size, np.int64)
    rows, probe = np.arange(line.rows), np.zeros(line.rows, np.int64)
    while rows.size:
        past = found.past(line.count(rows, probe))
        found.counted += len(rows)
        high[rows[past]] = probe[past]
        rows, probe = rows[~past], probe[~past]
        low[rows] = probe + 1
        last = probe == line.size - 1
        rows, probe = rows[~last], np.minimum(2 * probe[~last] + 1, line.size - 1)
    while (rows := np.flatnonzero(low < high)).size:
        middle = (low[rows] + high[rows]) // 2
        past = found.past(line.count(rows, middle))
        found.counted += len(rows)
        high[rows] = np.where(past, middle, high[rows])
        low[rows] = np.where(past, low[rows], middle + 1)
    return low


def walk_out(line: Line, start: Ints, step: int, found: Found) -> None:
    """From `start` in each row on by `step`, while designs are near enough to be found."""
    rows, index = np.arange(line.rows), start
    while True:
        inside = (index >= 0) & (index < line.size)
        rows, index = rows[inside], index[inside]
        if not rows.size:
            return
        cost = line.count(rows, index)
        found.counted += len(rows)
        deviation = found.deviation(cost)
        near_enough = deviation <= found.reach
        if found.most_layers is not None and near_enough.any():
            deviation = np.where(line.too_deep(rows, index), np.inf, deviation)
        for one in np.argsort(deviation, kind="stable"):
            near = float(deviation[one])
            if near > found.reach:
                break
            costs = {metric: int(getattr(cost, metric)[one]) for metric in METRICS}
            found.add(near, line.values(int(rows[one]), int(index[one])), costs)
        rows, index = rows[near_enough], index[near_enough] + step
