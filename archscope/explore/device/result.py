"""What `verify-device` saw: a table with a row for each check, and `archscope.device/1`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from archscope.errors import plural
from archscope.explore.device.place import State
from archscope.reporting.table.formats import decimal, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table
from archscope.short_repr import ShortRepr

SCHEMA = "archscope.device/1"


@dataclass(frozen=True, repr=False)
class Checked(ShortRepr):
    """A check: its `state`, a `figure`, a `sentence`, how long it took, and all of its numbers."""

    name: str
    state: State
    figure: str
    sentence: str
    seconds: float
    details: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class DeviceReport(Result):
    """What every check of a device saw.

    Attributes:
        machine: what it ran on.
        checks: in order.
        seconds: in all.
    """

    machine: Mapping[str, Any]
    checks: tuple[Checked, ...]
    seconds: float

    @property
    def failed(self) -> list[Checked]:
        """The checks that failed."""
        return [one for one in self.checks if one.state == "failed"]

    def document(self) -> dict[str, Any]:
        """Everything as JSON: schema `archscope.device/1`."""
        return {
            "schema": SCHEMA,
            "convention": "params learnable; macs: multiply-adds of one image in eval mode",
            "machine": dict(self.machine),
            "passed": not self.failed,
            "seconds": self.seconds,
            "checks": [asdict(one) for one in self.checks],
        }

    def tables(self) -> list[Table]:
        """A row for each check; the verdict below."""
        columns = [
            Column("name", "check", text, "left"),
            Column("state", "result", text, "left"),
            Column("figure", "figure", text, "left"),
            Column("seconds", "s", decimal(0)),
            Column("sentence", "what was seen", text, "left"),
        ]
        rows = [
            {key: value for key, value in asdict(one).items() if key != "details"}
            for one in self.checks
        ]
        name = self.machine["device_name"] or self.machine["processor"]
        return [Table(f"{self.machine['device']} ({name})", columns, rows, [self._verdict()])]

    def _verdict(self) -> str:
        left = sum(one.state == "not possible" for one in self.checks)
        done = len(self.checks) - len(self.failed) - left
        beside = f", {left} not possible here" if left else ""
        failed = f", {len(self.failed)} failed" if self.failed else ""
        return f"{plural(done, 'check')} passed{failed}{beside}, in {self.seconds:.0f} s."
