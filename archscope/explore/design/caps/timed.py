"""The predicted latency of designs that are gone through, and a range of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from archscope.arch.times import LATENCY, MILLISECOND
from archscope.explore.design.caps.conditions import Range
from archscope.explore.design.space import Part
from archscope.explore.latency.fitted import LatencyModel
from archscope.reporting.networks.latency import latency_text
from archscope.reporting.table.formats import brief


class Timed:
    """The predicted latency of designs: those in the range, and the ends of all.

    `looked_at` counts the designs whose latency was predicted so far.
    """

    def __init__(self, model: LatencyModel | None, ends: Range | None) -> None:
        self._model, self._ends = model, ends
        self._seen: list[int] = []
        self.looked_at = 0

    def within(
        self, part: Part, columns: Mapping[str, Any], taken: dict[str, Any]
    ) -> dict[str, Any]:
        """The designs of a part in the range, with a column of their nanoseconds."""
        if self._model is None:
            return taken
        chosen = {axis: taken[axis] for axis in columns}
        if not len(taken["part"]):
            return {**taken, LATENCY: taken["part"].astype(np.int64)}
        self.looked_at += len(taken["part"])
        times = self._model.nanoseconds(part.network(chosen))
        every = {**taken, LATENCY: np.broadcast_to(times, len(taken["part"]))}
        if self._ends is None:
            return every
        low, high = self._ends
        self._seen = [min([*self._seen, times.min()]), max([*self._seen, times.max()])]
        keep = np.flatnonzero((every[LATENCY] >= low) & (high is None or every[LATENCY] <= high))
        return {name: column[keep] for name, column in every.items()}

    def none(self) -> str | None:
        """That none is in the range, and which come nearest; None where none was looked at."""
        if not self._seen or self._ends is None:
            return None
        asked = latency_text([None if end is None else end / MILLISECOND for end in self._ends])
        fast, slow = (brief(one / MILLISECOND) for one in self._seen)
        return (
            f"no design in the box is predicted to take {asked}: those that meet the other "
            f"conditions take {fast} to {slow} ms; widen the range of latency, or the box"
        )
