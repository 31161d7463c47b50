"""What a bench gives: times, memory and rooflines by network and mode, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archscope.arch.inputs import input_plain
from archscope.arch.network import Network
from archscope.arch.papers.timings import TimingExample
from archscope.cost.clock import Timing
from archscope.cost.formula import CONVENTION, count
from archscope.cost.memory import memory
from archscope.cost.peak import Peak
from archscope.cost.roofline import Layer, memory_share, roofline_seconds
from archscope.cost.workload import MODE_HELP, MODES, Mode
from archscope.explore.networks.opened import Outside
from archscope.explore.networks.outside import OutsideCount, known_memory
from archscope.reporting.networks.bench import bench_table, layer_tables
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table
from archscope.short_repr import ShortRepr

SCHEMA = "archscope.bench/1"
WARMUP = 2


@dataclass(frozen=True)
class Setting:
    """How to measure.

    Attributes:
        modes: of `archscope.cost.workload.MODES`.
        batch: images at a time in throughput and training steps.
        rounds: timed rounds of each mode, after 2 untimed ones.
        threads: of the CPU; None: as many as there are processors.
        precision: "fp32", "bf16" or "fp16" (autocast; parameters stay fp32).
        device: "cpu", "cuda:0", "mps".
        engine: what runs it: "torch", "compile" (torch.compile), "onnxruntime".
    """

    modes: tuple[Mode, ...] = MODES
    batch: int = 16
    rounds: int = 5
    threads: int | None = None
    precision: str = "fp32"
    device: str = "cpu"
    engine: str = "torch"


@dataclass(frozen=True, repr=False)
class Measured(ShortRepr):
    """One network in one mode; `ratio` is its time to the first network's, the rounds' median."""

    network: Network | Outside
    mode: Mode
    batch: int
    timing: Timing
    ratio: float
    peak_memory: int | None = None
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True, repr=False)
class Bench(Result):
    """What `bench` measured: one entry of `results` for each mode and network, and on what.

    `by_layer` shows what limits each layer as well, where there is a roofline. `outside` has the
    counts of networks from outside, by name.
    """

    setting: Setting
    results: tuple[Measured, ...]
    machine: Mapping[str, Any]
    peak: Peak | None = None
    example: TimingExample | None = None
    memory_method: str | None = None
    by_layer: bool = False
    outside: Mapping[str, OutsideCount] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.bench/1`; times in seconds, memory in bytes."""
        networks = list({id(one.network): one.network for one in self.results}.values())
        example = self.example
        return {
            "schema": SCHEMA,
            "convention": CONVENTION,
            "machine": dict(self.machine),
            "setting": {
                "modes": {mode: MODE_HELP[mode] for mode in self.setting.modes},
                "batch": self.setting.batch,
                "rounds": self.setting.rounds,
                "warmup": WARMUP,
                "memory": self.memory_method,
                "engine": self.setting.engine,
            },
            "peak": self.peak.document() if self.peak else None,
            "published": {"source": example.source, "setting": example.setting}
            if example
            else None,
            "networks": [self._network(network) for network in networks],
            "results": [self._entry(one) for one in self.results],
        }

    def tables(self) -> list[Table]:
        """A row for each mode and network; `by_layer`, also a table of each one's layers."""
        document = self.document()
        return [bench_table(document), *(layer_tables(document) if self.by_layer else ())]

    def _network(self, network: Network | Outside) -> dict[str, Any]:
        if isinstance(network, Network):
            classes: int | None = network.classes
            cost, need, exact = count(network), memory(network).document(), True
        else:
            found = self.outside[network.name]
            classes, cost, need = found.classes, found.count, known_memory(found.count)
            exact = found.macs_exact
        return {
            "name": network.name,
            "input": input_plain(network.input),
            "classes": classes,
            "params": cost.params,
            "macs": cost.macs,
            "macs_exact": exact,
            "activations": cost.activations,
            "notes": list(network.notes_said) if isinstance(network, Network) else [],
            **need,
        }

    def _entry(self, one: Measured) -> dict[str, Any]:
        published = self.example.times if self.example else ()
        found = next((entry for entry in published if entry.network == one.network.name), None)
        low, high = one.timing.quartiles
        return {
            "network": one.network.name,
            "mode": one.mode,
            "batch": one.batch,
            "seconds": list(one.timing.seconds),
            "median": one.timing.median,
            "quartiles": [low, high],
            "images_per_second": one.batch / one.timing.median,
            "ratio": one.ratio,
            "peak_memory_bytes": one.peak_memory,
            "group": found.group if found else "",
            "published_seconds": found.seconds if found else None,
            "published_ratio": found.ratio if found else None,
            "roofline": self._roofline(one) if self.peak else None,
        }

    def _roofline(self, one: Measured) -> dict[str, Any]:
        assert self.peak is not None
        first = next(other for other in self.results if other.mode == one.mode)
        seconds = roofline_seconds(one.layers, self.peak)
        return {
            "seconds": seconds,
            "ratio": seconds / roofline_seconds(first.layers, self.peak),
            "residual": one.timing.median / seconds,
            "memory_bound_share": memory_share(one.layers, self.peak),
            "layers": [layer.document(self.peak) for layer in one.layers],
        }
