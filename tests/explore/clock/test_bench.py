"""The bench: its rounds and ratios by a clock of the test's own, on modules that only move it."""

import dataclasses
import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Linear, Pool, Seq
from archscope.arch.papers.timings import EXAMPLES
from archscope.cost.peak import Peak
from archscope.cost.workload import parse_modes
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.clock import bench as module
from archscope.explore.clock import engines
from archscope.explore.clock import peak_memory as footprint
from archscope.explore.clock.bench import Extras, Setting, bench, bench_paper
from archscope.explore.clock.rounds import timed_rounds
from archscope.explore.networks.opened import open_network
from archscope.training.devices import Inventory

MACHINE = Inventory(cpus=2, cpu_name="imaginary")
TIMES_ONLY = Extras(memory=False)
SMALL = Network("small", Seq(Conv(8, 3), Act(), Pool("global"), Linear(2)), (3, 8, 8))


def replace_input(network):
    return dataclasses.replace(network, name="larger", input=(3, 16, 16))


class Clock:
    """Seconds that only the calls spend, each call of a name at the next of the paces."""

    def __init__(self, paces=(1.0,)):
        self.now, self.paces, self.calls = 0.0, paces, []

    def __call__(self):
        return self.now

    def call(self, name, seconds):
        def run():
            pace = self.paces[self.calls.count(name) % len(self.paces)]
            self.calls.append(name)
            self.now += seconds * pace

        return run


def test_rounds_are_timed_in_turns_after_two_warm_ups():
    clock, notes = Clock(), []
    timings = timed_rounds([clock.call("a", 2.0), clock.call("b", 5.0)], 3, notes.append, clock)
    assert clock.calls == ["a", "b"] * (2 + 3)
    assert [timing.seconds for timing in timings] == [(2.0, 2.0, 2.0), (5.0, 5.0, 5.0)]
    assert notes == [
        "warming up",
        "3 rounds, about 21 s",  # of 2 + 5 seconds each
        "round 1 of 3, about 14 s left",
        "round 2 of 3, about 7 s left",
    ]


def test_a_short_call_is_repeated_within_a_round_and_told_alone():
    clock = Clock()
    short, long = timed_rounds(
        [clock.call("short", 0.03), clock.call("long", 1.0)], 2, lambda text: None, clock
    )
    # A round lasts a tenth of a second at least: 4 times 0.03.
    assert clock.calls.count("short") == 2 + 2 * 4 and clock.calls.count("long") == 2 + 2
    assert short.seconds == pytest.approx((0.03, 0.03)) and long.seconds == pytest.approx(
        (1.0, 1.0)
    )


@pytest.fixture
def timed(monkeypatch):
    """`bench` on a clock that each network moves by its depth in seconds; it knows the calls."""
    clock = Clock(paces=(1.0, 1.0, 1.0, 3.0))  # the machine is slow in one round, for all alike

    def fake_workload(network, mode, images, precision, device):
        depth = int(network.name.removeprefix("resnet"))
        return clock.call((network.name, mode, images, precision, device), float(depth * images[0]))

    monkeypatch.setattr("archscope.nn.build.build", lambda network, **_: network)
    monkeypatch.setattr(engines, "workload", fake_workload)
    monkeypatch.setattr(engines, "place", lambda network, device: None)
    monkeypatch.setattr(module, "tune_malloc", lambda: True)
    monkeypatch.setattr(module, "timed_rounds", partial(timed_rounds, clock=clock))
    return clock


def test_medians_and_ratios_of_every_mode(timed):
    found = bench(
        ["resnet8", "resnet20"],
        Setting(batch=4, rounds=3, threads=1),
        extras=TIMES_ONLY,
        note=lambda text: None,
        machine=MACHINE,
    )
    document = found.document()
    assert document["schema"] == "archscope.bench/1"
    rows = document["results"]
    assert [(row["network"], row["mode"], row["batch"]) for row in rows] == [
        (name, mode, batch)
        for mode, batch in (("latency", 1), ("throughput", 4), ("step", 4))
        for name in ("resnet8", "resnet20")
    ]
    # The second timed round took three times as long, for both: the ratio does not see it.
    assert rows[0]["seconds"] == [8.0, 24.0, 8.0] and rows[0]["median"] == 8.0
    assert rows[3]["seconds"] == [80.0, 240.0, 80.0]
    assert [row["ratio"] for row in rows] == [1.0, 2.5] * 3
    assert rows[3]["images_per_second"] == 4 / 80
    assert document["setting"]["rounds"] == 3 and document["setting"]["warmup"] == 2
    machine = document["machine"]
    assert (machine["threads"], machine["precision"], machine["device"]) == (1, "fp32", "cpu")
    assert machine["torch"] and machine["processor"] and machine["malloc_tuned"] is True
    assert {row["peak_memory_bytes"] for row in rows} == {None}


def test_modes_inputs_and_threads_reach_the_module(timed):
    bench(
        ["resnet8"],
        Setting(modes=("step",), batch=2, rounds=1, precision="bf16"),
        input=(3, 16, 16),
        extras=TIMES_ONLY,
        note=lambda text: None,
        machine=MACHINE,
    )
    assert set(timed.calls) == {("resnet8", "step", (2, 3, 16, 16), "bf16", "cpu")}


