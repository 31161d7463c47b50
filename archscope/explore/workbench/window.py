"""The window of the plot: what is in it, and of designs that one dot covers a single one.

A browser that draws a hundred thousand dots, most of them on top of one another, is slow and shows
no more. Of those whose dots are nearer than a dot is wide one is sent; a closer look sends others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

CELLS = 400, 200  # along x and y: about half a dot each, where the page is wide
_ROOM = 0.03  # of the window, around the designs


@dataclass(frozen=True)
class Window:
    """The ends of both axes, which are logarithmic where `log` says so."""

    x: tuple[float, float]
    y: tuple[float, float]
    log: bool

    def first(self, x: Any, y: Any) -> Any:
        """Of the points in the window the first of each cell, in ascending order."""
        across, up = self._place(x, self.x), self._place(y, self.y)
        seen = np.flatnonzero((across >= 0) & (across <= 1) & (up >= 0) & (up <= 1))
        cells = [
            (part[seen] * n).astype(np.int64) for part, n in ((across, CELLS[0]), (up, CELLS[1]))
        ]
        _, kept = np.unique(cells[0] * (CELLS[1] + 1) + cells[1], return_index=True)
        return seen[np.sort(kept)]

    def _place(self, values: Any, ends: tuple[float, float]) -> Any:
        """Where values stand between the ends, from 0 to 1."""
        low, high = _scaled(np.array(ends, float), self.log)
        return (_scaled(values, self.log) - low) / (high - low)


def around(x: Any, y: Any, log: bool) -> Window:
    """The window that holds all points, with a little room."""
    return Window(_ends(x, log), _ends(y, log), log)


def _ends(values: Any, log: bool) -> tuple[float, float]:
    scaled = _scaled(np.array([values.min(), values.max()], float), log)
    room = _ROOM * float(scaled[1] - scaled[0]) or _ROOM * float(abs(scaled[0])) or 1.0
    ends = np.array([scaled[0] - room, scaled[1] + room])
    low, high = np.exp(ends) if log else ends
    return float(low), float(high)


def _scaled(values: Any, log: bool) -> Any:
    return np.log(np.maximum(values, 1e-9)) if log else values
