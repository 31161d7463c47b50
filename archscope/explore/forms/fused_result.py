"""What `fusion` found: a network as it is trained and fused, as JSON, tables, sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archscope.arch.network import Network
from archscope.explore.forms.result import (
    FormResult,
    Settings,
    largest,
    limit_of,
    moved_words,
    shared_document,
)
from archscope.reporting.figure.plot import PLAIN, Style
from archscope.reporting.networks.diagram import no_diagram
from archscope.reporting.networks.forms import csv_table
from archscope.reporting.networks.fused import check_table, cost_table, drawing
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table


@dataclass(frozen=True, repr=False)
class Fused(Result):
    """A network as it is trained, and with each block as one convolution.

    Attributes:
        blocks: the paths of those.
        forms: the trained one, then the fused.
        sensitivity: only where they differ too much: how far the trained one moves when each pixel
            moves to the next float64 number.
    """

    network: Network
    blocks: Sequence[str]
    forms: Sequence[FormResult]
    settings: Settings
    sensitivity: float | None = None

    @property
    def failures(self) -> list[str]:
        """What keeps the forms from being equivalent, in words; nothing where they are."""
        found = [
            f"fvcore counts the {one.form} form otherwise than the formula does"
            for one in self.forms
            if one.built != one.formula
        ]
        gap = largest(self.forms[1].differences or {})
        if not gap < limit_of(self.sensitivity):
            found.append(f"the fused form differs by {gap:.1e} of the largest value")
        if found and self.sensitivity is not None:
            found.append(moved_words("the trained form", self.sensitivity))
        return found

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.equivalence/1`, null for figure and way back."""
        return shared_document(self, len(self.blocks), self.sensitivity)

    def tables(self) -> list[Table]:
        """A block drawn in both forms, then what each costs, then how far they differ."""
        document = self.document()
        shown = [(one.form, one.network) for one in self.forms]
        return [drawing(document, shown), cost_table(document), check_table(document)]

    def draw(self, suffix: str, style: Style = PLAIN) -> bytes:
        """Raise UsageError: the paper has no picture of such branches."""
        raise no_diagram(self.network.name)

    def csv_tables(self) -> list[Table]:
        """A row for each form."""
        return [csv_table(self.document())]
