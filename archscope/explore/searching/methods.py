"""Search methods as schedules: how many designs are begun, and how many go on after how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archscope.errors import UsageError, shown

METHODS = ("halving", "random", "one-epoch")
KEPT = 2  # of so many designs that reach a rung's end, one goes on: see `docs/search.md`
GROWTH = 3  # a rung ends after so many times the epochs of the one before
FIRST = 5  # the first rung of `halving` has one in so many of all epochs, rounded up


class Rung(NamedTuple):
    """So many `designs` are trained until each has had `epochs` in all."""

    epochs: int
    designs: int


@dataclass(frozen=True)
class Schedule:
    """Rungs, one after another: of each the best go on to the next, from their checkpoints.

    The best are those of the least error at the rung's last epoch, see `select`: on held-out
    images, or, but for the last rung, on the training images where it goes `by_training` error.
    Half-way the learning rate is high, and the error on held-out images moves by chance from epoch
    to epoch; that of a whole epoch of training moves less (Ru et al. 2021 found it of training
    losses).

    Raises:
        UsageError: where the rungs do not grow in epochs, or grow in designs.
    """

    rungs: tuple[Rung, ...]
    by_training: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "rungs", tuple(Rung(*rung) for rung in self.rungs))
        before = Rung(0, self.designs if self.rungs else 0)
        for rung in self.rungs:
            if rung.epochs <= before.epochs or not 1 <= rung.designs <= before.designs:
                raise UsageError(
                    "each rung trains longer than the one before, and no more designs; give rungs "
                    "as (1 epoch, 64 designs), (3, 16)"
                )
            before = rung
        if not self.rungs:
            raise UsageError("a schedule has a rung at least; give (epochs, designs)")

    @property
    def designs(self) -> int:
        """How many designs are begun."""
        return self.rungs[0].designs

    @property
    def epochs(self) -> int:
        """How long the designs of the last rung are trained in all."""
        return self.rungs[-1].epochs

    @property
    def spent(self) -> int:
        """Epochs of training in all: each rung trains on from the one before."""
        return sum(self.spent_by_rung)

    @property
    def spent_by_rung(self) -> tuple[int, ...]:
        """Epochs of training of each rung."""
        before = [0, *(rung.epochs for rung in self.rungs)]
        return tuple(
            rung.designs * (rung.epochs - done)
            for rung, done in zip(self.rungs, before, strict=False)
        )


def schedule_for(
    method: str,
    epochs: int,
    *,
    designs: int | None = None,
    budget: int | None = None,
    kept: int = KEPT,
    growth: int = GROWTH,
    first: int | None = None,
) -> Schedule:
    """The schedule of a method whose last designs are trained for so many epochs.

    `halving` trains all for the `first` epochs and one in `kept` of them `growth` times as long,
    and so on: the last rung has the full epochs. Its rungs but for the last go by training error.
    `random` trains each to the end. `one-epoch` trains all for one epoch, and one in `kept` of them
    to the end.

    Args:
        method: `halving`, `random` or `one-epoch`.
        epochs: of a whole training.
        designs: how many are begun; or
        budget: how many epochs of training may be spent in all: as many designs as that allows.
        kept: of how many designs one goes on.
        growth: how much longer it is trained then.
        first: epochs of the first rung of `halving`; without it a fifth of all, rounded up.

    Raises:
        UsageError: for an unknown method, a number below 1, or a budget without one training.
    """
    if method not in METHODS:
        raise UsageError(
            f"a search method is {', '.join(METHODS)}, not '{shown(method)}'; give one of them"
        )
    if (designs is None) == (budget is None):
        raise UsageError("a schedule follows from its designs or its budget; give one of them")
    if min(epochs, kept, growth - 1, 1 if first is None else first) < 1:
        raise UsageError("epochs and designs kept are 1 or more, and the growth is 2 or more")
    ends = _ends(method, epochs, growth, -(-epochs // FIRST) if first is None else first)
    by_training = method == "halving"
    if designs is not None:
        if designs < 1:
            raise UsageError(f"a search begins one design at least, not {designs:,}; give 32")
        return _schedule(ends, designs, kept, by_training)
    assert budget is not None
    if budget < epochs:
        raise UsageError(
            f"a search trains one design for {epochs} epochs at least, more than {budget}; give a "
            "larger budget, or fewer epochs"
        )
    low, high = 1, budget + 1  # the epochs spent never fall as more designs are begun
    while high - low > 1:
        middle = (low + high) // 2
        fits = _schedule(ends, middle, kept, by_training).spent <= budget
        low, high = (middle, high) if fits else (low, middle)
    return _schedule(ends, low, kept, by_training)


def _ends(method: str, epochs: int, growth: int, first: int) -> list[int]:
    """After how many epochs each rung ends."""
    if method == "random" or epochs == 1:
        return [epochs]
    if method == "one-epoch":
        return [1, epochs]
    ends = [first] if first < epochs else []
    while ends and ends[-1] * growth < epochs:
        ends.append(ends[-1] * growth)
    return [*ends, epochs]


def _schedule(ends: Sequence[int], designs: int, kept: int, by_training: bool) -> Schedule:
    numbers = [max(1, designs // kept**place) for place in range(len(ends))]
    return Schedule(tuple(map(Rung, ends, numbers)), by_training)


def select(errors: Mapping[str, float | None], keep: int) -> list[str]:
    """The names of so many of the least errors, the best first; ties go by name.

    What has no error (None, or not a number: it diverged or failed) comes after all that have one,
    and does not go on.
    """
    there = [(error, name) for name, error in errors.items() if error is not None]
    return [name for error, name in sorted(there) if error == error][:keep]
