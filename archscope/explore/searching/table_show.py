"""A table of trained designs for people: what it holds, and the best of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from archscope.cost.formula import CONVENTION
from archscope.errors import plural
from archscope.explore.searching.table import (
    CURVES,
    FIRST,
    SCHEMA,
    SHIPPED,
    TrainedTable,
    read_table,
)
from archscope.reporting.table.column import Column
from archscope.reporting.table.formats import integer, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

MOST_SHOWN = 20


@dataclass(frozen=True, repr=False)
class ShownTable(Result):
    """A table of trained designs and the `file` that it was read from."""

    table: TrainedTable
    file: Path

    def document(self) -> dict[str, Any]:
        """All as JSON, schema `archscope.search_table/1`: the head of the file, and `rows`."""
        rows = [
            {
                **{name: getattr(row, name) for name in (*FIRST, "definition", "key", "part")},
                **{name: list(getattr(row, name)) for name in CURVES},
            }
            for row in self.table.rows
        ]
        return {**self.table.about, "schema": SCHEMA, "convention": CONVENTION, "rows": rows}

    def tables(self) -> list[Table]:
        """The best designs by mean test error."""
        designs = self.designs()
        title = f"{self.file.name}: {plural(len(designs), 'design')}, the best first"
        shown = designs[:MOST_SHOWN]
        return [Table(title, _COLUMNS, shown, [*self._notes(), *self._more(len(designs))])]

    def csv_tables(self) -> list[Table]:
        """A row for each design."""
        return [Table(self.file.name, _COLUMNS, self.designs())]

    def designs(self) -> list[dict[str, Any]]:
        """Each design with its costs and the mean of its last test errors, the best first."""
        rows: dict[str, list[Any]] = {}
        for row in self.table.rows:
            rows.setdefault(row.network, []).append(row)
        found = []
        for name, trained in rows.items():
            done = [row.test_error[-1] for row in trained if row.status == "done"]
            found.append(
                {
                    "network": name,
                    "family": trained[0].family,
                    "params": trained[0].params,
                    "macs": trained[0].macs,
                    "activations": trained[0].activations,
                    "seeds": len(trained),
                    "diverged": len(trained) - len(done),
                    "test_error": fmean(done) if done else None,
                    "lowest": min(done, default=None),
                    "highest": max(done, default=None),
                }
            )
        none = float("inf")
        return sorted(
            found, key=lambda one: none if one["test_error"] is None else one["test_error"]
        )

    def _more(self, designs: int) -> list[str]:
        if designs <= MOST_SHOWN:
            return []
        return [f"{designs - MOST_SHOWN:,} more: --format csv lists all, json all trainings."]

    def _notes(self) -> list[str]:
        about, settings = self.table.about, self.table.settings
        data = about["dataset"]
        part = settings.view.test_samples
        judged = f", judged on {part:,} test images an epoch, on all after the last" if part else ""
        trained = "all" if settings.samples is None else f"{settings.samples:,}"
        space, trainings = about["space"], Counter(row.part for row in self.table.rows)
        part_of = []
        if "trained" in space:
            part_of = [f"The first {space['trained']:,} of a draw of {space['n']:,}."]
        return [
            *part_of,
            f"Trained on {trained} images of {data['label']} for "
            f"{plural(self.table.epochs, 'epoch')} by the recipe {settings.recipe.name}{judged}.",
            *(self._making(self.table.makings[part], n) for part, n in sorted(trainings.items())),
        ]

    def _making(self, making: Mapping[str, Any], rows: int) -> str:
        """What was trained where, and by what command."""
        machine, processor = making["machine"], making["environment"].get("processor")
        on = f" on {processor}" if processor else ""
        return (
            f"{plural(rows, 'training')}{on}, {making['hours']:g} hours of one worker each of "
            f"{machine['workers']} ({machine['precision']}, "
            f"{plural(machine['threads'], 'thread')}), made by: "
            f"{' '.join(making['command']) or 'the library'}"
        )


def table_show(file: Path | str = SHIPPED) -> ShownTable:
    """What a table of trained designs holds; without a file, the one that comes with the package.

    Raises:
        UsageError, ArchscopeError: as `read_table`.
    """
    return ShownTable(read_table(file), Path(file))


def _error(value: Any) -> str:
    return "" if value is None else f"{value:.2f}"


_COLUMNS = (
    Column("network", "network", text, "left"),
    Column("family", "family", text, "left"),
    Column("params", "params", integer),
    Column("macs", "multiply-adds", integer),
    Column("activations", "activations", integer),
    Column("seeds", "seeds", integer),
    Column("diverged", "diverged", integer),
    Column("test_error", "test error %", _error),
    Column("lowest", "lowest", _error),
    Column("highest", "highest", _error),
)
