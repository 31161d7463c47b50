"""How well costs and training-free scores rank trained designs: Kendall's tau, with intervals.

    python benchmarks/proxies.py [TABLE] [--data-dir DIR]

TABLE is a file of `archscope table make`; without it, the one that is shipped. Tau (b) is that of a
score with the trained error, the mean over the seeds: 1 where a higher score always has less error.
It stands over all designs, and as the mean within eight groups of equally many designs by
parameters, each with a 95 % interval (designs drawn again, within each group). Beside the scores
stands what training itself tells: the errors of each epoch, and another seed's training, which no
score can be asked to beat. The images of the scores are those of the table with --data-dir,
otherwise the built-in ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pairs import machine, told

from archscope.explore.searching.replay import Curves
from archscope.explore.searching.table import SHIPPED, TrainedTable, read_table
from archscope.sweep.plan.subjects import input_of, networks

OCTILES = 8
RESAMPLES = 2000
BATCH = 64  # images of the scores, as with Abdelfattah et al.
LEAST = 4  # designs of a group by parameters
COSTS = ("params", "macs", "activations")

Floats = npt.NDArray[np.float64]


class Tau(NamedTuple):
    """Kendall's tau, and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f})"


def tau(score: Floats, errors: Floats, groups: Sequence[npt.NDArray[np.int64]]) -> Tau:
    """The mean tau-b of a score with less error within groups of designs, and its interval.

    Args:
        score, errors: of each design; a score that is not finite is below all others.
        groups: places of the designs of each group.
    """
    rng = np.random.default_rng(0)
    score = np.where(np.isfinite(score), score, -np.inf)
    values, drawn = [], []
    for group in groups:
        n = len(group)
        ours, theirs = (_order(one[group]) for one in (score, -errors))
        again = rng.multinomial(n, [1 / n] * n, size=RESAMPLES).astype(float)
        values.append(_tau_b(np.ones((1, n)), ours, theirs)[0])
        drawn.append(_tau_b(again, ours, theirs))
    low, high = np.percentile(np.mean(drawn, axis=0), [2.5, 97.5])
    return Tau(float(np.mean(values)), float(low), float(high))


def _order(values: Floats) -> Floats:
    """Of each pair of designs whether the first is larger: 1, 0 or -1."""
    return (values[:, None] > values).astype(float) - (values[:, None] < values)


def _tau_b(times: Floats, ours: Floats, theirs: Floats) -> Floats:
    """Tau-b where each design is there so many times, a row each; 0 where all are tied."""

    def pairs(of: Floats) -> Floats:
        return ((times @ of) * times).sum(axis=1)

    most = np.sqrt(pairs(abs(ours)) * pairs(abs(theirs)))
    return pairs(ours * theirs) / np.where(most > 0, most, 1)


def octiles(params: Floats) -> list[npt.NDArray[np.int64]]:
    """Groups of equally many designs by parameters: eight, or fewer where there are few designs."""
    number = max(1, min(OCTILES, len(params) // LEAST))
    return np.array_split(np.argsort(params, kind="stable"), number)


def known(table: TrainedTable) -> tuple[Curves, dict[str, Floats]]:
    """A table's curves, and what it tells of its designs: costs, and what training tells."""
    curves = Curves.of(table)
    rows = {row.network: row for row in table.rows}
    found = {
        cost: np.array([float(getattr(rows[name], cost)) for name in curves.networks])
        for cost in COSTS
    }
    for epoch in range(1, table.epochs):
        for what, errors in (("test", curves.errors), ("training", curves.training)):
            found[f"{what} error, epoch {epoch}"] = -errors[:, :, epoch - 1].mean(axis=1)
    return curves, found


def scored(
    table: TrainedTable, names: Sequence[str], data_dir: Path | None, seed: int
) -> tuple[str, dict[str, Floats], dict[str, float]]:
    """The training-free scores of designs, the images that they saw, and seconds of each score."""
    import torch
    from scores import SCORES

    import archscope as a
    from archscope.data.load import load

    name = table.settings.dataset if data_dir else "shapes"
    label = table.about["dataset"]["label"] if data_dir else None
    info = a.Source(data_dir, label, offline=True).prepare(name)
    data = load(info)
    rng = np.random.default_rng(seed)
    split = data.train.take(rng.choice(len(data.train), BATCH, replace=False))
    mean, std = (torch.tensor(one).view(-1, 1, 1) for one in (data.mean, data.std))
    images = (torch.from_numpy(split.images).float() / 255 - mean) / std
    labels = torch.from_numpy(split.labels)
    found = {one: np.zeros(len(names)) for one in SCORES}
    seconds = dict.fromkeys(SCORES, 0.0)
    built = networks(table.settings.subjects, table.classes, input_of(table.settings.dataset))
    for place, network in enumerate(names):
        for one, score in SCORES.items():
            torch.manual_seed(seed)
            module = a.build(built[network]).train()
            began = time.process_time()
            found[one][place] = score(module, images, labels)
            seconds[one] += time.process_time() - began
    return info.label, found, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("table", nargs="?", default=SHIPPED, type=Path)
    parser.add_argument("--data-dir", type=Path, help="the table's own images, for the scores")
    parser.add_argument("--seed", type=int, default=1, help="of the scores' weights and images")
    given = parser.parse_args()
    table = read_table(given.table)
    curves, scores = known(table)
    label, free, seconds = scored(table, curves.networks, given.data_dir, given.seed)
    scores |= free
    everything = [np.arange(len(curves.networks))]
    groups = octiles(scores["params"])
    print(f"{given.table.name}: {len(curves.networks):,} designs, {curves.errors.shape[1]} seeds;")
    print(f"scores on {BATCH} images of {label}, weights of seed {given.seed}")
    print(
        f"Kendall's tau with less trained error, 95 % interval; {len(groups)} groups by parameters"
    )
    print(f"{'':24}{'over all':24}{'at equal parameters':24}seconds a design")
    for name, score in scores.items():
        spent = f"{seconds[name] / len(curves.networks):.2f}" if name in seconds else ""
        over_all, within = (tau(score, curves.final, of) for of in (everything, groups))
        print(f"{name:24}{over_all!s:24}{within!s:24}{spent}")
    if curves.errors.shape[1] > 1:
        first, second = (curves.errors[:, place, -1] for place in (0, 1))
        over_all, within = (tau(-first, second, of) for of in (everything, groups))
        print(f"{'one seed, another':24}{over_all!s:24}{within!s:24}")
    print(f"processor time; {machine()}")


if __name__ == "__main__":
    told(main)
