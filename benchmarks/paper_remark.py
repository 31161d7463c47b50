"""The ResNeXt paper's remark taken apart: equal multiply-adds, 0.95 s against 0.70 s a mini-batch.

    python benchmarks/paper_remark.py [--rounds 7] [--batch 4]

ResNeXt 32x4d against its 1x64d twin (ResNet), 50 and 101 layers deep, with one thread: the
forward pass of one image (measured, and predicted by the model of `archscope bench --fit
--threads 1`) and a training step, both layer by layer; the roofline's time of the grouped
convolutions; then what each cardinality has at the time of ResNet-50, solved for by predicted
latency, and measured. Networks run in interleaved rounds; processor time is taken, lower quartiles
are shown.

Of a training step each convolution has its forward pass up to the next one (norm, activation, sum)
and, from its output's gradient to the next gradient of an output, its backward pass.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from pairs import machine
from torch.optim.optimizer import register_optimizer_step_pre_hook

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Linear
from archscope.arch.windows import pair
from archscope.cost.execution import Operation, unrolled
from archscope.cost.formula import count
from archscope.cost.latency.model import seconds_of
from archscope.cost.latency.pieces import pieces
from archscope.cost.peak import Peak, measure_peak
from archscope.cost.workload import measuring, place, workload
from archscope.explore.clock.fit import undisturbed
from archscope.explore.clock.fit_runner import runner
from archscope.explore.design.solve import solve
from archscope.explore.latency.fitted import Asked, LatencyModel, fitted_model
from archscope.nn.build import build
from archscope.training.devices import tune_malloc

PAIRS = (("resnet50", "resnext50_32x4d"), ("resnet101", "resnext101_32x4d"))
CARDINALITIES = (1, 2, 4, 8, 16, 32)
ASKED = Asked(1)
Row = tuple[str, int]  # what, and the side of its map


def row_of(operation: Operation) -> Row | None:
    """Where a convolution or linear layer stands in the table; None for all else."""
    node, visit = operation.node, operation.visit
    if isinstance(node, Linear):
        return "head", 1
    if not isinstance(node, Conv) or visit is None:
        return None
    return f"{pair(node.kernel)[0]}x{pair(node.kernel)[0]}", int(visit.output[1])


def rows_of(network: Network) -> list[Row]:
    """The rows of the convolutions and linear layers, in the order in which they run."""
    return [row for one in unrolled(network).operations if (row := row_of(one)) is not None]


def forward(
    names: Sequence[str], model: LatencyModel, rounds: int
) -> dict[str, tuple[float, Counter[Row], Counter[Row]]]:
    """Of each network the seconds of one image, and by row those measured and predicted."""
    networks = [parse(name) for name in names]
    ready = [runner(network, ASKED) for network in networks]
    whole: list[list[float]] = [[] for _ in ready]
    parts: list[list[list[float]]] = [[] for _ in ready]
    for _ in range(rounds):
        for place_, one in enumerate(ready):
            one.whole()
            whole[place_].append(one.whole())
            parts[place_].append(one.parts())
    found = {}
    for network, one, times, pieces_ in zip(networks, ready, whole, parts, strict=True):
        measured, predicted, row = Counter[Row](), Counter[Row](), ("", 0)
        each = [undisturbed(several) for several in zip(*pieces_, strict=True)]
        for piece, terms, seconds in zip(pieces(network), one.rows, each, strict=True):
            row = next((r for op in piece if (r := row_of(op)) is not None), row)
            measured[row] += seconds
            predicted[row] += seconds_of(terms, model.weights)
        found[network.name] = undisturbed(times), measured, predicted
    return found


@contextmanager
def marks(module: torch.nn.Module, clock: Callable[[], float]) -> Iterator[list[tuple[int, float]]]:
    """The clock when each layer begins, forward and backward: its number, or -1 for the rest."""
    layers = [m for m in module.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    order: dict[torch.nn.Module, int] = {}
    seen: list[tuple[int, float]] = []

    def mark(number: int) -> None:
        seen.append((number, clock()))

    def begins(layer: torch.nn.Module, _: Any) -> None:
        mark(order.setdefault(layer, len(order)))

    def ended(layer: torch.nn.Module, _: Any, output: torch.Tensor) -> None:
        output.register_hook(lambda _: mark(order[layer]))

    hooks = [layer.register_forward_pre_hook(begins) for layer in layers]
    hooks += [layer.register_forward_hook(ended) for layer in layers]
    hooks.append(register_optimizer_step_pre_hook(lambda *_: mark(-1)))
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def step(names: Sequence[str], batch: int, rounds: int) -> dict[str, tuple[float, Counter[Row]]]:
    """Of each network the seconds of a training step, and by row."""
    networks = [parse(name) for name in names]
    calls, modules = [], [build(network) for network in networks]
    for network, module in zip(networks, modules, strict=True):
        place(module, "cpu")
        calls.append(workload(module, "step", (batch, *network.input), "fp32", "cpu"))
    for call in calls:
        call()
    clock = time.process_time
    times: list[list[Counter[Row]]] = [[] for _ in calls]
    for _ in range(rounds):
        for number, (network, module, call) in enumerate(
            zip(networks, modules, calls, strict=True)
        ):
            rows = [*rows_of(network), ("rest", 0)]
            with marks(module, clock) as seen:
                seen.append((-1, clock()))
                call()
                seen.append((-1, clock()))
            spent: Counter[Row] = Counter()
            for (layer, start), (_, end) in pairwise(seen):
                spent[rows[layer]] += end - start
            times[number].append(spent)
    found = {}
    for network, several in zip(networks, times, strict=True):
        by_row = Counter({row: undisturbed([one[row] for one in several]) for row in several[0]})
        found[network.name] = undisturbed([one.total() for one in several]), by_row
    return found


def least(network: Network, peak: Peak, batch: int, passes: int) -> Counter[Row]:
    """The roofline's seconds of each row's convolutions, without what follows them."""
    found: Counter[Row] = Counter()
    for one in unrolled(network).operations:
        if (row := row_of(one)) is not None:
            moved = 4 * passes * (one.params + batch * one.moved)
            macs = passes * batch * one.macs
            found[row] += max(2 * macs / peak.flops, moved / peak.bandwidth)
    return found


def table(title: str, rows: Sequence[Row], columns: dict[str, Counter[Row]]) -> None:
    """Milliseconds by row."""
    print(f"\n{title}\n" + " ".join(["layer".ljust(10), *(name.rjust(18) for name in columns)]))
    for row in rows:
        text = f"{row[0]} {row[1] or ''}".ljust(10)
        print(text, *(f"{1000 * one[row]:18.1f}" for one in columns.values()))
    print("all".ljust(10), *(f"{1000 * one.total():18.1f}" for one in columns.values()))


def grouped(what: str, row_times: Counter[Row], floor: Counter[Row], other: float) -> None:
    """What a better grouped convolution could win at most."""
    now = sum(value for row, value in row_times.items() if row[0] == "3x3")
    could = sum(value for row, value in floor.items() if row[0] == "3x3")
    whole = row_times.total()
    print(
        f"{what}: its 3x3 convolutions take {1000 * now:.0f} ms of {1000 * whole:.0f}; at the "
        f"roofline {1000 * could:.0f}, the network {1000 * (whole - now + could):.0f} "
        f"(ratio to the ResNet {(whole - now + could) / other:.2f} instead of {whole / other:.2f})"
    )


def equal_time(model: LatencyModel, rounds: int) -> None:
    """What each cardinality has at ResNet-50's predicted time, measured beside it."""
    milliseconds = 1000 * model.seconds(parse("resnet50"))
    found = solve(
        "resnext50", f"{milliseconds:.4f}ms", cardinality=list(CARDINALITIES), nearest=1,
        free=["width"], latency=model,
    )  # fmt: skip
    networks = [one.space.network(one.designs[0].values) for one in found.answers]
    ready = [runner(network, ASKED) for network in networks]
    times: list[list[float]] = [[] for _ in ready]
    for _ in range(rounds):
        for one, seen in zip(ready, times, strict=True):
            one.whole()
            seen.append(one.whole())
    print(f"\nAt the predicted time of resnet50, {milliseconds:.1f} ms:")
    print("design                predicted (ms)  measured (ms)    params (M)  multiply-adds (G)")
    for network, seen in zip(networks, times, strict=True):
        cost = count(network)
        print(
            f"{network.name:22} {1000 * model.seconds(network):13.1f} "
            f"{1000 * undisturbed(seen):14.1f} {cost.params / 1e6:13.1f} {cost.macs / 1e9:18.2f}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=4)
    asked = parser.parse_args()
    print(machine())
    model = fitted_model(ASKED, note=print)
    tune_malloc()
    with measuring(1):
        peak = measure_peak("cpu", "fp32")
        print(f"{peak.flops / 1e9:.0f} GFLOP/s, {peak.bandwidth / 1e9:.1f} GB/s, one thread")
        print(model.sentence())
        for names in PAIRS:
            one, other = names
            found = forward(names, model, asked.rounds)
            rows = list(found[one][1])
            columns = {name: found[name][1] for name in names}
            columns |= {f"{name} *": found[name][2] for name in names}
            table("Forward pass of one image (ms): measured, and predicted (*)", rows, columns)
            whole = found[other][0] / found[one][0]
            said = model.seconds(parse(other)) / model.seconds(parse(one))
            print(
                f"whole: {1000 * found[one][0]:.1f} and {1000 * found[other][0]:.1f}, ratio "
                f"{whole:.2f}; predicted {said:.2f}"
            )
            floor = least(parse(other), peak, 1, 1)
            grouped(other, found[other][1], floor, found[one][1].total())
            trained = step(names, asked.batch, max(3, asked.rounds // 2))
            table(
                f"Training step of {asked.batch} images (ms)",
                [*rows, ("rest", 0)],
                {name: trained[name][1] for name in names},
            )
            print(
                f"ratio {trained[other][0] / trained[one][0]:.2f} (the paper's 0.95 / 0.70 = 1.36)"
            )
            floor = least(parse(other), peak, asked.batch, 3)
            grouped(other, trained[other][1], floor, trained[one][1].total())
        equal_time(model, asked.rounds)


if __name__ == "__main__":
    main()
