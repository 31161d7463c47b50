"""A table of trained designs: a row for each training, its errors by epoch, in one small file.

The file is CSV, gzipped where its name ends in `.gz`, after lines that begin with `#`: they hold a
JSON document (schema `archscope.search_table/1`) that says how every row was made.

    pandas.read_csv("designs.csv.gz", comment="#")
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from archscope.cost.formula import CONVENTION
from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.files import read, reading, write_atomically
from archscope.given import path_of
from archscope.sweep.plan.reading import Fault, Foreign, is_a
from archscope.sweep.plan.reading import read as read_as
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.trial import Machine
from archscope.sweep.store.records import Sweep, TrialRecord

SCHEMA = "archscope.search_table/1"
ENDINGS = (".csv", ".csv.gz")
SHIPPED = Path(__file__).with_name("cifar10_jpeg.csv.gz")  # the table that comes with the package
TEXTS = ("network", "family", "definition", "key", "status")
NUMBERS = ("params", "macs", "activations", "seed")
CURVES = ("train_error", "test_error", "seconds")  # with `_1`, `_2`, ... by epoch
MAKING = ("command", "machine", "environment", "hours")  # what a head says of one making
FIRST = ("network", "family", "seed", "params", "macs", "activations", "status")


@dataclass(frozen=True)
class Row:
    """One training.

    Attributes:
        network, family: their names.
        seed: that it was trained from.
        params, macs, activations: of the network, exact.
        status: "done" or "diverged": then the curves end before the last epoch.
        definition, key: hashes of the network's layers, and of all that decides the result.
        train_error, test_error: in %, an item an epoch.
        seconds: of training and testing, an item an epoch.
        part: which of the table's `makings` it is of.
    """

    network: str
    family: str
    seed: int
    params: int
    macs: int
    activations: int
    status: str
    definition: str
    key: str
    train_error: tuple[float, ...]
    test_error: tuple[float, ...]
    seconds: tuple[float, ...]
    part: int = 0

    @staticmethod
    def of(record: TrialRecord, family: str, part: int = 0) -> Row:
        """The row of a trial that has ended."""
        assert record.result is not None
        entry, curves = record.trial.entry, record.result.metrics["per_epoch"]
        return Row(
            *(entry.network, family, record.trial.seed, entry.params, entry.macs),
            *(entry.activations, record.status, entry.digest, record.key),
            tuple(curves["train_error"]),
            tuple(curves["test_error"]),
            tuple(record.result.timing["epoch_seconds"]),
            part,
        )


@dataclass(frozen=True)
class _Making:
    """What is checked of a making: see `MAKING`."""

    command: tuple[str, ...]
    machine: Machine
    environment: Mapping[str, Any]
    hours: float


@dataclass(frozen=True)
class TrainedTable:
    """Trained designs with how they were made.

    Attributes:
        about: the document of the file's head: see `head`.
        rows: by network, then by seed.

    A table that took over rows of an earlier one has that one's making in `about["earlier"]`.
    """

    about: Mapping[str, Any]
    rows: Sequence[Row]

    @property
    def epochs(self) -> int:
        """Epochs of a whole training."""
        return self.settings.recipe.epochs

    @property
    def classes(self) -> int:
        """Of the images."""
        return int(self.about["dataset"]["classes"])

    @property
    def makings(self) -> list[Mapping[str, Any]]:
        """Where and how its rows were trained, the earliest first: `Row.part` counts in it.

        Each has its `command`, `machine`, `environment` and `hours`.
        """
        return [*self.about.get("earlier", ()), {name: self.about[name] for name in MAKING}]

    @cached_property
    def settings(self) -> Settings:
        """How all of them were trained, with all networks and seeds."""
        names = list(dict.fromkeys(row.network for row in self.rows))
        return self.settings_of(names, sorted({row.seed for row in self.rows}))

    def settings_of(self, networks: Sequence[str], seeds: Sequence[int]) -> Settings:
        """The same of these networks and seeds alone."""
        document = {**self.about["settings"], "templates": list(networks), "seeds": list(seeds)}
        return Settings.from_document(document)


def head(sweep: Sweep, space: Mapping[str, Any], command: Sequence[str]) -> dict[str, Any]:
    """What a table says of how it was made, as JSON.

    Args:
        sweep: whose trials it holds.
        space: what the designs were drawn from: `FeasibleSet.document`, `n` and `seed`; where only
            the first ones of the draw were trained, `trained` says how many.
        command: what the user typed.
    """
    plan = sweep.plan
    settings = plan.settings.document()
    dataset = {**plan.head()["dataset"], "folder": None}
    return {
        "schema": SCHEMA,
        "convention": CONVENTION,
        "command": list(command),
        "space": dict(space),
        "dataset": dataset,
        "settings": {k: v for k, v in settings.items() if k not in ("templates", "seeds")},
        "machine": plan.machine.document(),
        "environment": {k: v for k, v in plan.environment.items() if k != "host"},
        "hours": round(sum(map(_seconds, sweep.trials)) / 3600, 3),
    }


def _seconds(record: TrialRecord) -> float:
    return 0.0 if record.result is None else float(record.result.timing.get("seconds", 0))


def check_place(path: Path) -> None:
    """Raise UsageError where a table is not called as pandas would know it."""
    if not path.name.endswith(ENDINGS):
        raise UsageError(
            f"a table of designs is CSV, plain or gzipped; call it NAME.csv.gz, not {path.name}"
        )


def write_table(path: Path, table: TrainedTable) -> None:
    """Write the file, atomically; raises `OSError`."""
    text = io.StringIO()
    for line in json.dumps(table.about, indent=1, ensure_ascii=True).splitlines():
        text.write(f"# {line}\n")
    epochs = range(1, table.epochs + 1)
    curves = [f"{name}_{epoch}" for name in CURVES for epoch in epochs]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FIRST, *curves, "definition", "key", "part"])
    for row in table.rows:
        cells: list[Any] = [getattr(row, name) for name in FIRST]
        for name in CURVES:
            values = getattr(row, name)
            cells += [*map(repr, values), *[""] * (len(epochs) - len(values))]
        writer.writerow([*cells, row.definition, row.key, row.part])
    content = text.getvalue().encode()
    if path.name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    write_atomically(path, lambda stream: stream.write(content))


def read_table(path: Path | str = SHIPPED) -> TrainedTable:
    """A table from its file; without one, the table that comes with the package.

    Raises:
        UsageError: where there is no such file, or one of another kind.
        ArchscopeError: where it is damaged.
    """
    path = path_of(path, "a table of designs")
    with reading(path, "name a file that archscope table make has written", error=UsageError):
        content = read(path)
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        lines = content.decode("utf-8").splitlines()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise _damaged(path, "it is cut short or altered") from None
    about = [line[1:] for line in lines if line.startswith("#")]
    try:
        document = json_value("\n".join(about)) if about else None
    except Unclear as error:
        raise _damaged(path, str(error)) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(document, dict) or schema != SCHEMA:
        raise UsageError(
            f"a table of designs has the schema {SCHEMA}, {shown(str(path))} has "
            f"{shown(repr(schema))}; name a file that archscope table make has written"
        )
    try:
        table = TrainedTable(document, _rows(line for line in lines if not line.startswith("#")))
        _check(table)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {shown(str(error))}") from None
    except (Fault, Foreign) as fault:
        raise _damaged(path, str(fault)) from None
    return table


def _rows(lines: Iterable[str]) -> list[Row]:
    rows: list[Row] = []
    for cells in csv.DictReader(lines):
        if None in cells or None in cells.values():
            raise ValueError(f"row {len(rows) + 1:,} has another number of cells")
        curves = {
            name: tuple(
                float(cells[key])
                for epoch in range(1, len(cells) + 1)
                if cells.get(key := f"{name}_{epoch}")
            )
            for name in CURVES
        }
        known: dict[str, Any] = {name: cells[name] for name in TEXTS}
        known |= {name: int(cells[name]) for name in NUMBERS} | curves
        known["part"] = int(cells.get("part") or 0)
        rows.append(Row(**known))
    return rows


def _check(table: TrainedTable) -> None:
    """Raise an error where head or rows are not as `head` and `Row` have them, or none is there."""
    if not table.rows:
        raise ValueError("it has no rows")
    if table.classes < 1:
        raise ValueError("its classes are none")
    data, space = table.about["dataset"], table.about["space"]
    if not all(is_a(data[name], str) for name in ("label", "fingerprint")):
        raise ValueError("its dataset has no label or no fingerprint")
    if "trained" in space and not all(is_a(space[name], int) for name in ("n", "trained")):
        raise ValueError("its space does not say how many are trained")
    for making in table.makings:
        read_as(_Making, {name: making[name] for name in MAKING}, "")
    makings = len(table.makings)
    for row in table.rows:
        if not 0 <= row.part < makings:
            raise ValueError(f"{row.network} seed {row.seed} is of part {row.part} of {makings}")
        lengths = {len(getattr(row, name)) for name in CURVES}
        whole = lengths == {table.epochs} if row.status == "done" else max(lengths) < table.epochs
        if not whole or len(lengths) > 1:
            raise ValueError(f"{row.network} seed {row.seed} has another number of epochs")
        if not all(map(math.isfinite, chain(*(getattr(row, name) for name in CURVES)))):
            raise ValueError(f"{row.network} seed {row.seed} has an error that is no number")


def _damaged(path: Path | str, why: str) -> ArchscopeError:
    return ArchscopeError(
        f"{path} is damaged ({why}): restore it, or make it again with archscope table make"
    )
