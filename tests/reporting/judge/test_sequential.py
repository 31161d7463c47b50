"""A test that stops itself: what it says of errors, and how often it errs."""

import math

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from properties import examples
from scipy import stats

import archscope as a
from archscope.errors import UsageError
from archscope.reporting.judge import boundary
from archscope.reporting.judge.power import any_difference, drawn, simulated, stopped
from archscope.reporting.judge.sequential import MOST_SEEDS, SequentialTest

errors = st.floats(1, 99, allow_nan=False)
OTHER = {"better": "worse", "worse": "better", "no difference": "no difference", None: None}


@st.composite
def runs(draw, networks=2, most=8):
    n = draw(st.integers(3, most))
    return [draw(st.lists(errors, min_size=n, max_size=n)) for _ in range(networks)]


@examples(30, 300, runs())
def test_the_other_way_round_it_says_the_opposite(both):
    test = SequentialTest(most=8, resolve=20)
    one = test.look(*both)
    interval = test.interval()
    assert test.look(*reversed(both)) == OTHER[one]
    other = test.interval()
    assert (interval is None) == (other is None)
    if interval is not None:
        assert other == pytest.approx((-interval[1], -interval[0]))


@examples(30, 300, runs())
def test_after_a_stop_it_stays_decided(both):
    test = SequentialTest(most=8, resolve=20)
    seen = []
    for n in range(1, len(both[0]) + 1):
        seen.append((test.look(*(one[:n] for one in both)), test.interval()))
    stops = [one for one in seen if one[0]]
    assert all(one == stops[0] for one in seen[seen.index(stops[0]) :]) if stops else True
    assert [one[0] for one in seen[:2]] == [None, None]  # before the first look


@examples(8, 200, runs(most=5))
def test_one_look_is_the_test_after_welch(both):
    n = len(both[0])
    assume(np.ptp(both[0]) > 1e-3 and np.ptp(both[1]) > 1e-3)
    test = SequentialTest(first=n, most=n)
    theirs = stats.ttest_ind(*both, equal_var=False)
    [level] = boundary.levels(n, n, 0.05)
    decision = test.look(*both)
    low, high = theirs.confidence_interval(1 - level)
    assert test.interval() == pytest.approx((low, high), rel=1e-6, abs=1e-9)
    if abs(theirs.pvalue - level) > 1e-9:
        assert (decision is not None) == (theirs.pvalue < level)


@pytest.mark.parametrize("networks", [2, 5])
def test_many_at_once_are_each_as_one_alone(networks):
    test = SequentialTest(most=8, resolve=1.5, comparisons=3)
    paths = drawn([1, *[0] * (networks - 1)], [1, *[1.3] * (networks - 1)], 8, 60)
    ends = []
    for path in np.moveaxis(paths, 2, 0):
        first, second, *others = path
        decision = test.look(list(first), list(second), [list(one) for one in others])
        ends.append((decision, test.looks[-1].n))
    found = stopped(test, paths, 1)
    shares = [sum(one[0] == word for one in ends) / 60 for word in OTHER]
    assert [found.better, found.worse, found.no_difference] == pytest.approx(shares[:3])
    assert found.seeds == pytest.approx(sum(one[1] for one in ends) / 60)
    assert len({one[0] for one in ends}) >= 3  # the paths end in several ways


def test_any_difference_counts_each_pair():
    test = SequentialTest(most=5, comparisons=2)
    paths = drawn([3, 0, 0], [1, 1, 1], 5, 50)
    alone = []
    for path in np.moveaxis(paths, 2, 0):
        found = [
            test.look(list(path[i]), list(path[j]), [list(path[3 - i - j])])
            for i, j in ((0, 1), (1, 2))
        ]
        alone.append(any(found))
    assert any_difference(test, paths, [(0, 1), (1, 2)]) == sum(alone) / 50


def test_networks_of_other_spreads_are_not_pooled():
    alike = [[1.0, 2.0, 3.0], [1.1, 2.1, 3.3], [1.0, 2.2, 3.1]]
    test = SequentialTest(most=3)
    test.look(*alike[:2], alike[2:])
    assert test.looks[0].pooled
    test.look(*alike[:2], [[1.0, 20.0, 39.0]])
    assert not test.looks[0].pooled
    test.look(*alike[:2])
    assert not test.looks[0].pooled  # two alone are judged by their own runs


def test_without_spread_nothing_is_said():
    test = SequentialTest(most=5, resolve=10)
    assert test.look([1, 1, 1], [2, 2, 2]) is None
    assert test.interval() is None


@pytest.mark.parametrize(
    ("numbers", "rule"),
    [
        ({"alpha": 0}, "alpha is above 0"),
        ({"alpha": math.nan}, "alpha is above 0"),
        ({"first": 1}, "from 2 seeds"),
        ({"first": 9, "most": 8}, "from 9 to 8"),
        ({"most": MOST_SEEDS + 1}, "from 3 to 65"),
        ({"resolve": 0}, "above 0 points, not 0"),
        ({"resolve": math.nan}, "above 0 points, not nan"),
        ({"comparisons": 0}, "at least 1 comparison"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(numbers, rule):
    with pytest.raises(UsageError, match=rule):
        a.SequentialTest(**numbers)


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        ([1, 2, 3], [1, 2], "as many runs of each network, not 3 and 2"),
        ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], "the last look is at 5 seeds, not 6"),
        ([1, 2, math.nan], [1, 2, 3], "errors are finite"),
    ],
)
def test_runs_that_cannot_be_looked_at_are_refused(first, second, rule):
    with pytest.raises(UsageError, match=rule):
        SequentialTest(most=5).look(first, second)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "most"), boundary.SCHEDULES)
@pytest.mark.parametrize("ratio", [0.5, 1, 2])
def test_every_schedule_errs_as_often_as_it_says(first, most, ratio):
    found = simulated(SequentialTest(first=first, most=most), 0, (ratio, 1), seed=first * most)
    assert found.better + found.worse <= 0.055
    assert found.covered >= 0.945
    assert found.better == pytest.approx(found.worse, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("most", [8, 16])
def test_networks_that_differ_are_rarely_found_alike(most):
    found = simulated(SequentialTest(most=most, resolve=1), 1, (1, 1))
    assert found.no_difference <= 0.055


SPREADS = {
    "equal": [1] * 11,
    "every second": [1, 2] * 5 + [1],
    "the first": [2] + [1] * 10,
    "all others": [1] + [2] * 10,
}


@pytest.mark.slow
@pytest.mark.parametrize("spreads", SPREADS.values(), ids=SPREADS)
def test_ten_comparisons_err_together_as_often_as_one(spreads):
    test = SequentialTest(comparisons=10)
    runs = drawn([0] * 11, spreads, test.most, 20_000)
    assert any_difference(test, runs, [(0, other) for other in range(1, 11)]) <= 0.055


@pytest.mark.slow
def test_it_finds_what_sixteen_seeds_find_with_fewer():
    test, half = SequentialTest(), math.sqrt(0.5)
    for difference, within, saved in ((0.75, 0.05, 0), (1, 0.02, 0.3), (2, 0.02, 0.5)):
        runs = drawn([-difference, 0], [half, half], 16, 20_000)
        fixed = stats.ttest_ind(runs[0], runs[1], equal_var=False).pvalue < 0.05
        found = stopped(test, runs, -difference)
        assert found.better >= fixed.mean() - within
        assert found.seeds <= 16 * (1 - saved)
