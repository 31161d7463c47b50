"""Rows of an earlier table, taken over by a new one in place of a training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.arch.network import Network
from archscope.data.dataset import DatasetInfo
from archscope.errors import UsageError
from archscope.explore.searching.table import Row, TrainedTable, read_table
from archscope.sweep.executor import opened
from archscope.sweep.plan.reading import read
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.slots import Resources, resolve
from archscope.sweep.plan.trial import Conditions, Machine, entries, trial_keys
from archscope.sweep.store import folder as folders
from archscope.sweep.store.continued import differing
from archscope.training.devices import check_precision

if TYPE_CHECKING:
    from archscope.training.devices import Inventory


@dataclass(frozen=True)
class Known:
    """The rows of an earlier table that are trainings of this one too.

    Attributes:
        file: where they stand.
        settings: how the new table's are trained, with its networks and seeds.
        data: on what.

    Raises:
        UsageError: where the earlier table was trained otherwise, or there is none; as
            `read_table`.
    """

    file: Path
    settings: Settings
    data: DatasetInfo
    table: TrainedTable = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", read_table(self.file))
        self._refuse_other(self._machine)

    @cached_property
    def _machine(self) -> Machine:
        return read(Machine, self.table.about["machine"], "")

    def rows(self, networks: Iterable[Network]) -> dict[str, list[Row]]:
        """The rows of those of these networks that have one of each of the plan's seeds, by name.

        A row is a training of the plan where their keys are equal, so that one of a network that
        this version builds otherwise is none.
        """
        there = {row.key: row for row in self.table.rows}
        shared = Conditions.of(self.settings, self.data, self._machine)
        named = {row.network for row in self.table.rows}
        mine = {one.name: one for one in networks if one.name in named}
        found = {}
        for entry in entries(mine):
            keys = list(trial_keys(entry, shared, self.settings.seeds))
            if all(key in there for key in keys):
                found[entry.network] = [there[key] for key in keys]
        return found

    def continued(
        self, about: Mapping[str, Any], taken: Mapping[str, Sequence[Row]], drawn: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The head `about` of what was trained now, if anything, with how `taken` rows were.

        The hours of a making are those of its rows that are taken.
        """
        if about and not taken:
            return dict(about)
        keys = {row.key for rows in taken.values() for row in rows}
        makings = [
            self._taken(part, making, keys) for part, making in enumerate(self.table.makings)
        ]
        if about:
            return {**about, "earlier": makings}
        earlier = {"earlier": makings[:-1]} if makings[:-1] else {}
        return {**self.table.about, **makings[-1], **earlier, "space": dict(drawn)}

    def _taken(self, part: int, making: Mapping[str, Any], keys: Set[str]) -> dict[str, Any]:
        rows = [row for row in self.table.rows if row.part == part]
        mine = [row for row in rows if row.key in keys]
        if len(mine) == len(rows):
            return dict(making)
        return {**making, "hours": round(sum(sum(row.seconds) for row in mine) / 3600, 3)}

    def resources(self, asked: Resources) -> Resources:
        """What is asked, and where nothing is, what the earlier table was trained by."""
        machine = self._machine
        return replace(
            asked,
            gpus=0 if asked.gpus is None and machine.device == "cpu" else asked.gpus,
            threads=asked.threads or machine.threads,
            precision=asked.precision or machine.precision,
            compile=machine.compile if asked.compile is None else asked.compile,
        )

    def check(self, asked: Resources, inventory: Inventory | None, folder: Path | None) -> None:
        """Raise `UsageError` where this machine is to train otherwise than the earlier table's.

        `folder` is where it is to train; None: nowhere, as all is known.
        """
        if folder is not None:
            with opened(asked, inventory) as by:
                before = folders.machine_of(folder, folders.existing(folder))
                return self._refuse_other(resolve(asked, by.inventory, before)[0])
        device = "cpu" if asked.gpus == 0 else self._machine.device
        precision = check_precision(asked.precision or self._machine.precision, device)
        threads = asked.threads or self._machine.threads
        here = replace(self._machine, device=device, precision=precision, threads=threads)
        return self._refuse_other(replace(here, compile=True if asked.compile else None))

    def _refuse_other(self, machine: Machine) -> None:
        found = differing(
            (self.table.settings, self.settings),
            (self._machine, machine),
            (self.table.about["dataset"]["fingerprint"], self.data.fingerprint),
        )
        if found:
            raise UsageError(
                f"--known {self.file} was trained otherwise ({'; '.join(found)}): give the same "
                "options, or leave it out."
            )
