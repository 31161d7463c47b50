"""The parameters, multiply-adds and activations that papers and projects print, cell by cell.

A count is given here as it is printed ("36.5M", "4.1e9"), with how its paper counts. What archscope
makes of it is `archscope.explore.networks.audit`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, Literal, TypeAlias, get_args

from archscope.arch.papers.published_tables import PAPERS, published_tables, square

Quantity: TypeAlias = Literal["params", "macs", "activations"]
_UNITS = {"": 0, "k": 3, "M": 6, "G": 9}


@dataclass(frozen=True)
class Printed:
    """A number as it is printed: `36.5M`, `4.1e9`, `~70k`, `25,557,032`.

    Attributes:
        text: the number as printed.
        within: how far off the true number may be, where that is not half a unit of the last digit
            (a coordinate read from a figure).
    """

    text: str
    within: int | None = None

    def agrees(self, value: int) -> bool:
        """Whether `value` is this number within its rounding."""
        number, unit = self._parts()
        reach = unit / 2 if self.within is None else Decimal(self.within)
        return abs(value - number) <= reach

    def cuts_off(self, value: int) -> bool:
        """Whether `value`, its further digits dropped rather than rounded, is this number."""
        number, unit = self._parts()
        return number <= value < number + unit

    def rounded(self, value: int) -> str:
        """`value` with as many digits and in the same unit as this number."""
        _, exponent, suffix = self._split()
        places = -self._places()
        scaled = (Decimal(value) / Decimal(10) ** exponent).quantize(
            Decimal(10) ** places, rounding=ROUND_HALF_UP
        )
        return f"{scaled:,}{suffix}" if "," in self.text else f"{scaled}{suffix}"

    def _places(self) -> int:
        return len(self._split()[0].partition(".")[2])

    def _parts(self) -> tuple[Decimal, Decimal]:
        digits, exponent, _ = self._split()
        factor = Decimal(10) ** exponent
        return Decimal(digits) * factor, factor / Decimal(10) ** self._places()

    def _split(self) -> tuple[str, int, str]:
        found = re.fullmatch(r"~?([0-9,]+(?:\.[0-9]+)?)(?:([kMG])|e([0-9]+))?", self.text)
        assert found, f"{self.text} is not a printed number"
        exponent = int(found[3]) if found[3] else _UNITS[found[2] or ""]
        suffix = f"e{found[3]}" if found[3] else found[2] or ""
        return found[1].replace(",", ""), exponent, suffix


@dataclass(frozen=True)
class Convention:
    """How a source counts.

    Attributes:
        terms: the names of what it counts besides (`archscope.cost.source_terms`).
        block: it counts a repeated block of that stage alone.
    """

    terms: tuple[str, ...] = ()
    block: str | None = None


@dataclass(frozen=True)
class PublishedCount:
    """One cell of a table.

    Attributes:
        paper: a key of PAPERS, which say where to find it.
        table, row: where it is printed, the row as printed.
        network: our name of the network.
        quantity: `params`, `macs` (the papers' FLOPs) or `activations`.
        printed: the number.
        convention: how the paper counts, as `Convention`.
        explanation: `rule` and what that rule takes, where the convention alone does not say why
            the number is another than ours.
        input: (channels, height, width), where that is not the network's own.
        open: what is known of a number that no rule explains yet.
    """

    paper: str
    table: str
    row: str
    network: str
    quantity: Quantity
    printed: Printed
    convention: Convention
    explanation: Mapping[str, str] | None = None
    input: tuple[int, int, int] | None = None
    open: str | None = None


@cache
def published_counts() -> list[PublishedCount]:
    """Every cell of the tables, in the order of the papers."""
    return [
        _cell(paper, table, row, quantity)
        for paper in PAPERS
        for table in published_tables(paper)
        for quantity in get_args(Quantity)
        for row in table["rows"]
        if quantity in row
    ]


def _cell(
    paper: str, table: dict[str, Any], row: dict[str, Any], quantity: Quantity
) -> PublishedCount:
    terms = row.get("terms", table.get("terms", {})).get(quantity, ())
    because = row.get("because", {}).get(quantity, {})
    return PublishedCount(
        paper,
        table["table"],
        row["row"],
        row["network"],
        quantity,
        Printed(row[quantity], table.get("within")),
        Convention(tuple(terms), table.get("block")),
        because if "rule" in because else None,
        square(row.get("input")),
        because.get("unexplained"),
    )
