"""What commands and the library return: JSON, tables, data frames and a notebook's display.

A result says two things, `document` and `tables`; how it is printed in each format, framed and
shown follows from them. The command line prints results by this alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archscope.reporting.table.json_csv import tables_document
from archscope.reporting.table.table import Table
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    import pandas


class Result(ShortRepr, ABC):
    """What a command or a function of the library found.

    A class of results is a frozen dataclass (`repr=False`: the short one of this class stays) with
    the two methods `document` and `tables`; with `csv_tables` too, where people and machines are
    shown different tables.
    """

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """The result as JSON: its `schema`, the `convention` of its counts, then what was found."""

    @abstractmethod
    def tables(self) -> Sequence[Table]:
        """The result for people, the main table first."""

    def csv_tables(self) -> Sequence[Table]:
        """The result for machines, as csv has it: raw values under the keys of the columns."""
        return self.tables()

    def to_frame(self) -> pandas.DataFrame:
        """The first of `csv_tables` as a pandas DataFrame: a column for each key."""
        return self.csv_tables()[0].to_frame()

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return "".join(table.html() for table in self.tables())


@dataclass(frozen=True, repr=False)
class Tables(Result):
    """Tables that are the whole result: their JSON is `archscope.table/1`."""

    shown: Sequence[Table]

    def document(self) -> dict[str, Any]:
        """The tables as JSON, schema `archscope.table/1`."""
        return tables_document(self.shown)

    def tables(self) -> Sequence[Table]:
        """The tables."""
        return self.shown
