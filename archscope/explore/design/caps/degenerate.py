"""The space without degenerate designs, as far as a number tells them: see `layers`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archscope.explore.design.space import Space


def ordinary(space: Space) -> Space | None:
    """The space without blocks of width 1; None where there is nothing else in it."""
    axes: dict[str, Sequence[Any]] = dict(space.axes)
    for word, values in space.axes.items():
        if _narrow(space, word, values[0]):
            axes[word] = [value for value in values if not _narrow(space, word, value)]
    return replace(space, axes=axes) if all(axes.values()) else None


def _narrow(space: Space, word: str, value: Any) -> bool:
    axis = space.of[word]
    return axis.word == "width" and not axis.fractional and value == 1
