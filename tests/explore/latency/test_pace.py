"""A machine that is faster at one time than at another: anchors, checks, and the intervals."""

import json
import math
import random
import statistics
from dataclasses import replace

import pytest
from pretended_clock import some, true_seconds
from typer.testing import CliRunner

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.cli import app
from archscope.cost.execution import unrolled
from archscope.cost.formula import count
from archscope.cost.latency.model import row_of
from archscope.cost.latency.pieces import pieces
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.clock import check
from archscope.explore.clock.anchors import anchors_of
from archscope.explore.clock.check import checked, up_to_date
from archscope.explore.clock.fit import fit_machine
from archscope.explore.clock.fit_networks import drawn_networks
from archscope.explore.clock.fit_runner import Runner
from archscope.explore.latency.fitted import Asked, LatencyModel, fitted_model, latency_model
from archscope.explore.latency.interval import reach

ASKED = Asked(1)
NAMES = ("resnet20", "resnet32", "resnet44", "cifar_resnext11_2x64d@0.25", "wrn_10_2")


class Machine:
    """One whose seconds are known, times its pace, which a group of ten that is loaded changes."""

    def __init__(self, paces=(), noise: float = 0.0) -> None:
        self.pace, self._paces = 1.0, iter(paces)
        self._noise, self._draw, self._loaded = noise, random.Random(1), 0

    def load(self, network: Network) -> Runner:
        if self._loaded >= 4 and (self._loaded - 4) % 10 == 0:  # behind the anchors
            self.pace = next(self._paces, self.pace)
        self._loaded += 1
        cut, own = pieces(network), math.exp(self._draw.gauss(0, self._noise))

        def parts() -> list[float]:
            return [self.pace * own * true_seconds(piece) for piece in cut]

        return Runner(network.name, [row_of(p) for p in cut], lambda: sum(parts()), parts)


def fitted(machine: Machine, networks=None) -> LatencyModel:
    quiet = {"limit": 0.0, "note": lambda text: None}
    return fit_machine(ASKED, load=machine.load, networks=networks or some(40, 1), **quiet)


def seconds(network: Network) -> float:
    return true_seconds(unrolled(network).operations)


def test_a_drift_during_the_fit_is_no_error_of_the_model():
    model = fitted(Machine([1.0, 1.3, 0.9, 1.1]))
    mean = statistics.geometric_mean([1.0, 1.3, 0.9, 1.1])
    assert model.paces == pytest.approx([1 / mean, 1.3 / mean, 0.9 / mean, 1.1 / mean])
    assert max(model.errors) < 0.05
    for network in some(10, 2):  # at the pace of the end
        assert model.seconds(network) == pytest.approx(1.1 * seconds(network), rel=0.03)
        assert model.nanoseconds(network) == pytest.approx(1.1e9 * seconds(network), rel=0.03)
    assert model.reach > 1.3  # as the machine has been so much faster and slower


def test_anchors_are_small_and_middling_networks_of_those_measured():
    networks = some(40, 1)
    macs = sorted(count(one).macs for one in networks)
    found = [count(one).macs for one in anchors_of(networks)]
    assert found == [macs[place] for place in (8, 14, 20, 26)]


@pytest.mark.slow
def test_every_network_that_may_be_an_anchor_is_made_again_from_its_name():
    for one in anchors_of(drawn_networks(1, 5)):
        again = parse(one.name, None, one.input)
        assert (repr(again.tree), again.input) == (repr(one.tree), one.input)


def with_names(paces=()) -> tuple[Machine, LatencyModel]:
    """A fit whose anchors have names that can be parsed."""
    machine = Machine(paces)
    networks = [parse(name, None, (3, side, side)) for name in NAMES for side in (32, 48, 64, 80)]
    return machine, fitted(machine, networks)


def test_anchors_measured_again_scale_the_model_and_it_says_so():
    machine, model = with_names()
    machine.pace, told = 1.14, []
    now = checked(model, note=told.append, load=machine.load)
    assert now.pace == pytest.approx(1.14) and now.paces[:-1] == model.paces
    for network in some(5, 2):
        assert now.seconds(network) == pytest.approx(1.14 * model.seconds(network))
    assert len(told) == 1 and "take 1.14 times as long as when last measured" in told[0]
    assert "busy" not in told[0]
    machine.pace = 1.0
    back = checked(now, note=told.append, load=machine.load)
    assert back.pace == pytest.approx(1.0) and "0.88 times" in told[1]
    # The machine has shown what it may do, and the interval has it.
    assert back.reach > model.reach


