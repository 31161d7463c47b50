"""Enumeration against counting every design of small boxes, one at a time."""

import json
import re
import tracemalloc
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from design_spaces import HALVES, designs, questions
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from properties import examples

from archscope.arch.families import registry
from archscope.arch.names import parse
from archscope.cost.memory import memory
from archscope.cost.stored import Storage
from archscope.errors import ArchscopeError, InfeasibleError, UsageError
from archscope.explore.design import chunks, collect, draw
from archscope.explore.design.collect import Order, pareto_front, parse_pareto
from archscope.explore.design.enumerate import Query, enumerate_designs
from archscope.explore.design.limits import METRICS
from archscope.explore.design.question import read_base
from archscope.reporting.table.rows import csv_pieces, json_pieces

SMALL = {
    "cardinality": [1, 2, 3],
    "width": [1, 2, 4],
    "depth": [[1, 2]],
    "widen": [1, 2, 3],
    "deepening": [1, 2],
    "scale": [Fraction(1, 2), Fraction(1)],
}
# Those whose numbers are all among these, and some of their kinds.
FAMILIES = [
    *(
        one.name
        for one in registry.families()
        if one.channels and not one.within and {axis.word for axis in one.axes} <= SMALL.keys()
    ),
    *("preresnet-basic", "cifar_preresnet-bottleneck", "wrn-drop0.3", "wrn-B(3,1,3)"),
]


def small_space(family):
    base = read_base(family)
    words = {w: v for w, v in SMALL.items() if w in base.axes or w == "depth"}
    return base.space(base.given(words))


def in_range(everything, ranges, divisible=1):
    """Of all designs the names and costs of those that fulfil the conditions."""
    rows = []
    for _, network, costs in everything:
        inside = all(
            low <= costs[metric] and (high is None or costs[metric] <= high)
            for metric, (low, high) in ranges.items()
        )
        if inside and (divisible == 1 or divides(network, divisible)):
            rows.append((network.name, *costs.values()))
    return sorted(rows)


def divides(network, divisible):
    """The 3x3 convolutions of the first stage, read from the tree."""
    (stage,) = [n for n in network.tree.children if getattr(n, "label", "") == "layer1"]
    found = []

    def visit(node):
        if getattr(node, "kernel", None) == 3 and hasattr(node, "groups"):
            found.append(node.out)
        for part in node.parts():
            visit(part)

    visit(stage.first)
    return all(out % divisible == 0 for out in found)


def listed(found):
    return sorted(
        (row["network"], row["params"], row["macs"], row["activations"]) for row in found.rows()
    )


@examples(
    *(4, 60),
    st.lists(st.sampled_from(FAMILIES), min_size=1, max_size=2, unique=True),
    st.sampled_from(METRICS), st.floats(0, 1), st.floats(0, 1), st.sampled_from([1, 4, 24]),
)  # fmt: skip
def test_exactly_the_designs_in_range_are_found(families, metric, first, last, divisible):
    everything = [one for family in families for one in designs(small_space(family))]
    costs = sorted(one[2][metric] for one in everything)
    low, high = (costs[int(end * (len(costs) - 1))] for end in sorted((first, last)))
    ranges = {"params": (0, None), metric: (low, high)}
    words = {
        word: values
        for word, values in SMALL.items()
        if any(word in read_base(family).axes for family in families) or word == "depth"
    }
    query = Query(families, words, ranges, divisible)
    expected = in_range(everything, ranges, divisible)
    if not expected:
        with pytest.raises(
            InfeasibleError, match=f"in the box has .*multiples of {divisible}, and the nearest"
        ):
            enumerate_designs(query)
        return
    found = enumerate_designs(query)
    assert listed(found) == expected and found.matches == len(expected) == len(found)
    ordered = [row["macs"] for row in enumerate_designs(query, Order("-macs")).rows()]
    assert ordered == sorted((row[2] for row in expected), reverse=True)


@examples(8, 90, questions(), st.sampled_from(METRICS), st.floats(0, 1), st.floats(0, 1))
def test_every_name_that_is_listed_means_the_design_beside_it(question, metric, first, last):
    """All families, with depths for each stage, fractions, block types, dropout and scales."""
    name, asked, space = question
    everything = list(designs(space))
    costs = sorted(one[2][metric] for one in everything)
    low, high = (costs[int(end * (len(costs) - 1))] for end in sorted((first, last)))
    found = enumerate_designs(Query([name], asked, {metric: (low, high)}))
    assert listed(found) == in_range(everything, {metric: (low, high)})
    for index, row in enumerate(found.rows()):
        network = found.network(index)
        assert parse(row["network"]) == network and network.name == row["network"]


