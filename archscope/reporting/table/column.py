"""One column of a table: its key, its header, and how a value becomes text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from archscope.plain_text import visible
from archscope.reporting.table.formats import auto

NAME = 18  # characters that leave room for the numbers beside the names of networks


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `key` is the column's name for machines (csv, json) and the key of its value in a row, `header`
    its name for people, with the unit. `format` turns the value into text (see `formats`).
    `also` names further keys of the row that `format` takes after the value, such as the standard
    error beside a mean: they are columns of their own in csv. `shown=False` keeps a column for
    csv only. `better` says which way is better, for the arrow in documents' headers. `alarm` is the
    key of a value that, where it is true, makes the cell red on terminals with colour (the text
    must say it too). A column with `least` may be made so narrow on a terminal, its words broken.
    """

    key: str
    header: str
    format: Callable[..., str] = auto
    align: Literal["left", "right"] = "right"
    also: tuple[str, ...] = ()
    shown: bool = True
    better: Literal["lower", "higher"] | None = None
    alarm: str | None = None
    least: int | None = None

    def __post_init__(self) -> None:
        header = "\n".join(map(visible, self.header.split("\n")))
        object.__setattr__(self, "header", header)

    @property
    def document_header(self) -> str:
        """The header with an arrow towards the better values: for Markdown, LaTeX and HTML."""
        return self.header + {None: "", "lower": " ↓", "higher": " ↑"}[self.better]