def test_an_interval_has_each_change_of_the_pace_that_was_seen():
    errors = [0.01 * one for one in range(1, 20)]
    assert reach(errors, [1.0]) == reach(errors, [3.0]) == pytest.approx(math.exp(0.18))
    assert reach(errors, [2.0, 2.0, 2.0]) == pytest.approx(math.exp(0.18))
    # One change of 0.5, up or down: every error lies that far off, the least of them 0.31.
    both = sorted(abs(one + change) for one in errors for change in (0.5, -0.5))
    assert reach(errors, [1.0, math.exp(0.5)]) == pytest.approx(math.exp(both[35]))


@pytest.mark.parametrize("step", [0.0, 0.01, 0.03])
def test_intervals_hold_after_a_check_on_a_machine_that_drifts(step):
    """Many fits of a machine whose pace walks, each checked a while later, then measured."""
    draw, inside, old = random.Random(4), [], []
    for _ in range(60):
        pace, paces = 0.0, []
        for _ in range(13):
            pace += draw.gauss(0, step)
            paces.append(pace + draw.gauss(0, 0.003))
        errors = [abs(draw.gauss(0, 0.06)) for _ in range(130)]
        before = LatencyModel({}, {}, errors, {}, paces=tuple(map(math.exp, paces)))
        pace += draw.gauss(0, 4 * step)
        now = before.at_pace(math.exp(pace + draw.gauss(0, 0.003)))
        for _ in range(20):
            later = pace + draw.gauss(0, 2 * step) + draw.gauss(0, 0.06)
            inside.append(abs(later - math.log(now.pace)) <= math.log(now.reach))
            old.append(abs(later - statistics.mean(paces)) <= math.log(reach(errors, [1.0])))
    assert 0.87 <= statistics.mean(inside) <= 0.95
    if step == 0.03:
        assert statistics.mean(old) < 0.8  # which is why there are anchors


def test_a_model_without_anchors_is_read_as_before_and_cannot_be_checked(kept):
    document = json.loads(ASKED.file.read_text())
    del document["anchors"], document["paces"]
    ASKED.file.write_text(json.dumps(document))
    found = fitted_model(ASKED)
    assert found == kept and found.pace == 1
    assert up_to_date(found, lambda text: None) is found
    result = CliRunner().invoke(app, ["bench", "--check", "--threads", "1"])
    assert result.exit_code == 2 and "run archscope bench --fit --threads 1" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "entries",
    [
        {"paces": []},
        {"paces": [0]},
        {"paces": [True]},
        {"paces": 1},
        {"anchors": {}},
        {"anchors": ["resnet18"]},
        {"anchors": [{"network": "resnet18", "input": [3, 32, 32], "seconds": 0}]},
        {"anchors": [{"network": "resnet18", "input": [3, 32], "seconds": 1}]},
    ],
)
def test_a_pace_or_an_anchor_that_is_none_is_damage(kept, entries):
    document = json.loads(ASKED.file.read_text())
    ASKED.file.write_text(json.dumps({**document, **entries}))
    with pytest.raises(ArchscopeError, match=r"is damaged \(.*\): remove it, and run"):
        fitted_model(ASKED)


