"""A search method of one's own on a table: it asks for trainings, and is told known errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from archscope.arch.families.own import check_named, load, place_of
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.explore.searching.replay import Curves, Replays
from archscope.running import running

Costs: TypeAlias = Mapping[str, int]
_MOST_REFUSED = 10_000  # trainings above the budget: then a method is taken to go on for ever
_MOST_FREE = 1_000_000  # trainings that cost nothing, without one between them that does


class BudgetSpent(Exception):
    """A training would cost more than is left; a method may end here, without catching it."""


class Endless(BaseException):
    """A method goes on asking for nothing new, in words; `except Exception` does not hold it."""


class KnownTrainings:
    """Designs of a table, to be "trained" by looking up what is known: one replay of a method.

    Each design has one of its trained seeds here, drawn for this replay. A training goes on from
    where it is: `train(name, 1)`, then `train(name, 5)`, costs 5 epochs in all.

    Attributes:
        networks: their names, in an order drawn for this replay.
        epochs: of a whole training.
        budget: epochs of training that may be spent in all.
        left: epochs that are left of it.
        rng: for the method's own draws, seeded for this replay.
    """

    def __init__(
        self, curves: Curves, costs: Mapping[str, Costs], budget: int, rng: np.random.Generator
    ) -> None:
        order = rng.permutation(len(curves.networks))
        seeds = rng.integers(curves.errors.shape[1], size=len(order))
        self._curves, self._costs = curves, costs
        self._place = {curves.networks[place]: int(place) for place in order}
        self._seed = dict(zip(self._place, seeds.tolist(), strict=True))
        self._done: dict[str, int] = {}
        self._refused = 0  # trainings, one after another, that were more than was left
        self._free = 0  # and those that cost nothing
        self.networks = tuple(self._place)
        self.epochs = curves.errors.shape[2]
        self.budget = self.left = budget
        self.macs = 0.0  # multiply-adds of what was trained
        self.rng = rng

    def costs(self, network: str) -> Costs:
        """`params`, `macs` (of one image, forward) and `activations` of a design."""
        self._of(network)
        return MappingProxyType(self._costs[network])

    def train(self, network: str, epochs: int | None = None) -> float:
        """The test error, in %, after so many epochs in all; infinite where training diverged.

        Args:
            network: one of `networks`.
            epochs: 1 to `epochs`, which is taken without it. Of those that it was trained for
                already nothing is spent, nor on a training that diverged.

        Raises:
            BudgetSpent: where that is more than is left; Endless: where there is no end of that,
                or of trainings that cost nothing.
            UsageError: for another network, or another number of epochs.
        """
        place, until = self._of(network), self.epochs if epochs is None else epochs
        if not isinstance(until, (int, np.integer)) or not 1 <= until <= self.epochs:
            raise UsageError(f"a training here has 1 to {self.epochs} epochs, not {until}")
        until = int(until)
        error = self._error(network, until)
        done = self._done.get(network, 0)
        over = done and math.isinf(self._error(network, done))
        if until > done and not over:
            if until - done > self.left:
                self._refused += 1
                if self._refused <= _MOST_REFUSED:
                    raise BudgetSpent
                raise Endless(
                    f"asked for {_MOST_REFUSED:,} trainings above its budget; let it end at "
                    "BudgetSpent, or where known.left is 0"
                )
            self._refused = self._free = 0
            self.left -= until - done
            self.macs += (until - done) * float(self._curves.macs[place])
            self._done[network] = until
        else:
            self._free += 1
            if self._free > _MOST_FREE:
                raise Endless(
                    f"asked {_MOST_FREE:,} times in a row for what it had trained; let it end "
                    "where it trains nothing new"
                )
        return error

    def best(self) -> str | None:
        """Of the designs trained longest the one of the least error; None: all diverged, if any.

        What diverged does not count; ties go by name.
        """
        errors = [(-done, self._error(name, done), name) for name, done in self._done.items()]
        return min((one for one in errors if math.isfinite(one[1])), default=(0, 0.0, None))[2]

    def training_error(self, network: str) -> float:
        """The error on the training images over the last epoch that it was trained for, in %.

        Raises:
            UsageError: for a network that was not trained here yet.
        """
        place, done = self._of(network), self._done.get(network, 0)
        if not done:
            raise UsageError(
                f"'{shown(network)}' was not trained here yet; train it for an epoch at least"
            )
        return float(self._curves.training[place, self._seed[network], done - 1])

    def final(self, network: str | None) -> float:
        """The error that a method is judged by: the mean of a design's seeds, after all epochs."""
        if network is None:
            return self._curves.guess
        return float(self._curves.final[self._of(network)])

    def _error(self, network: str, epochs: int) -> float:
        return float(self._curves.errors[self._place[network], self._seed[network], epochs - 1])

    def _of(self, network: str) -> int:
        if network not in self._place:
            raise UsageError(
                f"'{shown(str(network))}' is not a design of this half of the table; take one of "
                "networks"
            )
        return self._place[network]


Method: TypeAlias = Callable[[KnownTrainings], "str | None"]


def own_method(text: str) -> Method | None:
    """The function that `FILE.py:NAME` means; None where the text is no such name.

    Raises:
        UsageError: where the file has no such function, or none is named; ArchscopeError: where
            running it fails.
    """
    check_named(text)
    place = place_of(text)
    if place is None:
        return None
    method = getattr(load(place.path), place.name, None)
    if not callable(method):
        raise UsageError(
            f"{shown(str(place.path))} has no function {shown(place.name)}; name one that takes "
            "the known trainings and returns a network"
        )
    return method  # type: ignore[no-any-return]


def judged(
    curves: Curves,
    costs: Mapping[str, Costs],
    method: Method,
    budget: int,
    repeats: int,
    seed: int,
) -> Replays:
    """Carry a method out many times on known curves, each with its own order, seeds and draws.

    Args:
        curves: of the designs that it may train.
        costs: of each design by its name: `params`, `macs`, `activations`.
        method: what is carried out.
        budget: epochs of training that a replay may spend.
        repeats: how many replays.
        seed: of their draws.

    Raises:
        ArchscopeError: where the method fails, or names a design that is none of these.
    """
    found = np.empty((3, repeats))
    for turn in range(repeats):
        known = KnownTrainings(curves, costs, budget, np.random.default_rng([seed, budget, turn]))
        chosen = None
        with running("the search method"):
            try:
                chosen = method(known)
            except BudgetSpent:
                pass
            except Endless as told:
                name = shown(getattr(method, "__name__", "the search method"))
                raise ArchscopeError(f"{name} {told}") from None
            if chosen is not None and not (isinstance(chosen, str) and chosen in known.networks):
                raise ArchscopeError(
                    "a search method returns a design of networks, or None, not "
                    f"{shown(repr(chosen))}"
                )
        error = known.final(known.best() if chosen is None else chosen)
        found[:, turn] = error - curves.final.min(), budget - known.left, known.macs
    return Replays(*found)
