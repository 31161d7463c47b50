"""The nearest designs by sums of two halves, against all designs counted one by one."""

from fractions import Fraction
from functools import cache

import pytest
from design_spaces import designs
from hypothesis import strategies as st
from properties import examples

from archscope.explore.design import search as searching
from archscope.explore.design import space as spaces
from archscope.explore.design.caps import halves
from archscope.explore.design.caps.layers import layers
from archscope.explore.design.inverse import Options, inverse
from archscope.explore.design.limits import METRICS, Limit
from archscope.explore.design.question import read_base
from archscope.explore.design.shortlist import Found, same_network

MOBILE = {
    "width": [0.5, 0.51, 1],  # the first two round to the same channels
    **{f"expansion{stage}": [1, 2, 6] for stage in (2, 3)},
    **{f"depth{stage}": [1, 2] for stage in (2, 3)},
}
SPACES = {
    "mobilenet_v2": MOBILE,
    "resnext50": {"cardinality": [1, 2, 8], "width": [2, 4], "depth2": [1, 2, 5], "depth3": [1, 2]},
    "wrn": {"widen": [1, 2, 3], "depth": [1, 2, 4]},
    "anynet": {
        "width2": [16, 32, 64],
        "width3": [32, 48, 64],
        "width4": [64, 128],
        "depth1": [1, 2],
    },
}


@pytest.fixture(autouse=True)
def _however_few(monkeypatch):
    monkeypatch.setattr(spaces, "_MANY", 0)
    monkeypatch.setattr(searching, "FEW_LINES", 0)


@cache
def counted(name):
    """The only part of a space, and its designs: numbers, network, costs and layers of each."""
    base = read_base(name).by_stage(SPACES[name])
    space = base.space(base.given(SPACES[name]), 10)
    spaces._MANY = 0
    [part] = space.parts()
    return part, [(*one, layers(one[1])) for one in designs(space)], halves.halves_of(part)


