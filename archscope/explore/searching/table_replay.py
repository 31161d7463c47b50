"""`table replay`: the regret of a search method on a table, by the training that it spends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archscope.errors import UsageError
from archscope.explore.searching.methods import schedule_for
from archscope.explore.searching.replay import Curves, replayed, tuned
from archscope.explore.searching.table import read_table
from archscope.reporting.table.column import Column
from archscope.reporting.table.formats import decimal, integer, prefixed, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

_TIMES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)  # whole trainings that are spent
_NORMAL = 1.959964  # of 95 %


@dataclass(frozen=True, repr=False)
class Replayed(Result):
    """What a method would have found on a table.

    Attributes:
        file: the table's.
        method: the search method.
        chosen: its `kept` and `growth`, where it has them: those best on the first half.
        designs: in the half that is reported; `best` is the final error of its best one.
        repeats: replays of each budget.
        seed: of the draws.
        rows: one for each budget of training: its `rungs`, and what came of the replays.
    """

    file: Path
    method: str
    chosen: Mapping[str, int]
    designs: int
    best: float
    repeats: int
    seed: int
    rows: Sequence[Mapping[str, Any]]

    def document(self) -> dict[str, Any]:
        """All as JSON, schema `archscope.replay/1`; errors and regrets in points."""
        return {
            "schema": "archscope.replay/1",
            "convention": "regret: the final test error, the mean over the seeds, of the design "
            "that was found, less that of the best design; epochs: of training one design; macs: "
            "multiply-adds of training, three forward passes of each image",
            "table": self.file.name,
            "method": self.method,
            "chosen": dict(self.chosen),
            "designs": self.designs,
            "best": self.best,
            "repeats": self.repeats,
            "seed": self.seed,
            "budgets": [dict(row) for row in self.rows],
        }

    def tables(self) -> list[Table]:
        """The regret by budget."""
        rows = [
            {**row, "rungs": " ".join(f"{n}x{e}" for e, n in row["rungs"])} for row in self.rows
        ]
        chosen = ", ".join(f"{name} {number}" for name, number in self.chosen.items())
        how = f" ({chosen}: the best on the other half)" if chosen else ""
        notes = [
            f"On one half of the table, {self.designs:,} designs, whose best has "
            f"{self.best:.2f} % error{how}.",
            "Regret: points above the best design; mean with its 95 % interval, and where 95 % of "
            f"{self.repeats:,} replays lie. Rungs: designs x epochs.",
        ]
        return [Table(f"{self.method} on {self.file.name}", _COLUMNS, rows, notes)]


def table_replay(
    file: Path | str, *, method: str = "halving", repeats: int = 10_000, seed: int = 1
) -> Replayed:
    """What a search method would have found on a table, by the training spent.

    The designs are cut in two halves, drawn once and for all: how many designs go on, and how much
    longer, is chosen on the first half; what is reported is of the second alone.

    Args:
        file: a table, as `table_make` writes it.
        method: `halving`, `random` or `one-epoch`, see `schedule_for`.
        repeats: replays of each budget.
        seed: of their draws.

    Raises:
        UsageError: for an unknown method, a table of fewer than 4 designs, or one in which a design
            lacks a seed; as `read_table`.
    """
    if repeats < 2:
        raise UsageError(f"a band needs 2 replays or more, not {repeats}; give --repeats 10000")
    table = read_table(file)
    epochs = table.epochs
    schedule_for(method, epochs, designs=1)  # raises for an unknown method
    first, second = Curves.of(table).halves()
    budgets = [epochs * n for n in _TIMES if epochs * n <= 1.5 * len(second.networks)]
    chosen = tuned(method, first, epochs, budgets)
    rows = []
    for budget in budgets or [epochs]:
        schedule = schedule_for(method, epochs, budget=budget, **chosen)
        if schedule.designs <= len(second.networks):
            one = replayed(second, schedule, repeats, seed)
            mean = float(one.regret.mean())
            half = float(_NORMAL * one.regret.std(ddof=1) / np.sqrt(repeats))
            low, high = np.percentile(one.regret, [2.5, 97.5])
            rows.append(
                {
                    "budget": budget,
                    "rungs": [list(rung) for rung in schedule.rungs],
                    "epochs": float(one.epochs.mean()),
                    "macs": float(one.macs.mean()),
                    "regret": mean,
                    "mean_low": mean - half,
                    "mean_high": mean + half,
                    "low": float(low),
                    "high": float(high),
                }
            )
    best = float(second.final.min())
    return Replayed(*(Path(file), method, chosen, len(second.networks), best, repeats, seed, rows))


_COLUMNS = (
    Column("budget", "budget (epochs)", integer),
    Column("rungs", "rungs", text, "left"),
    Column("epochs", "epochs spent", decimal(1)),
    Column("macs", "multiply-adds spent", prefixed(3)),
    Column("regret", "regret", decimal(2)),
    Column("mean_low", "mean from", decimal(2)),
    Column("mean_high", "to", decimal(2)),
    Column("low", "95 % from", decimal(2)),
    Column("high", "to", decimal(2)),
)
