"""Two populations side by side: the chance by counting, and bands that know about both levels."""

from __future__ import annotations

import pytest

from archscope.errors import UsageError
from archscope.reporting.judge.versus import versus


def population(errors: list[float], *others: float) -> dict[str, dict[int, float]]:
    return {str(place): dict(enumerate([one, *others])) for place, one in enumerate(errors)}


def test_the_chance_is_that_of_all_pairs_and_a_tie_is_half() -> None:
    # 16 pairs: 1 and 2 beat all of 3..6 (8), 3 ties once and beats 4, 5, 6 (3.5), 6 ties once (0.5)
    found = versus(population([1, 2, 3, 6]), population([3, 4, 5, 6]))
    assert found.chance.value == 12 / 16
    assert found.chance.low < 12 / 16 < found.chance.high


def test_populations_apart_leave_nothing_to_chance() -> None:
    found = versus(population([1, 2, 3, 4]), population([5, 6, 7, 8]))
    assert (found.chance.value, found.chance.low, found.chance.high) == (1, 1, 1)
    assert [one.value for one in found.shares[0]] == [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]
    assert found.quantiles[1][0].value == 5


def test_seeds_are_resampled_though_designs_are_alike() -> None:
    alone = versus(population([5, 5, 5, 5]), population([5, 5, 5, 5]))
    noisy = versus(population([3, 3, 3, 3], 7), population([5, 5, 5, 5]))
    assert (alone.chance.low, alone.chance.high) == (0.5, 0.5)
    assert noisy.chance.low < 0.5 < noisy.chance.high


def test_too_few_are_refused() -> None:
    with pytest.raises(UsageError, match="4 designs"):
        versus(population([1, 2, 3]), population([1, 2, 3, 4]))
