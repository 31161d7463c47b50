"""How far two orders of the same networks agree: is a cheap proxy worth believing?

Kendall's tau-b between the order of our errors and a target order (published errors, or those of a
longer run), always beside the trivial baselines: the order by parameters and by multiply-adds,
which assume that the costlier network is the better one and train nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archscope.errors import UsageError
from archscope.reporting.facts.statistics import Summary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    target: Mapping[str, float | Summary],
    costs: Mapping[str, Mapping[str, float]],
) -> list[Agreement]:
    """Agreement with the target of our errors, and of each cost as the baseline.

    Args:
        ours: our errors (%) by network.
        target: errors (%) by network: a published number, which is taken as it is, or the errors of
            a longer run, whose mean has the noise of its own seeds.
        costs: name of a cost -> its value by network.

    Raises:
        UsageError: where fewer than three networks are in both.
    """
    goals = {name: _fixed(value) for name, value in target.items()}
    names = [
        name for name in ours if name in goals and None not in (ours[name].mean, goals[name].mean)
    ]
    if len(names) < 3:
        raise UsageError(
            f"an agreement of two orders needs three networks or more, not {len(names)}; "
            "finish or name more"
        )
    summaries = [ours[name] for name in names]
    goal = [_mean(goals[name]) for name in names]
    found = [
        Agreement(
            "our errors",
            tau([_mean(summary) for summary in summaries], goal),
            _interval(summaries, [goals[name] for name in names]),
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
    import numpy as np

    found = float(_taus(np.array([first], float), np.array([second], float))[0])
    return None if math.isnan(found) else found


def _taus(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kendall's tau-b of each row of `first` with that of `second`; NaN: one side is all ties."""
    import numpy as np

    one, other = np.triu_indices(first.shape[1], 1)
    a = np.sign(first[:, one] - first[:, other])
    b = np.sign(second[:, one] - second[:, other])
    free = np.count_nonzero(a, axis=1) * np.count_nonzero(b, axis=1)
    root = np.where(free > 0, np.sqrt(free), np.nan)
    return np.asarray((a * b).sum(axis=1) / root, float)


def _interval(ours: Sequence[Summary], goals: Sequence[Summary]) -> tuple[float, float] | None:
    """Where tau falls in 95 % of redraws of all means from their t distributions, both ways.

    A redraw adds the noise of the seeds a second time, which pulls tau towards 0: of networks that
    are close together, all redraws may miss what the means have. So the interval holds the redraws
    and their mirror image about tau of the means (the percentile and the basic bootstrap).
    """
    import numpy as np

    if any(summary.standard_error is None for summary in (*ours, *goals)):
        return None
    generator = np.random.default_rng(0)
    drawn = _taus(_redrawn(ours, generator), _redrawn(goals, generator))
    known = drawn[~np.isnan(drawn)]
    if not known.size:
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    found = tau([_mean(summary) for summary in ours], [_mean(summary) for summary in goals])
    if found is None:
        return float(low), float(high)
    return (
        float(max(-1.0, min(low, 2 * found - high))),
        float(min(1.0, max(high, 2 * found - low))),
    )


def _redrawn(summaries: Sequence[Summary], generator: np.random.Generator) -> NDArray[np.float64]:
    """A row of means for each draw; a mean without noise stays."""
    import numpy as np

    columns = [
        np.full(DRAWS, _mean(summary))
        if not summary.standard_error
        else _mean(summary) + summary.standard_error * generator.standard_t(summary.n - 1, DRAWS)
        for summary in summaries
    ]
    return np.stack(columns, axis=1)


def _fixed(value: float | Summary) -> Summary:
    """A published number as a mean without noise."""
    return value if isinstance(value, Summary) else Summary(1, value, 0.0)


def _mean(summary: Summary) -> float:
    assert summary.mean is not None
    return summary.mean
