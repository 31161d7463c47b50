"""Boundaries of a t test that looks at the runs after every seed.

A group sequential test by error spending (Lan and DeMets, 1983; Jennison and Turnbull, "Group
Sequential Methods", 1999, chapter 7). Of `most` seeds, up to seed n the share (n / most)^3 of the
error is spent (the power family of Kim and DeMets, 1987): little early, most of it late. A boundary
is the level below which the p value of one look decides.

The p values are those of Welch's test, or of a t test whose noise is pooled over networks. Their
joint law over the looks has no closed form, so the levels are quantiles of simulated runs, at each
look the worst of two cases: spreads alike and of ratio 2 (Welch), two networks and very many
(pooled).
Those of the usual schedules come with the package; `python -m archscope.reporting.judge.boundary`
prints them anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[numpy.float64]
    _Variance = TypeVar("_Variance", float, Array)

Noise: TypeAlias = Literal["own", "pooled"]
POWER = 3  # of the share of seeds, in the share of the error that is spent
ALPHA = 0.05
FIRST, MOST = 3, 16
FILE = "boundaries.json"
SCHEDULES = (
    *((FIRST, most) for most in (5, 6, 8, 10, 12, 16, 20, 24, 32)),
    (2, 8),
    (2, 16),
    (5, 16),
)
PARTS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 21, 28)  # how many comparisons share the error
_SEED = 1908
_PATHS = 400_000  # of a schedule that is not in the file
_PATHS_IN_FILE = 2_000_000
_CHUNK = 50_000


def spent(n: int, most: int, alpha: float) -> float:
    """The error spent up to seed n of `most`."""
    return alpha * (n / most) ** POWER


def levels(first: int, most: int, alpha: float, noise: Noise = "own") -> tuple[float, ...]:
    """The level of each look, from `first` seeds to `most`: a smaller p value decides.

    Args:
        first, most: seeds of each network at the first look, and at the last.
        alpha: the error of all looks together, two-sided.
        noise: `own`: p values of Welch's test of the two networks' runs. `pooled`: of a t test
            with the noise of all networks.
    """
    kept = _kept().get(_label(first, most, noise), {})
    return kept.get(_key(alpha)) or _simulated(first, most, alpha, noise)


@cache
def _kept() -> dict[str, dict[str, tuple[float, ...]]]:
    text = files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return {
        label: {alpha: tuple(one) for alpha, one in by_alpha.items()}
        for label, by_alpha in json.loads(text)["levels"].items()
    }


def _label(first: int, most: int, noise: Noise) -> str:
    return f"{first} to {most}, {noise}"


def _key(alpha: float) -> str:
    return f"{alpha:.6g}"


@cache
def _simulated(first: int, most: int, alpha: float, noise: Noise) -> tuple[float, ...]:
    return _calibrated(_cases(noise, first, most, _PATHS), first, most, alpha)


def _calibrated(cases: Sequence[Array], first: int, most: int, alpha: float) -> tuple[float, ...]:
    """Levels at which the share of paths that have been decided is what is spent, or less.

    `cases`: the p values (looks, paths) of each case. Where so little is spent that no path may be
    decided, the level is what is spent at that look, which errs on the safe side (Boole).
    """
    import numpy as np

    paths = cases[0].shape[1]
    cases = [case[:, case.min(0) < alpha] for case in cases]  # no level is above alpha
    open_, found = [np.ones(case.shape[1], bool) for case in cases], list[float]()
    for look, n in enumerate(range(first, most + 1)):
        reached = []
        before = spent(n - 1, most, alpha) if found else 0.0
        least = spent(n, most, alpha) - before
        for case, still in zip(cases, open_, strict=True):
            more = int(spent(n, most, alpha) * paths) - int((~still).sum())
            values = np.append(case[look, still], alpha)
            more = min(more, len(values) - 1)
            reached.append(float(np.partition(values, more)[more]) if more > 0 else least)
        level = float(f"{min(reached):.4g}")
        found.append(level)
        for case, still in zip(cases, open_, strict=True):
            still &= case[look] >= level
    return tuple(found)


def _cases(noise: Noise, first: int, most: int, paths: int) -> list[Array]:
    """P values under no difference, (looks, paths), of the two cases."""
    import numpy as np

    shape = (most - first + 1, paths)
    found = [np.empty(shape, np.float32) for _ in range(2)]
    for case, values in enumerate(found):
        generator = np.random.default_rng([_SEED, case, noise == "pooled"])
        for start in range(0, paths, _CHUNK):
            size = min(_CHUNK, paths - start)
            values[:, start : start + size] = [*_drawn(noise, case, first, most, size, generator)]
    return found  # type: ignore[return-value]


def _drawn(
    noise: Noise, case: int, first: int, most: int, paths: int, generator: numpy.random.Generator
) -> Iterator[Array]:
    """The p values of each look, of new paths."""
    import numpy as np
    from scipy import stats

    ratio = (1 + case) if noise == "own" else 1
    runs = generator.standard_normal((2, most, paths))
    runs[1] *= ratio
    sums, squares = runs.cumsum(1), (runs**2).cumsum(1)
    for n in range(first, most + 1):
        mean = sums[:, n - 1] / n
        first_part, second_part = (squares[:, n - 1] - n * mean**2) / (n - 1)
        difference = np.abs(mean[0] - mean[1])
        if noise == "own":
            yield welch(difference, first_part, second_part, n)
        elif case == 0:
            error = np.sqrt((first_part + second_part) / n)
            yield 2 * stats.t.sf(difference / error, 2 * (n - 1))
        else:
            yield 2 * stats.norm.sf(difference / np.sqrt(2 / n))


def welch(difference: Array, first: Array, second: Array, n: int) -> Array:
    """Two-sided p values of Welch's test, from differences of means and the two variances."""
    import numpy as np
    from scipy import stats

    error = np.sqrt((first + second) / n)
    return np.asarray(2 * stats.t.sf(difference / error, freedom(first, second, n)))


def freedom(first: _Variance, second: _Variance, n: int) -> _Variance:
    """Degrees of freedom after Welch and Satterthwaite, n runs of each."""
    return (n - 1) * (first + second) ** 2 / (first**2 + second**2)


def _file() -> str:
    """The text of the file of levels: some minutes."""
    first, most = min(a for a, _ in SCHEDULES), max(b for _, b in SCHEDULES)
    listed = {}
    for noise in ("own", "pooled"):
        cases = _cases(noise, first, most, _PATHS_IN_FILE)
        for one, last in SCHEDULES:
            cut = [case[one - first : last - first + 1] for case in cases]
            listed[_label(one, last, noise)] = {
                _key(alpha): _calibrated(cut, one, last, alpha)
                for part in PARTS
                for alpha in (ALPHA / part, 2 * ALPHA / part)
            }
    document = {"spending": f"(n / most)^{POWER}", "paths": _PATHS_IN_FILE, "levels": listed}
    return json.dumps(document)


if __name__ == "__main__":
    print(_file())
