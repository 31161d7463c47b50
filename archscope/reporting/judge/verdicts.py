"""Is one network better than another? Verdicts on test errors from several seeds.

The method, in the words of the field: a linear model error = network + seed + noise (without the
seed term where the networks were not all trained from the same seeds), its noise estimated from
all networks together; the difference of two means with a t interval; Bonferroni over the number of
comparisons, so that all intervals of one table hold together with the stated confidence. Where the
networks' spreads differ by more than chance (Bartlett's test at 5 %), each pair is judged by its
own runs alone: paired by seed, or after Welch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from archscope.errors import UsageError, plural
from archscope.reporting.facts.statistics import summarize

Errors = Mapping[int, float]
"""The final test errors of one network in %, by seed."""

CONFIDENCE = 0.95
POWER = 0.8
# A difference of test errors (points) that a table of verdicts tries to resolve.
RESOLVE = 0.5
_MOST_SEEDS = 1000
# A spread below this (points) is an accident of few seeds and a small test set, not knowledge.
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Verdict:
    """What the runs say of two networks; differences are `first` minus `second`, in points.

    Attributes:
        kind: "better" (the first has the lower error), "worse", "none" (no difference shown,
            though one of `resolve` points would have been), or "open" (too few seeds to decide).
        n: seeds of each.
        interval: of the difference; None where the runs show no spread, as with one seed.
        seeds_needed: of each in all, to see `resolve` points with 80 % power; None: no spread
            known, or above 1,000.
        stopped: where a sweep stopped itself, how: "stopped at 5 seeds", "undecided at 16 seeds".
        among: the comparisons that the interval was widened for; 0: those beside it.
    """

    first: str
    second: str
    kind: Literal["better", "worse", "none", "open"]
    n: tuple[int, int]
    difference: float
    interval: tuple[float, float] | None
    seeds_needed: int | None
    method: str = field(default="")
    resolve: float = RESOLVE
    stopped: str = ""
    among: int = 0

    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.stopped and self.kind not in ("better", "worse"):
            return self._stopped()
        if self.interval is None:
            why = "a single seed says nothing of chance"
            if min(self.n) > 1:
                why = "the runs do not vary, so their noise cannot be estimated"
            return f"{self.first} and {self.second}: {why}; train each from more seeds"
        low, high = self.interval
        span = f"{self.difference:+.2f} points, {low:+.2f} to {high:+.2f}"
        if self.kind in ("better", "worse"):
            winner, loser = self.first, self.second
            if self.kind == "worse":
                winner, loser = loser, winner
                span = f"{-self.difference:+.2f} points, {-high:+.2f} to {-low:+.2f}"
            stop = f"; {self.stopped}" if self.stopped else ""
            return f"{winner} better than {loser} ({span}{stop})"
        pair = f"{self.first} and {self.second}"
        if self.kind == "none":
            return (
                f"{pair}: no difference shown ({span}); one of {self.resolve:g} points would "
                "have been"
            )
        if self.seeds_needed is None:
            more = f"more than {_MOST_SEEDS:,} seeds"
        else:
            missing = self.seeds_needed - min(self.n)
            more = plural(missing, "more seed")
        return f"{pair}: {more} needed to resolve {self.resolve:g} points ({span} so far)"

    def _stopped(self) -> str:
        """The verdict of a sweep that stops itself, where neither is better."""
        pair = f"{self.first} and {self.second}"
        told = self.stopped
        if self.interval is not None:
            low, high = self.interval
            told = f"{self.difference:+.2f} points, {low:+.2f} to {high:+.2f}; {told}"
        if self.kind == "none":
            return f"{pair}: no difference of {self.resolve:g} points or more ({told})"
        return f"{pair}: {told}"


@dataclass(frozen=True)
class _Noise:
    """The spread of one run (points), its degrees of freedom at `n` seeds, and how it was got."""

    spread: float
    networks: int
    blocked: bool
    method: str

    def freedom(self, n: float) -> float:
        """Degrees of freedom where each network has `n` seeds."""
        return (self.networks - 1 if self.blocked else self.networks) * (n - 1)


def verdicts(
    errors: Mapping[str, Errors],
    pairs: Sequence[tuple[str, str]],
    *,
    resolve: float = RESOLVE,
    among: int | None = None,
) -> list[Verdict]:
    """Judge pairs of networks, all intervals together at `CONFIDENCE`.

    Args:
        errors: final test errors (%) of each network by seed.
        pairs: the comparisons of interest, chosen before the errors were seen.
        resolve: the difference (points) that the runs ought to show.
        among: of how many comparisons these are, where some were chosen by the errors.

    Raises:
        UsageError: for a pair with an unknown or unfinished network, or a `resolve` not above 0.
    """
    check_resolve(resolve)
    for name in (name for pair in pairs for name in pair):
        if not errors.get(name):
            raise UsageError(f"'{name}' has no finished run to compare; train it, or leave it out")
    together = max(1, among or len(pairs))
    level = 1 - (1 - CONFIDENCE) / together
    pooled = _pooled(errors)
    found = [_judge(errors, pair, pooled, level, resolve) for pair in pairs]
    return [replace(one, among=together) for one in found]


def comparisons(found: Sequence[Verdict]) -> int:
    """For how many comparisons the intervals hold together."""
    return max([len(found), *(verdict.among for verdict in found)])


def check_resolve(resolve: float) -> None:
    """Raise UsageError for a difference that no run can resolve."""
    if not resolve > 0:
        raise UsageError(
            f"the difference to resolve must be above 0 points, not {resolve:g}; give one, as 1"
        )


def method_sentence(found: Sequence[Verdict]) -> str:
    """How the intervals were made, for the note under a table of verdicts."""
    methods = list(dict.fromkeys(verdict.method for verdict in found if verdict.method))
    if any(verdict.stopped for verdict in found):
        return " ".join(methods)
    return (
        f"Intervals: t, {'; '.join(methods) or 'none, as one seed gives no spread'}; "
        f"{CONFIDENCE:.0%} for all {comparisons(found)} comparisons together (Bonferroni). "
        f"Seeds needed are for {POWER:.0%} power. Negative differences favour the first network."
    )


def _judge(
    errors: Mapping[str, Errors],
    pair: tuple[str, str],
    pooled: _Noise | None,
    level: float,
    resolve: float,
) -> Verdict:
    from scipy import stats

    first, second = (errors[name] for name in pair)
    n = len(first), len(second)
    noise = pooled or _own(first, second)
    difference = math.fsum(first.values()) / n[0] - math.fsum(second.values()) / n[1]
    if noise is None or noise.spread < _LEAST_SPREAD:
        return Verdict(*pair, "open", n, difference, None, None, "", resolve)
    if pooled is None and not noise.blocked:
        test = stats.ttest_ind([*first.values()], [*second.values()], equal_var=False)
        bounds = test.confidence_interval(level)
        interval = float(bounds.low), float(bounds.high)
    else:
        freedom = _freedom(errors, noise) if pooled else noise.freedom(n[0])
        error = noise.spread * math.sqrt(1 / n[0] + 1 / n[1])
        half = float(stats.t.ppf((1 + level) / 2, freedom)) * error
        interval = difference - half, difference + half
    needed = _seeds_needed(noise, level, resolve)
    kind: Literal["better", "worse", "none", "open"] = "open"
    if interval[1] < 0:
        kind = "better"
    elif interval[0] > 0:
        kind = "worse"
    elif needed is not None and needed <= min(n):
        kind = "none"
    return Verdict(*pair, kind, n, difference, interval, needed, noise.method, resolve)


def _pooled(errors: Mapping[str, Errors]) -> _Noise | None:
    """The noise of all networks together; None where their spreads differ, or there is none."""
    from scipy import stats

    groups = [list(values.values()) for values in errors.values() if len(values) > 1]
    if len(groups) < 2 or all(max(group) == min(group) for group in groups):
        return None
    if min(max(group) - min(group) for group in groups) == 0:
        return None  # Bartlett's test has no answer for a group without spread
    if stats.bartlett(*groups).pvalue < 0.05:
        return None
    seeds = {frozenset(values) for values in errors.values() if values}
    residues = _residues([values for values in errors.values() if values], len(seeds) == 1)
    blocked = len(seeds) == 1
    noise = _Noise(0, len(groups), blocked, _POOLED_BY_SEED if blocked else _POOLED)
    freedom = _freedom(errors, noise)
    spread = math.sqrt(math.fsum(residue**2 for residue in residues) / freedom)
    return _Noise(spread, noise.networks, blocked, noise.method)


_POOLED_BY_SEED = "noise pooled over all networks, paired by seed"
_POOLED = "noise pooled over all networks, not paired (the seeds differ)"
_PAIRED = "each pair alone, paired by seed (the networks' spreads differ)"
_WELCH = "each pair alone, after Welch (the networks' spreads and seeds differ)"


def _freedom(errors: Mapping[str, Errors], noise: _Noise) -> float:
    """Degrees of freedom of the pooled noise, at the seeds that were trained."""
    sizes = [len(values) for values in errors.values() if values]
    return noise.freedom(sizes[0]) if noise.blocked else sum(sizes) - len(sizes)


def _residues(groups: Sequence[Errors], blocked: bool) -> list[float]:
    """What network means (and seed means, if `blocked`) leave of each error."""
    means = [math.fsum(group.values()) / len(group) for group in groups]
    left = [
        {seed: value - mean for seed, value in group.items()}
        for group, mean in zip(groups, means, strict=True)
    ]
    if blocked:
        for seed in groups[0]:
            shift = math.fsum(group[seed] for group in left) / len(left)
            for group in left:
                group[seed] -= shift
    return [value for group in left for value in group.values()]


def _own(first: Errors, second: Errors) -> _Noise | None:
    """The noise of one pair; a paired difference has that of two runs."""
    if min(len(first), len(second)) < 2:
        return None
    if first.keys() == second.keys():
        differences = [first[seed] - second[seed] for seed in first]
        return _Noise(_deviation(differences) / math.sqrt(2), 2, True, _PAIRED)
    spread = math.sqrt((_deviation(first.values()) ** 2 + _deviation(second.values()) ** 2) / 2)
    return _Noise(spread, 2, False, _WELCH)


def _deviation(values: Iterable[float]) -> float:
    summary = summarize(values)
    assert summary.standard_error is not None
    return summary.standard_error * math.sqrt(summary.n)


def _seeds_needed(noise: _Noise, level: float, resolve: float) -> int | None:
    """Seeds of each network at which the test sees `resolve` points with 80 % power."""
    if _power(noise, _MOST_SEEDS, level, resolve) < POWER:
        return None
    low, high = 1, _MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if _power(noise, middle, level, resolve) >= POWER else (middle, high)
        )
    return high


def _power(noise: _Noise, n: int, level: float, resolve: float) -> float:
    """The chance that the two-sided t test with `n` seeds sees a true difference `resolve`."""
    from scipy import stats

    freedom = noise.freedom(n)
    bound = stats.t.ppf((1 + level) / 2, freedom)
    return float(stats.nct.sf(bound, freedom, resolve / (noise.spread * math.sqrt(2 / n))))
