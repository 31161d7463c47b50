"""Models of throughput and of training steps: fitted as that of latency, each kept beside it."""

import json
import math
from itertools import count as numbers

import pytest
from pretended_clock import pretended, small, some, true_seconds
from typer.testing import CliRunner

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Seq
from archscope.cli import app
from archscope.cost.execution import unrolled
from archscope.cost.formula import count
from archscope.cost.latency.model import row_of
from archscope.cost.latency.pieces import pieces
from archscope.cost.workload import workload
from archscope.errors import UsageError
from archscope.explore.clock import fit
from archscope.explore.clock.fit_result import fit_latency
from archscope.explore.clock.fit_runner import runner
from archscope.explore.latency.fitted import Asked, LatencyModel, asked_for, fitted_model
from archscope.nn.build import build
from archscope.nn.marked import MarkedStep

STEP = Asked(1, mode="step", batch=8)
NETWORKS = some(30, 1)


def run(*words: str):
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def machine(tmp_path, monkeypatch) -> None:
    """One whose seconds are known, with an empty cache."""
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(fit, "drawn_networks", lambda: NETWORKS)
    monkeypatch.setattr(fit, "_loader", lambda asked: pretended(0.0, batch=asked.batch))


def test_each_mode_is_fitted_kept_beside_the_others_and_predicted_by(machine):
    one = ("--threads", "1", "--format", "json")
    for words in (["throughput"], ["step", "--batch", "8"]):
        result = run("bench", "--fit", "--modes", *words, *one)
        assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["mode"], document["batch"]) == ("step", 8)
    names = {path.name for path in STEP.file.parent.iterdir()}
    assert names == {"cpu-fp32-1-throughput.json", "cpu-fp32-1-step.json"}
    words = ("compare", "resnet20", "--counter", "formula", "--costs", "step,throughput")
    result = run(*words, *one)
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads(result.stdout)["networks"]
    operations = unrolled(parse("resnet20")).operations
    assert found["step_ms"] == pytest.approx(1000 * true_seconds(operations, 8), rel=0.1)
    assert found["throughput"] == pytest.approx(16 / true_seconds(operations, 16), rel=0.1)
    assert (found["step_batch"], found["throughput_batch"]) == (8, 16)
    for key in ("step_ms", "throughput"):
        low, high = found[f"{key}_interval"]
        assert low <= found[key] <= high
    table = run(*words, "--threads", "1").stdout
    assert "throughput, predicted (batch 16)" in table and "images/s (" in table
    assert "training step, predicted (batch 8)" in table
    csv = run(*words, "--threads", "1", "--format", "csv").stdout
    assert csv.splitlines()[0].endswith("throughput,step_ms")
    # No model of latency is there yet, and the setting of one that is kept says its mode.
    result = run("compare", "resnet20", "--costs", "latency,step", "--threads", "1")
    assert result.exit_code == 2 and "archscope bench --fit --threads 1" in result.stderr


def test_a_fit_of_a_batch_recovers_a_machine_whose_seconds_are_known():
    quiet = {"limit": 0.0, "note": lambda text: None}
    model = fit.fit_machine(STEP, load=pretended(0.0, batch=8), networks=NETWORKS, **quiet)
    for network in some(15, 2):
        expected = true_seconds(unrolled(network).operations, 8)
        assert model.seconds(network) == pytest.approx(expected, rel=0.03)
    assert "a training step of 8 images is predicted" in model.sentence()
    with pytest.raises(UsageError, match="chosen by latency, and this model is of step"):
        model.nanoseconds(NETWORKS[0])


@pytest.mark.parametrize("mode", ["throughput", "step"])
def test_without_a_model_of_the_mode_the_command_that_fits_it_is_named(mode, kept):
    result = run("compare", "resnet18", "--costs", mode, "--threads", "1")
    assert result.exit_code == 2
    assert f"{mode} is predicted by a fitted model; fit one first: archscope bench" in result.stderr
    assert f"archscope bench --fit --modes {mode} --threads 1" in result.stderr


