from __future__ import annotations

import math

import numpy as np
import pytest

from archscope.errors import UsageError
from archscope.reporting.judge.verdicts import Verdict, method_sentence, verdicts


def by_seed(*values, first=1):
    return dict(enumerate(values, first))


def test_two_networks_paired_by_seed_are_scipys_paired_t_test():
    from scipy import stats

    a, b = (10.0, 11.0, 12.5, 10.5), (9.0, 10.4, 11.2, 9.9)
    (found,) = verdicts({"a": by_seed(*a), "b": by_seed(*b)}, [("a", "b")])
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert found.difference == pytest.approx(np.mean(a) - np.mean(b))
    assert found.interval == pytest.approx((expected.low, expected.high))
    assert found.kind == "worse"
    assert found.sentence().startswith("b better than a (-0.88 points, ")


def test_other_seeds_make_an_unpaired_comparison_with_pooled_noise():
    from scipy import stats

    a, b = (10.0, 11.0, 12.5), (9.0, 10.4, 11.2, 9.9)
    (found,) = verdicts({"a": by_seed(*a), "b": by_seed(*b, first=7)}, [("a", "b")])
    expected = stats.ttest_ind(a, b).confidence_interval(0.95)
    assert found.interval == pytest.approx((expected.low, expected.high))
    assert "not paired" in found.method


def test_spreads_that_differ_by_more_than_chance_are_not_pooled():
    from scipy import stats

    quiet = (10.0, 10.01, 10.02, 9.99, 10.0)
    wild = (9.0, 14.0, 4.0, 12.0, 7.0)
    third = (11.0, 11.02, 11.01, 11.0, 10.98)
    errors = {"quiet": by_seed(*quiet), "wild": by_seed(*wild), "third": by_seed(*third)}
    (found,) = verdicts(errors, [("quiet", "third")])
    expected = stats.ttest_rel(quiet, third).confidence_interval(0.95)
    assert found.interval == pytest.approx((expected.low, expected.high))
    errors["third"] = by_seed(*third, first=3)
    (found,) = verdicts(errors, [("quiet", "third")])
    expected = stats.ttest_ind(quiet, third, equal_var=False).confidence_interval(0.95)
    assert found.interval == pytest.approx((expected.low, expected.high))
    assert "Welch" in found.method


def test_the_noise_of_a_block_design_is_that_of_two_way_anova():
    # Network means 1, 3, 5; seeds -1, 0, +1; one residue of +-0.3 in two networks and two seeds:
    # sum of squares 4 * 0.09 = 0.36 over (3-1)(3-1) = 4 degrees of freedom, so s = 0.3.
    errors = {
        "a": by_seed(0.3, 0.7, 2.0),
        "b": by_seed(1.7, 3.3, 4.0),
        "c": by_seed(4.0, 5.0, 6.0),
    }
    (found,) = verdicts(errors, [("a", "b")])
    t_4 = 2.7764451  # 97.5 % of Student's t with 4 degrees of freedom (any table)
    half = t_4 * 0.3 * math.sqrt(2 / 3)
    assert found.interval == pytest.approx((-2 - half, -2 + half))


def test_more_comparisons_make_wider_intervals():
    errors = {
        name: by_seed(*np.random.default_rng(i).normal(10, 1, 4)) for i, name in enumerate("abcd")
    }
    (alone,) = verdicts(errors, [("a", "b")])
    together = verdicts(errors, [("a", "b"), ("a", "c"), ("a", "d")])[0]
    assert together.interval[0] < alone.interval[0] < alone.interval[1] < together.interval[1]
    assert "all 3 comparisons" in method_sentence([together] * 3)


def test_what_is_asked_decides_between_no_difference_and_more_seeds():
    errors = {"a": by_seed(10.0, 10.2, 9.9, 10.1), "b": by_seed(10.1, 10.0, 10.05, 10.1)}
    (coarse,) = verdicts(errors, [("a", "b")], resolve=5.0)
    (fine,) = verdicts(errors, [("a", "b")], resolve=0.05)
    assert coarse.kind == "none" and "no difference shown" in coarse.sentence()
    assert "one of 5 points would have been" in coarse.sentence()
    assert fine.kind == "open" and fine.seeds_needed > 4
    assert f"{fine.seeds_needed - 4} more seeds needed to resolve 0.05 points" in fine.sentence()


