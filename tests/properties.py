"""Properties, tried on few examples by default and on many with `-m slow`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy


def examples(
    few: int, many: int, *strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """Instead of `settings(max_examples=...)` and `given(...)`, of a test without fixtures."""

    def decorate(check: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize("number", [few, pytest.param(many, marks=pytest.mark.slow)])
        def test(number: int) -> None:
            limits = settings(max_examples=number, suppress_health_check=[HealthCheck.too_slow])
            limits(given(*strategies)(check))()

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate
