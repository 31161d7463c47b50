"""A network made ready to be timed piece by piece, as `bench` times it whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from archscope.arch.network import Network
from archscope.cost.latency.model import Row, row_of
from archscope.cost.latency.pieces import pieces
from archscope.cost.workload import place, wait_for, workload
from archscope.explore.latency.fitted import Asked
from archscope.training.devices import outside_the_heap


@dataclass
class Runner:
    """A network that is ready to be timed: `whole()` and `parts()` run it once.

    Attributes:
        name: of the network.
        rows: the terms of each of its pieces.
        whole: runs it, and gives the seconds.
        parts: runs it, and gives the seconds of each piece.
    """

    name: str
    rows: list[Row]
    whole: Callable[[], float]
    parts: Callable[[], list[float]]


def clock_of(asked: Asked) -> Callable[[], float]:
    """The clock of a setting: of one thread on a CPU its processor time, else the wall's.

    On an idle machine the two agree; on a busy one the wall's has what others took, too. Several
    threads wait for one another by running, so that their processor time says little.
    """
    alone = asked.device == "cpu" and asked.threads == 1
    return time.process_time if alone else time.perf_counter


def runner(network: Network, asked: Asked) -> Runner:
    """The network with weights drawn, on the device, in channels_last, in the mode of a setting.

    What only a training runs (side heads, dropout) is in the time of the piece behind it.
    """
    from archscope.nn.build import build
    from archscope.nn.marked import Marked, MarkedStep

    cut = pieces(network)
    images = (asked.batch, *network.input)
    with outside_the_heap() if asked.device == "cpu" else nullcontext():
        module = build(network)
        place(module, asked.device)
        call = workload(module, asked.mode, images, asked.precision, asked.device)
    clock = clock_of(asked)
    marks = MarkedStep if asked.mode == "step" else Marked
    marked = marks(module, cut, call, clock, wait_for(asked.device))

    def whole() -> float:
        start = clock()
        call()
        return clock() - start

    return Runner(network.name, [row_of(piece, asked.batch) for piece in cut], whole, marked)
