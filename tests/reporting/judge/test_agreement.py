from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.errors import UsageError
from archscope.reporting.facts.statistics import Summary, summarize
from archscope.reporting.judge.agreement import agreements, tau

values = st.lists(st.integers(0, 6).map(float), min_size=2, max_size=8)


@given(st.data())
def test_tau_is_scipys_tau_b(data):
    from scipy import stats

    first = data.draw(values)
    second = data.draw(
        st.lists(st.integers(0, 6).map(float), min_size=len(first), max_size=len(first))
    )
    expected = stats.kendalltau(first, second).statistic
    found = tau(first, second)
    assert found == pytest.approx(expected) if found is not None else expected != expected


def test_errors_are_compared_beside_the_order_by_cost():
    ours = {"a": summarize([30.0, 30.1]), "b": summarize([20.0, 20.1]), "c": summarize([10, 10.1])}
    target = {"a": 3.0, "b": 2.0, "c": 1.0, "d": 0.5}
    costs = {"params": {"a": 1, "b": 3, "c": 2}, "macs": {"a": 3, "b": 2, "c": 1}}
    errors, params, macs = agreements(ours, target, costs)
    assert (errors.order, errors.tau, errors.networks) == ("our errors", 1.0, 3)
    assert errors.interval[1] == 1.0
    # a < b, a < c as the target has it; c and b the other way: 2 of 3 pairs agree.
    assert params.tau == pytest.approx(1 / 3) and macs.tau == -1.0
    assert params.interval is None


def test_noise_as_large_as_the_differences_makes_a_wide_interval():
    noisy = {name: Summary(3, mean, 1.0) for name, mean in (("a", 3.0), ("b", 2.0), ("c", 1.0))}
    quiet = {name: Summary(3, s.mean, 1e-6) for name, s in noisy.items()}
    target = {"a": 3.0, "b": 2.0, "c": 1.0}
    assert agreements(quiet, target, {})[0].interval == (1.0, 1.0)
    assert agreements(noisy, target, {})[0].interval[0] < 0
    assert (
        agreements({n: Summary(1, s.mean, None) for n, s in noisy.items()}, target, {})[0].interval
        is None
    )


def test_an_order_of_two_says_nothing():
    ours = {"a": summarize([1.0]), "b": summarize([2.0]), "c": Summary(0, None, None)}
    with pytest.raises(UsageError, match="needs three networks or more"):
        agreements(ours, {"a": 1.0, "b": 2.0, "c": 3.0}, {})


def test_a_target_of_few_seeds_is_as_noisy_as_ours():
    quiet = {name: Summary(3, mean, 1e-6) for name, mean in (("a", 3.0), ("b", 2.0), ("c", 1.0))}
    noisy = {name: Summary(3, s.mean, 1.0) for name, s in quiet.items()}
    assert agreements(quiet, quiet, {})[0].interval == (1.0, 1.0)
    assert agreements(quiet, noisy, {})[0].interval[0] < 0
    one_seed = {name: Summary(1, s.mean, None) for name, s in quiet.items()}
    assert agreements(quiet, one_seed, {})[0].interval is None
    assert agreements(quiet, one_seed, {})[0].tau == 1.0


@pytest.mark.parametrize("step", [0.2, 0.6, 2.0], ids=["close", "middling", "apart"])
def test_the_interval_holds_the_order_that_no_seed_had_blurred(step):
    """Seven networks, their true errors `step` points apart, three seeds of 0.4 points each."""
    generator = np.random.default_rng(3)
    held = 0
    for _ in range(100):
        short = np.arange(7) * step + generator.normal(0, step, 7)
        long = short + generator.normal(0, step / 2, 7)
        ours, target = (
            {str(i): summarize(generator.normal(true[i], 0.4, 3)) for i in range(7)}
            for true in (short, long)
        )
        low, high = agreements(ours, target, {})[0].interval
        held += low - 1e-9 <= tau(list(short), list(long)) <= high + 1e-9
    assert held >= 90  # 95 is meant; a hundred draws leave some room
