"""How many designs a second `count` does on one core, against a count of one network at a time.

    python benchmarks/count_rate.py

Four-stage bottleneck networks with cardinality, width and all four depths varying; parameters,
multiply-adds and activations together. The other side is written in the style of the `complexity()`
of pycls' ResNe(X)t (0.1.1, `net.complexity(ResNet)`) and does as much as that does: the numbers of
the network stand in a global configuration, a dictionary whose entries are read as attributes; each
kind of layer and of block has a function that makes a new dictionary of the cost so far, layer by
layer and block by block; each block looks its transformation up by name and asks the configuration
where its stride stands. It is some 15 % faster than the real one. Its time grows with the depth, so
that the ratio is shown for ResNet-50 and for two ranges of depth. Both sides give the same numbers,
which is checked first (pycls also counts the max pool's outputs among the activations; not here).
Times are processor time of this process, the rounds of both sides in turn.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from pairs import machine

from archscope.arch.families import (
    anynet,
    convnext,
    densenet,
    efficientnet,
    mobilenet_v2,
    mobilenet_v3_large,
    regnetx,
    resnext,
    shufflenet_v2,
)
from archscope.cost import count

DESIGNS = 2**19
SINGLE = 400
ROUNDS = 7
RATE_GOAL, RATIO_GOAL = 3_000_000, 1_000
SHALLOW, DEEP = 8, 36  # the most blocks of a stage; ResNet-152 and ResNet-200 have 36

Cost = dict[str, int]


class Config(dict[str, Any]):
    """A configuration node: its entries are attributes, as in the configurations of yacs."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


CONFIG = Config(
    data=Config(size=224, classes=1000),
    net=Config(blocks=(3, 4, 6, 3), groups=32, width=4, transform="bottleneck", stride_1x1=False),
)


def conv(
    cost: Cost, w_in: int, w_out: int, k: int, stride: int, padding: int, groups: int = 1,
    bias: bool = False,
) -> Cost:  # fmt: skip
    h, w, macs = cost["h"], cost["w"], cost["macs"]
    params, activations = cost["params"], cost["activations"]
    h = (h + 2 * padding - k) // stride + 1
    w = (w + 2 * padding - k) // stride + 1
    macs += k * k * w_in * w_out * h * w // groups
    params += k * k * w_in * w_out // groups
    params += w_out if bias else 0
    activations += w_out * h * w
    return {"h": h, "w": w, "macs": macs, "params": params, "activations": activations}


def norm(cost: Cost, w_in: int) -> Cost:
    h, w, macs = cost["h"], cost["w"], cost["macs"]
    params, activations = cost["params"], cost["activations"]
    params += 2 * w_in
    return {"h": h, "w": w, "macs": macs, "params": params, "activations": activations}


def pool(cost: Cost, k: int, stride: int, padding: int) -> Cost:
    h, w, macs = cost["h"], cost["w"], cost["macs"]
    params, activations = cost["params"], cost["activations"]
    h = (h + 2 * padding - k) // stride + 1
    w = (w + 2 * padding - k) // stride + 1
    return {"h": h, "w": w, "macs": macs, "params": params, "activations": activations}


class Basic:
    """3x3, 3x3."""

    @staticmethod
    def complexity(cost: Cost, w_in: int, w_out: int, stride: int, w_b: int, groups: int) -> Cost:
        cost = norm(conv(cost, w_in, w_out, 3, stride, 1), w_out)
        return norm(conv(cost, w_out, w_out, 3, 1, 1), w_out)


class Bottleneck:
    """1x1, grouped 3x3, 1x1."""

    @staticmethod
    def complexity(cost: Cost, w_in: int, w_out: int, stride: int, w_b: int, groups: int) -> Cost:
        (s1, s3) = (stride, 1) if CONFIG.net.stride_1x1 else (1, stride)
        cost = conv(cost, w_in, w_b, 1, s1, 0)
        cost = norm(cost, w_b)
        cost = conv(cost, w_b, w_b, 3, s3, 1, groups)
        cost = norm(cost, w_b)
        cost = conv(cost, w_b, w_out, 1, 1, 0)
        return norm(cost, w_out)


def transform_named(name: str) -> type[Basic] | type[Bottleneck]:
    known: dict[str, type[Basic] | type[Bottleneck]] = {"basic": Basic, "bottleneck": Bottleneck}
    unknown = "there is no transformation {}"
    assert name in known, unknown.format(name)
    return known[name]


class Block:
    """The transformation beside its shortcut."""

    @staticmethod
    def complexity(
        cost: Cost, w_in: int, w_out: int, stride: int, transform: Any, w_b: int, groups: int
    ) -> Cost:
        if (w_in != w_out) or (stride != 1):
            h, w = cost["h"], cost["w"]
            cost = conv(cost, w_in, w_out, 1, stride, 0)
            cost = norm(cost, w_out)
            cost["h"], cost["w"] = h, w  # the body starts where the shortcut started
        changed: Cost = transform.complexity(cost, w_in, w_out, stride, w_b, groups)
        return changed


class Stage:
    """Blocks of one resolution."""

    @staticmethod
    def complexity(
        cost: Cost, w_in: int, w_out: int, stride: int, depth: int, w_b: int, groups: int
    ) -> Cost:
        for index in range(depth):
            block_stride = stride if index == 0 else 1
            block_in = w_in if index == 0 else w_out
            transform = transform_named(CONFIG.net.transform)
            cost = Block.complexity(cost, block_in, w_out, block_stride, transform, w_b, groups)
        return cost


