"""Levels of repeated looks, against integrals and against runs of their own."""

import numpy as np
import pytest
from scipy import stats

from archscope.reporting.judge import boundary


@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_levels_of_normal_paths_are_those_of_the_integral(alpha):
    """Known noise: the looks are jointly normal, with correlations sqrt(m / n)."""
    first, most, paths = 2, 4, 400_000
    rng = np.random.default_rng(5)
    n = np.arange(1, most + 1)[:, None]
    z = rng.standard_normal((most, paths)).cumsum(0) / np.sqrt(n)
    cases = [2 * stats.norm.sf(np.abs(z[first - 1 :]))]
    levels = boundary._calibrated(cases, first, most, alpha)
    bounds = stats.norm.isf(np.array(levels) / 2)
    looks = np.arange(first, most + 1)
    correlation = np.sqrt(np.minimum.outer(looks, looks) / np.maximum.outer(looks, looks))
    for k in range(len(looks)):
        inside = stats.multivariate_normal(cov=correlation[: k + 1, : k + 1]).cdf(
            bounds[: k + 1], lower_limit=-bounds[: k + 1]
        )
        assert 1 - inside == pytest.approx(alpha * (looks[k] / most) ** 3, rel=0.05)


def test_the_error_is_spent_by_the_last_look():
    assert boundary.spent(16, 16, 0.05) == 0.05
    assert boundary.spent(8, 16, 0.05) == 0.05 / 8


@pytest.mark.parametrize("noise", ["own", "pooled"])
def test_the_file_has_each_level_of_each_schedule(noise):
    for first, most in boundary.SCHEDULES:
        kept = boundary._kept()[boundary._label(first, most, noise)]
        assert {f"{boundary.ALPHA / part:.6g}" for part in boundary.PARTS} <= set(kept)
        for alpha, levels in kept.items():
            assert len(levels) == most - first + 1
            assert all(0 <= level <= float(alpha) for level in levels)
            assert levels == boundary.levels(first, most, float(alpha), noise)


def test_a_schedule_that_is_not_in_the_file_is_simulated(monkeypatch):
    monkeypatch.setattr(boundary, "_PATHS", 20_000)
    found = boundary.levels(3, 4, 0.04)
    boundary._simulated.cache_clear()
    assert len(found) == 2 and 0 < found[0] < found[1] < 0.04
    assert found == boundary.levels(3, 4, 0.04)  # drawn from a seed


@pytest.mark.parametrize("ratio", [1, 2])
def test_p_values_are_those_of_welch(ratio):
    rng = np.random.default_rng(ratio)
    first, second = rng.standard_normal((5, 40)), ratio * rng.standard_normal((5, 40))
    p = boundary.welch(
        np.abs(first.mean(0) - second.mean(0)), first.var(0, ddof=1), second.var(0, ddof=1), 5
    )
    theirs = stats.ttest_ind(first, second, equal_var=False).pvalue
    np.testing.assert_allclose(p, theirs)


@pytest.mark.parametrize("noise", ["own", "pooled"])
def test_a_look_at_which_hardly_anything_is_spent_has_a_level(noise, monkeypatch):
    """A level of 0 would make an interval without end."""
    monkeypatch.setattr(boundary, "_PATHS", 2_000)
    boundary._simulated.cache_clear()
    found = boundary.levels(3, 9, 0.001, noise)
    assert found[0] == pytest.approx(0.001 * (3 / 9) ** 3, rel=1e-3) and all(
        0 < one < 0.001 for one in found
    )
    boundary._simulated.cache_clear()
