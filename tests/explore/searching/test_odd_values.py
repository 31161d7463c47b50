"""What the library's searches and tables are given in error: one sentence each, as an exception."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from small_table import small_table

import archscope as a
from archscope.errors import UsageError
from archscope.explore.searching.table import write_table

FEW = a.FeasibleSet("wrn_10", "300kparams", given={"widen": [1, 2, 3, 4]})
GOAL = a.Goal(["wrn_10"], ["300kparams"], trials=4)


def goal(**changes):
    return a.Goal(**{"families": ["wrn_10"], "at_most": ["300kparams"], "trials": 4, **changes})


def make(space=FEW, out="t.csv", **changes):
    return a.table_make(space, out, **{"n": 1, "dataset": "shapes", **changes})


def search(given=GOAL, preset="quick", **changes):
    return a.search(given, preset, **{"out": "s", **changes})


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: a.table_replay("t.csv", seed=-1), "seed must be at least 0, not -1"),
        (lambda: a.table_replay("t.csv", seed="1"), "seed must be a whole number, not '1'; give"),
        (lambda: a.table_replay("t.csv", repeats="5"), "repeats must be a whole number, not '5'"),
        (lambda: a.table_replay("t.csv", repeats=2.5), "repeats must be a whole number, not 2.5"),
        (lambda: a.table_replay("t.csv", repeats=1), "repeats must be at least 2, not 1"),
        (lambda: a.table_replay(repeats=10**12), "repeats are at most 1,000,000, not 1,000,000,0"),
        (lambda: a.table_replay(None), "a table of designs is a path, not None"),
        (lambda: a.table_show(3), "a table of designs is a path, not 3"),
        (lambda: a.table_verify("t.csv", rows=0), "rows must be at least 1, not 0"),
        (lambda: a.table_verify("t.csv", rows="3"), "rows must be a whole number, not '3'"),
        (lambda: a.table_verify("t.csv", seed=-1), "seed must be at least 0"),
        (lambda: a.table_verify("t.csv", out=3), "folder of the trainings is a path, not 3"),
        (lambda: make(n=0), "n must be at least 1, not 0"),
        (lambda: make(n="3"), "n must be a whole number, not '3'"),
        (lambda: make(seed=-1), "seed must be at least 0, not -1"),
        (lambda: make(out=None), "the file of a table is a path, not None"),
        (lambda: make(space="wrn"), "a space is a FeasibleSet, not 'wrn'; give"),
        (lambda: make(dataset=None), "a data set is a name, not None"),
        (lambda: make(samples="x"), "samples x must be a whole number"),
        (lambda: make(lr="x"), "lr is a number above 0, not x"),
        (lambda: make(templates=["wrn_10_1"]), "not templates: give one of these"),
        (lambda: FEW.sample(-1), "n must be at least 1, not -1"),
        (lambda: FEW.sample(2.5), "n must be a whole number, not 2.5"),
        (lambda: FEW.sample(np.array([1, 2])), "n must be a whole number, not array"),
        (lambda: FEW.sample(3, seed=-1), "seed must be at least 0, not -1"),
        (lambda: FEW.contains(3), "a network is a name or a Network, not 3"),
        (lambda: FEW.neighbours(None), "a network is a name or a Network, not None"),
        (lambda: FEW.member(7, {}), "which of 1 family, from 0, not 7"),
        (lambda: FEW.member(0, {"widen": 1}), "a design has all its numbers, and .* is missing"),
        (lambda: a.FeasibleSet(3), "families are texts, not 3"),
        (lambda: a.FeasibleSet("wrn_10", 3), "a cap is a text, not 3"),
        (lambda: a.FeasibleSet("wrn_10", ranges={"params": 3}), "not params=3; give ranges="),
        (lambda: a.FeasibleSet("wrn_10", ranges={"params": ("a", None)}), "the most of a cost"),
        (lambda: a.FeasibleSet("wrn_10", ranges=3), "not ranges=3"),
        (lambda: a.FeasibleSet("wrn_10", given={"widen": 3}), "a list of values, not widen=3"),
        (lambda: a.FeasibleSet("wrn_10", given={"widen": []}), "a list of values, not widen=.]"),
        (lambda: a.FeasibleSet("wrn_10", input_shape="3x32x32"), "an input is sizes"),
        (lambda: goal(trials="4"), "trials must be a whole number, not '4'"),
        (lambda: goal(trials=1), "trials must be at least 2, not 1"),
        (lambda: goal(trials=None, seconds="4"), "the time of a search is above 0"),
        (lambda: goal(seed=-1), "seed must be at least 0, not -1"),
        (lambda: goal(baselines=None), "baselines are texts, not None"),
        (lambda: goal(families=3), "families are texts, not 3"),
        (lambda: goal(scale=["x"]), "scale must be a number above 0"),
        (lambda: search(None), "a goal is a Goal, not None; give"),
        (lambda: search(preset=["quick"]), "preset .* is unknown"),
        (lambda: search(out=3), "the folder of a search is a path, not 3"),
        (lambda: search(samples="x"), "samples x must be a whole number"),
        (lambda: search(dataset=3), "a data set is a name, not 3"),
    ],
)
def test_odd_values_are_one_sentence_and_nothing_is_written(call, rule, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "t.csv", small_table())
    with pytest.raises(UsageError, match=rule):
        call()
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_one_text_stands_for_a_list_and_numbers_for_factors():
    one = a.Goal("wrn_10", "300kparams", trials=4, baselines="random", scale=0.5)
    assert (one.families, one.at_most, one.baselines) == (("wrn_10",), ("300kparams",), ("random",))
    assert one.scale == (a.Goal("wrn_10", "1Mparams", trials=4, scale=["0.5"]).scale)
    assert [found.name for found in FEW.sample(np.int64(9), np.int64(1))] == [
        found.name for found in FEW.sample(9)
    ]


@pytest.mark.parametrize(
    "ends", [(np.int64(0), np.int64(80_000)), np.array([0, 80_000]), (0, np.float32(80_000))]
)
def test_numbers_of_numpy_are_ends_of_a_range(ends):
    found = a.FeasibleSet("wrn_10", ranges={"params": ends})
    assert found.ranges == {"params": (0, 80_000)}
    json.dumps(found.document())


@pytest.mark.parametrize("ends", [(0, math.nan), (math.nan, 5), np.array(5), "05", (0, np.nan)])
def test_what_is_no_range_is_one_sentence(ends):
    with pytest.raises(UsageError, match="a range is the least and the most of a cost"):
        a.FeasibleSet("wrn_10", ranges={"params": ends})


def test_a_range_without_an_end_may_say_so_by_an_infinity():
    assert a.FeasibleSet("wrn_10", ranges={"params": (0, math.inf)}).ranges == {"params": (0, None)}


@pytest.mark.parametrize(
    "values", [np.array([1, 2]), (one for one in (1, 2)), [np.int64(1), np.int8(2)], range(1, 3)]
)
def test_values_may_be_any_several_numbers(values):
    found = a.FeasibleSet("wrn_10", given={"widen": values})
    assert list(found.spaces[0].axes["widen"]) == [1, 2]
    json.dumps({word: list(each) for word, each in found.document()["given"].items()})


@pytest.mark.parametrize("given", [{"widen": np.array(2)}, {"widen": np.array([])}, {3: [1]}])
def test_what_gives_no_values_is_one_sentence(given):
    with pytest.raises(UsageError, match="a number is given a list of values"):
        a.FeasibleSet("wrn_10", given=given)


@pytest.mark.parametrize("scale", [Fraction(1, 2), np.float32(0.5), [np.half(0.5)]])
def test_a_goal_takes_one_factor_of_any_kind(scale):
    assert a.Goal(["wrn"], ["1Mparams"], trials=4, scale=scale).scale == (Fraction(1, 2),)


def test_a_goal_keeps_plain_numbers():
    found = a.Goal(["wrn"], ["1Mparams"], trials=np.int64(4), seed=np.int8(3))
    assert type(found.trials) is type(found.seed) is int
    for seconds in (np.float32(5), np.int64(5)):
        assert a.Goal(["wrn"], ["1Mparams"], seconds=seconds).seconds == 5
    with pytest.raises(UsageError, match="scale must be a number"):
        a.Goal(["wrn"], ["1Mparams"], trials=4, scale=None)
