from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.reporting.facts.statistics import Summary, summarize


def test_hand_worked():
    # 4, 5, 9: mean 6; squared deviations 4 + 1 + 9 = 14; /2 = 7; standard error sqrt(7/3).
    found = summarize([4, 5, 9])
    assert (found.n, found.mean) == (3, 6.0)
    assert found.standard_error == pytest.approx(1.5275252316519465)
    # 1, 2, 3, 4: mean 2.5; 2.25 + 0.25 + 0.25 + 2.25 = 5; /3; sqrt(5/12).
    assert summarize([1, 2, 3, 4]).standard_error == pytest.approx(0.6454972243679028)


def test_too_few_values():
    assert summarize([]) == Summary(0, None, None)
    assert summarize([4.4]) == Summary(1, 4.4, None)


def test_equal_values_have_no_error():
    assert summarize([0.1] * 10) == Summary(10, 0.1, 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_diverged_value_is_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        summarize([1.0, bad])


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), min_size=2, max_size=20))
def test_agrees_with_the_standard_library(values):
    found = summarize(values)
    assert found.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    expected = statistics.stdev(values) / math.sqrt(len(values))
    assert found.standard_error == pytest.approx(expected, abs=1e-7)
