"""Latency of many designs at once: each as it is alone; enumerated, ranged over, on a front."""

import csv
import io
import json
from itertools import product

import numpy as np
import pytest
from typer.testing import CliRunner

from archscope.arch.names import parse
from archscope.arch.scaling import plain
from archscope.cli import app
from archscope.cost import execution
from archscope.cost.formula import count
from archscope.cost.latency.model import latencies, latencies_of_box
from archscope.cost.memory import memory
from archscope.errors import UsageError
from archscope.explore.design.collect import Order
from archscope.explore.design.enumerate import enumerate_designs, spaces
from archscope.explore.design.enumeration import Query

BOX = ("resnext50", "--cardinality", "1,3,8,32", "--width", "1:8", "--depth", "1:2,2,3,1")


BOX_GIVEN = {
    "cardinality": [1, 3, 8, 32],
    "width": list(range(1, 9)),
    "depth": [[1, 2], [2], [3], [1]],
}


def alone(model) -> dict[str, tuple[float, int]]:
    """Milliseconds and parameters of each design of the box, made one by one."""
    (space,) = spaces(Query(["resnext50"], BOX_GIVEN))
    found = {}
    for part in space.parts():
        for one in product(*part.arrays.values()):
            network = space.network(part.values(dict(zip(part.arrays, one, strict=True))))
            found[network.name] = 1000 * model.seconds(network), count(network).params
    return found


def run(*words: str):
    return CliRunner().invoke(app, [*words, "--threads", "1"])


@pytest.mark.parametrize("family", ["resnext", "mobilenet_v2", "shufflenet_v2", "wrn", "regnety"])
def test_designs_of_arrays_take_what_each_takes_alone(kept, family):
    (space,) = spaces(Query([family]))
    part = next(iter(space.parts()))
    draw = np.random.default_rng(1)
    columns = {
        word: part.column(word)[draw.integers(0, len(part.arrays[word]), 6)] for word in part.free
    }
    found = latencies(part.network(columns), kept.weights)
    for place in range(6):
        values = part.values({word: plain(one[place]) for word, one in columns.items()})
        assert found[place] == pytest.approx(kept.seconds(space.network(values)), rel=1e-9)


def test_a_box_of_designs_takes_what_each_takes_alone(kept):
    (space,) = spaces(Query(["resnext50"]))
    first = {word: values[0] for word, values in space.axes.items()}
    cardinality, width = np.array([1, 2, 8, 32]), np.array([1, 4, 8])
    box = {**first, "cardinality": cardinality.reshape(4, 1), "width": width.reshape(1, 3)}
    found = np.broadcast_to(latencies_of_box(space.network(box), kept.weights), (4, 3))
    for row, c in enumerate(cardinality.tolist()):
        for column, d in enumerate(width.tolist()):
            alone = kept.seconds(space.network({**first, "cardinality": c, "width": d}))
            assert found[row, column] == pytest.approx(alone, rel=1e-9)


