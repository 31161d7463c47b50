"""How many designs a second `count` does on one core, against a count of one network at a time.

    python benchmarks/count_rate.py

Four-stage bottleneck networks with cardinality, width and all four depths varying; parameters,
multiply-adds and activations together. The other side is written in the style of pycls'
`complexity()`: each kind of block has a static method that passes a dict along, layer by layer and
block by block, each stage with a dict of its parameters. Its time grows with the depth, so the
ratio is shown for two ranges of depth. Both sides give the same numbers, which is checked first.
Times are processor time of this process, the rounds of both sides in turn.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from pairs import machine

from archscope.arch.families import resnext
from archscope.cost import count

DESIGNS = 2**19
SINGLE = 400
ROUNDS = 7
RATE_GOAL, RATIO_GOAL = 3_000_000, 1_000
SHALLOW, DEEP = 8, 36  # the most blocks of a stage; ResNet-152 and ResNet-200 have 36

Cost = dict[str, int]
Params = dict[str, int]


def conv(cost: Cost, w_in: int, w_out: int, k: int, *, stride: int = 1, groups: int = 1) -> Cost:
    assert k % 2 == 1
    h, w, macs = cost["h"], cost["w"], cost["macs"]
    params, activations = cost["params"], cost["activations"]
    h, w = (h - 1) // stride + 1, (w - 1) // stride + 1
    macs += k * k * w_in * w_out * h * w // groups
    params += k * k * w_in * w_out // groups
    activations += w_out * h * w
    return {"h": h, "w": w, "macs": macs, "params": params, "activations": activations}


def norm(cost: Cost, w_in: int) -> Cost:
    h, w, macs = cost["h"], cost["w"], cost["macs"]
    params, activations = cost["params"], cost["activations"]
    params += 2 * w_in
    return {"h": h, "w": w, "macs": macs, "params": params, "activations": activations}


class Bottleneck:
    """1x1, grouped 3x3, 1x1."""

    @staticmethod
    def complexity(cost: Cost, w_in: int, w_out: int, stride: int, params: Params) -> Cost:
        groups = params["cardinality"]
        group_width = groups * params["width"]
        cost = conv(cost, w_in, group_width, 1)
        cost = norm(cost, group_width)
        cost = conv(cost, group_width, group_width, 3, stride=stride, groups=groups)
        cost = norm(cost, group_width)
        cost = conv(cost, group_width, w_out, 1)
        return norm(cost, w_out)


class Block:
    """The body beside its shortcut."""

    @staticmethod
    def complexity(cost: Cost, w_in: int, w_out: int, stride: int, params: Params) -> Cost:
        if (w_in != w_out) or (stride != 1):
            h, w = cost["h"], cost["w"]
            cost = conv(cost, w_in, w_out, 1, stride=stride)
            cost = norm(cost, w_out)
            cost["h"], cost["w"] = h, w  # the body starts where the shortcut started
        return Bottleneck.complexity(cost, w_in, w_out, stride, params)


class Stage:
    """Blocks of one resolution."""

    @staticmethod
    def complexity(cost: Cost, w_in: int, w_out: int, stride: int, params: Params) -> Cost:
        for _ in range(params["depth"]):
            cost = Block.complexity(cost, w_in, w_out, stride, params)
            stride, w_in = 1, w_out
        return cost


class Net:
    """Stem, four stages, head."""

    @staticmethod
    def complexity(cost: Cost, depths: list[int], cardinality: int, width: int) -> Cost:
        cost = norm(conv(cost, 3, 64, 7, stride=2), 64)
        cost["h"], cost["w"] = (cost["h"] - 1) // 2 + 1, (cost["w"] - 1) // 2 + 1
        w_in = 64
        for index, depth in enumerate(depths):
            params = {"depth": depth, "cardinality": cardinality, "width": width * 2**index}
            w_out, stride = 256 * 2**index, 2 if index else 1
            cost = Stage.complexity(cost, w_in, w_out, stride, params)
            w_in = w_out
        cost["params"] += w_in * 1000 + 1000
        cost["macs"] += w_in * 1000
        cost["activations"] += 1000
        return cost


def complexity(depths: list[int], cardinality: int, width: int) -> Cost:
    """One network, counted block by block."""
    cost = {"h": 224, "w": 224, "params": 0, "macs": 0, "activations": 0}
    return Net.complexity(cost, depths, cardinality, width)


def seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def measure(deepest: int) -> tuple[float, float, float, float]:
    """Designs a second: arrays, arrays with their tree's making, one by one; and the ratio."""
    rng = np.random.default_rng(0)
    cardinality, width = rng.integers(1, 65, DESIGNS), rng.integers(1, 65, DESIGNS)
    depths = [rng.integers(1, deepest + 1, DESIGNS) for _ in range(4)]
    network = resnext(depths, cardinality, width)

    def one_by_one() -> list[Cost]:
        rows = zip(*(stage[:SINGLE].tolist() for stage in depths), strict=True)
        templates = zip(cardinality[:SINGLE].tolist(), width[:SINGLE].tolist(), strict=True)
        return [complexity(list(row), *one) for row, one in zip(rows, templates, strict=True)]

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


def main() -> None:
    goals = f"(goals: {RATE_GOAL / 1e6:g} M designs/s, {RATIO_GOAL:,}x)"
    print(f"count of array trees against one network at a time in the style of pycls {goals}")
    for deepest in (SHALLOW, DEEP):
        rate, made, single, ratio = measure(deepest)
        print(
            f"  1 to {deepest:2} blocks a stage: {rate / 1e6:.2f} M designs/s ({made / 1e6:.2f} M "
            f"with the tree's making) against {single:,.0f} networks/s: {ratio:,.0f}x"
        )
    print(
        f"  processor time of one core, median of {ROUNDS} interleaved rounds of {DESIGNS:,} "
        f"designs and {SINGLE} networks; {machine()}, NumPy {np.__version__}"
    )


if __name__ == "__main__":
    main()
