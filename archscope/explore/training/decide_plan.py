"""What a decision will cost, and how likely it is, before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import variance
from typing import TYPE_CHECKING, Any

from archscope.errors import UsageError
from archscope.explore.training.until_decided import Stopping
from archscope.reporting.judge.pairs import errors_by_template
from archscope.reporting.judge.power import PATHS, Chances, simulated
from archscope.reporting.judge.sequential import SequentialTest
from archscope.reporting.table.formats import decimal, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import read_sweep

if TYPE_CHECKING:
    import pandas

DIFFERENCES = (0.25, 0.5, 1.0, 2.0)  # points
_SIMULATED = 10  # networks, at the most: the noise of more is known hardly better


@dataclass(frozen=True, repr=False)
class DecisionPlan(Result):
    """The chances of a rule, by true difference (points).

    Attributes:
        stopping: the rule.
        networks: how many are compared, each with each.
        spread: the standard deviation of one run (points).
        like: where that is from; None where it was given.
    """

    stopping: Stopping
    networks: int
    spread: float
    like: Path | None
    chances: Mapping[float, Chances]

    @property
    def comparisons(self) -> int:
        """How many share the rule's error."""
        return math.comb(self.networks, 2)

    def tables(self) -> list[Table]:
        """A row for each true difference."""
        rule = self.stopping
        among = "networks" if self.networks == 2 else f"of {self.networks} networks"
        title = (
            f"Deciding between two {among}: {rule.first_look} to {rule.max_seeds} seeds of each, "
            f"no difference: less than {rule.resolve:g} points"
        )
        columns = [
            Column("difference", "true difference\n(points)", decimal(2)),
            Column("decided", "found", _percent),
            Column("wrong", "the wrong\nway round", _percent),
            Column("no_difference", "no\ndifference", _percent),
            Column("undecided", "undecided", _percent),
            Column("seeds", "seeds\n(mean)", decimal(1)),
            Column("saved", "trainings\nsaved", _percent),
        ]
        where = f"the runs in {self.like}" if self.like else "what was given"
        notes = [
            f"One run varies by {self.spread:.3g} points (standard deviation, from {where}).",
            f"{PATHS:,} simulated comparisons each, errors normal; {self._shared}"
            f"a false difference in at most {100 * rule.alpha:g}%. Saved: of "
            f"{rule.max_seeds} seeds of each network.",
        ]
        return [Table(title, columns, self._rows(), notes)]

    def document(self) -> dict[str, Any]:
        """The same as JSON: schema `archscope.decision_plan/1`."""
        rule = self.stopping
        return {
            "schema": "archscope.decision_plan/1",
            "convention": "differences and spread in points of test error; the others are shares",
            "first_look": rule.first_look,
            "max_seeds": rule.max_seeds,
            "alpha": rule.alpha,
            "resolve": rule.resolve,
            "networks": self.networks,
            "comparisons": self.comparisons,
            "spread": self.spread,
            "like": None if self.like is None else str(self.like),
            "rows": self._rows(),
        }

    def to_frame(self) -> pandas.DataFrame:
        """A row for each true difference."""
        import pandas

        return pandas.DataFrame(self._rows())

    @property
    def _shared(self) -> str:
        return "" if self.comparisons == 1 else f"{self.comparisons} comparisons share "

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                "difference": difference,
                "decided": one.worse,
                "wrong": one.better,
                "no_difference": one.no_difference,
                "undecided": one.undecided,
                "seeds": one.seeds,
                "saved": 1 - one.seeds / self.stopping.max_seeds,
            }
            for difference, one in self.chances.items()
        ]


def _percent(value: Any) -> str:
    return text(None if value is None else f"{100 * value:.1f} %")


def decide_plan(
    stopping: Stopping | None = None,
    *,
    networks: int = 2,
    like: Path | str | None = None,
    spread: float | None = None,
) -> DecisionPlan:
    """The chance to decide, and the seeds that it takes, for some true differences.

    Args:
        stopping: the rule.
        networks: how many are compared, each with each. The chances are those of one comparison,
            with the noise of all of them.
        like: a sweep's folder, whose runs vary as these will.
        spread: instead, the standard deviation of one run, in points.

    Raises:
        UsageError: where the spread is not known.
    """
    rule = stopping or Stopping()
    if networks < 2:
        raise UsageError("decide compares two networks or more; name another one")
    if (like is None) == (spread is None):
        raise UsageError(
            "the plan of a decision takes the noise of one run: give --like with a sweep's folder, "
            "or --spread in points"
        )
    varies = spread if like is None else _spread(Path(like))
    assert varies is not None
    if not 0 < varies < math.inf:
        raise UsageError(f"the spread of one run is above 0 points, not {varies:g}; give another")
    comparisons = math.comb(networks, 2)
    test = SequentialTest(rule.alpha, rule.first_look, rule.max_seeds, rule.resolve, comparisons)
    spreads = [varies] * min(networks, _SIMULATED)
    chances = {one: simulated(test, one, spreads) for one in DIFFERENCES}
    return DecisionPlan(rule, networks, varies, Path(like) if like else None, chances)


def _spread(folder: Path) -> float:
    """The standard deviation of one run (points), from all networks of a folder together."""
    groups = [[*runs.values()] for runs in errors_by_template(read_sweep(folder)).values()]
    several = [group for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in several)
    if not freedom:
        raise UsageError(
            f"{folder} has no network with two finished seeds, so its noise is not known; name "
            "another folder, or give --spread"
        )
    return math.sqrt(sum((len(one) - 1) * variance(one) for one in several) / freedom)