def test_a_network_of_ones_own_and_one_twice(timed):
    own = dataclasses.replace(parse("resnet8"), name="resnet9")
    found = bench(
        [own, "resnet8", "resnet8"],
        Setting(modes=("latency",), rounds=1),
        extras=TIMES_ONLY,
        note=lambda text: None,
        machine=MACHINE,
    )
    assert [one.network.name for one in found.results] == ["resnet9", "resnet8", "resnet8"]
    assert [one.ratio for one in found.results] == pytest.approx([1, 8 / 9, 8 / 9])


def test_the_roofline_beside_the_measured_ratio(timed, monkeypatch):
    # 2 operations and 10^9 bytes a second: arithmetic is all that counts, as resnet20 has
    # 40,813,184 multiply-adds and resnet8 12,501,632 (summed by hand).
    device = Peak(flops=2.0, bandwidth=1e9)
    monkeypatch.setattr(module, "measure_peak", lambda device_name, precision: device)
    found = bench(
        ["resnet8", "resnet20"],
        Setting(modes=("latency",), rounds=1),
        extras=Extras(memory=False, layers=True),
        note=lambda text: None,
        machine=MACHINE,
    )
    first, second = (row["roofline"] for row in found.document()["results"])
    assert second["seconds"] == pytest.approx(40_813_184, rel=0.001)
    assert second["ratio"] == pytest.approx(40_813_184 / 12_501_632, rel=0.001)
    assert first["residual"] == pytest.approx(8 / 12_501_632, rel=0.001)
    assert first["memory_bound_share"] < 0.001
    times, *layers = found.tables()
    assert len(layers) == 2
    assert any("left unexplained" in note for note in times.notes)


def test_peak_memory_is_asked_for_each_network_and_mode(timed, monkeypatch):
    asked = []

    def measured(task):
        asked.append((task.network.name, task.mode, task.batch, task.threads))
        return 1000 * len(asked)

    monkeypatch.setattr(footprint, "peak_memory", measured)
    found = bench(
        ["resnet8"],
        Setting(modes=("latency", "step"), batch=4, rounds=1, threads=1),
        note=lambda text: None,
        machine=MACHINE,
    )
    assert asked == [("resnet8", "latency", 1, 1), ("resnet8", "step", 4, 1)]
    assert [row["peak_memory_bytes"] for row in found.document()["results"]] == [1000, 2000]
    assert "resident set" in found.document()["setting"]["memory"]


@pytest.mark.parametrize(
    ("networks", "setting", "words"),
    [
        ([], Setting(), "bench needs at least one network"),
        (["resnet8"], Setting(device="cuda"), "this machine has cpu"),
        (["resnet8"], Setting(precision="fp16"), "fp32 or bf16"),
        (["resnet8"], Setting(rounds=0), "--rounds must be a number from 1 to 65,536, not 0"),
        (["resnet8"], Setting(threads=0), "--threads must be a number .*, not 0"),
        (["resnet8"], Setting(batch=65_537), "--batch must be a number .*, not 65537"),
        (["resnet8", "wrn_28_10"], Setting(batch=65_536), "smaller --batch"),
    ],
)
def test_what_cannot_be_is_one_sentence(timed, networks, setting, words):
    with pytest.raises(UsageError, match=words):
        bench(networks, setting, note=lambda text: None, machine=MACHINE)


def test_modes_are_read():
    assert parse_modes("step, Latency") == ("latency", "step")
    with pytest.raises(UsageError, match="latency, throughput, step"):
        parse_modes("speed")


def test_published_numbers():
    resnext = {entry.network: entry for entry in EXAMPLES["resnext"].times}
    assert (resnext["resnet101"].seconds, resnext["resnext101_32x4d"].seconds) == (0.70, 0.95)
    assert resnext["resnext101_32x4d"].ratio == pytest.approx(1.357, abs=0.001)
    wrn = {entry.network: entry.ratio for entry in EXAMPLES["wrn"].times}
    assert (1 / wrn["wrn_40_4"], 1 / wrn["wrn_28_10"]) == (8, 1.6)
    for example in EXAMPLES.values():
        assert example.times[0].ratio == 1
        assert all(parse(entry.network).name == entry.network for entry in example.times)


@pytest.mark.parametrize(
    ("device", "batch", "quick", "expected"),
    [
        ("cpu", None, False, 8),
        ("cuda:0", None, False, 32),
        ("cpu", None, True, 2),
        ("cpu", 3, 1, 3),
    ],
)
def test_a_papers_example_has_a_batch_that_fits(monkeypatch, device, batch, quick, expected):
    asked = []

    def fake(networks, setting, **arguments):
        asked.append((networks, setting.batch, setting.modes))
        return module.Bench(setting, (), {})

    monkeypatch.setattr(module, "bench", fake)
    found = bench_paper(
        "resnext", Setting(modes=("step",), device=device), batch=batch, quick=bool(quick)
    )
    names = ["resnet101", "resnext101_32x4d", "resnext101_64x4d"]
    assert asked == [(names, expected, ("step",))]
    assert found.example is EXAMPLES["resnext"]


