"""How near the predicted latency comes to the measured one, for networks that the fit has not seen.

    python benchmarks/latency_model.py --threads 1 [--n 200] [--seconds 300]

Networks of all families, drawn as `enumerate --sample` draws them (5 MMACs to 1 GMAC), are measured
in interleaved rounds and predicted by the model that `archscope bench --fit` keeps for these
threads, scaled just before as `archscope bench --check` scales it. Its anchors run beside them, and
tell how much of the error is the machine's drift since: what is left without it is the model's.
Beside it two fits that people use, each network predicted from the other nine tenths of
those measured here: multiply-adds alone, and multiply-adds, activations and params. A try of "best
of ten" are ten networks next to one another in multiply-adds: is the fastest as measured among the
first three as predicted? Run it when nothing else runs: the first line says the load.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections import Counter
from collections.abc import Callable, Sequence

from pairs import machine

from archscope.arch.families.registry import families
from archscope.arch.network import Network
from archscope.cost.formula import count
from archscope.cost.latency.fit import fit
from archscope.cost.latency.model import Row, seconds_of
from archscope.cost.workload import measuring
from archscope.explore.clock.check import checked
from archscope.explore.clock.fit import observe
from archscope.explore.clock.fit_networks import drawn_networks
from archscope.explore.latency.fitted import asked_for, fitted_model
from archscope.explore.latency.interval import reach
from archscope.training.devices import tune_malloc

FOLDS, TRY, FIRST = 10, 10, 3
GOALS = "80 % within 10 %, intervals that hold 87 to 93 %, 9 of 10 tries"


def held_out(number: int, seen: Sequence[str]) -> list[Network]:
    """So many networks of all families that are not among those `seen`."""
    each = math.ceil(number / sum(bool(one.axes) for one in families())) + 1
    found = [one for one in drawn_networks(each, 7, known=False) if one.name not in set(seen)]
    random.Random(1).shuffle(found)
    return found[:number]


def by(*terms: str) -> Callable[[Network], Row]:
    """The terms of a usual fit: a start, and some costs of the whole network."""

    def row(network: Network) -> Row:
        cost = count(network)
        numbers = {term: int(getattr(cost, term)) for term in terms}
        return Counter({("all", "start"): 1, **{("all", k): v for k, v in numbers.items()}})

    return row


def crossed(rows: Sequence[Row], measured: Sequence[float]) -> list[float]:
    """What each is predicted to take by a fit without its tenth."""
    found = [0.0] * len(rows)
    for fold in range(FOLDS):
        rest = [place for place in range(len(rows)) if place % FOLDS != fold]
        weights = fit([rows[p] for p in rest], [measured[p] for p in rest], [1.0] * len(rest))
        for place in range(fold, len(rows), FOLDS):
            found[place] = max(seconds_of(rows[place], weights), 1e-9)
    return found


def tries(order: Sequence[int], predicted: Sequence[float], measured: Sequence[float]) -> str:
    """In how many groups of ten the fastest is among the first three predicted."""
    groups = [order[at : at + TRY] for at in range(0, len(order) - TRY + 1, TRY)]
    hits = 0
    for group in groups:
        best = min(group, key=lambda place: measured[place])
        hits += best in sorted(group, key=lambda place: predicted[place])[:FIRST]
    return f"best of {TRY} among the first {FIRST} in {hits} of {len(groups)}"


def said(predicted: Sequence[float], measured: Sequence[float]) -> str:
    """How near predictions come."""
    ratios = [p / m for p, m in zip(predicted, measured, strict=True)]
    off = [abs(ratio - 1) for ratio in ratios]
    return (
        f"{100 * statistics.mean(one <= 0.1 for one in off):.0f} % within 10 %, median error "
        f"{100 * statistics.median(off):.1f} %, median of predicted / measured "
        f"{statistics.median(ratios):.2f}"
    )


def held(predicted: Sequence[float], measured: Sequence[float], factor: float) -> str:
    """How many of those measured lie within a factor of what was predicted."""
    pairs = zip(predicted, measured, strict=True)
    inside = statistics.mean(p / factor <= m <= p * factor for p, m in pairs)
    return f"90 % intervals (a factor of {factor:.2f}) hold {100 * inside:.0f} %"


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--n", type=int, default=200, help="networks that are measured")
    given.add_argument("--threads", type=int, default=1)
    given.add_argument("--seconds", type=float, default=300.0, help="that measuring takes, about")
    chosen = given.parse_args()
    asked = asked_for(chosen.threads, "fp32", "cpu")
    model = checked(fitted_model(asked, note=print), note=print)
    print(f"{machine()}, threads {chosen.threads}; goals: {GOALS}")
    networks = held_out(chosen.n, model.about["networks"])
    tune_malloc()
    with measuring(asked.threads):
        observed = list(observe(networks, asked, chosen.seconds, print, model.anchors))
    measured = [one.seconds for one in observed]
    noise = statistics.median(one.disagreement for one in observed)
    print(f"{len(measured)} networks, rounds differ by {100 * noise:.0f} %; {machine()}")
    order = sorted(range(len(networks)), key=lambda place: count(networks[place]).macs)
    ways = {
        "the fitted model": [model.seconds(one) for one in networks],
        "macs": crossed([by("macs")(one) for one in networks], measured),
        "macs, activations, params": crossed(
            [by("macs", "activations", "params")(one) for one in networks], measured
        ),
    }
    for name, predicted in ways.items():
        print(f"{name}: {said(predicted, measured)}, {tries(order, predicted, measured)}")
    predicted, paces = ways["the fitted model"], [one.pace / model.pace for one in observed]
    print(held(predicted, measured, model.reach))
    still = [one / pace for one, pace in zip(measured, paces, strict=True)]
    print(f"the machine took {min(paces):.2f} to {max(paces):.2f} times as long as at the check")
    print(f"without that drift: {said(predicted, still)}")
    print(f"without that drift: {held(predicted, still, reach(model.errors, [1.0]))}")


if __name__ == "__main__":
    main()
