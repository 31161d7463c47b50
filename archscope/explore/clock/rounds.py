"""Interleaved rounds that say how long they will take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from archscope.cost.clock import Timing, interleaved
from archscope.errors import plural
from archscope.explore.clock.bench_result import WARMUP
from archscope.sweep.plan.estimate import duration

_LEAST = 0.1  # seconds of a timed round: a faster call is repeated within it
_MOST_REPEATS = 1000
_BETWEEN_NOTES = 3.0  # seconds
Note = Callable[[str], None]
Clock = Callable[[], float]


def timed_rounds(
    calls: Sequence[Callable[[], Any]],
    rounds: int,
    note: Note,
    clock: Clock = time.perf_counter,
) -> list[Timing]:
    """Time calls in interleaved rounds: the seconds of one call, each round.

    The warm-up's last round shows how long a call is: for the estimate, and for how often a short
    one is repeated within a round.
    """
    named = {str(number): call for number, call in enumerate(calls)}
    note("warming up")
    first = interleaved(named, rounds=1, warmup=WARMUP - 1, clock=clock)
    repeats = {
        name: min(_MOST_REPEATS, max(1, math.ceil(_LEAST / max(timing.median, 1e-9))))
        for name, timing in first.items()
    }
    a_round = sum(timing.median * repeats[name] for name, timing in first.items())
    note(f"{plural(rounds, 'round')}, about {duration(rounds * a_round)}")
    last = clock()

    def on_round(done: int) -> None:
        nonlocal last
        if done < rounds and clock() - last >= _BETWEEN_NOTES:
            last = clock()
            note(f"round {done} of {rounds}, about {duration((rounds - done) * a_round)} left")

    found = interleaved(
        {name: partial(_repeated, call, repeats[name]) for name, call in named.items()},
        rounds=rounds,
        warmup=0,
        clock=clock,
        on_round=on_round,
    )
    return [
        Timing(tuple(seconds / repeats[name] for seconds in timing.seconds))
        for name, timing in found.items()
    ]


def _repeated(call: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        call()