@examples(
    *(3, 20, questions(), st.sampled_from(["weights", "memory", "both"]), st.booleans()),
    *(st.floats(0, 1), st.floats(0, 1)),
)
def test_ranges_of_bytes_hold_the_designs_that_have_them(question, which, fold, first, last):
    name, asked, space = question
    ends = sorted((first, last))
    storage = Storage("int8", "fp16", fold)
    stored = {}
    for _, network, costs in designs(space):
        weights = storage.weight_bytes(network, costs["params"])
        need = memory(storage.held(network), element_bytes=2).peak_activation_bytes
        stored[network.name] = {"weights": weights, "memory": need}
    ranges = {}
    for cost in ("weights", "memory") if which == "both" else (which,):
        found = sorted(one[cost] for one in stored.values())
        low, high = (found[int(end * (len(found) - 1))] for end in ends)
        ranges[cost] = (low, high)
    inside = sorted(
        key
        for key, one in stored.items()
        if all(low <= one[cost] <= high for cost, (low, high) in ranges.items())
    )
    query = Query([name], asked, ranges, storage=storage)
    if not inside:
        with pytest.raises(InfeasibleError, match=r"bytes of (weights|memory), and the nearest is"):
            enumerate_designs(query)
        return
    rows = list(enumerate_designs(query).rows())
    assert sorted(row["network"] for row in rows) == inside
    for row in rows:
        assert all(row[cost] == stored[row["network"]][cost] for cost in ranges)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "SMALL", 0)
        [row] = enumerate_designs(query, Order(sample=1)).rows()
    assert row["network"] in inside


def off(costs, ranges):
    """How far a design is out of the ranges: the largest relative excess or lack."""
    every = [0]
    for metric, (low, high) in ranges.items():
        if high is not None and costs[metric] > high:
            every.append(Fraction(costs[metric] - high, high))
        if costs[metric] < low:
            every.append(Fraction(low - costs[metric], low))
    return max(every)


@examples(
    *(8, 120, questions(), st.floats(0, 1), st.floats(0, 1)),
    *(st.sampled_from([1, 1, 5]), st.booleans()),
)
def test_where_nothing_is_found_the_nearest_design_is_named(question, one, other, divisible, open_):
    """Against all designs counted singly: between them, and beyond either end."""
    name, asked, space = question
    everything = [d for d in designs(space) if divisible == 1 or divides(d[1], divisible)]
    assume(everything)
    ends = {}
    for metric, share in (("params", one), ("macs", other)):
        costs = sorted(d[2][metric] for d in everything)
        ends[metric] = max(1, int(costs[0] * 0.7 + share * (costs[-1] * 1.3 - costs[0] * 0.7)))
    ranges = {m: (v, None if open_ and m == "macs" else v) for m, v in ends.items()}
    assume(all(off(costs, ranges) for _, _, costs in everything))
    with pytest.raises(InfeasibleError) as caught:
        enumerate_designs(Query([name], asked, ranges, divisible))
    said = str(caught.value)
    named = re.search(r"the nearest is (\S+) with ([\d,]+) params", said)
    found = next(d for d in everything if d[1].name == named[1])
    nearest = min(off(costs, ranges) for _, _, costs in everything)
    assert float(off(found[2], ranges)) == pytest.approx(float(nearest), rel=1e-9)
    assert int(named[2].replace(",", "")) == found[2]["params"] and "\n" not in said


@pytest.mark.parametrize(
    ("query", "words"),
    [
        # 1x1d is the smallest of the box: nothing is below it.
        (Query(["resnext50"], ranges={"params": (0, 1000)}), r"resnext50_1x1d with .* the most"),
        (Query(["resnext50"], ranges={"params": (0, 0)}), r"resnext50_1x1d with .* the most"),
        (Query(["resnext50"], ranges={"macs": (10**14, None)}), r"64x128d with .* below the least"),
        (Query(["resnext50"], {"width": [3], "cardinality": [2, 5]}, divisible=7),
         r"resnext50_2x3d with a group width of 6, 1 off"),
        # All depths free, 33 million designs: the 64 x 128 group widths alone are gone through.
        # The prime 9,973 is above the widest of them, 64 x 128 = 8,192: 1,781 off.
        (Query(["resnext"], divisible=9_973),
         r"_64x128d with a group width of 8,192, 1,781 off"),
        # 131 is a prime above 128; 2 x 65 and 10 x 13 are 130.
        (Query(["resnext"], {"cardinality": range(2, 65)}, divisible=131),
         r"with a group width of [\d,]+, 1 off"),
        # Even widths and twice that prime: nothing is less than 2 off, and 5 x 52 is 260.
        (Query(["resnext"], {"width": range(2, 129, 2)}, divisible=262),
         r"with a group width of [\d,]+, 2 off"),
        # The largest, 100000x100000d, has more than 2**63 multiply-adds; the cheapest is nearest.
        (Query(["resnext50"], {"cardinality": range(1, 100_001), "width": range(1, 100_001)},
               {"params": (1, 2)}), r"resnext50_1x1d with .* times the most"),
    ],
)  # fmt: skip
def test_a_query_without_an_answer_is_infeasible(query, words):
    with pytest.raises(InfeasibleError, match=words) as caught:
        enumerate_designs(query)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 4


