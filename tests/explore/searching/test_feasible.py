"""The networks inside a budget: drawn without others, told from others, and walked in."""

import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from scipy.stats import chisquare

import archscope
from archscope import FeasibleSet
from archscope.cost.memory import memory
from archscope.cost.stored import Storage
from archscope.errors import InfeasibleError, UsageError

SMALL = {"cardinality": [1, 2, 4], "width": [4, 8, 16]}


def test_every_network_that_is_drawn_keeps_the_caps_and_no_other_is_missed():
    chosen = FeasibleSet(["cifar_resnext11"], "1.3Mparams", given=SMALL)
    every = [archscope.network(f"resnext11_{c}x{w}d") for c in (1, 2, 4) for w in (4, 8, 16)]
    inside = {one.name for one in every if archscope.count(one).params <= 1_300_000}
    assert 0 < len(inside) < 9
    assert {one.name for one in chosen.sample(100)} == inside
    assert {one.name for one in every if chosen.contains(one)} == inside


def test_families_have_equal_shares_and_a_seed_gives_one_sample():
    chosen = FeasibleSet(["wrn_10", "cifar_resnext11"], "1.5Mparams", given=SMALL)  # 4 and 9
    drawn = [one.name for one in chosen.sample(5, seed=3)]
    assert sorted(name.partition("_")[0] for name in drawn).count("wrn") == 3
    assert drawn == [one.name for one in chosen.sample(5, seed=3)]
    assert set(drawn) != {one.name for one in chosen.sample(5, seed=4)}
    assert len({one.name for one in chosen.sample(99)}) == 13  # one has all, the other fills up


def test_each_network_is_as_likely_as_any_other():
    chosen = FeasibleSet("cifar_resnext11", given={"cardinality": [1, 2, 4], "width": [4]})
    drawn = Counter(chosen.sample(1, seed)[0].name for seed in range(60))
    assert len(drawn) == 3
    assert chisquare(list(drawn.values())).pvalue > 0.001


def test_a_step_changes_one_number_and_stays_inside():
    chosen = FeasibleSet("cifar_resnext11", given=SMALL)
    near = {one.name for one in chosen.neighbours("resnext11_2x8d")}
    assert near == {f"resnext11_{one}" for one in ("1x8d", "4x8d", "2x4d", "2x16d")}
    most = archscope.count("resnext11_2x8d").params
    low = FeasibleSet("cifar_resnext11", f"{most}params", given=SMALL)
    assert {one.name for one in low.neighbours("resnext11_2x8d")} == near - {
        "resnext11_4x8d",
        "resnext11_2x16d",
    }


def test_weights_are_a_cap_on_params():
    chosen = FeasibleSet("cifar_resnext11", "4.8MB weights:fp32", given=SMALL)
    assert dict(chosen.ranges) == {"params": (0, 1_200_000)}


def test_the_memory_may_have_a_cap():
    every = [archscope.network(f"wrn_10_{widen}") for widen in (1, 2, 3, 4)]
    peaks = {one.name: memory(one, element_bytes=1).peak_activation_bytes for one in every}
    most = sorted(peaks.values())[1]
    chosen = FeasibleSet("wrn_10", f"{most}B memory:int8", given={"widen": [1, 2, 3, 4]})
    inside = {name for name, peak in peaks.items() if peak <= most}
    assert {one.name for one in chosen.sample(20)} == inside and 0 < len(inside) < 4
    again = FeasibleSet.from_document(json.loads(json.dumps(chosen.document())))
    assert {name for name in peaks if again.contains(name)} == inside


def test_batch_norm_may_be_folded_under_caps_on_bytes():
    every = [archscope.network(f"wrn_10_{widen}") for widen in (1, 2, 3, 4)]
    folded = Storage("int8", "fp32", fold=True)
    peaks = [int(replace(folded, memory="int8").peak_bytes(one)) for one in every]
    sizes = [int(folded.weight_bytes(one, archscope.count(one).params)) for one in every]
    ranges, given = {"weights": (sizes[1], sizes[2])}, {"widen": [1, 2, 3, 4]}
    few = FeasibleSet("wrn_10", f"{peaks[2]}B memory:int8", ranges, given, storage=folded)
    assert few.storage == replace(folded, memory="int8")
    again = FeasibleSet.from_document(json.loads(json.dumps(few.document())))
    assert again.storage == few.storage
    for one in (few, again):
        assert {found.name for found in one.sample(9)} == {"wrn_10_2", "wrn_10_3"}
        assert [one.contains(network) for network in every] == [False, True, True, False]


@pytest.mark.parametrize(
    ("network", "why"),
    [
        ("resnext11_3x8d", "not in the box"),
        ("resnext20_2x8d", "another depth"),
        ("wrn_16_1", "another family"),
        ("resnext11_2x8d-noshortcut", "another option"),
        (archscope.network("resnext11_2x8d", classes=100), "other classes"),
    ],
)
def test_what_is_outside(network, why):
    assert not FeasibleSet("cifar_resnext11", given=SMALL).contains(network), why


def test_what_cannot_be():
    with pytest.raises(InfeasibleError, match="nearest"):
        FeasibleSet(["wrn_10", "cifar_resnext11"], "100kparams").sample(3)
    with pytest.raises(UsageError, match="give the set one, as latency="):
        FeasibleSet("wrn_10", "20ms")
    with pytest.raises(UsageError, match="only a network of the set"):
        FeasibleSet("cifar_resnext11", given=SMALL).neighbours("wrn_16_1")
    with pytest.raises(UsageError, match=r"a range is of params, macs, .*, not 'parameters'"):
        FeasibleSet("wrn_10", ranges={"parameters": (0, 10)})
    with pytest.raises(UsageError, match="not 'growth'"):
        FeasibleSet("cifar_resnext11", given={"growth": [1]})


def test_a_set_is_made_again_from_its_document_and_its_networks_from_their_numbers():
    scales = {**SMALL, "scale": [Fraction(1, 8), Fraction(1, 4)]}
    few = FeasibleSet(
        ["cifar_resnext11", "wrn_10"], "60kparams", {"macs": (10, None)}, scales, 10, (3, 32, 32)
    )
    again = FeasibleSet.from_document(json.loads(json.dumps(few.document())))
    assert again.document() == few.document()
    drawn = few.sample(20)
    assert [one.name for one in again.sample(20)] == [one.name for one in drawn]
    assert [few.member(*few.numbers(one)).name for one in drawn] == [one.name for one in drawn]
    place, values = few.numbers("wrn_10_1@0.125")
    assert (place, values["widen"]) == (1, 1)
    assert few.member(place, {**values, "widen": 64}) is None  # above the cap
