"""A machine on which the seconds of every operation are known, for fits of models of times."""

import math
import random

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Gate, Linear, Norm, Pool, Repeat, Seq, Shortcut, Sum
from archscope.cost.latency.model import row_of
from archscope.cost.latency.pieces import pieces
from archscope.explore.clock.fit_runner import Runner

# A machine on which seconds are known: a start, multiply-adds, and elements that are moved.
START, MAC, MOVED = 1e-5, 5e-11, 2e-10


def small(width: int, depth: int, side: int, groups: int = 1) -> Network:
    block = Seq(
        Sum(
            Seq(Conv(width, 3, groups=groups), Norm(), Act(), Conv(width, 1), Norm()),
            Shortcut(width),
        ),
        Act(),
    )
    gate = Gate(Seq(Pool("global"), Conv(width, 1), Act("sigmoid")))
    tree = Seq(
        Conv(width, 3, 2, label="stem"),
        Pool("max", 3, 2, 1),
        Repeat(depth, block, block, label="layer"),
        gate,
        Pool("global"),
        Linear(10, label="fc"),
    )
    return Network(f"small_{width}_{depth}_{side}_{groups}", tree, (3, side, side))


def some(number: int, seed: int) -> list[Network]:
    draw = random.Random(seed)
    found = {}
    while len(found) < number:
        width = draw.randrange(16, 200, 8)
        groups = draw.choice([1, 1, width, width // 8])
        one = small(width, draw.randrange(1, 5), draw.randrange(32, 128, 8), groups)
        found[one.name] = one
    return list(found.values())


def true_seconds(operations, batch: int = 1) -> float:
    return sum(
        START + MAC * batch * one.macs + MOVED * (batch * one.moved + one.params)
        for one in operations
    )


def pretended(noise: float, seed: int = 1, batch: int = 1):
    """A loader of networks whose pieces take what the known machine takes, times some noise."""

    def load(network: Network) -> Runner:
        cut = pieces(network)
        draw = random.Random(f"{seed} {network.name}")
        own = math.exp(draw.gauss(0, noise))  # what the model cannot know of a network

        def parts() -> list[float]:
            return [own * true_seconds(piece, batch) for piece in cut]

        return Runner(network.name, [row_of(p, batch) for p in cut], lambda: sum(parts()), parts)

    return load
