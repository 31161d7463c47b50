"""Hard caps on the command line: `solve --at-most`, `--flash`, `--sram`, ranges of `--input`."""

import json
import re
from itertools import product
from pathlib import Path

import pytest

from archscope.arch.names import parse
from archscope.cost import count
from archscope.cost.memory import memory
from archscope.cost.stored import Storage
from archscope.explore.design.space import Space

PLAINNET = Path(__file__).parents[2] / "examples" / "own_family.py"


def document(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_largest_mobilenet_of_a_microcontroller(run):
    small = ("--classes", 2, "--flash", "1MB:int8", "--sram", "256kB:int8", "--maximise", "macs")
    asked = ("solve", "--network", "mobilenet_v2", *small, "--input", "96:224:16")
    found = document(run(*asked, "--format", "json"))
    assert found["limits"] == [
        {"metric": "weights", "value": 10**6, "source": None, "bound": "at most", "format": "int8"},
        {"metric": "memory", "value": 256000, "source": None, "bound": "at most", "format": "int8"},
    ]
    assert found["maximised"] == "macs" and "not folded" in found["memory_model"]
    rows = found["answers"][0]["designs"]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5]
    for row in rows:
        side = row["resolution"]
        network = parse(row["network"], classes=2, input_shape=(3, side, side))
        assert row["weights"] == row["params"] == count(network).params <= 10**6
        need = memory(network, element_bytes=1)
        assert row["memory"] == need.peak_activation_bytes <= 256_000
        assert row["memory_at"] == need.peak_at and row["macs"] == count(network).macs
    fold = document(run(*asked, "--fold", "--format", "json"))
    assert fold["fold"] and "norm folded into" in fold["memory_model"]
    largest = fold["answers"][0]["designs"][0]
    assert largest["macs"] > rows[0]["macs"] and largest["memory_at"] == "layer2.0.conv2"
    best = max(
        count(network).macs
        for side in (96, 112)
        for width in (0.54, 0.55, 0.56)
        for network in [parse(f"mobilenet_v2_{width}", classes=2, input_shape=(3, side, side))]
        if count(network).params <= 10**6
        and memory(network, element_bytes=1).peak_activation_bytes <= 256_000
    )
    assert rows[0]["macs"] == best
    table = run(*asked[:-2], "--input", "96,112", "--nearest", 1).stdout
    assert "most multiply-adds first" in table.splitlines()[0] and "Proof by bounds" in table
    assert "peak at" in table and rows[0]["memory_at"] in table


def test_a_budget_is_near_and_says_so_and_a_cap_beside_it_is_kept(run):
    asked = ("solve", "--network", "resnext50", "--cardinality", 32, "--budget", "4.1GMACs")
    title = run(*asked).stdout.splitlines()[0]
    assert title == "resnext50 nearest to 4,100,000,000 multiply-adds"
    both = document(run(*asked, "--at-most", "24Mparams", "--format", "json"))
    row = both["answers"][0]["designs"][0]
    assert (row["width"], both["maximised"]) == (3, None) and row["params"] <= 24_000_000
    assert set(row["deviations"]) == {"macs", "params"}


def test_a_budget_may_be_of_bytes(run):
    asked = ("solve", "--network", "mobilenet_v2", "--budget", "2MB weights:int8", "--nearest", 1)
    found = document(run(*asked, "--format", "json"))
    row = found["answers"][0]["designs"][0]
    assert found["limits"][0]["format"] == "int8" and found["maximised"] is None
    params = [count(parse(f"mobilenet_v2_{width / 100:g}")).params for width in range(40, 65)]
    assert abs(row["weights"] - 2_000_000) == min(abs(one - 2_000_000) for one in params)