def test_an_unknown_paper():
    with pytest.raises(UsageError, match="resnext and wrn"):
        bench_paper("nonet")


class TestFootprint:
    def task(self, network, mode="throughput", batch=1):
        return footprint.Task(network, mode, batch, "fp32", "cpu", 1)

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's account of a process")
    def test_a_fresh_process_holds_what_the_network_needs(self):
        # 1 -> 16 channels of 1000x1000: the output alone is 64 MB, the weights are nothing.
        network = Network("wide", Seq(Conv(16)), (1, 1000, 1000))
        peak = footprint.peak_memory(self.task(network))
        assert 64_000_000 <= peak <= 300_000_000
        # 10 M weights of 4 bytes, and next to no activations; what loading them took is given back.
        held = nn.Sequential(nn.Flatten(), nn.Linear(10**6, 10))
        task = self.task(open_network(held, input=(1, 1000, 1000)))
        assert 40_000_000 <= footprint.peak_memory(task) <= 70_000_000

    @pytest.mark.parametrize(
        ("code", "said", "words"),
        [
            (1, b"", "ended with exit code 1"),
            (1, b"Traceback\nMemoryError: no room", "failed: MemoryError: no room"),
            (-9, b"", "was ended by SIGKILL (as when the system runs out of memory)"),
        ],
    )
    def test_a_process_that_fails_is_one_sentence(self, monkeypatch, code, said, words):
        ended = subprocess.CompletedProcess([], code, b"", said)
        monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: ended)
        with pytest.raises(ArchscopeError) as caught:
            footprint.peak_memory(self.task(parse("resnet8"), "step", 8))
        assert str(caught.value) == (
            "the process that measures the memory of resnet8 (step, 8 images) "
            f"{words}; use a smaller --batch, or --no-memory"
        )

    def test_where_nothing_is_measured(self):
        task = dataclasses.replace(self.task(parse("resnet8")), device="mps")
        assert footprint.peak_memory(task) is None
        assert "max_memory_allocated" in footprint.method("cuda:1")


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"engine": "tvm"}, "an engine is torch, compile, onnxruntime"),
        ({"engine": "onnxruntime"}, "give --modes latency,throughput"),
        ({"engine": "onnxruntime", "modes": ("latency",), "precision": "bf16"}, "in fp32"),
    ],
)
def test_an_engine_says_what_it_does_not_run(changed, rule):
    with pytest.raises(UsageError, match=rule):
        bench("resnet18", Setting(**changed), extras=TIMES_ONLY, machine=MACHINE)


def test_an_engine_that_cannot_be_had_is_told_with_the_fix(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UsageError, match=r"--engine compile on cpu needs a C\+\+ compiler"):
        bench("resnet18", Setting(engine="compile"), extras=TIMES_ONLY, machine=MACHINE)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    setting = Setting(engine="onnxruntime", modes=("latency",))
    with pytest.raises(UsageError, match=r"pip install 'archscope\[onnx\]'"):
        bench("resnet18", setting, extras=TIMES_ONLY, machine=MACHINE)


def test_inputs_are_said_where_they_differ():
    setting = Setting(modes=("latency",), rounds=1, threads=1)
    found = bench([SMALL, replace_input(SMALL)], setting, extras=TIMES_ONLY, note=lambda _: None)
    (table,) = found.tables()
    assert [row["input"] for row in table.rows] == ["3×8×8", "3×16×16"]
    assert "images of" in [column.header for column in table.columns]
    (alike,) = bench(SMALL, setting, extras=TIMES_ONLY, note=lambda _: None).tables()
    assert alike.title.endswith("images of 3×8×8")


@pytest.mark.slow
def test_networks_run_compiled():
    setting = Setting(modes=("latency",), rounds=1, threads=1, engine="compile")
    notes: list[str] = []
    found = bench([SMALL, replace_input(SMALL)], setting, note=notes.append)
    assert [one.peak_memory for one in found.results] == [None, None]
    assert "compiling small (latency)" in notes
    assert "memory is measured of --engine torch alone" in notes
    assert found.document()["setting"]["engine"] == "compile"
    assert "run by compile" in " ".join(found.tables()[0].notes)


@pytest.mark.torchvision
def test_onnx_runtime_runs_what_is_exported_and_files_as_they_are(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from archscope.nn.build import build
    from archscope.nn.export import Export

    content = Export("small", build(SMALL).eval(), "onnx", torch.randn(2, 3, 8, 8)).content()
    (file := tmp_path / "small.onnx").write_bytes(content)
    setting = Setting(modes=("latency", "throughput"), batch=4, rounds=1, engine="onnxruntime")
    found = bench([SMALL, str(file)], setting, note=lambda _: None)
    rows = found.document()["results"]
    assert [(row["mode"], row["batch"]) for row in rows] == [("latency", 1)] * 2 + [
        ("throughput", 4)
    ] * 2
    assert all(row["images_per_second"] == row["batch"] / row["median"] for row in rows)
    assert found.document()["machine"]["engine"].startswith("onnxruntime ")
