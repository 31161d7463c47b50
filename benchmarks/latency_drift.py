"""Whether intervals of predicted times hold on a machine that drifts: a simulation, no clock.

    python benchmarks/latency_drift.py [--fits 300] [--later 10]

A fit measures 130 networks, ten at a time, in 5 minutes; as many others are measured some minutes
later. The logarithm of the machine's pace is a random walk. Four ways to an interval: the errors of
networks beside which the model was not fitted; each network measured in two rounds, and the later
one judged; anchors; and anchors that are measured again just before (`docs/clock.md`).
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import numpy.typing as npt

from archscope.explore.latency.interval import reach

MODEL, NOISE, ANCHORS = 0.06, 0.01, 0.005  # of the model, of a time, of all anchors: ln
GROUPS, EACH, MINUTES = 13, 10, 5.0
DRIFTS = (0.0, 0.01, 0.02, 0.05)  # of ln(pace) in five minutes
Floats = npt.NDArray[np.float64]


def kept_out(found: Floats, judged: Floats | None = None) -> list[float]:
    """How far each group is from the mean of the others."""
    others = (found.sum() - found.sum(axis=1)) / (found.size - EACH)
    return [abs(one) for one in ((found if judged is None else judged) - others[:, None]).flat]


def one_fit(rng: np.random.Generator, drift: float, later: float) -> dict[str, tuple[float, float]]:
    """How much of what is measured later lies in the interval, and how wide it is, of each way."""
    step = MINUTES / GROUPS
    wait = round(later / step)
    pace = np.cumsum(rng.normal(0, drift * math.sqrt(step / 5), 2 * GROUPS + wait))
    fit, after = pace[:GROUPS], pace[GROUPS + wait :]
    own = rng.normal(0, MODEL, (GROUPS, EACH))

    def times(paces: Floats, of: Floats) -> Floats:
        return paces[:, None] + of + rng.normal(0, NOISE, of.shape)

    measured = times(after, rng.normal(0, MODEL, own.shape))
    seen = times(fit, own)
    middle, every = (GROUPS - 1) / 2, np.arange(GROUPS)
    first, second = (
        times(np.interp(np.linspace(a, b, GROUPS), every, fit), own)
        for a, b in ((0, middle), (middle, GROUPS - 1))
    )
    told = fit + rng.normal(0, ANCHORS, GROUPS)
    now = after[0] + rng.normal(0, ANCHORS)
    steady = seen - told[:, None]
    errors = kept_out(steady)
    ways = {
        "before": (seen.mean(), reach(kept_out(seen), [1.0])),
        "two rounds": ((first + second).mean() / 2, reach(kept_out(first, second), [1.0])),
        "anchors": (steady.mean() + told[-1], reach(errors, np.exp(told).tolist())),
        "checked": (steady.mean() + now, reach(errors, np.exp([*told, now]).tolist())),
    }
    return {
        way: (float((abs(measured - centre) <= math.log(factor)).mean()), factor)
        for way, (centre, factor) in ways.items()
    }


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--fits", type=int, default=300)
    given.add_argument("--later", type=float, default=10.0, help="minutes")
    chosen = given.parse_args()
    rng = np.random.default_rng(1)
    for drift in DRIFTS:
        fits = [one_fit(rng, drift, chosen.later) for _ in range(chosen.fits)]
        told = []
        for way in fits[0]:
            held, factor = np.mean([one[way] for one in fits], axis=0)
            told.append(f"{way} {100 * held:.0f} % ({factor:.2f})")
        print(f"{100 * drift:.0f} % in 5 minutes: {', '.join(told)}")


if __name__ == "__main__":
    main()