def test_a_family_of_ones_own_takes_part(run):
    own = f"{PLAINNET}:plainnet"
    caps = ("--at-most", "200kB memory:fp16", "--at-most", "1Mparams")
    rows = document(run("solve", "--network", own, *caps, "--input", "16,32", "--format", "json"))
    best = rows["answers"][0]["designs"][0]
    assert best["params"] <= 10**6 and best["memory"] <= 200_000 and best["resolution"] in (16, 32)
    listed = document(run("enumerate", own, "--params", ":50k", "--input", 32, "--format", "json"))
    params = [row["params"] for row in listed["designs"]]
    assert params == sorted(params, reverse=True) and params[0] <= 50_000
    assert {row["resolution"] for row in listed["designs"]} == {32}


def test_blocks_of_width_1_come_last_unless_all_are_asked_for(run):
    asked = ("solve", "--network", "resnext50", "--budget", "25Mparams", "--format", "json")
    first = document(run(*asked))["answers"][0]["designs"][0]
    assert first["network"] == "resnext50_32x4d"
    every = document(run(*asked, "--all"))["answers"][0]["designs"][0]
    assert every["network"] == "resnext50_135x1d"
    capped = ("solve", "--network", "resnext50", "--at-most", "25Mparams", "--format", "json")
    sure = document(run(*capped))["answers"][0]["designs"]
    assert all(row["width"] > 1 for row in sure)
    every = document(run(*capped, "--all"))["answers"][0]["designs"]
    assert 1 in [row["width"] for row in every]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--at-most", "1kparams"], 4, "params binds: the nearest, mobilenet_v2_0.05, has 1,327"),
        (
            ["--at-most", "3Gparams", "--sram", "2kB:int8"], 4, "memory binds: the nearest, mobile"
        ),
        (["--at-most", "5MBparams"], 2, "bytes are a cap on weights or memory"),
        (["--at-most", "5Mweights"], 2, "write '1MB weights:int8'"),
        (["--at-most", "1MB"], 2, "write '1MB weights:int8' or '256kB memory:int8'"),
        (["--at-most", "5M"], 2, "needs its unit"),
        (["--flash", "1M"], 2, "--flash is a number of bytes"),
        (["--flash", "1MB:int4"], 2, "stored as fp32, bf16, fp16, int8, not as 'int4'"),
        (["--flash", "1MiB"], 2, "prefixes are decimal"),
        (["--flash", "1MB", "--at-most", "2MB weights:int8"], 2, "weights can have one cap"),
        (["--at-most", "1Mparams", "--at-most", "2Mparams"], 2, "params can have one cap"),
        (["--at-most", "5Mparams", "--maximise", "speed"], 2, "a cost is one of params, macs"),
        (["--budget", "5Mparams", "--maximise", "macs"], 2, "what is maximised needs a cap"),
        (["--at-most", "5Mparams", "--rounding", "floor"], 2, "which is never passed"),
        (["--at-most", "5Mparams", "--tolerance", "1%"], 2, "is about a budget, not a cap"),
        (["--at-most", "5Mparams", "--input", "224:96"], 2, "write 96:224:16"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(run, options, code, told):
    result = run("solve", "--network", "mobilenet_v2", *options)
    assert result.exit_code == code and told in result.stderr
    assert result.stdout == "" and len(result.stderr.strip().splitlines()) == 1


def test_a_number_that_no_cap_bounds_needs_a_range(run):
    result = run("solve", "--network", "cifar_resnet", "--sram", "256kB:int8", "--maximise", "macs")
    assert result.exit_code == 2 and "give a range, as --depth 1:64" in result.stderr


def test_caps_are_of_whole_networks(run):
    result = run("solve", "--cardinality", 32, "--flash", "1MB")
    assert result.exit_code == 2 and "--flash needs a whole network" in result.stderr


def test_factors_below_1_are_looked_at(run):
    quarters = ("--axis", "a=0.25:5:0.25", "--axis", "b=0.25:5:0.25")
    asked = ("solve", "--network", "repvgg_a0", "--free", "a,b", *quarters, "--format", "json")
    capped = document(run(*asked, "--at-most", "5Mparams", "--nearest", 1))["answers"][0]
    params = {
        count(parse(f"repvgg_2_4_14_1_a{a / 4:g}_b{b / 4:g}")).params
        for a in range(1, 21)
        for b in range(1, 21)
    }
    best = max(one for one in params if one <= 5_000_000)
    assert capped["designs"][0]["params"] == best
    near = document(run(*asked, "--budget", "5Mparams", "--nearest", 1))["answers"][0]
    offs = [abs(one - 5_000_000) for one in params]
    assert abs(near["designs"][0]["params"] - 5_000_000) == min(offs)


ONE_BY_ONE = """
from archscope import Axis, Conv, Linear, Names, Pool, Repeat, Seq, family

@family(
    Names("own[_{depth}[_{width}]]"),
    Axis("depth", range(1, 25), stages=4, programs=False),
    Axis("width", range(4, 65, 4), default=32),
)
def own(depth, width=32, *, classes=10):
    block = Conv(width, 3, label="conv")
    stages = [Repeat(n, block, block, label=f"s{at}") for at, n in enumerate(depth)]
    return Seq(*stages, Pool("global"), Linear(classes))
"""


def test_what_would_take_minutes_is_refused_soon(run, tmp_path, monkeypatch):
    made = []
    network = Space.network
    monkeypatch.setattr(Space, "network", lambda *one: made.append(1) or network(*one))
    (tmp_path / "own.py").write_text(ONE_BY_ONE)
    caps = ("--sram", "512kB:int8", "--flash", "5MB:int8")
    result = run("solve", "--network", f"{tmp_path}/own.py:own", "--free", "width,depth", *caps)
    assert result.exit_code == 2 and "give smaller ranges" in result.stderr
    assert len(made) < 160


def test_networks_that_grow_are_found_under_caps_on_bytes(run):
    ranges = ("--depth", "2:6:2,2:4:2,2,2:4:2", "--axis", "growth=4:12:4", "--input", "32")
    caps = ("--sram", "8kB:int8", "--flash", "60kB:int8", "--maximise", "macs", "--classes", "2")
    free = ("--free", "depth,growth", "--fold", "--nearest", "3")
    asked = ("solve", "--network", "densenet", *free, *ranges, *caps)
    found = document(run(*asked, "--format", "json"))["answers"][0]["designs"]
    int8, fitting = Storage("int8", "int8", fold=True), []
    for first, second, last, growth in product((2, 4, 6), (2, 4), (2, 4), (4, 8, 12)):
        one = parse(f"densenet_{first}_{second}_2_{last}_k{growth}", 2, (3, 32, 32))
        cost = count(one)
        if int8.peak_bytes(one) <= 8_000 and int8.weight_bytes(one, cost.params) <= 60_000:
            fitting.append(cost.macs)
    assert 3 < len(fitting) < 30
    assert [row["macs"] for row in found] == sorted(fitting, reverse=True)[:3]


def test_factors_are_given_as_a_range_with_a_step(run):
    asked = ("solve", "--network", "mobilenet_v2", "--width", "0.5:1:0.05", "--free", "width")
    found = document(run(*asked, "--at-most", "3Mparams", "--nearest", 20, "--format", "json"))
    counted = {width / 20: count(parse(f"mobilenet_v2_{width / 20:g}")) for width in range(10, 21)}
    inside = {width: one.params for width, one in counted.items() if one.params <= 3_000_000}
    rows = found["answers"][0]["designs"]
    assert {row["width"]: row["params"] for row in rows} == inside


@pytest.mark.parametrize("limit", [("--at-most", "10Mparams"), ("--budget", "10Mparams")])
def test_the_proof_names_what_was_sought_where_one_value_is_left(run, limit):
    floor = ("--rounding", "floor") if limit[0] == "--budget" else ()
    asked = ("solve", "--network", "wrn_28_10", "--free", "depth", *limit, *floor)
    proof = document(run(*asked, "--format", "json"))["answers"][0]["proof"]
    assert proof["box"] == {"depth": [1, 1]} and proof["derived"] == ["depth"]
    assert re.search(r"the box depth 1\b", proof["statement"])
    assert proof["statement"].endswith("Beyond the box in depth every design costs too much.")
