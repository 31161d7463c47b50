"""What a test that stops itself will do, before anything is trained: by simulated runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from archscope.reporting.judge import boundary
from archscope.reporting.judge.sequential import ALIKE, SequentialTest, levels_of

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[numpy.float64]

PATHS = 20_000
_SEED = 2016


@dataclass(frozen=True)
class Chances:
    """Of simulated comparisons, the shares that ended so, and the mean seeds of each network.

    `covered`: the share whose interval at the stop held the true difference.
    """

    better: float
    worse: float
    no_difference: float
    seeds: float
    covered: float

    @property
    def undecided(self) -> float:
        """The share that was open after the last look."""
        return max(0.0, 1 - self.better - self.worse - self.no_difference)


def simulated(
    test: SequentialTest,
    difference: float,
    spreads: Sequence[float] = (1.0, 1.0),
    paths: int = PATHS,
    seed: int = _SEED,
) -> Chances:
    """Simulate comparisons of two networks, beside others or not, whose errors are normal.

    Args:
        test: its rule.
        difference: the true one, first minus second (points).
        spreads: standard deviations of one run (points) of the first, the second, and any others,
            whose noise counts as `SequentialTest.look` has it.
        paths: how many comparisons.
        seed: of the simulation.
    """
    means = [difference, *[0.0] * (len(spreads) - 1)]
    runs = drawn(means, spreads, test.most, paths, seed)
    return stopped(test, runs, difference)


def drawn(
    means: Sequence[float], spreads: Sequence[float], most: int, paths: int, seed: int = _SEED
) -> Array:
    """Normal errors (points) of networks: (networks, seeds, paths)."""
    import numpy as np

    shape = (len(means), most, paths)
    runs = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(runs * np.reshape(spreads, (-1, 1, 1)) + np.reshape(means, (-1, 1, 1)))


def stopped(test: SequentialTest, runs: Array, difference: float = 0.0) -> Chances:
    """The chances of the first two networks' comparison, on given runs of all networks.

    `runs`: (networks, seeds, paths). The others' noise counts, as `SequentialTest.look` has it.
    """
    import numpy as np

    paths = runs.shape[2]
    seeds, ended = np.full(paths, test.most), np.zeros(paths, bool)
    covered, found = ended.copy(), dict.fromkeys(("better", "worse", "alike"), 0.0)
    for n in range(test.first, test.most + 1):
        seen = runs[:, :n]
        gap = seen[0].mean(0) - seen[1].mean(0)
        half = _half_width(test, seen, (0, 1), False)
        now = {"better": gap + half < 0, "worse": gap - half > 0}
        now["alike"] = np.zeros(paths, bool)
        if test.resolve is not None:
            alike = np.abs(gap) + _half_width(test, seen, (0, 1), True) < test.resolve
            now["alike"] = alike & ~now["better"] & ~now["worse"]
        stops = ~ended & (now["better"] | now["worse"] | now["alike"])
        for name, which in now.items():
            found[name] += float((which & stops).sum()) / paths
        last = stops if n < test.most else ~ended
        covered[last] = (np.abs(gap - difference) <= half)[last]
        seeds[stops] = n
        ended |= stops
    return Chances(
        found["better"], found["worse"], found["alike"], float(seeds.mean()), float(covered.mean())
    )


def any_difference(test: SequentialTest, runs: Array, pairs: Sequence[tuple[int, int]]) -> float:
    """The share of paths in which any of the pairs is ever told apart: runs as `stopped` has them.

    No network is dropped meanwhile, which could only end more of them before.
    """
    import numpy as np

    any_ = np.zeros(runs.shape[2], bool)
    for n in range(test.first, test.most + 1):
        seen = runs[:, :n]
        for pair in pairs:
            gap = seen[pair[0]].mean(0) - seen[pair[1]].mean(0)
            any_ |= np.abs(gap) > _half_width(test, seen, pair, False)
    return float(any_.mean())


def _half_width(test: SequentialTest, seen: Array, pair: tuple[int, int], alike: bool) -> Array:
    """Of the interval at one look, by the pair's own noise, or that of all networks."""
    import numpy as np
    from scipy import stats

    k, n = seen.shape[:2]
    variances = seen.var(1, ddof=1)
    a, b = variances[pair[0]], variances[pair[1]]
    level = levels_of(test, False, alike)[n - test.first]
    own = stats.t.isf(level / 2, boundary.freedom(a, b, n)) * np.sqrt((a + b) / n)
    if k < 3:
        return np.asarray(own)
    level = levels_of(test, True, alike)[n - test.first]
    pooled = stats.t.isf(level / 2, k * (n - 1)) * np.sqrt(2 * variances.mean(0) / n)
    return np.asarray(np.where(_bartlett(variances, n) >= ALIKE, pooled, own))


def _bartlett(variances: Array, n: int) -> Array:
    """P values of Bartlett's test that the spreads are equal: (networks, paths), n runs of each."""
    import numpy as np
    from scipy import stats

    k, freedom = len(variances), n - 1
    apart = k * freedom * np.log(variances.mean(0)) - freedom * np.log(variances).sum(0)
    correction = 1 + (k / freedom - 1 / (k * freedom)) / (3 * (k - 1))
    return np.asarray(stats.chi2.sf(apart / correction, k - 1))