@st.composite
def asked(draw):
    """A space, some limits near to what designs cost, and the rule and number of an answer."""
    name = draw(st.sampled_from(list(SPACES)))
    costs = draw(st.sampled_from([one[2] for one in counted(name)[1]]))
    metrics = draw(st.lists(st.sampled_from(METRICS), min_size=1, max_size=3, unique=True))
    shares = st.sampled_from([Fraction(1), Fraction(98, 100), Fraction(11, 10), Fraction(3)])
    limits = [Limit(metric, max(1, int(draw(shares) * costs[metric]))) for metric in metrics]
    rule = draw(st.sampled_from(["nearest", "floor", "ceil"]))
    deep = sorted(one[3] for one in counted(name)[1])
    most = draw(st.sampled_from([None, deep[len(deep) // 2]]))
    return name, limits, rule, draw(st.integers(1, 9)), most


def one_by_one(every, limits, rule, most):
    """The designs of different networks within 100 %, the nearest first, cheaper ones before."""
    kept = []
    for values, network, costs, deep in every:
        off = [Fraction(costs[one.metric] - one.value, one.value) for one in limits]
        wrong = {"nearest": False, "floor": max(off) > 0, "ceil": min(off) < 0}[rule]
        far = max(map(abs, off))
        if not wrong and far <= 1 and (most is None or deep <= most):
            kept.append((far, tuple(costs.values()), tuple(values.values()), network))
    chosen = []
    for one in sorted(kept, key=lambda one: one[:3]):
        if not any(one[1] == other[1] and same_network(one[3], other[3]) for other in chosen):
            chosen.append(one)
    return [one[:3] for one in chosen]


@examples(12, 150, asked())
def test_the_nearest_are_those_of_all_counted_one_by_one(drawn):
    name, limits, rule, number, most = drawn
    part, every, two = counted(name)
    found = Found(limits, rule, number, 1.0, most, part.space.network)
    two.search(found, 10**6)
    told = [
        (one.deviation, tuple(one.costs.values()), tuple(one.values.values()))
        for one in found.result()
    ]
    assert told == one_by_one(every, limits, rule, most)[:number]


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnext50", "anynet"])
def test_no_table_needs_numbers_of_both_halves(name):
    part, _, two = counted(name)
    one, other = map(set, two.halves)
    assert one and other and not one & other
    assert one | other | set(two.shared) == set(range(len(part.free)))
    for table in two.tables.tables:
        assert one.isdisjoint(table.places) or other.isdisjoint(table.places)


def test_solve_answers_as_it_does_by_lines_and_says_how(monkeypatch):
    answers = []
    for few in (0, 10**9):
        monkeypatch.setattr(searching, "FEW_LINES", few)
        monkeypatch.setattr(searching, "_SUMS", 10**9)
        given = {**MOBILE, "width": [0.5, 1]}
        del given["depth3"]
        options = Options(nearest=7)
        found = inverse("mobilenet_v2", "150MMACs", given=given, free=list(given), options=options)
        answers.append(found.document()["answers"][0])
    by_sums, by_lines = answers
    assert by_sums["designs"] == by_lines["designs"]
    assert [one["proof"]["method"] for one in answers] == ["sums", "exhaustive"]
    assert "with each width a design costs what" in by_sums["proof"]["statement"]


def test_where_too_many_are_near_lines_are_searched(monkeypatch):
    monkeypatch.setattr(halves, "_PAIRS", 1)
    part, _, two = counted("mobilenet_v2")
    limit = Limit("macs", 150_000_000)
    with pytest.raises(halves.TooManyPairs):
        two.search(Found([limit], "nearest", 10**3, 1.0), 10)
    found = Found([limit], "nearest", 2, 1.0)
    assert not halves.by_sums(part, 10**9, 1, found)
    assert not found.designs and not found.halves


def test_many_that_are_one_network_crowd_out_no_other(monkeypatch):
    monkeypatch.setattr(halves, "TIES", 4)
    widths = [0.5 + number / 1000 for number in range(12)]  # all round to the same channels
    given = {"width": widths, "expansion2": [1, 2, 3], "expansion4": [1, 2, 3]}
    base = read_base("mobilenet_v2").by_stage(given)
    space = base.space(base.given(given), 10)
    [part] = space.parts()
    limits, rule = [Limit("macs", 80_000_000)], "nearest"
    every = [(*one, layers(one[1])) for one in designs(space)]
    found = Found(limits, rule, 5, 1.0, None, space.network)
    halves.halves_of(part).search(found, 10**6)
    told = [tuple(one.costs.values()) for one in found.result()]
    assert told == [costs for _, costs, _ in one_by_one(every, limits, rule, None)][:5]


def test_sums_of_one_part_leave_the_lines_of_another_to_be_searched(monkeypatch):
    by_sums, seen = searching.by_sums, []

    def of_the_first(part, *rest):
        seen.append(part.scalars["scale"])
        return seen[-1] == 1 and by_sums(part, *rest)

    monkeypatch.setattr(searching, "by_sums", of_the_first)
    monkeypatch.setattr(searching, "_SUMS", 10**9)
    given = {"scale": [1, Fraction(5, 4)], "width": [2, 4, 8], "cardinality": [32]}
    given |= {f"depth{stage}": list(range(1, 17)) for stage in (1, 2, 3)}
    answers = []
    for most in (10**7, 700):  # of the sums there are 816, of the lines fewer
        monkeypatch.setattr(searching, "MOST_LINES", most)
        free = [word for word in given if word != "cardinality"]
        found = inverse("resnext50", "4.1GMACs", given=given, free=free, options=Options(nearest=3))
        answers.append(found.document()["answers"][0])
    assert seen.count(1) == seen.count(Fraction(5, 4)) >= 2
    assert answers[0]["designs"] == answers[1]["designs"]
    assert answers[1]["proof"]["combinations"] > 816
    assert "with each width a design costs" in answers[1]["proof"]["statement"]


def test_halves_that_would_fill_the_memory_are_not_made(monkeypatch):
    part, _, two = counted("mobilenet_v2")
    monkeypatch.setattr(halves, "_MOST_FORMS", two.forms - 1)
    other = halves.halves_of(part)
    assert other is None or other.forms < two.forms
    monkeypatch.setattr(halves, "_MOST_FORMS", 1)
    assert halves.halves_of(part) is None