def test_a_half_of_a_widening_factor_counts_for_the_group_width():
    query = Query(["wrn_16"], {"widen": [1, Fraction(3, 2), 2, Fraction(5, 2)]}, divisible=5)
    names = [row["network"] for row in enumerate_designs(query).rows()]
    assert names == ["wrn_16_2.5"]  # 16 * 2.5 = 40


def test_a_stage_has_a_depth_of_its_own():
    query = Query(["resnext50", "wrn_16_2"], {"depth3": [7], "cardinality": [2], "width": [4]})
    names = [row["network"] for row in enumerate_designs(query).rows()]
    assert names == ["wrn_2_2_7_2", "resnext_3_4_7_3_2x4d"]


def test_designs_are_sorted_by_any_number_across_families():
    query = Query(["wrn_28", "imagenet_wrn_18", "wrn_16_2", "resnet20"], {"widen": HALVES})
    rows = list(enumerate_designs(query, Order("-widen")).rows())
    factors = [row["widen"] or 0 for row in rows]
    assert factors == sorted([*(float(one) for one in HALVES * 3), 0], reverse=True)
    assert [row["network"] for row in rows][-1] == "resnet20"
    assert {"resnet18", "imagenet_wrn_18_1.5", "wrn_28_1", "wrn_16_2.5"} < {
        row["network"] for row in rows
    }
    query = Query(["wrn_16"], {"widen": [2], "deepening": [1, 3, 2]})
    rows = enumerate_designs(query, Order("-deepening", 2)).rows()
    assert [row["network"] for row in rows] == ["wrn_22_2-l3", "wrn_16_2"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-9, 9)), max_size=40))
def test_the_front_is_what_nothing_dominates(points):
    kept = pareto_front(*(np.array([p[axis] for p in points], dtype=int) for axis in (0, 1)))
    expected = [
        index
        for index, (a, b) in enumerate(points)
        if not any(c <= a and d <= b and (c, d) != (a, b) for c, d in points)
    ]
    assert list(kept) == expected


@pytest.mark.parametrize("order", [Order("width", 7), Order("-params", 7), Order(limit=3)])
def test_a_limit_keeps_the_first_however_the_stream_is_cut(order, monkeypatch):
    query = Query(["resnext29"], {"cardinality": range(1, 9), "width": range(1, 33)})
    whole = list(enumerate_designs(query, Order(order.sort)).rows())[: order.limit]
    monkeypatch.setattr(collect, "_HELD", 10)
    monkeypatch.setattr(chunks, "CHUNK", 32)
    found = enumerate_designs(query, order)
    assert list(found.rows()) == whole and found.matches == 256


def test_a_front_is_kept_however_the_stream_is_cut(monkeypatch):
    query = Query(["resnext29"], {"cardinality": range(1, 17), "width": range(1, 33)},
                  {"macs": (2 * 10**9, 3 * 10**9)})  # fmt: skip
    order = Order("params", pareto=("params", "-activations"))
    whole = enumerate_designs(query, order)
    everything = list(enumerate_designs(query, Order()).rows())
    best = [
        row
        for row in everything
        if not any(
            o["params"] <= row["params"]
            and o["activations"] >= row["activations"]
            and (o["params"], o["activations"]) != (row["params"], row["activations"])
            for o in everything
        )
    ]
    assert list(whole.rows()) == best and 1 < len(best) < len(everything)
    assert whole.front == len(best) and enumerate_designs(query, Order()).front is None
    cut = enumerate_designs(query, Order("params", 3, ("params", "-activations")))
    assert list(cut.rows()) == best[:3] and cut.front == len(best)
    monkeypatch.setattr(collect, "_HELD", 10)
    monkeypatch.setattr(chunks, "CHUNK", 32)
    assert list(enumerate_designs(query, order).rows()) == best


def test_table_3_of_the_paper_lies_within_its_complexity():
    """Tables 1 and 3 of ResNeXt: 25 M parameters, 4.1 to 4.3 G multiply-adds."""
    ranges = {"params": (25_000_000, 26_000_000), "macs": (4_050_000_000, 4_300_000_000)}
    found = enumerate_designs(Query(["resnext50"], {}, ranges), Order())
    templates = {row["template"] for row in found.rows()}
    assert {"1x64d", "2x40d", "4x24d", "8x14d", "32x4d"} <= templates


