"""Networks against the clock: latency, throughput, training steps, memory, and the roofline."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from archscope.arch.inputs import GivenInput
from archscope.arch.network import Network
from archscope.arch.papers.timings import EXAMPLES
from archscope.cost.memory import ELEMENT_BYTES, call_bytes, memory
from archscope.cost.peak import measure_peak
from archscope.cost.roofline import Load, layers
from archscope.cost.workload import Mode, batch_of, compiling, measuring
from archscope.errors import ArchscopeError, UsageError, plural, shown
from archscope.explore.clock import peak_memory as footprint
from archscope.explore.clock.bench_result import Bench, Measured, Setting
from archscope.explore.clock.engines import (
    check_engine,
    facts,
    ready,
    without_engine,
)
from archscope.explore.clock.rounds import Note, timed_rounds
from archscope.explore.networks.opened import (
    LIVE,
    Given,
    Outside,
    open_networks,
    refuse_outside,
    several,
)
from archscope.explore.networks.outside import (
    count_outside,
    image_shape,
)
from archscope.nn.free_memory import available
from archscope.nn.guarded import running
from archscope.plain_text import say
from archscope.sweep.store.environment import environment
from archscope.training.devices import check_device, check_precision, inventory, tune_malloc

if TYPE_CHECKING:
    from archscope.training.devices import Inventory

__all__ = ["Bench", "Extras", "Setting", "bench", "bench_paper"]


@dataclass(frozen=True)
class Extras:
    """What is measured beside the times: peak memory in fresh processes, the roofline.

    `layers` shows what limits each layer, and includes the roofline.
    """

    memory: bool = True
    roofline: bool = False
    layers: bool = False


def bench(
    networks: Given | Sequence[Given],
    setting: Setting | None = None,
    *,
    input: GivenInput = None,
    extras: Extras | None = None,
    note: Note = say,
    machine: Inventory | None = None,
) -> Bench:
    """Time networks in turns, round by round, on this machine.

    On a CPU glibc is set to keep freed memory, for the rest of the process, as the workers of a
    sweep do; torch's number of threads is what it was afterwards.

    Args:
        networks: names, networks or trees, or what else `open_network` takes and torch can run;
            times are relative to the first.
        setting: what to measure, and how.
        input: (channels, height, width) for all; without it each has its own, but a tree.
        extras: whether to measure memory and the roofline's limits.
        note: called with the progress, a line at a time.
        machine: what this machine has, where the caller knows.

    Raises:
        UsageError: for a network, device, precision or number that cannot be, or too little memory.
        ArchscopeError: where a network from outside cannot be made, run or trained.
    """
    extras = extras or Extras()
    if not several(networks):
        raise UsageError("bench needs at least one network; name one, as resnet50")
    found = inventory() if machine is None else machine
    setting = _resolved(setting or Setting(), found)
    if extras.roofline or extras.layers:
        without = "leave --roofline and --layers out"
        refuse_outside(several(networks), "held against the roofline", without)
    check_engine(setting)
    subjects = open_networks(networks, None, input)
    without_engine(subjects, setting)
    for one in subjects:
        image_shape(one)
    outside = {one.name: count_outside(one) for one in subjects if isinstance(one, Outside)}
    _check_memory([one for one in subjects if isinstance(one, Network)], setting)
    about = _machine(setting, found)
    results = list(_timed(subjects, setting, note))
    if extras.memory and setting.engine != "torch":
        note("memory is measured of --engine torch alone")
        extras = replace(extras, memory=False)
    if extras.memory:
        results = [_with_memory(one, setting, note) for one in results]
    peak = None
    if extras.roofline or extras.layers:
        note("measuring the machine's peak: a matrix product, a copy, a triad")
        with measuring(setting.threads):
            peak = measure_peak(setting.device, setting.precision)
        results = [_with_layers(one, setting.precision) for one in results]
    how = footprint.method(setting.device) if extras.memory else None
    return Bench(
        *(setting, tuple(results), about, peak),
        memory_method=how,
        by_layer=extras.layers,
        outside=outside,
    )


def bench_paper(
    name: str,
    setting: Setting | None = None,
    *,
    batch: int | None = None,
    quick: bool = False,
    **arguments: Any,
) -> Bench:
    """Repeat a paper's comparison of times, "resnext" or "wrn": `archscope.arch.papers.timings`.

    Args:
        name: the example.
        setting: how to measure; its batch is the example's own where `batch` is None.
        batch: images of a step; None: the paper's on a GPU, else what a processor can do.
        quick: a smaller batch still.
        arguments: as `bench` takes them.

    Raises:
        UsageError: where there is no such example, and as `bench` does.
    """
    if name not in EXAMPLES:
        raise UsageError(
            f"the papers with timings are {' and '.join(EXAMPLES)}, not '{shown(name)}'; "
            "name one of them"
        )
    example, setting = EXAMPLES[name], setting or Setting(modes=("step",))
    if batch is None:
        usual = example.cpu_batch if setting.device == "cpu" else example.batch
        batch = example.quick_batch if quick else usual
    networks = [entry.network for entry in example.times]
    return replace(bench(networks, replace(setting, batch=batch), **arguments), example=example)


def _resolved(setting: Setting, machine: Inventory) -> Setting:
    """The setting with every choice made."""
    for name in ("batch", "rounds", "threads"):
        value = getattr(setting, name)
        if value is not None and not 1 <= value <= 65_536:
            raise UsageError(f"--{name} must be a number from 1 to 65,536, not {value}")
    device = check_device(setting.device, machine)
    precision = check_precision(setting.precision, device)
    threads = setting.threads or machine.cpus
    return replace(setting, device=device, precision=precision, threads=threads)


def _check_memory(networks: Sequence[Network], setting: Setting) -> None:
    """Refuse what would take the machine down: the system kills what asks too much."""
    if setting.device != "cpu":
        return
    free, weights = available(), sum(memory(network).param_bytes for network in networks)
    for mode, network in product(setting.modes, networks):
        batch = batch_of(mode, setting.batch)
        # All networks stand side by side, each with its optimizer's buffers.
        need = (2 if mode == "step" else 1) * weights + call_bytes(network, mode, batch)
        if need > free:
            raise UsageError(
                f"{network.name} ({mode}, {plural(batch, 'image')}) needs about "
                f"{need // 10**6:,} MB, and this machine has {free // 10**6:,} MB free; "
                "use a smaller --batch or --input"
            )


def _machine(setting: Setting, machine: Inventory) -> dict[str, Any]:
    """What the times depend on."""
    gpu = setting.device.startswith("cuda")
    return {
        **environment(),
        "device": setting.device,
        "device_name": machine.gpus[int(setting.device[5:])] if gpu else None,
        "cpus": machine.cpus,
        "threads": setting.threads,
        "precision": setting.precision,
        "memory_format": "channels_last",
        "malloc_tuned": setting.device == "cpu" and tune_malloc(),
        "load_average": os.getloadavg()[0],
        **facts(setting),
    }


def _timed(
    networks: Sequence[Network | Outside], setting: Setting, note: Note
) -> Iterator[Measured]:
    """Build the networks, then time them mode by mode."""
    many = compiling() if setting.engine == "compile" else nullcontext()
    with measuring(setting.threads), many:
        made = [ready(network, setting, note) for network in networks]
        for mode in setting.modes:
            batch = batch_of(mode, setting.batch)
            calls = [one(mode) for one in made]
            for network, call in zip(networks, calls, strict=True):
                if isinstance(network, Outside) or setting.engine != "torch":
                    if setting.engine == "compile":
                        note(f"compiling {network.name} ({mode})")
                    with running(f"{shown(network.name)} ({mode}, {plural(batch, 'image')})"):
                        call()
            timings = timed_rounds(calls, setting.rounds, partial(_say, note, mode))
            for network, timing in zip(networks, timings, strict=True):
                yield Measured(network, mode, batch, timing, timing.ratio_to(timings[0]))


def _say(note: Note, mode: Mode, text: str) -> None:
    note(f"{mode}: {text}")


def _with_memory(one: Measured, setting: Setting, note: Note) -> Measured:
    note(f"memory: {one.network.name}, {one.mode}")
    assert setting.threads is not None
    task = footprint.Task(
        *(one.network, one.mode, one.batch), setting.precision, setting.device, setting.threads
    )
    try:
        return replace(one, peak_memory=footprint.peak_memory(task))
    except ArchscopeError as error:
        if not (isinstance(one.network, Outside) and one.network.source == LIVE):
            raise
        note(f"memory: {one.network.name} is not measured: {error}")
        return one


def _with_layers(one: Measured, precision: str) -> Measured:
    load = Load(one.batch, ELEMENT_BYTES[precision], one.mode == "step")
    assert isinstance(one.network, Network)
    return replace(one, layers=tuple(layers(one.network, load)))
