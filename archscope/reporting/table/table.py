"""A table: raw values in rows, and columns that say how they are shown.

    table = Table(
        "Templates at kept complexity",
        [Column("template", "template", text, "left"), Column("params", "params", integer)],
        [{"template": "1x64d", "params": 69632}],
    )
    print(render(table, "markdown"))

`render` (`archscope.reporting.table.render`) gives one string for each of the formats of the
command line. Nothing here imports rich, torch, pandas or matplotlib: a table must be there at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archscope.plain_text import visible
from archscope.reporting.table.column import Column
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    import pandas

__all__ = ["Column", "Table"]


@dataclass(frozen=True, repr=False)
class Table(ShortRepr):
    """A title, columns, rows (a mapping from keys to raw values), and notes under the table.

    Text from data stays on its line: see `archscope.plain_text`.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", visible(self.title))
        object.__setattr__(self, "notes", [visible(note) for note in self.notes])

    @property
    def shown(self) -> list[Column]:
        """The columns that people see."""
        return [column for column in self.columns if column.shown]

    @property
    def keys(self) -> list[str]:
        """The keys of all columns, those that people do not see among them: what csv has."""
        every = (key for column in self.columns for key in (column.key, *column.also))
        return list(dict.fromkeys(every))

    def to_frame(self) -> pandas.DataFrame:
        """The raw values as a pandas DataFrame: a column for each of `keys`.

        A column without any value is one of NaN, as pandas has what is missing.
        """
        import pandas

        keys = self.keys
        cells = [[row.get(key) for key in keys] for row in self.rows]
        frame = pandas.DataFrame(cells, columns=keys)
        return frame.astype({key: float for key in keys if frame[key].isna().all()})

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.html()

    def html(self, *, title: bool = True, notes: bool = True) -> str:
        """The table as HTML, its title and notes with it if wished."""
        from archscope.reporting.table.html import table_html

        return table_html(
            self.shown,
            self.rows,
            self.cells(),
            title=self.title if title else "",
            notes=self.notes if notes else (),
        )

    def cells(self) -> list[list[str]]:
        """The text of every shown cell, row by row; a cell may have several lines."""
        return [
            [
                column.format(*(harmless(row.get(key)) for key in (column.key, *column.also)))
                for column in self.shown
            ]
            for row in self.rows
        ]

    def alarms(self) -> list[list[bool]]:
        """Which of the cells are alarming, row by row."""
        return [
            [column.alarm is not None and bool(row.get(column.alarm)) for column in self.shown]
            for row in self.rows
        ]


def harmless(value: Any) -> Any:
    """A raw value, what is text in it on one line."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, (list, tuple)):
        return [harmless(item) for item in value]
    return value
