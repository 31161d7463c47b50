"""A network made ready to be timed piece by piece, as `bench` times it whole."""

from __future__ import annotations

import time

from archscope.arch.network import Network
from archscope.cost.latency.model import row_of
from archscope.cost.latency.pieces import pieces
from archscope.cost.workload import place, wait_for, workload
from archscope.explore.clock.fit import Runner
from archscope.explore.latency.fitted import Asked


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