@pytest.mark.parametrize(
    ("family", "first"),
    [
        ("cifar_resnet", "cifar_resnet8"),
        pytest.param("wrn_16", "wrn_16_1", marks=pytest.mark.slow),
        pytest.param("resnext29", "resnext29_1x4d", marks=pytest.mark.slow),
    ],
)
def test_the_listed_ones_can_be_built_and_are_what_they_are_called(family, first):
    given = {"width": [4]} if family == "resnext29" else {}
    found = enumerate_designs(Query([family], given), Order(limit=2))
    for index, row in enumerate(found.rows()):
        network = found.network(index)
        assert network.name == row["network"] and parse(row["network"]).tree == network.tree
        assert index or network.tree == parse(first).tree
    row = next(found.confirmed().rows())
    assert row["fvcore"] == "confirmed"


def test_a_disagreement_with_fvcore_is_an_error(monkeypatch):
    from archscope.cost import formula

    kept = formula.leaf_cost
    monkeypatch.setattr(formula, "leaf_cost", lambda visit: (*kept(visit)[:2], kept(visit)[2] + 1))
    with pytest.raises(ArchscopeError, match="they must agree"):
        enumerate_designs(Query(["cifar_resnet20"]), Order()).confirmed()


@pytest.mark.slow
def test_two_million_candidates_need_little_memory():
    query = Query(["resnext"], {"depth": [[1, 2, 3, 4]], "width": range(1, 129)})
    tracemalloc.start()
    try:
        found = enumerate_designs(query, Order("macs", 10))
        assert found.candidates == found.matches == 256 * 64 * 128
        assert tracemalloc.get_traced_memory()[1] < 70e6
    finally:
        tracemalloc.stop()


def test_rows_are_written_in_pieces_as_valid_csv_and_json():
    found = enumerate_designs(Query(["wrn_16"], {"widen": [1, 2, 3]}), Order())
    document = json.loads("".join(json_pieces(found.head(), "designs", found.rows())))
    assert document["schema"] == "archscope.enumerate/1"
    assert document["matches"] == 3 == len(document["designs"])
    assert json.loads("".join(json_pieces(found.head(), "designs", [])))["designs"] == []
    from archscope.reporting.networks.designs import enumeration_table

    columns = enumeration_table(found.head(), []).columns
    lines = "".join(csv_pieces(columns, found.rows())).splitlines()
    assert len(lines) == 4 and lines[0].startswith("network,")
    assert lines[1].split(",")[0] == "wrn_16_1"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: (Query(["wrn"]), Order("size")), "sorted by"),
        (lambda: Order(pareto=("params", "time")), "Pareto front"),
        (lambda: parse_pareto("params"), "two different costs"),
        (lambda: parse_pareto("params,-params"), "two different costs"),
        (lambda: Query(["wrn"], {"width": [3]}), "are depth, widen, deepening, scale, not"),
        (lambda: Query(["wrn", "resnext"], {"depth": [[1]] * 3}), "resnext has 4 depths, not 3"),
        (lambda: Query(["resnext"], {"depth": [[1], [2]]}), "resnext has 4 depths, not 2"),
        (lambda: Query(["nonet"]), "no network named"),
        (lambda: Query(["wrn"], {"scale": [Fraction(1, 3)]}), "must be whole"),
        (lambda: Query(["resnext"], {"width": range(1, 99_999), "depth": [range(1, 99)]}), "most:"),
    ],
)
def test_what_cannot_be_is_one_sentence(call, words):
    with pytest.raises(UsageError, match=words) as caught:
        asked = call()
        enumerate_designs(*(asked if isinstance(asked, tuple) else (asked, Order())))
    assert "\n" not in str(caught.value)


def test_a_random_sample_is_the_same_however_the_stream_is_cut(monkeypatch):
    query = Query(["resnext29"], {"cardinality": range(1, 9), "width": range(1, 33)})
    asked = Order("macs", sample=40, seed=3)
    found = enumerate_designs(query, asked)
    rows = list(found.rows())
    assert len(rows) == 40 and found.matches == 256
    assert [row["macs"] for row in rows] == sorted(row["macs"] for row in rows)
    other = list(enumerate_designs(query, Order("macs", sample=40, seed=4)).rows())
    assert {row["network"] for row in rows} != {row["network"] for row in other}
    monkeypatch.setattr(collect, "_HELD", 10)
    monkeypatch.setattr(chunks, "CHUNK", 32)
    assert list(enumerate_designs(query, asked).rows()) == rows


@pytest.mark.slow
def test_each_design_is_as_likely_as_any_other():
    query = Query(["resnext29"], {"cardinality": range(1, 5), "width": [4, 8]})
    times = Counter(
        row["network"]
        for seed in range(400)
        for row in enumerate_designs(query, Order(sample=2, seed=seed)).rows()
    )
    # Each of 8 designs is in a sample of 2 with chance 1/4: 100 of 400 times, deviation 8.7.
    assert len(times) == 8 and all(60 < number < 140 for number in times.values())
