"""A cap on the latency in a search: what is drawn keeps it, and the folder keeps the model."""

import json
from pathlib import Path

import pytest
from scipy.stats import chisquare
from typer.testing import CliRunner

import archscope
from archscope.cli import app
from archscope.errors import UsageError
from archscope.explore.design import chunks, draw
from archscope.explore.design.collect import Order
from archscope.explore.design.enumerate import enumerate_designs
from archscope.explore.design.enumeration import Query
from archscope.explore.latency.fitted import Asked, LatencyModel, fitted_model
from archscope.explore.searching.timed import begun, described, model_for
from archscope.sweep.store.search import Asked as Told
from archscope.sweep.store.search import read_search, record

GIVEN = {"cardinality": [1, 2, 4], "width": [4, 8, 16]}
EVERY = [archscope.network(f"resnext11_{c}x{d}d") for c in (1, 2, 4) for d in (4, 8, 16)]
CAP = "6ms"


def inside(model: LatencyModel) -> set[str]:
    found = {one.name for one in EVERY if model.seconds(one) <= 6e-3}
    assert 1 < len(found) < len(EVERY)
    return found


@pytest.mark.parametrize("few", [draw.FEW_TIMED, 0])
def test_what_is_drawn_keeps_the_cap_and_nothing_else_is_missed(kept, few, monkeypatch):
    monkeypatch.setattr(draw, "FEW_TIMED", few)  # 0: by random lines, as from a large box
    monkeypatch.setattr(draw, "MOST_TIMED", 20_000)
    chosen = archscope.FeasibleSet("cifar_resnext11", CAP, given=GIVEN, latency=kept)
    expected = inside(kept)
    assert {one.name for one in chosen.sample(9)} == expected
    assert {one.name for one in EVERY if chosen.contains(one)} == expected


def test_where_a_draw_finds_few_no_more_are_timed_than_in_seconds(kept, monkeypatch):
    monkeypatch.setattr(draw, "FEW_TIMED", 0)
    monkeypatch.setattr(draw, "MOST_TIMED", 1)
    monkeypatch.setattr(draw, "CHUNK", 8)
    query = Query(["cifar_resnext11"], GIVEN, {"latency": (0, 6_000_000)}, latency=kept)
    assert enumerate_designs(query, Order(sample=1000)).drawn is None  # one chunk holds the rest
    monkeypatch.setattr(chunks, "CHUNK", 1)
    assert enumerate_designs(query, Order(sample=1000)).drawn


@pytest.mark.parametrize("times", [10, pytest.param(30, marks=pytest.mark.slow)])
def test_lines_draw_each_network_that_keeps_the_cap_as_often(kept, times, monkeypatch):
    monkeypatch.setattr(draw, "FEW_TIMED", 0)
    monkeypatch.setattr(draw, "CHUNK", 64)
    chosen = archscope.FeasibleSet("cifar_resnext11", CAP, given=GIVEN, latency=kept)
    expected = inside(kept)
    drawn = [chosen.sample(1, seed)[0].name for seed in range(times * len(expected))]
    assert set(drawn) == expected
    assert chisquare([drawn.count(name) for name in expected]).pvalue > 0.001


def told(**changed) -> Told:
    usual = {"families": ("wrn",), "caps": (CAP,), "method": "halving", "trials": 4}
    usual |= {"seconds": None, "seed": 1, "baselines": (), "scale": (), "first_look": 3}
    return Told(**{**usual, "max_seeds": 16, "alpha": 0.05, "resolve": 0.5, **changed})


def test_a_search_goes_on_by_the_model_with_which_its_folder_began(kept, tmp_path):
    few = archscope.FeasibleSet("cifar_resnext11", CAP, given=GIVEN, latency=kept)
    asked = told(latency=described(Asked(1)))
    record(tmp_path, lambda there: there or begun(tmp_path, asked, few, EVERY[0]))
    now = read_search(tmp_path)
    assert now is not None and now.latency[0].network == EVERY[0].name
    assert now.latency[0].ms == pytest.approx(1000 * kept.seconds(EVERY[0]))
    slower = LatencyModel(kept.machine, {**kept.weights, "linear": {"start": 1.0}}, kept.errors, {})
    slower.write(Asked(1).file)  # the machine was fitted again
    assert fitted_model(Asked(1)).weights == slower.weights
    again = model_for(Asked(1), tmp_path)
    assert again is not None and again.weights == kept.weights
    notes: list[str] = []
    model_for(slower, tmp_path, notes.append)
    assert len(notes) == 1 and "the model with which the search began" in notes[0]
    with pytest.raises(UsageError, match="of threads 1, not 2"):
        model_for(Asked(2), tmp_path)


def test_a_record_without_such_a_cap_is_as_it_was(tmp_path):
    few = archscope.FeasibleSet("wrn_10", "1Mparams")
    record(tmp_path, lambda there: there or begun(tmp_path, told(), few, None))
    assert "latency" not in json.dumps(json.loads((tmp_path / "search.json").read_text()))
    assert "latency" not in repr(told())  # a folder's usual name hashes it


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--at-most", "20ms"], "archscope bench --fit --threads 2"),
        (["--at-most", "20ms", "--latency-precision", "bf16"], "--precision bf16 --threads 2"),
        (["--at-most", "1Mparams", "--latency-threads", "2"], "add --at-most 20ms"),
    ],
)
def test_threads_of_latency_are_not_those_of_a_training(words, rule, tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path))
    given = [*words, "--latency-threads", "2", "--threads", "1", "--trials", "4"]
    result = CliRunner().invoke(app, ["search", "wrn_10", *given, "--preset", "quick"])
    assert result.exit_code == 2 and rule in result.stderr


def test_a_table_is_drawn_by_exact_costs(kept, tmp_path):
    timed = archscope.FeasibleSet("wrn_10", "20ms", latency=kept)
    with pytest.raises(UsageError, match="leave the cap on the latency out"):
        archscope.table_make(timed, tmp_path / "designs.csv")


@pytest.mark.slow
def test_a_search_within_a_time_tells_it_everywhere(kept, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "search wrn_10,wrn_16 --scale 0.25,0.5 --at-most 0.5ms --trials 2 --baselines none"
    words += (
        " --preset quick --samples 100 --batch 20 --workers 1 --threads 1 --out s --format json"
    )
    result = CliRunner().invoke(app, [*words.split(), "--latency-threads", "1"])
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["latency"] == "cpu, fp32, threads 1"
    for one in (document["winner"], *document["trials"], *document["incumbents"]):
        low, high = one["latency_ms_interval"]
        assert low < one["latency_ms"] < high and one["latency_ms"] <= 0.5
    assert "latency_ms_low" in (tmp_path / "s" / "results.csv").read_text().splitlines()[0]
    assert "predicted" in (tmp_path / "s" / "report.html").read_text()
