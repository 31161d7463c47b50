"""`table verify`: rows of a table trained again, and compared to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archscope.arch.arrays import one_whole
from archscope.errors import ArchscopeError, UsageError, plural
from archscope.explore.searching.table import (
    CURVES,
    SHIPPED,
    Row,
    TrainedTable,
    read_table,
)
from archscope.explore.training.images_from import Source
from archscope.explore.training.run_plan import Console, Order, conduct
from archscope.given import path_of
from archscope.reporting.table.column import Column
from archscope.reporting.table.formats import integer, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table
from archscope.sweep.plan.slots import Resources
from archscope.sweep.store.environment import differences, environment
from archscope.sweep.store.records import read_sweep

if TYPE_CHECKING:
    from archscope.training.devices import Inventory


@dataclass(frozen=True, repr=False)
class Verified(Result):
    """Rows that were trained again.

    Attributes:
        file: the table's.
        elsewhere: what of this machine is not as it was where the table was made.
        rows: each with its `outcome`: "equal", or what differs.
    """

    file: Path
    elsewhere: Sequence[str]
    rows: Sequence[dict[str, Any]]

    @property
    def exit_code(self) -> int:
        """0 where all are equal to the bit, else 1."""
        return int(any(row["outcome"] != "equal" for row in self.rows))

    def document(self) -> dict[str, Any]:
        """All as JSON, schema `archscope.table_verify/1`."""
        return {
            "schema": "archscope.table_verify/1",
            "table": self.file.name,
            "elsewhere": list(self.elsewhere),
            "rows": list(self.rows),
        }

    def tables(self) -> list[Table]:
        """A line for each row."""
        equal = sum(row["outcome"] == "equal" for row in self.rows)
        notes = [f"{equal} of {plural(len(self.rows), 'row')} equal to the bit."]
        if self.elsewhere:
            notes.append(
                f"Last bits may differ, as this is another place: {', '.join(self.elsewhere)}."
            )
        return [Table(f"{self.file.name}, trained again", _COLUMNS, self.rows, notes)]


def table_verify(
    file: Path | str = SHIPPED,
    *,
    rows: int = 5,
    seed: int = 1,
    out: Path | str | None = None,
    source: Source | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
) -> Verified:
    """Train some rows of a table again and compare every epoch's errors.

    Args:
        file: a table, as `table_make` writes it; without one, that of the package.
        rows: how many, drawn at random.
        seed: of the draw.
        out: the folder of the trainings; without it `NAME.verify` beside the file, that of the
            package's table in the working directory.
        source, console, inventory: as `archscope.train` has them.

    Raises:
        UsageError: where the data are others than the table's; as `read_table`.
        Interrupted: after SIGINT or SIGTERM.
    """
    rows, seed = one_whole(rows, "rows"), one_whole(seed, "seed", 0)
    table, where, say = read_table(file), source or Source(), console or Console()
    path = Path(file)
    beside = Path() if path == SHIPPED else path.parent
    folder = (
        path_of(out, "the folder of the trainings")
        if out
        else beside / f"{path.name.split('.csv')[0]}.verify"
    )
    machine = table.about["machine"]
    asked = Resources(
        gpus=0 if machine["device"] == "cpu" else None,
        workers=1,
        threads=machine["threads"],
        precision=machine["precision"],
        compile=machine.get("compile"),
    )
    _check_data(table, where)
    order = np.random.default_rng(seed).permutation(len(table.rows))
    chosen = [table.rows[place] for place in order[:rows]]
    for row in chosen:
        settings = table.settings_of([row.network], [row.seed])
        conduct(Order(settings, folder, report=lambda folder: []), asked, where, say, inventory)
    records = {(one.trial.network, one.trial.seed): one for one in read_sweep(folder).trials}
    found = []
    for row in chosen:
        record = records[row.network, row.seed]
        if record.status == "failed":
            raise ArchscopeError(f"{record.key} failed ({record.reason}); try again")
        again = Row.of(record, row.family)
        found.append({"network": row.network, "seed": row.seed, "outcome": _compared(row, again)})
    parts = sorted({row.part for row in chosen})
    now, makings = environment(), table.makings
    other = [text for part in parts for text in differences(makings[part]["environment"], now)]
    return Verified(path, list(dict.fromkeys(other)), found)


def _check_data(table: TrainedTable, where: Source) -> None:
    """Raise UsageError where the images are others than those of the table."""
    wanted = table.about["dataset"]
    info = where.prepare(table.settings.dataset, None)
    if info.fingerprint != wanted["fingerprint"]:
        raise UsageError(
            f"rows are trained again on the table's own data, {wanted['label']}, and {info.label} "
            "has other images; name its folder with --data-dir"
        )


def _compared(row: Row, again: Row) -> str:
    """`equal`, or the first thing that differs."""
    for name in ("params", "macs", "activations", "definition", "status"):
        if getattr(row, name) != getattr(again, name):
            return f"{name} {getattr(row, name)} in the table, now {getattr(again, name)}"
    for name in CURVES[:2]:
        pairs = zip(getattr(row, name), getattr(again, name), strict=False)
        for epoch, (before, now) in enumerate(pairs, 1):
            if before != now:
                what = name.replace("_", " ")
                return f"{what} of epoch {epoch} {before:.6g} in the table, now {now:.6g}"
    return "equal"


_COLUMNS = (
    Column("network", "network", text, "left"),
    Column("seed", "seed", integer),
    Column("outcome", "outcome", text, "left"),
)