class Net:
    """Stem, four stages, head."""

    @staticmethod
    def complexity(cost: Cost) -> Cost:
        groups, width = CONFIG.net.groups, CONFIG.net.width
        depths, w_b, w_in = CONFIG.net.blocks, groups * width, 64
        cost = conv(cost, 3, 64, 7, 2, 3)
        cost = norm(cost, 64)
        cost = pool(cost, 3, 2, 1)
        for index, depth in enumerate(depths):
            w_out, stride = 256 * 2**index, 2 if index else 1
            cost = Stage.complexity(cost, w_in, w_out, stride, depth, w_b * 2**index, groups)
            w_in = w_out
        cost["h"], cost["w"] = 1, 1
        return conv(cost, w_in, CONFIG.data.classes, 1, 1, 0, bias=True)


def complexity(depths: tuple[int, ...], cardinality: int, width: int) -> Cost:
    """One network, counted block by block."""
    CONFIG.net.blocks, CONFIG.net.groups, CONFIG.net.width = depths, cardinality, width
    size = CONFIG.data.size
    cost = {"h": size, "w": size, "params": 0, "macs": 0, "activations": 0}
    return Net.complexity(cost)


def seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def measure(deepest: int | None) -> tuple[float, float, float, float]:
    """Designs a second: arrays, arrays with their tree's making, one by one; and the ratio.

    Stages have 1 to `deepest` blocks, or where that is None those of ResNet-50.
    """
    rng = np.random.default_rng(0)
    cardinality, width = rng.integers(1, 65, DESIGNS), rng.integers(1, 65, DESIGNS)
    depths = [
        np.full(DESIGNS, known) if deepest is None else rng.integers(1, deepest + 1, DESIGNS)
        for known in (3, 4, 6, 3)
    ]
    network = resnext(depths, cardinality, width)

    def one_by_one() -> list[Cost]:
        rows = zip(*(stage[:SINGLE].tolist() for stage in depths), strict=True)
        templates = zip(cardinality[:SINGLE].tolist(), width[:SINGLE].tolist(), strict=True)
        return [complexity(row, *one) for row, one in zip(rows, templates, strict=True)]

    total = count(network)
    for index, cost in enumerate(one_by_one()):
        for key in ("params", "macs", "activations"):
            assert cost[key] == getattr(total, key)[index], (index, key)
    times = [
        (
            seconds(lambda: count(network)),
            seconds(lambda: count(resnext(depths, cardinality, width))),
            seconds(one_by_one),
        )
        for _ in range(ROUNDS)
    ]
    counted, made, single = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(DESIGNS / row[0] / (SINGLE / row[2]) for row in times)
    return DESIGNS / counted, DESIGNS / made, SINGLE / single, ratio


def others() -> dict[str, float]:
    """Designs a second of other families, with the trees' making.

    The factors are hundredths up to 2 (depths: tenths from 1 to 3), RegNets those of the paper's
    Figure 10: 12 to 28 blocks, wm 2 to 3.
    """
    rng = np.random.default_rng(0)
    depths = [rng.integers(1, 17, DESIGNS) for _ in range(4)]
    widths = [8 * rng.integers(1, 129, DESIGNS) for _ in range(4)]
    eighths = 8 * rng.integers(1, 33, DESIGNS)
    factors, deeper = rng.integers(25, 201, DESIGNS) / 100, rng.integers(10, 31, DESIGNS) / 10
    ramps = (
        rng.integers(12, 29, DESIGNS),
        8 * rng.integers(3, 33, DESIGNS),
        rng.integers(80, 1000, DESIGNS) / 10,
        rng.integers(200, 301, DESIGNS) / 100,
        8 * rng.integers(1, 17, DESIGNS),
    )
    known = regnetx(*ramps)
    calls: dict[str, Callable[[], object]] = {
        "anynet": lambda: count(anynet(depths, widths, 16)),
        "convnext": lambda: count(convnext(depths, eighths)),
        "densenet": lambda: count(densenet(depths, eighths)),
        "shufflenet_v2": lambda: count(shufflenet_v2(eighths)),
        "mobilenet_v2": lambda: count(mobilenet_v2(factors)),
        "mobilenet_v3_large": lambda: count(mobilenet_v3_large(factors)),
        "efficientnet": lambda: count(efficientnet(factors, deeper)),
        "regnetx": lambda: count(regnetx(*ramps)),
        "regnetx without the making": lambda: count(known),
    }
    times = [[seconds(call) for call in calls.values()] for _ in range(ROUNDS)]
    medians = map(statistics.median, zip(*times, strict=True))
    return {name: DESIGNS / median for name, median in zip(calls, medians, strict=True)}


def main() -> None:
    goals = f"(goals: {RATE_GOAL / 1e6:g} M designs/s, {RATIO_GOAL:,}x)"
    print(f"count of array trees against one network at a time in the style of pycls {goals}")
    for deepest, what in (
        (None, "ResNet-50's blocks"),
        (SHALLOW, f"1 to {SHALLOW} blocks a stage"),
        (DEEP, f"1 to {DEEP} blocks a stage"),
    ):
        rate, made, single, ratio = measure(deepest)
        print(
            f"  {what}: {rate / 1e6:.2f} M designs/s ({made / 1e6:.2f} M with the tree's making) "
            f"against {single:,.0f} networks/s: {ratio:,.0f}x"
        )
    rates = (f"{name} {rate / 1e6:.2f}" for name, rate in others().items())
    print(f"  other families, in M designs/s with the trees' making: {', '.join(rates)}")
    print(
        f"  processor time of one core, median of {ROUNDS} interleaved rounds of {DESIGNS:,} "
        f"designs and {SINGLE} networks; {machine()}, NumPy {np.__version__}"
    )


if __name__ == "__main__":
    main()
