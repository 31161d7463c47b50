"""Is one network better than another? A test that may look after every seed, and stops itself.

At each look the difference of the two mean errors is divided by its standard error, and the p value
is held against that look's level (`boundary`), so that all looks together err as often as is
stated. The noise is that of the two networks' own runs, after Welch; where more than two networks
are trained and their spreads are alike, that of all of them. Runs are not paired by seed: in three
real sweeps the same seed moved two networks no more alike than chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from archscope.errors import UsageError
from archscope.reporting.judge import boundary
from archscope.sweep.plan.rule import MOST_SEEDS, Levels

Decision: TypeAlias = Literal["better", "worse", "no difference"]
Errors: TypeAlias = Sequence[float]
"""Test errors of one network, in points (lower is better), one for each seed."""

# Spreads of several networks are alike where Bartlett's test says so with at least this p value. At
# 5 %, as for a single look at many seeds, few seeds would hide a spread that is twice the others'.
ALIKE = 0.5


class Look(NamedTuple):
    """What is seen at one look, in points: first minus second.

    `interval` holds at every look at once, so at the stop as well; None without any spread.
    """

    n: int
    difference: float
    interval: tuple[float, float] | None
    decision: Decision | None
    pooled: bool = False


@dataclass(frozen=True)
class SequentialTest:
    """A two-sided test of two networks' errors that looks after each seed, from `first` to `most`.

        test = a.SequentialTest(resolve=0.5)
        test.look([40.1, 40.5, 39.9], [42.0, 41.8, 42.3])  # "better"
        test.interval()                                    # of the difference, in points

    Attributes:
        alpha: the chance that networks which are alike are ever told apart; and, on each side,
            that networks which differ by `resolve` are ever found not to.
        first, most: seeds of each network at the first and the last look.
        resolve: the difference (points) that matters: "no difference" means less than it. None:
            only a difference is looked for.
        comparisons: how many such tests share `alpha` (Bonferroni).
        levels: of the looks, where a plan has kept them. Those of the usual looks come with the
            package; others are simulated once, in some seconds.
    """

    alpha: float = boundary.ALPHA
    first: int = boundary.FIRST
    most: int = boundary.MOST
    resolve: float | None = None
    comparisons: int = 1
    levels: Levels | None = field(default=None, repr=False)
    _looks: list[Look] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise UsageError(
                f"alpha is above 0 and below 0.5, not {self.alpha:g}; give one, as 0.05"
            )
        if not 2 <= self.first <= self.most <= MOST_SEEDS:
            raise UsageError(
                f"the looks are from 2 seeds to {MOST_SEEDS} at most, not from {self.first} to "
                f"{self.most}; give others, as from 3 to 16"
            )
        if self.resolve is not None and not 0 < self.resolve < math.inf:
            raise UsageError(
                f"the difference to resolve must be above 0 points, not {self.resolve:g}; "
                "give one, as 0.5"
            )
        if self.comparisons < 1:
            raise UsageError("at least 1 comparison shares the error; give their number")

    def look(self, first: Errors, second: Errors, others: Sequence[Errors] = ()) -> Decision | None:
        """Look at all runs so far: "better" (the first errs less), "worse", "no difference", None.

        The looks at fewer runs are repeated, so that the answer does not depend on how often one
        has asked: after a stop, it stays.

        Args:
            first, second: the errors of both networks, as many of each.
            others: those of further networks, whose noise counts where spreads are alike.

        Raises:
            UsageError: where there are not as many of each, more than `most`, or one is not finite.
        """
        self._check(first, second, others)
        self._looks.clear()
        for n in range(self.first, len(first) + 1):
            runs = [[*map(float, one[:n])] for one in (first, second, *others)]
            self._looks.append(self.look_at(runs))
            if self._looks[-1].decision:
                break
        return self._looks[-1].decision if self._looks else None

    def interval(self) -> tuple[float, float] | None:
        """Of the difference (points, first minus second) at the stop, or at the last look so far.

        Repeated confidence intervals (Jennison and Turnbull, 1989): those of all looks hold
        together, with confidence 1 - `alpha`. None before the first look, or without any spread.
        """
        return self._looks[-1].interval if self._looks else None

    @property
    def looks(self) -> tuple[Look, ...]:
        """What was seen, up to the stop."""
        return tuple(self._looks)

    def _level(self, n: int, pooled: bool, alike: bool) -> float:
        """The level of a look: a difference's two-sided, that of being alike twice each side's."""
        if self.levels is not None:
            return self.levels.of(pooled, alike)[n - self.first]
        return levels_of(self, pooled, alike)[n - self.first]

    def look_at(self, runs: Sequence[Errors]) -> Look:
        """One look alone, at the runs of the first network, the second, and others."""
        from scipy import stats

        n = len(runs[0])
        means = [math.fsum(one) / n for one in runs[:2]]
        difference = means[0] - means[1]
        spread = _pooled(runs) or _own(*runs[:2])
        if spread.error == 0:
            return Look(n, difference, None, None)
        level = self._level(n, spread.pooled, False)
        half = float(stats.t.isf(level / 2, spread.freedom)) * spread.error
        interval = difference - half, difference + half
        decision: Decision | None = None
        if interval[1] < 0:
            decision = "better"
        elif interval[0] > 0:
            decision = "worse"
        elif self.resolve is not None:
            level = self._level(n, spread.pooled, True)
            within = float(stats.t.isf(level / 2, spread.freedom)) * spread.error
            if abs(difference) + within < self.resolve:
                decision = "no difference"
        return Look(n, difference, interval, decision, spread.pooled)

    def _check(self, first: Errors, second: Errors, others: Sequence[Errors]) -> None:
        counts = [len(one) for one in (first, second, *others)]
        if len(set(counts)) > 1:
            raise UsageError(
                f"a look takes as many runs of each network, not {' and '.join(map(str, counts))}; "
                "leave out those that the others lack"
            )
        if counts[0] > self.most:
            raise UsageError(
                f"the last look is at {self.most} seeds, not {counts[0]}; leave the others out, or "
                "begin with a larger `most`"
            )
        if not all(math.isfinite(error) for one in (first, second, *others) for error in one):
            raise UsageError("errors are finite numbers; leave diverged runs out by name")


def levels_of(test: SequentialTest, pooled: bool, alike: bool) -> tuple[float, ...]:
    """The levels of a test's looks, see `SequentialTest`."""
    share = (1 + alike) * test.alpha / test.comparisons
    return boundary.levels(test.first, test.most, share, "pooled" if pooled else "own")


