"""How long something takes: interleaved rounds, medians, quartiles; no torch."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Timing:
    """The seconds of each round, in order."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median round, in seconds."""
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and third quartile, in seconds; both the one round where there is one."""
        if len(self.seconds) == 1:
            return self.seconds[0], self.seconds[0]
        first, _, third = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return first, third

    def ratio_to(self, other: Timing) -> float:
        """The median of the rounds' ratios: what disturbed one round disturbed both."""
        pairs = zip(self.seconds, other.seconds, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def interleaved(
    calls: Mapping[str, Callable[[], Any]],
    *,
    rounds: int,
    warmup: int = 1,
    clock: Callable[[], float] = time.perf_counter,
    on_round: Callable[[int], Any] | None = None,
) -> dict[str, Timing]:
    """Time each call once a round, in turns, so that a change of the machine's pace meets all.

    Args:
        calls: what to time, by name; each must wait for its own device.
        rounds: timed rounds, at least 1.
        warmup: untimed calls of each before.
        clock: seconds that only go forward.
        on_round: called with the number of each round that is done.
    """
    assert rounds >= 1
    for call in calls.values():
        for _ in range(warmup):
            call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name, call in calls.items():
            start = clock()
            call()
            seconds[name].append(clock() - start)
        if on_round is not None:
            on_round(number + 1)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}
