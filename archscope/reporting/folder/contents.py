"""What the report of a folder holds: tables, one document, texts, and figures with captions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.files import write_text
from archscope.reporting.figure.plot import PLAIN, Heading, Style
from archscope.reporting.table.documents import escape_markdown
from archscope.reporting.table.render import render
from archscope.reporting.table.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTIONS = "captions.md"


@dataclass(frozen=True)
class Drawing:
    """A figure that is drawn when it is needed, and its heading, which is also its caption."""

    draw: Callable[[Style], Figure]
    heading: Heading


@dataclass(frozen=True)
class Contents:
    """A report, before anything of it is written.

    Attributes:
        tables: what is printed, in this order.
        document: the same as JSON.
        texts: files by name, made when they are written.
        figures: by the name of their files, without extension.
    """

    tables: tuple[Table, ...]
    document: dict[str, Any]
    texts: Mapping[str, Callable[[], str]]
    figures: Mapping[str, Drawing] = field(default_factory=dict)

    def write(self, folder: Path, kinds: Sequence[str], style: Style = PLAIN) -> list[Path]:
        """Write the files, the figures in each of `kinds`; each whole or not at all."""
        from archscope.reporting.figure.canvas import save  # matplotlib, only here

        paths = []
        for name, text in {**self.texts, CAPTIONS: self._captions}.items():
            write_text(folder / name, text())
            paths.append(folder / name)
        for name, drawing in self.figures.items():
            paths += save(drawing.draw(style), folder / name, kinds)
        return paths

    def _captions(self) -> str:
        """The caption of each figure, what its error bars are included, to put under it."""
        return "\n".join(
            f"**{name}.** {escape_markdown(caption(drawing.heading))}\n"
            for name, drawing in self.figures.items()
        )


def caption(heading: Heading) -> str:
    """A figure's heading in one paragraph."""
    return " ".join(
        part if part.endswith((".", "?")) else f"{part}."
        for part in (heading.title, *heading.subtitles)
    )


def without(tables: Sequence[Table], said: Sequence[str]) -> list[Table]:
    """The tables without the notes that are said at the top already."""
    return [
        replace(table, notes=[line for line in table.notes if line not in said]) for table in tables
    ]


def markdown(tables: Sequence[Table], trouble: Sequence[str]) -> str:
    """Tables as a document; what is unfinished or failed is said at its top."""
    said = "".join(f"> **{escape_markdown(line)}**\n\n" for line in trouble)
    return said + render(without(tables, trouble), "markdown")
