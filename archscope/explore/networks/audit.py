"""Every published count against ours: equal within the paper's rounding, or explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from archscope.arch.papers.published_counts import PublishedCount, published_counts
from archscope.arch.papers.published_tables import PAPERS
from archscope.cost.formula import CONVENTION
from archscope.errors import UsageError
from archscope.explore.networks import explanations
from archscope.explore.networks.explanations import (
    Counted,
    Explained,
    Subject,
    count_cell,
    subject_of,
)
from archscope.reporting.table.formats import integer, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table

Verdict = Literal["equal", "explained", "unexplained"]
_CSV = (
    *("table", "row", "network", "part", "quantity", "published", "ours", "ours_by_paper"),
    *("rounded", "verdict", "reason", "check"),
)
_NAMES = {"params": "params", "macs": "FLOPs", "activations": "activations"}


@dataclass(frozen=True)
class Finding:
    """A cell, our counts for it, and why they differ where they do and it is known."""

    counted: Counted
    explained: Explained | None

    @property
    def verdict(self) -> Verdict:
        """Equal: our count, as archscope counts, rounds to the printed number."""
        if self.counted.cell.printed.agrees(self.counted.ours):
            return "equal"
        return "unexplained" if self.explained is None else "explained"

    def row(self) -> dict[str, Any]:
        """The finding in plain values."""
        counted, cell = self.counted, self.counted.cell
        printed, explained = cell.printed, self.explained
        return {
            "paper": cell.paper,
            "table": cell.table,
            "row": cell.row,
            "network": counted.network.name,
            "part": _part(cell),
            "quantity": cell.quantity,
            "published": printed.text,
            "ours": counted.ours,
            "paper_convention": counted.convention,
            "ours_by_paper": counted.theirs,
            "rounded": printed.rounded(counted.theirs),
            "verdict": self.verdict,
            "reason": explained.reason if explained else cell.open,
            "check": self._check(),
        }

    def _check(self) -> str | None:
        if self.verdict == "equal":
            return f"{self.counted.ours:,} is {self.counted.cell.printed.text} as rounded there"
        return self.explained.check if self.explained else None


@dataclass(frozen=True, repr=False)
class Audit(Result):
    """What `audit` found, a finding a cell; `explain` shows the check behind each verdict."""

    findings: list[Finding]
    explain: bool = False

    @property
    def unexplained(self) -> list[Finding]:
        """The findings that nothing explains."""
        return [found for found in self.findings if found.verdict == "unexplained"]

    @property
    def wrong(self) -> list[Finding]:
        """Those of them that are not known to be open: defects, here or of the table."""
        return [found for found in self.unexplained if found.counted.cell.open is None]

    def totals(self) -> dict[str, int]:
        """How many findings there are of each verdict."""
        return _totals(found.verdict for found in self.findings)

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.audit/1`."""
        return {
            "schema": "archscope.audit/1",
            "convention": CONVENTION,
            "sources": PAPERS,
            **self.totals(),
            "cells": [found.row() for found in self.findings],
        }

    def tables(self) -> list[Table]:
        """The cells of each source, then how many of each are equal, explained and not."""
        found = [self._cells(source, rows) for source, rows in self._by_source().items()]
        columns = [
            Column("table", "published in", text, "left"),
            Column("cells", "cells", integer),
            *(Column(verdict, verdict, integer) for verdict in self.totals()),
        ]
        rows = [
            {"table": source, "cells": len(cells), **_totals(row["verdict"] for row in cells)}
            for source, cells in self._by_source().items()
        ]
        return [*found, Table(self._title(), columns, rows, self._notes())]

    def csv_tables(self) -> list[Table]:
        """A row a cell."""
        rows = [found.row() for found in self.findings]
        return [Table("Published counts", [Column(key, key, text) for key in _CSV], rows)]

    def _by_source(self) -> dict[str, list[dict[str, Any]]]:
        rows: dict[str, list[dict[str, Any]]] = {}
        for found in self.findings:
            rows.setdefault(found.counted.cell.table, []).append(found.row())
        return rows

    def _cells(self, source: str, rows: list[dict[str, Any]]) -> Table:
        """The cells of a source: what it calls a row, where that is not our name."""
        named = any(row["row"] != row["network"] for row in rows)
        columns = [
            Column("row", "row", text, "left", shown=named),
            Column("network", "network", _network, "left", also=("part",)),
            Column("quantity", "quantity", lambda name: _NAMES[name], "left"),
            Column("published", "published", text),
            Column("ours", "ours", integer),
            Column("ours_by_paper", "as they\ncount", integer),
            Column("rounded", "rounded", text, shown=self.explain),
            Column("verdict", "verdict", _verdict, "left", also=("reason",)),
            Column("check", "check", text, "left", shown=self.explain),
        ]
        return Table(source, columns, rows)

    def _title(self) -> str:
        parts = ", ".join(f"{number} {verdict}" for verdict, number in self.totals().items())
        return f"Published counts against ours, {len(self.findings)} cells: {parts}"

    def _notes(self) -> list[str]:
        reasons = Counter(
            found.explained.reason
            for found in self.findings
            if found.verdict == "explained" and found.explained
        )
        notes = [
            "Equal: our count rounds to the printed number. Explained: it does not, and a rule "
            "whose arithmetic was checked says why (--explain shows it). UNEXPLAINED: no rule is "
            "known. Our params include batch norm; FLOPs are multiply-adds.",
        ]
        notes += [f"{number} x {reason}." for reason, number in reasons.most_common()]
        return notes


def audit(paper: str = "all", *, explain: bool = False) -> Audit:
    """Hold every published count of a paper (a key of `PAPERS`, or all) against ours.

    With `explain` the table shows the check that each verdict rests on; the JSON has it anyway.

    Raises:
        UsageError: where there is no such paper.
    """
    if paper not in ("all", *PAPERS):
        known = ", ".join(PAPERS)
        raise UsageError(
            f"the papers with counts are {known}, not '{paper}'; use one of them, or all"
        )
    cells = [cell for cell in published_counts() if paper in ("all", cell.paper)]
    subjects: dict[tuple[Any, ...], Subject] = {}
    for cell in cells:
        key = _key(cell)
        subjects[key] = subjects.get(key) or subject_of(cell)
    return Audit([_finding(count_cell(cell, subjects[_key(cell)])) for cell in cells], explain)


def _totals(verdicts: Iterable[str]) -> dict[str, int]:
    found = Counter(verdicts)
    return {name: found[name] for name in ("equal", "explained", "unexplained")}


def _key(cell: PublishedCount) -> tuple[Any, ...]:
    return cell.network, cell.input, cell.convention.block


def _finding(counted: Counted) -> Finding:
    equal = counted.cell.printed.agrees(counted.ours)
    return Finding(counted, None if equal else explanations.explain(counted))


def _part(cell: PublishedCount) -> str | None:
    if cell.convention.block is not None:
        return f"a block of {cell.convention.block}"
    size = 224 if cell.input is None else cell.input[-1]
    return None if size == 224 else f"at {size} pixels"


def _network(name: str, part: str | None) -> str:
    return name if part is None else f"{name}, {part}"


def _verdict(verdict: str, reason: str | None) -> str:
    shown = verdict.upper() if verdict == "unexplained" else verdict
    return shown if reason is None else f"{shown}: {reason}"
