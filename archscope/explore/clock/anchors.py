"""Anchors: a few networks whose times tell how fast the machine is at one time and another.

A machine is some percent faster at one time than at another, all networks by about the same factor
(`docs/clock.md`). Networks that run beside all others during a fit tell that factor, the pace, and
so does running them again later.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from archscope.arch.network import Network
from archscope.cost.formula import count
from archscope.explore.latency.latency_model import Anchor

if TYPE_CHECKING:
    from archscope.explore.clock.fit_runner import Runner

_LARGER = (0.2, 0.35, 0.5, 0.65)  # than so many of the networks: long enough to time, and no longer
_LONGEST = 0.25  # seconds of whole runs of one network in a round


def anchors_of(networks: Sequence[Network]) -> list[Network]:
    """Of networks those that are run beside all others: four, from small to middling."""
    ascending = sorted(networks, key=lambda one: (int(count(one).macs), one.name))
    return [ascending[int(share * len(ascending))] for share in _LARGER]


def run_whole(one: Runner) -> float:
    """The seconds of a network in one round: the median of up to three runs, after one untimed."""
    first = one.whole()  # what the other networks left in the caches goes
    return timed(one.whole, first)


def timed(call: Callable[[], float], first: float) -> float:
    """The median of up to three runs of what took so long the first time."""
    often = max(1, min(3, int(_LONGEST / max(first, 1e-9))))
    return statistics.median(call() for _ in range(often))


def referred(
    networks: Sequence[Network], groups: Sequence[Sequence[float]]
) -> tuple[tuple[Anchor, ...], tuple[float, ...]]:
    """The anchors, and the pace of each group of networks beside which they ran.

    Args:
        networks: the anchors.
        groups: their seconds, in turn, beside each group; the mean of all is a pace of 1.
    """
    known = tuple(
        Anchor(network.name, network.input, statistics.geometric_mean(seconds))
        for network, seconds in zip(networks, zip(*groups, strict=True), strict=True)
    )
    return known, tuple(pace_of(known, seconds) for seconds in groups)


def pace_of(anchors: Sequence[Anchor], seconds: Sequence[float]) -> float:
    """How much longer the anchors took than at a pace of 1; 0 where one took no time."""
    if min(seconds) <= 0:
        return 0.0
    pairs = zip(anchors, seconds, strict=True)
    return math.exp(statistics.mean(math.log(now / anchor.seconds) for anchor, now in pairs))
