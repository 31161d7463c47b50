"""Means and standard errors, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Summary:
    """`n` values, their mean, its standard error, and their median; None where there is none."""

    n: int
    mean: float | None
    standard_error: float | None
    median: float | None = field(default=None, compare=False)


def summarize(values: Iterable[float]) -> Summary:
    """Mean and standard error: the sample standard deviation (n - 1) over the root of n.

    No value has no mean, and one value has no standard error. Raises ValueError for a value that
    is not finite: a diverged run has no place in a mean, and must be left out by name.
    """
    listed = [float(value) for value in values]
    if not all(map(math.isfinite, listed)):
        raise ValueError("a mean is taken of finite numbers; leave diverged runs out of it by name")
    n = len(listed)
    if n == 0:
        return Summary(0, None, None)
    mean = math.fsum(listed) / n
    if n == 1:
        return Summary(1, mean, None, mean)
    variance = math.fsum((value - mean) ** 2 for value in listed) / (n - 1)
    return Summary(n, mean, math.sqrt(variance / n), median(listed))