def every_level(test: SequentialTest) -> Levels:
    """All levels of a test's looks, to be kept in a plan."""
    return Levels(
        own=levels_of(test, False, False),
        pooled=levels_of(test, True, False),
        own_alike=levels_of(test, False, True),
        pooled_alike=levels_of(test, True, True),
    )


class _Spread(NamedTuple):
    """The standard error of a difference of means (points), and its degrees of freedom."""

    error: float
    freedom: float
    pooled: bool


def _own(first: Errors, second: Errors) -> _Spread:
    """After Welch, from the runs of the two networks."""
    from statistics import variance

    n, parts = len(first), (variance(first), variance(second))
    if sum(parts) <= 0:
        return _Spread(0, 0, False)
    return _Spread(math.sqrt(sum(parts) / n), boundary.freedom(*parts, n), False)


def _pooled(runs: Sequence[Errors]) -> _Spread | None:
    """Of all networks; None for two alone, or where their spreads are not alike."""
    from statistics import variance

    from scipy import stats

    if len(runs) < 3 or any(max(one) == min(one) for one in runs):
        return None
    if not stats.bartlett(*runs).pvalue >= ALIKE:
        return None
    n, k = len(runs[0]), len(runs)
    mean = math.fsum(map(variance, runs)) / k
    return _Spread(math.sqrt(2 * mean / n), k * (n - 1), True)