def test_enumerate_keeps_those_within_the_range_with_their_intervals(kept):
    expected = {name: ms for name, (ms, _) in alone(kept).items()}
    most = round(sorted(expected.values())[len(expected) // 2], 3)
    result = run("enumerate", *BOX, "--latency", f":{most:.3f}ms", "--format", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    listed = {row["network"]: row for row in found["designs"]}
    inside = {name for name, ms in expected.items() if ms <= most}
    assert listed.keys() == inside and 0 < len(inside) < len(expected)
    for name, row in listed.items():
        assert row["latency_ms"] == pytest.approx(expected[name], abs=1e-5)
        low, high = row["latency_ms_interval"]
        assert low < row["latency_ms"] < high
    assert found["latency_ms_range"] == [0, pytest.approx(most, abs=1e-3)]
    assert [row["latency_ms"] for row in found["designs"]] == sorted(
        (row["latency_ms"] for row in found["designs"]), reverse=True
    )


def test_ranges_of_latency_and_memory_both_hold(kept):
    times = {name: ms for name, (ms, _) in alone(kept).items()}
    peaks = {name: memory(parse(name), element_bytes=1).peak_activation_bytes for name in times}
    slow, large = (sorted(of.values())[len(of) // 2] for of in (times, peaks))
    ends = ("--latency", f":{slow:.6f}ms", "--memory", f":{large}B:int8")
    result = run("enumerate", *BOX, *ends, "--format", "csv")
    assert result.exit_code == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    inside = {name for name in times if times[name] <= slow + 1e-6 and peaks[name] <= large}
    assert {row["network"] for row in rows} == inside and 0 < len(inside) < len(times)
    assert all(int(row["memory"]) == peaks[row["network"]] for row in rows)
    assert all(float(row["latency_ms"]) <= slow + 1e-6 for row in rows)


def test_a_front_of_latency_is_the_front_by_each_designs_own_time(kept):
    result = run("enumerate", *BOX, "--pareto", "latency,-params", "--format", "csv")
    assert result.exit_code == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    front = {row["network"] for row in rows}
    costs = {name: (round(1e6 * ms), -params) for name, (ms, params) in alone(kept).items()}
    beaten = {
        name
        for name, one in costs.items()
        if any(o != one and o[0] <= one[0] and o[1] <= one[1] for o in costs.values())
    }
    assert front == costs.keys() - beaten
    for row in rows:
        assert float(row["latency_ms_low"]) < float(row["latency_ms"])


def test_none_in_the_range_is_told_with_the_ends_of_what_there_is(kept):
    result = run("enumerate", *BOX, "--latency", ":2us")
    assert result.exit_code == 4
    assert "predicted to take at most 0.002 ms" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_sample_of_a_small_box_keeps_within_the_range(kept):
    most = 1000 * kept.seconds(parse("resnext50_3x4d"))
    words = ("--latency", f":{most:.3f}ms", "--sample", "3", "--format", "json")
    result = run("enumerate", *BOX, *words)
    assert result.exit_code == 0, result.stderr
    designs = json.loads(result.stdout)["designs"]
    assert len(designs) == 3 and all(row["latency_ms"] <= most for row in designs)


def test_latency_without_a_model_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path))
    for words in (("--latency", ":20ms"), ("--pareto", "latency,params"), ("--sort", "latency")):
        result = run("enumerate", *BOX, *words)
        assert result.exit_code == 2
        assert "archscope bench --fit --threads 1" in result.stderr
    with pytest.raises(UsageError, match="fitted model"):
        enumerate_designs(Query(["resnext50"]), Order(sort="latency"))


@pytest.mark.parametrize("text", ["20", "20ms", "20ms:10ms", ":", "ms:", ":0ms", "a:20ms", ":20GB"])
def test_a_range_that_is_none_is_refused(kept, text):
    result = run("enumerate", *BOX, "--latency", text)
    assert result.exit_code == 2 and "--latency is a range of times" in result.stderr


def test_the_options_of_a_model_need_latency(kept):
    result = run("enumerate", *BOX)
    assert result.exit_code == 2 and "add --latency :20ms" in result.stderr


@pytest.mark.parametrize("parts", [50, 1])
def test_a_box_of_many_programs_is_read_in_parts_or_refused(kept, parts, monkeypatch):
    monkeypatch.setattr(execution, "_MOST_PARTS", parts)
    (space,) = spaces(Query(["cifar_regnetx"]))
    first = {word: values[0] for word, values in space.axes.items()}
    first |= {"wm": 2}  # programs differ along wa, and not along w0
    w0, wa = [64, 72], [8, 200]
    box = {**first, "w0": np.array(w0).reshape(2, 1), "wa": np.array(wa).reshape(1, 2)}
    if parts == 1:
        with pytest.raises(UsageError, match="many programs"):
            latencies_of_box(space.network(box), kept.weights)
        return
    found = np.broadcast_to(latencies_of_box(space.network(box), kept.weights), (2, 2))
    for row, one in enumerate(w0):
        for column, other in enumerate(wa):
            alone = kept.seconds(space.network({**first, "w0": one, "wa": other}))
            assert found[row, column] == pytest.approx(alone, rel=1e-9)
