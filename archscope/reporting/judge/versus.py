"""Two populations of designs: how their errors are distributed, and how often one beats the other.

After *On Network Design Spaces for Visual Recognition* (Radosavovic et al., arXiv 1905.13214): a
claim about design spaces is one about the designs that are drawn from them. Bands are percentiles
of a bootstrap in two levels: designs are drawn again, then the seeds of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archscope.errors import UsageError

RESAMPLES = 4000
LEAST = 4
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Band:
    """A number, and the 95 % band around it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Versus:
    """What two populations come to.

    Attributes:
        designs: of each.
        seeds: of each, trainings in all.
        chance: that a design of the first has less error than one of the second; a tie is half.
        errors: where the distributions are told, in %.
        shares: of each population, the share of designs with less error or as much, at `errors`.
        quantiles: of each, the errors at `QUANTILES`; the first is the best design's.
    """

    designs: tuple[int, int]
    seeds: tuple[int, int]
    chance: Band
    errors: tuple[float, ...]
    shares: tuple[tuple[Band, ...], tuple[Band, ...]]
    quantiles: tuple[tuple[Band, ...], tuple[Band, ...]]


Runs = Mapping[str, Mapping[int, float]]  # errors (%) by design and seed


def versus(first: Runs, second: Runs, resamples: int = RESAMPLES) -> Versus:
    """Compare two populations, by the mean error of each design over its seeds.

    Raises:
        UsageError: below 4 designs of each.
    """
    import numpy as np

    several = [[list(of.values()) for of in runs.values() if of] for runs in (first, second)]
    if min(map(len, several)) < LEAST:
        raise UsageError(
            f"populations have {LEAST} designs with an error or more, not "
            f"{min(map(len, several))}; train more of them"
        )
    rng = np.random.default_rng(0)
    means = [np.array([sum(one) / len(one) for one in runs]) for runs in several]
    drawn = [_resampled(runs, resamples, rng) for runs in several]
    places = np.unique(np.concatenate(means))
    return Versus(
        (len(several[0]), len(several[1])),
        (sum(map(len, several[0])), sum(map(len, several[1]))),
        _band(_chance(means[0][None], means[1][None])[0], _chance(*drawn)),
        tuple(places.tolist()),
        tuple(_shares(*both, places) for both in zip(means, drawn, strict=True)),  # type: ignore[arg-type]
        tuple(_quantiles(*both) for both in zip(means, drawn, strict=True)),  # type: ignore[arg-type]
    )


def _resampled(runs: Sequence[Sequence[float]], number: int, rng: Any) -> Any:
    """Mean errors of as many designs, drawn again with their seeds: (number, designs)."""
    import numpy as np

    n, most = len(runs), max(map(len, runs))
    padded = np.array([[*one, *[0.0] * (most - len(one))] for one in runs])
    lengths = np.array([len(one) for one in runs])
    designs = rng.integers(n, size=(number, n))
    of = lengths[designs][..., None]
    seeds = (rng.random((number, n, most)) * of).astype(int)
    values = padded[designs[..., None], seeds]
    counted = np.arange(most) < of
    return (values * counted).sum(-1) / of[..., 0]


def _chance(first: Any, second: Any) -> Any:
    """The chance that one of the first has less error, a row each; ties are half."""
    import numpy as np

    found = []
    for a, b in zip(first, second, strict=True):
        ordered = np.sort(b)
        below = np.searchsorted(ordered, a, "left")
        upto = np.searchsorted(ordered, a, "right")
        found.append(1 - (below + upto).mean() / (2 * len(b)))
    return np.array(found)


def _shares(means: Any, drawn: Any, places: Any) -> tuple[Band, ...]:
    return tuple(
        _band(float((means <= at).mean()), (drawn <= at).mean(axis=1)) for at in places.tolist()
    )


def _quantiles(means: Any, drawn: Any) -> tuple[Band, ...]:
    import numpy as np

    return tuple(
        _band(float(np.quantile(means, q)), np.quantile(drawn, q, axis=1)) for q in QUANTILES
    )


def _band(value: float, drawn: Any) -> Band:
    import numpy as np

    low, high = np.quantile(drawn, [0.025, 0.975])
    return Band(float(value), float(low), float(high))
