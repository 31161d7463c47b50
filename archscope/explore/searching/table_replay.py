"""`table replay`: the regret of a search method on a table, by the training that it spends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archscope.arch.arrays import one_whole
from archscope.arch.quantities import COSTS
from archscope.errors import UsageError
from archscope.explore.searching.judged import Method, judged, own_method
from archscope.explore.searching.methods import Rung, schedule_for
from archscope.explore.searching.replay import Curves, Replays, replayed, tuned
from archscope.explore.searching.table import SHIPPED, read_table
from archscope.reporting.table.column import Column
from archscope.reporting.table.formats import decimal, integer, prefixed, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

_TIMES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)  # whole trainings that are spent
_NORMAL = 1.959964  # of 95 %
_REPEATS = 10_000
_MOST_REPEATS = 1_000_000  # minutes, and what they found in memory
_OWN_REPEATS = 500  # of a method of the user's own, which is carried out one by one


@dataclass(frozen=True, repr=False)
class Replayed(Result):
    """What a method would have found on a table.

    Attributes:
        file: the table's.
        method: the search method, or the name of one's own.
        chosen: its `kept`, `growth` and `first`, where it has them: those best on the first half.
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
            f"{self.repeats:,} replays lie."
            + " Rungs: designs x epochs."
            * any(row["rungs"] for row in self.rows),
        ]
        columns = [one for one in _COLUMNS if one.key != "rungs" or any(r["rungs"] for r in rows)]
        return [Table(f"{self.method} on {self.file.name}", columns, rows, notes)]


def table_replay(
    file: Path | str = SHIPPED,
    *,
    method: str | Method = "halving",
    repeats: int | None = None,
    seed: int = 1,
) -> Replayed:
    """What a search method would have found on a table, by the training spent.

    The designs are cut in two halves, drawn once and for all: after how many epochs, how many
    designs go on, and how much longer, is chosen on the first half; what is reported is of the
    second alone.

        def mine(known):  # see `KnownTrainings`
            for network in known.networks:
                known.train(network)

        a.table_replay(method=mine)

    Args:
        file: a table, as `table_make` writes it; without one, that of the package.
        method: `halving`, `random` or `one-epoch`, see `schedule_for`; or one of your own: a
            function, or `FILE.py:NAME`, that takes `KnownTrainings` and returns the network that
            it found. Where it returns None, or the budget ends it, that is the best of those
            trained longest.
        repeats: replays of each budget, up to 1,000,000; without it 10,000, and 500 of a method of
            your own.
        seed: of their draws.

    Raises:
        UsageError: for an unknown method, a table of fewer than 4 designs, or one in which a design
            lacks a seed; as `read_table`.
        ArchscopeError: where a method of your own fails.
    """
    given = own_method(method) if isinstance(method, str) else method
    times = repeats if repeats is not None else _REPEATS if given is None else _OWN_REPEATS
    if one_whole(times, "repeats", 2) > _MOST_REPEATS:
        raise UsageError(
            f"repeats are at most {_MOST_REPEATS:,}, not {times:,}: 10,000 tell the mean regret to "
            "hundredths of a point; give fewer"
        )
    one_whole(seed, "seed", 0)
    table = read_table(file)
    epochs = table.epochs
    first, second = Curves.of(table).halves()
    # No more than what trains every design: a method that trains while it may would never end.
    most = min(1.5, epochs) * len(second.networks)
    budgets = [epochs * n for n in _TIMES if epochs * n <= most] or [epochs]
    if given is not None:
        name = method if isinstance(method, str) else getattr(given, "__name__", "own method")
        chosen: dict[str, int] = {}
        costs = {row.network: {cost: getattr(row, cost) for cost in COSTS} for row in table.rows}
        rows = [
            _row(budget, (), judged(second, costs, given, budget, times, seed))
            for budget in budgets
        ]
    else:
        name = str(method)
        schedule_for(name, epochs, designs=1)  # raises for an unknown method
        chosen = tuned(name, first, epochs, budgets)
        schedules = {
            budget: schedule_for(name, epochs, budget=budget, **chosen) for budget in budgets
        }
        rows = [
            _row(budget, schedule.rungs, replayed(second, schedule, times, seed))
            for budget, schedule in schedules.items()
            if schedule.designs <= len(second.networks)
        ]
    best = float(second.final.min())
    return Replayed(*(Path(file), name, chosen, len(second.networks), best, times, seed, rows))


def _row(budget: int, rungs: Sequence[Rung], one: Replays) -> dict[str, Any]:
    """What came of the replays of a budget."""
    mean = float(one.regret.mean())
    half = float(_NORMAL * one.regret.std(ddof=1) / np.sqrt(len(one.regret)))
    low, high = np.percentile(one.regret, [2.5, 97.5])
    return {
        "budget": budget,
        "rungs": [list(rung) for rung in rungs],
        "epochs": float(one.epochs.mean()),
        "macs": float(one.macs.mean()),
        "regret": mean,
        "mean_low": mean - half,
        "mean_high": mean + half,
        "low": float(low),
        "high": float(high),
    }


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
