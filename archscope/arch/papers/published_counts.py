"""The parameters and multiply-adds that the papers and torchvision print, cell by cell.

A count is given here as it is printed ("36.5M", "4.1e9"), with how its paper counts. What archscope
makes of it is `archscope.explore.networks.audit`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

from archscope.documents import json_value

PAPERS = {
    "resnext": "arXiv 1611.05431",
    "wrn": "arXiv 1605.07146",
    "torchvision": "torchvision 0.29, num_params and _ops of the weights' metadata",
}
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
class PublishedCount:
    """One cell of a table.

    Attributes:
        paper: a key of PAPERS, which say where to find it.
        table, row: where it is printed, the row as printed.
        network: our name of the network.
        quantity: `params` or `macs` (the papers' FLOPs).
        printed: the number.
        convention: how the paper counts, as `Convention`.
        explanation: `rule` and what that rule takes, where the convention alone does not say why
            the number is another than ours.
    """

    paper: str
    table: str
    row: str
    network: str
    quantity: Literal["params", "macs"]
    printed: Printed
    convention: Convention
    explanation: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Convention:
    """How a paper counts: with `batch_norm` or without; a repeated `block` of that stage alone."""

    batch_norm: bool = True
    block: str | None = None

    @property
    def text(self) -> str:
        """In words."""
        return "all parameters" if self.batch_norm else "batch norm left out"


@cache
def published_counts() -> list[PublishedCount]:
    """Every cell of the tables, in the order of the papers."""
    text = Path(__file__).with_name("published_counts.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json_value(text)
    return [_cell({**table, **cell}) for table in document["tables"] for cell in table.pop("cells")]


def _cell(entry: dict[str, Any]) -> PublishedCount:
    return PublishedCount(
        entry["paper"],
        entry["table"],
        entry["row"],
        entry["network"],
        entry["quantity"],
        Printed(entry["published"], entry.get("within")),
        Convention(entry.get("batch_norm", True), entry.get("block")),
        entry.get("explanation"),
    )
