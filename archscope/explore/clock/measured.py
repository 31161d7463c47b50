"""The first answers of a design by latency, measured: the order that they really have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from archscope.arch.network import Network
from archscope.arch.times import LATENCY, MILLISECOND
from archscope.cost.workload import measuring
from archscope.errors import UsageError, plural
from archscope.explore.clock.fit import Load, undisturbed
from archscope.explore.clock.fit_runner import runner
from archscope.explore.design.answer import Answer, Inverse
from archscope.explore.design.shortlist import Design
from archscope.explore.latency.fitted import Asked
from archscope.plain_text import say
from archscope.training.devices import tune_malloc

ROUNDS = 9


def measured(
    found: Inverse,
    number: int,
    setting: Asked,
    note: Callable[[str], None] = say,
    load: Load | None = None,
) -> Inverse:
    """The same answers, the first `number` of each measured in interleaved rounds, and reordered.

    Of those that were measured come first those that keep within the cap, in the order that was
    asked for, by their measured latency; the others follow. Designs that were not measured stay
    behind them.

    Args:
        found: answers with a limit on the latency.
        number: how many of each are measured.
        setting: the threads, precision and device.
        note: told what is measured.
        load: makes a network ready; a pretended clock's in tests.

    Raises:
        UsageError: where latency has no limit.
    """
    limits = {limit.metric: limit for limit in found.limits}
    if LATENCY not in limits:
        raise UsageError("--measure corrects an order by latency; add --at-most 20ms")
    limit = limits[LATENCY]
    times: dict[Key, float] = {}
    answers = []
    if setting.device == "cpu":
        tune_malloc()
    with measuring(setting.threads):
        for answer in found.answers:
            first = answer.designs[:number]
            note(f"archscope: measuring {plural(len(first), 'design')}")
            networks = [answer.space.network(design.values) for design in first]
            seconds = _measure(networks, load or (lambda network: runner(network, setting)))
            times |= {
                (one.name, one.input): 1000 * each
                for one, each in zip(networks, seconds, strict=True)
            }
            order = _order(answer, first, seconds, limit.value, hard=limit.hard)
            designs = [*(first[place] for place in order), *answer.designs[number:]]
            answers.append(replace(answer, designs=designs))
    return replace(found, answers=answers, measured=times)


Key = tuple[str, tuple[int, int, int]]


def _measure(networks: Sequence[Network], load: Load) -> list[float]:
    ready = [load(network) for network in networks]
    rounds: list[list[float]] = [[] for _ in ready]
    for _ in range(ROUNDS):
        for one, seen in zip(ready, rounds, strict=True):
            one.whole()  # what the others left in the caches goes
            seen.append(one.whole())
    return [undisturbed(seen) for seen in rounds]


def _order(
    answer: Answer, designs: Sequence[Design], seconds: Sequence[float], limit: int, *, hard: bool
) -> list[int]:
    """The places of designs, the best first."""

    def key(place: int) -> tuple[bool, float]:
        nanoseconds = 1000 * MILLISECOND * seconds[place]
        if not hard:
            return False, abs(nanoseconds - limit)
        if nanoseconds > limit:
            return True, nanoseconds
        return False, -nanoseconds if answer.cost == LATENCY else -math.inf

    return sorted(range(len(designs)), key=key)