def test_the_seeds_needed_reach_the_power_and_one_less_does_not():
    # Cohen's d = 1 in each group, unpaired, two-sided 5 %, 80 % power: 17 a group (Cohen 1988).
    generator = np.random.default_rng(3)
    values = generator.normal(0, 1, (2, 5000))
    values = (values - values.mean(1, keepdims=True)) / values.std(1, ddof=1, keepdims=True)
    errors = {"a": by_seed(*values[0]), "b": by_seed(*values[1], first=9999)}
    (found,) = verdicts(errors, [("a", "b")], resolve=1.0)
    assert found.seeds_needed == 17


def test_one_seed_says_nothing():
    (found,) = verdicts({"a": by_seed(10.0), "b": by_seed(1.0)}, [("a", "b")])
    assert found.kind == "open" and found.interval is None
    assert "single seed" in found.sentence()


@pytest.mark.parametrize(
    ("a", "b"),
    [((5.0, 5.0), (5.0, 5.0)), ((10.0, 10.2), (10.4, 10.6)), ((10.0, 10.0), (10.2, 10.2))],
)
@pytest.mark.parametrize("first", [1, 4])
def test_runs_without_noise_claim_nothing(a, b, first):
    (found,) = verdicts({"a": by_seed(*a), "b": by_seed(*b, first=first)}, [("a", "b")])
    if first == 4 and a[0] != a[1]:
        assert found.interval[0] < found.interval[1]  # unpaired, the seeds are noise
    else:
        assert (found.kind, found.interval) == ("open", None)
        assert "noise cannot be estimated" in found.sentence()


def test_unfinished_or_unknown_networks_and_senseless_differences_are_refused():
    with pytest.raises(UsageError, match="'b' has no finished run to compare; train it"):
        verdicts({"a": by_seed(1.0), "b": {}}, [("a", "b")])
    with pytest.raises(UsageError, match="must be above 0 points"):
        verdicts({"a": by_seed(1.0)}, [], resolve=0)


def test_seeds_beyond_a_thousand_are_said_to_be_so():
    verdict = Verdict("a", "b", "open", (3, 3), 0.0, (-1.0, 1.0), None)
    assert "more than 1,000 seeds needed" in verdict.sentence()


def _runs(generator, means, seeds, *, noise=0.3, shared=0.2):
    """Errors with known true means: a shift a seed that all networks share, and noise."""
    shift = generator.normal(0, shared, seeds)
    spreads = np.broadcast_to(noise, len(means))
    return {
        f"n{i}": by_seed(*(mean + shift + generator.normal(0, spread, seeds)))
        for i, (mean, spread) in enumerate(zip(means, spreads, strict=True))
    }


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("noise", [0.3, (0.2, 0.3, 0.4, 0.3, 0.2)], ids=["equal", "twofold"])
def test_all_intervals_together_cover_the_truth_in_95_percent_of_studies(seeds, noise):
    generator = np.random.default_rng(11)
    means = (30.0, 29.5, 29.0, 30.0, 28.0)
    pairs = [("n0", f"n{i}") for i in range(1, 5)]
    studies, covered = 2000, 0
    for _ in range(studies):
        found = verdicts(_runs(generator, means, seeds, noise=noise), pairs)
        truth = [means[0] - mean for mean in means[1:]]
        covered += all(
            v.interval[0] <= t <= v.interval[1] for v, t in zip(found, truth, strict=True)
        )
    # Bonferroni is a little cautious; the twofold spread may cost a little. Binomial 4 sigma: 2 %.
    assert 0.92 <= covered / studies <= 0.995


@pytest.mark.slow
def test_false_winners_are_called_in_at_most_5_percent_of_studies_of_equal_networks():
    generator = np.random.default_rng(12)
    studies = 2000
    pairs = [("n0", f"n{i}") for i in range(1, 5)]
    wrong = sum(
        any(
            v.kind in ("better", "worse") for v in verdicts(_runs(generator, (30.0,) * 5, 3), pairs)
        )
        for _ in range(studies)
    )
    assert wrong / studies <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / studies)


@pytest.mark.slow
def test_the_seeds_that_are_said_to_be_needed_see_the_difference_in_80_percent():
    generator = np.random.default_rng(13)
    means, pairs = (30.0, 29.4, 30.0), [("n0", "n1")]
    exact = _runs(generator, means, 400, shared=0)
    needed = verdicts(exact, pairs, resolve=0.6)[0].seeds_needed
    studies = 2000
    seen = sum(
        verdicts(_runs(generator, means, needed), pairs)[0].kind == "worse" for _ in range(studies)
    )
    assert 0.76 <= seen / studies <= 0.92  # whole seeds: the power is at least 80 %
