"""`solve` under a latency: the best of all by each design's own prediction; measured ones first."""

import json
import math
from itertools import product

import pytest
from typer.testing import CliRunner

from archscope.cli import app
from archscope.cost.formula import count
from archscope.errors import UsageError
from archscope.explore.clock.fit_runner import Runner
from archscope.explore.clock.measured import measured
from archscope.explore.design.caps.read import read_caps
from archscope.explore.design.enumerate import spaces
from archscope.explore.design.enumeration import Query
from archscope.explore.design.inverse import Options, inverse
from archscope.explore.design.solve import solve
from archscope.explore.latency.fitted import Asked

GIVEN = {"cardinality": [1, 3, 8, 32], "width": list(range(1, 9))}
BOX = ("--network", "resnext50", "--cardinality", "1,3,8,32", "--width", "1:8")
FREE = ("--free", "cardinality,width", "--threads", "1")
LISTED = ("resnext50", "--cardinality", "1,3", "--width", "1:3", "--threads", "1")


def run(*words: str):
    return CliRunner().invoke(app, ["solve", *BOX, *FREE, *words])


def designs(*words: str):
    result = run(*words, "--format", "json", "--all")
    assert result.exit_code == 0, result.stderr
    (answer,) = json.loads(result.stdout)["answers"]
    return answer["designs"], answer["proof"]


@pytest.fixture
def alone(kept):
    """Milliseconds and multiply-adds of each design, made one by one."""
    (space,) = spaces(Query(["resnext50"], GIVEN))
    found = {}
    for part in space.parts():
        for one in product(*part.arrays.values()):
            network = space.network(part.values(dict(zip(part.arrays, one, strict=True))))
            found[network.name] = 1000 * kept.seconds(network), count(network).macs
    return found


def test_the_slowest_within_the_cap_come_first(alone):
    most = round(sorted(ms for ms, _ in alone.values())[20], 3)
    found, proof = designs("--at-most", f"{most:.3f}ms", "--nearest", "3")
    expected = sorted((name for name in alone if alone[name][0] <= most), key=alone.get)[:-4:-1]
    assert [row["network"] for row in found] == expected
    assert found[0]["latency_ms"] == pytest.approx(alone[expected[0]][0])
    assert found[0]["latency_ms_interval"][0] < found[0]["latency_ms"]
    assert proof["method"] == "exhaustive" and "predicted" in proof["statement"]


def test_a_cost_is_maximised_within_the_cap(alone):
    most = round(sorted(ms for ms, _ in alone.values())[20], 3)
    found, _ = designs("--at-most", f"{most:.3f}ms", "--maximise", "macs", "--nearest", "1")
    best = max((name for name in alone if alone[name][0] <= most), key=lambda n: alone[n][1])
    assert found[0]["network"] == best


def test_the_nearest_to_a_time(alone):
    wanted = round(sorted(ms for ms, _ in alone.values())[12] + 0.01, 3)
    found, _ = designs("--budget", f"{wanted:.3f}ms", "--nearest", "2")
    expected = sorted(alone, key=lambda name: abs(alone[name][0] - wanted))[:2]
    assert [row["network"] for row in found] == expected
    assert found[0]["residuals"]["latency"] == pytest.approx(
        alone[expected[0]][0] - wanted, abs=1e-5
    )


def test_where_none_is_as_fast_the_fastest_is_named(alone):
    result = run("--at-most", "1ms")
    assert result.exit_code == 4
    assert min(alone, key=alone.get) in result.stderr and "latency binds" in result.stderr


def test_without_a_model_the_command_that_fits_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path))
    result = run("--at-most", "20ms")
    assert result.exit_code == 2 and "archscope bench --fit --threads 1" in result.stderr
    with pytest.raises(UsageError, match="fitted model"):
        inverse("resnext50", read_caps("20ms"), given=GIVEN, free=("width",))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at-most", "5Mparams"), "add --at-most 20ms"),
        (("--at-most", "5Mparams", "--measure", "2"), "add --at-most 20ms"),
        (("--at-most", "20ms", "--rule", "width"), "--rule"),
    ],
)
def test_options_that_do_not_go_together_are_refused(kept, words, said):
    result = run(*words)
    assert result.exit_code == 2 and said in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(("hard", "limit"), [(True, 40.0), (False, 40.0)])
def test_measured_answers_come_in_the_order_that_they_have(kept, hard, limit):
    """A pretended clock: the predicted order is turned around, and the slowest pass the cap."""
    options = Options(nearest=4, latency=kept)
    caps = read_caps(f"{limit}ms")
    if not hard:
        caps = [type(one)(one.metric, one.value) for one in caps]
    found = inverse("resnext50", caps, given=GIVEN, free=("cardinality", "width"), options=options)
    names = [found.answers[0].space.name(one.values) for one in found.answers[0].designs]
    seconds = dict(zip(names, (0.045, 0.030, 0.038, 0.001), strict=True))

    def load(network):
        return Runner(network.name, [], lambda: seconds[network.name], list)

    told = []
    after = measured(found, 3, Asked(1), told.append, load)
    (answer,) = after.document()["answers"]
    # Under a cap the largest within it, then what passes it; near a budget the nearest.
    order = [2, 1, 0] if hard else [2, 0, 1]
    rows = answer["designs"]
    assert [row["network"] for row in rows] == [names[place] for place in (*order, 3)]
    for row in rows[:3]:
        assert row["latency_ms_measured"] == pytest.approx(1000 * seconds[row["network"]])
    assert "latency_ms_measured" not in rows[3]
    assert told and math.isfinite(rows[3]["latency_ms"])
    assert "measured" in after.tables()[0].columns[-1].header


def test_answers_are_measured_on_this_machine(kept):
    words = ("--network", "cifar_resnext11", "--cardinality", "1", "--width", "1:2")
    words = (*words, "--free", "width", "--at-most", "10s", "--measure", "1", "--threads", "1")
    result = CliRunner().invoke(app, ["solve", *words, "--format", "json"])
    assert result.exit_code == 0, result.stderr
    (answer,) = json.loads(result.stdout)["answers"]
    assert answer["designs"][0]["latency_ms_measured"] > 0


def test_the_library_solves_by_a_model_that_it_is_given(alone, kept):
    most = sorted(ms for ms, _ in alone.values())[20]
    words = {"at_most": f"{most + 1e-3:.3f}ms", "free": ("cardinality", "width"), "all": True}
    found = solve("resnext50", **words, latency=kept, nearest=1, **GIVEN)
    expected = max((name for name in alone if alone[name][0] <= most), key=alone.get)
    assert found.document()["answers"][0]["designs"][0]["network"] == expected


def test_where_batch_norm_is_folded_it_says_that_the_latency_is_of_layers_not_folded(alone):
    slowest = max(ms for ms, _ in alone.values())
    said = "latency is that of layers not folded"
    for words in (["solve", *BOX, *FREE, "--at-most"], ["enumerate", *LISTED, "--latency"]):
        end = f":{slowest:.0f}ms" if words[0] == "enumerate" else f"{slowest:.0f}ms"
        assert said in CliRunner().invoke(app, [*words, end, "--fold"]).stderr
        assert said not in CliRunner().invoke(app, [*words, end]).stderr
