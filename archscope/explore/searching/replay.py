"""What a search method would have found on a table, by the training that it spends: by replays.

A replay draws the designs in random order and one of the trained seeds of each, and carries out a
schedule on their known curves. All replays of a schedule are one computation on arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from archscope.errors import UsageError
from archscope.explore.searching.methods import Schedule, schedule_for
from archscope.explore.searching.table import TrainedTable

Floats: TypeAlias = "npt.NDArray[np.float64]"
Ints: TypeAlias = "npt.NDArray[np.int64]"
STEPS = 3  # a step of training is about three forward passes
HALVES_SEED = 17  # of the halves into which a table is cut
_CHUNK = 2_000_000  # designs of replays at once
_TRIED = ((2, 3, 4, 6, 8), (2, 3, 5), (1, 2, 3))  # kept, growth and first, on the first half
_TUNING = 500  # replays of each


@dataclass(frozen=True)
class Curves:
    """The numbers of a table as arrays, designs in the order of their names.

    Attributes:
        networks: their names.
        errors: (designs, seeds, epochs), in %: test errors; infinite where a training diverged.
        final: (designs,): the mean of the last error over the seeds, that of guessing where a
            training diverged.
        macs: (designs,): multiply-adds of an epoch, `STEPS` forward passes of each training image.
        guess: the error of guessing.
        training: as `errors`, on the training images.
    """

    networks: tuple[str, ...]
    errors: Floats
    final: Floats
    macs: Floats
    guess: float
    training: Floats

    @staticmethod
    def of(table: TrainedTable) -> Curves:
        """The arrays of a table; raises UsageError where designs differ in their seeds."""
        rows = {(row.network, row.seed): row for row in table.rows}
        names = sorted({name for name, _ in rows})
        seeds = sorted({seed for _, seed in rows})
        if len(rows) < len(names) * len(seeds):
            raise UsageError(
                "a replay needs every design from the same seeds; make the table again, which "
                "trains what is missing"
            )
        errors, training = np.full((2, len(names), len(seeds), table.epochs), np.inf)
        for place, name in enumerate(names):
            for turn, seed in enumerate(seeds):
                row = rows[name, seed]
                errors[place, turn, : len(row.test_error)] = row.test_error
                training[place, turn, : len(row.train_error)] = row.train_error
        guess = 100 * (1 - 1 / table.classes)
        last = errors[:, :, -1]
        images = table.settings.samples or 1
        per_image = np.array([rows[name, seeds[0]].macs for name in names], float)
        final = np.where(np.isfinite(last), last, guess).mean(axis=1)
        return Curves(tuple(names), errors, final, STEPS * images * per_image, guess, training)

    def only(self, designs: Ints) -> Curves:
        """Those of some designs alone, ascending."""
        return Curves(
            tuple(self.networks[place] for place in designs),
            *(self.errors[designs], self.final[designs], self.macs[designs], self.guess),
            self.training[designs],
        )

    def halves(self) -> tuple[Curves, Curves]:
        """The two halves of a table, drawn once and for all."""
        if len(self.networks) < 4:
            raise UsageError("a replay needs 4 designs or more; make a larger table")
        order = np.random.default_rng(HALVES_SEED).permutation(len(self.networks))
        middle = len(order) // 2
        return self.only(np.sort(order[:middle])), self.only(np.sort(order[middle:]))


@dataclass(frozen=True)
class Replays:
    """What came of many replays of a schedule: an entry for each.

    Attributes:
        regret: final error of the design that was found, above that of the table's best, in points.
        epochs: of training that were spent.
        macs: of that training.
    """

    regret: Floats
    epochs: Floats
    macs: Floats


def draws(curves: Curves, designs: int, repeats: int, seed: int) -> tuple[Ints, Ints]:
    """Of each replay the designs that it begins, ascending, and the seed of each: (repeats, n)."""
    every, seeds, _ = curves.errors.shape
    if designs > every:
        raise UsageError(
            f"a replay begins {every} designs at most, as many as there are, not {designs}; take a "
            "smaller budget"
        )
    rng = np.random.default_rng(seed)
    order = rng.random((repeats, every)).argsort(axis=1)[:, :designs]
    return np.sort(order, axis=1), rng.integers(seeds, size=(repeats, designs))


def replayed(curves: Curves, schedule: Schedule, repeats: int, seed: int = 1) -> Replays:
    """Carry out a schedule many times on known curves."""
    parts = []
    step = max(1, _CHUNK // len(curves.networks))
    for start in range(0, repeats, step):
        drawn = draws(curves, schedule.designs, min(step, repeats - start), seed + start)
        parts.append(_carried_out(curves, schedule, *drawn))
    return Replays(*(np.concatenate(several) for several in zip(*parts, strict=True)))


def _carried_out(
    curves: Curves, schedule: Schedule, designs: Ints, seeds: Ints
) -> tuple[Floats, Floats, Floats]:
    epochs, macs = np.zeros(len(designs)), np.zeros(len(designs))
    going = np.ones(designs.shape, dtype=bool)  # what diverged does not go on
    done = 0
    for place, rung in enumerate(schedule.rungs):
        trained = going * (rung.epochs - done)
        epochs += trained.sum(axis=1)
        macs += (trained * curves.macs[designs]).sum(axis=1)
        done = rung.epochs
        last = place == len(schedule.rungs) - 1
        known = curves.training if schedule.by_training and not last else curves.errors
        errors = np.where(going, known[designs, seeds, done - 1], np.inf)
        keep = 1 if last else schedule.rungs[place + 1].designs
        best = np.sort(errors.argsort(axis=1, kind="stable")[:, :keep], axis=1)
        designs, seeds = (np.take_along_axis(one, best, axis=1) for one in (designs, seeds))
        going = np.isfinite(np.take_along_axis(errors, best, axis=1))
    found = np.where(going[:, 0], curves.final[designs[:, 0]], curves.guess)
    return found - curves.final.min(), epochs, macs


def tuned(method: str, curves: Curves, epochs: int, budgets: Sequence[int]) -> dict[str, int]:
    """`kept`, `growth` and `first` of the least mean regret over the budgets, on these curves.

    Empty for a method that has none of them; those that make the same rungs are tried once.
    """
    if method == "random" or epochs == 1:
        return {}
    words = ("kept", "growth", "first") if method == "halving" else ("kept",)
    tried: dict[tuple[Schedule, ...], tuple[float, dict[str, int]]] = {}
    for values in product(*_TRIED[: len(words)]):
        chosen = dict(zip(words, values, strict=True))
        schedules = tuple(
            schedule_for(method, epochs, budget=budget, **chosen) for budget in budgets
        )
        if schedules in tried or any(len(curves.networks) < one.designs for one in schedules):
            continue
        regrets = [replayed(curves, one, _TUNING).regret.mean() for one in schedules]
        tried[schedules] = float(np.mean(regrets)), chosen
    return min(tried.values(), key=lambda one: one[0], default=(0.0, {}))[1]