def test_bench_check_keeps_the_scaled_model_and_solve_measures_by_it(kept, monkeypatch):
    machine, model = with_names()
    replace(model, machine=kept.machine).write(ASKED.file)
    monkeypatch.setattr(check, "runner", lambda network, asked: machine.load(network))
    machine.pace = 1.25
    words = ["bench", "--check", "--threads", "1"]
    result = CliRunner().invoke(app, [*words, "--format", "json"])
    assert result.exit_code == 0, result.stderr
    assert "1.25 times as long" in result.stderr
    assert json.loads(result.stdout)["paces"][-1] == pytest.approx(1.25)
    assert fitted_model(ASKED).pace == pytest.approx(1.25)
    table = CliRunner().invoke(app, words).stdout
    assert "times are 1.25 of the fit's mean" in table
    assert "archscope bench --check --threads 1 measures them again" in table
    machine.pace = 1.5
    words = ["solve", "--network", "cifar_resnext11", "--cardinality", "1", "--width", "1:2"]
    words += ["--free", "width", "--at-most", "10s", "--measure", "1", "--threads", "1"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    assert "1.20 times as long" in result.stderr
    assert fitted_model(ASKED).pace == pytest.approx(1.5)


@pytest.mark.parametrize("word", ["--fit", "--batch=4", "--seconds=5", "--no-memory", "resnet18"])
def test_a_check_takes_nothing_else(kept, word):
    result = CliRunner().invoke(app, ["bench", "--check", "--threads", "1", word])
    assert result.exit_code == 2 and "--check measures the machine, and takes not" in result.stderr


def test_a_model_that_cannot_be_kept_is_scaled_all_the_same(kept, monkeypatch):
    machine, model = with_names()
    replace(model, machine=kept.machine).write(ASKED.file)
    monkeypatch.setattr(check, "runner", lambda network, asked: machine.load(network))
    monkeypatch.setattr(LatencyModel, "write", _no_place)
    machine.pace, told = 2.0, []
    assert up_to_date(model, told.append).pace == pytest.approx(2.0)
    assert "cannot be written" in told[1]
    with pytest.raises(UsageError, match="fit one first"):
        check.check_latency(Asked(63))


def test_a_check_loses_neither_another_check_nor_a_fit_of_meanwhile(kept, monkeypatch):
    machine, model = with_names()
    model = replace(model, machine=kept.machine)
    model.write(ASKED.file)
    meanwhile = [model.at_pace(1.3), replace(model, anchors=model.anchors[:3])]

    def load(network, asked):
        meanwhile[0].write(ASKED.file)
        return machine.load(network)

    monkeypatch.setattr(check, "runner", load)
    machine.pace, told = 1.2, []
    check.check_latency(ASKED, told.append)
    assert fitted_model(ASKED).paces == pytest.approx((*model.paces, 1.3, 1.2))
    del meanwhile[0]
    found = check.check_latency(ASKED, told.append)
    assert "fitted anew meanwhile" in told[-1]
    assert found.model == fitted_model(ASKED) == meanwhile[0]


def _no_place(model: LatencyModel, path: object) -> None:
    raise ArchscopeError("the model cannot be written")


@pytest.mark.parametrize("key", ["networks", "pieces", "rounds", "disagreement"])
@pytest.mark.parametrize("value", [None, "x"])
def test_a_model_that_does_not_say_how_it_was_measured_is_damage(kept, key, value):
    _, model = with_names()
    document = {**replace(model, machine=kept.machine).document(), key: value}
    ASKED.file.write_text(json.dumps(document))
    result = CliRunner().invoke(app, ["bench", "--check", "--threads", "1"])
    assert result.exit_code == 1 and "is damaged (a number of it is missing" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("factor", [0.0, 1e-6, 1e6])
def test_a_pace_that_is_no_measurement_is_refused_and_not_kept(kept, monkeypatch, factor):
    machine, model = with_names()
    replace(model, machine=kept.machine).write(ASKED.file)
    before = ASKED.file.read_bytes()
    monkeypatch.setattr(check, "runner", lambda network, asked: machine.load(network))
    machine.pace = factor
    result = CliRunner().invoke(app, ["bench", "--check", "--threads", "1"])
    assert result.exit_code == 1 and "no measurement of a pace" in result.stderr
    assert "archscope bench --fit --threads 1" in result.stderr
    assert len(result.stderr.splitlines()) == 1 and ASKED.file.read_bytes() == before


@pytest.mark.parametrize("mode", [None, ["latency"]])
def test_a_mode_that_is_no_text_is_one_sentence(mode):
    with pytest.raises(UsageError, match="a model is of latency, throughput, step, not"):
        latency_model(threads=1, mode=mode)


@pytest.mark.parametrize("name", ["nosuch", "nosuch.py:net"])
def test_an_anchor_that_is_no_network_is_told_of_the_model(kept, name):
    _, model = with_names()
    known = (replace(model.anchors[0], network=name), *model.anchors[1:])
    replace(model, machine=kept.machine, anchors=known).write(ASKED.file)
    result = CliRunner().invoke(app, ["bench", "--check", "--threads", "1"])
    assert result.exit_code == 1 and "an anchor of the model" in result.stderr
    assert "archscope bench --fit --threads 1" in result.stderr
