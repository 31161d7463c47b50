"""The designs with the highest scores of those that were looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from archscope.explore.design.caps.goals import Floats
from archscope.explore.design.caps.grid import Costs, Ints

Kept: TypeAlias = "list[tuple[Ints, dict[str, int], float]]"  # places, costs, score


class Best:
    """The designs with the highest scores so far; equal ones by what they cost.

    Of those that are the `same`, by their rows, the first is kept.
    """

    def __init__(self, number: int, same: Callable[[Ints, Ints], bool]) -> None:
        self.number = number
        self._same = same
        self.rows: Ints = np.zeros((0, 0), np.int64)
        self.costs: Costs = {}
        self.scores: Floats = np.zeros(0)

    @property
    def least(self) -> float:
        """The score that a design must reach to be among them."""
        return float(self.scores[-1]) if len(self.scores) >= self.number else -np.inf

    def take(self, rows: Ints, costs: Costs, scores: Floats) -> None:
        """Take those that are good enough."""
        good = np.flatnonzero((scores >= self.least) & (scores > -np.inf))
        if not len(good):
            return
        rows, costs, scores = rows[good], taken(costs, good), scores[good]
        if len(self.scores):
            rows = np.concatenate([self.rows, rows])
            costs = {name: np.concatenate([self.costs[name], costs[name]]) for name in costs}
            scores = np.concatenate([self.scores, scores])
        _, first = np.unique(rows, axis=0, return_index=True)
        keys = [*rows[first].T[::-1], *(costs[name][first] for name in reversed(costs))]
        order = self._different(first[np.lexsort([*keys, -scores[first]])], rows, costs)
        self.rows, self.costs, self.scores = rows[order], taken(costs, order), scores[order]

    def _different(self, order: Ints, rows: Ints, costs: Costs) -> Ints:
        """The first of them that are networks of their own; equal ones cost the same."""
        table = np.stack([costs[name] for name in costs], axis=1)
        chosen: list[int] = []
        for place in order:
            if len(chosen) == self.number:
                break
            alike = [one for one in chosen if (table[one] == table[place]).all()]
            if not any(self._same(rows[one], rows[place]) for one in alike):
                chosen.append(int(place))
        return np.array(chosen, dtype=np.int64)

    def kept(self) -> Kept:
        """Them, the best first."""
        return [
            (row, {name: int(column[place]) for name, column in self.costs.items()}, float(score))
            for place, (row, score) in enumerate(zip(self.rows, self.scores, strict=True))
        ]


def taken(costs: Costs, which: npt.NDArray[np.intp]) -> Costs:
    """The costs of some designs."""
    return {name: column[which] for name, column in costs.items()}
