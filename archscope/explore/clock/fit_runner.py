"""A network made ready to be timed piece by piece, as `bench` times it whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from archscope.arch.network import Network
from archscope.cost.latency.model import Row, row_of
from archscope.cost.latency.pieces import pieces
from archscope.cost.workload import place, wait_for, workload
from archscope.explore.latency.fitted import Asked


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


def runner(network: Network, asked: Asked) -> Runner:
    """The network with weights drawn, on the device, in channels_last, in eval mode."""
    from archscope.nn.build import build
    from archscope.nn.marked import Marked

    module = build(network)
    place(module, asked.device)
    cut = pieces(network)
    call = workload(module, "latency", (1, *network.input), asked.precision, asked.device)
    marked = Marked(module, cut, call, time.perf_counter, wait_for(asked.device))

    def whole() -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    return Runner(network.name, [row_of(piece) for piece in cut], whole, marked)