def test_a_file_of_another_mode_is_refused(kept):
    with pytest.raises(UsageError, match="is of latency, not step; name one of step"):
        fitted_model(STEP, Asked(1).file)
    LatencyModel(kept.machine, kept.weights, kept.errors, {}, "step", 8).write(STEP.file)
    assert fitted_model(asked_for(1, "fp32", "cpu", "step")).batch == 8
    words = ("solve", "--network", "resnet50", "--at-most", "20ms", "--latency-model")
    result = run(*words, str(STEP.file), "--threads", "1")
    assert result.exit_code == 2 and "is of step, not latency" in result.stderr


def test_a_model_under_other_versions_names_the_command_of_its_own_batch(kept):
    notes = []
    old = {**kept.machine, "torch": "1.0"}
    LatencyModel(old, kept.weights, kept.errors, {}, "step", 8).write(STEP.file)
    fitted_model(asked_for(1, "fp32", "cpu", "step"), note=notes.append)
    assert "step may be out of date" in notes[0]
    assert "archscope bench --fit --modes step --batch 8 --threads 1" in notes[0]


def test_throughput_is_the_batch_by_its_seconds_and_its_interval_turned_round():
    model = LatencyModel({}, {"linear": {"start": 0.5}}, [math.log(2)], {}, "throughput", 16)
    found = model.around(0.5).document()
    assert found["throughput"] == 32
    assert found["throughput_interval"] == pytest.approx([16, 64])


def test_a_step_tells_forward_backward_and_update_of_each_piece():
    # Each reading of the clock is a second: one a piece forward, one backward; the last piece has
    # the loss with it, and the second of the update is divided as the weights are.
    network = small(16, 2, 32, groups=2)
    ticks = numbers()
    module, cut = build(network), pieces(network)
    call = workload(module, "step", (2, *network.input), "fp32", "cpu")
    found = MarkedStep(module, cut, call, lambda: float(next(ticks)), lambda: None)()
    params = [sum(one.params for one in piece) for piece in cut]
    assert sum(params) == count(network).params
    expected = [2 + own / sum(params) for own in params]
    expected[-1] += 1
    assert found == pytest.approx(expected)
    assert module.training


def test_a_module_tells_the_time_of_each_piece_of_its_step():
    ready = runner(small(16, 1, 32), Asked(1, mode="step", batch=2))
    assert len(ready.parts()) == len(ready.rows) > 5
    assert all(each > 0 for each in ready.parts())
    assert ready.whole() > 0


def test_what_cannot_be_trained_or_held_is_left_out_and_said():
    told: list[str] = []
    headless = Network("headless", Seq(Conv(8, 3), Conv(4, 1)), (3, 32, 32))
    large = small(16, 1, 20_000)
    given = {"load": pretended(0.0, batch=8), "limit": 0.0, "note": told.append}
    model = fit.fit_machine(STEP, networks=[*some(20, 1), headless, large], **given)
    assert len(model.about["networks"]) == 20
    assert "without a linear layer" in told[0] and "more memory than is free" in told[1]


def test_a_mode_that_is_none_is_refused_before_anything_runs():
    with pytest.raises(UsageError, match="a model is of latency, throughput, step, not 'speed'"):
        fit_latency(1, mode="speed")
    with pytest.raises(UsageError, match="of step takes --batch 2 to 65,536, not 1"):
        fit_latency(1, mode="step", batch=1)


def test_a_batch_fills_the_caches_with_all_its_images_and_the_weights_once():
    conv = unrolled(parse("resnet18")).operations[0]  # 64 maps of 112x112 of 3 of 224x224
    moved, kind = 64 * 112**2 + 3 * 224**2, "conv image"
    for batch, size in [(1, 2**22), (8, 2**22), (16, 2**20)]:
        row = row_of([conv], batch)
        assert row[kind, f"moved>{size}"] == max(0, batch * moved - size) / batch
        assert row[kind, "weights"] == 64 * 3 * 7**2
