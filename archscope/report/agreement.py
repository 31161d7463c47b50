"""How far two orders of the same networks agree: is a cheap proxy worth believing?

Kendall's tau-b between the order of our errors and a target order (published errors, or those of a
longer run), always beside the trivial baselines: the order by parameters and by multiply-adds,
which assume that the costlier network is the better one and train nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archscope.errors import UsageError
from archscope.report.statistics import Summary

DRAWS = 4000


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau-b of one order with the target's; 1 same, -1 reversed.

    Attributes:
        order: what ordered the networks, as "our errors" or "params".
        tau: None where one of the two orders is all ties.
        interval: 95 %, over the noise of the seeds alone; None where that is unknown, or for costs,
            which have none.
    """

    order: str
    tau: float | None
    interval: tuple[float, float] | None
    networks: int


def agreements(
    ours: Mapping[str, Summary],
    target: Mapping[str, float],
    costs: Mapping[str, Mapping[str, float]],
) -> list[Agreement]:
    """Agreement with the target of our errors, and of each cost as the baseline.

    Args:
        ours: our errors (%) by network.
        target: published or longer-trained errors (%) by network.
        costs: name of a cost -> its value by network.

    Raises:
        UsageError: where fewer than three networks stand in both.
    """
    names = [name for name in ours if name in target and ours[name].mean is not None]
    if len(names) < 3:
        raise UsageError(
            f"two orders of {len(names)} networks were to be compared; that says nothing below "
            "three, so finish or name more"
        )
    goal = [target[name] for name in names]
    summaries = [ours[name] for name in names]
    found = [
        Agreement(
            "our errors",
            tau([_mean(summary) for summary in summaries], goal),
            _interval(summaries, goal),
            len(names),
        )
    ]
    for cost, values in costs.items():
        # A costlier network is expected to have the lower error.
        found.append(
            Agreement(cost, tau([-values[name] for name in names], goal), None, len(names))
        )
    return found


def tau(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Kendall's tau-b; None where one side is all ties."""
    score, ties_first, ties_second = 0, 0, 0
    pairs = [(i, j) for i in range(len(first)) for j in range(i)]
    for i, j in pairs:
        a, b = _sign(first[i] - first[j]), _sign(second[i] - second[j])
        score += a * b
        ties_first += a == 0
        ties_second += b == 0
    free = (len(pairs) - ties_first) * (len(pairs) - ties_second)
    return score / math.sqrt(free) if free else None


def _interval(ours: Sequence[Summary], goal: Sequence[float]) -> tuple[float, float] | None:
    """Where tau falls in 95 % of redraws of our means from their t distributions."""
    import numpy as np

    if any(summary.standard_error is None for summary in ours):
        return None
    generator = np.random.default_rng(0)
    columns = [
        _mean(summary)
        + float(summary.standard_error or 0) * generator.standard_t(summary.n - 1, DRAWS)
        for summary in ours
    ]
    drawn = [tau(row, goal) for row in np.stack(columns, axis=1).tolist()]
    known = [value for value in drawn if value is not None]
    if not known:
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


def _mean(summary: Summary) -> float:
    assert summary.mean is not None
    return summary.mean


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
