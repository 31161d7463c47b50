"""Tables for terminals and plain text.

Drawn by hand: importing rich's console and laying out one table with it takes a third as long as
the whole cold start of a command is allowed to.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from archscope.reporting.table.table import Table

ASCII = {
    "×": "x",
    "±": "+-",
    "→": "->",
    "←": "<-",
    "↔": "<->",
    "↑": "(up)",
    "↓": "(down)",
    "−": "-",
    "–": "-",
    "—": "-",
    "─": "-",
    "…": "...",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "·": "*",
    "µ": "u",
    "²": "^2",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
}
GAP = "  "
BOLD, RED, PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[0m"


def to_ascii(text: str) -> str:
    """The text in ASCII: `3×3 ± 0.05` -> `3x3 +- 0.05`; `?` for what has no likeness."""
    mapped = "".join(ASCII.get(character, character) for character in text)
    bare = "".join(c for c in unicodedata.normalize("NFKD", mapped) if not unicodedata.combining(c))
    return bare.encode("ascii", "replace").decode("ascii")


def text_table(
    table: Table, *, width: int | None = None, colour: bool = False, ascii_only: bool = False
) -> str:
    """Draw the table as text.

    Without a width every line keeps its natural length. With one, lines are folded between words
    to fit; where even the longest words do not fit side by side, each row becomes a block of
    `header: value` lines. Nothing is ever cut off.
    """

    def clean(text: str) -> str:
        return to_ascii(text) if ascii_only else text

    def bold(lines: Sequence[str]) -> list[str]:
        return [f"{BOLD}{line}{PLAIN}" if colour and line else line for line in lines]

    headers = [clean(column.header) for column in table.shown]
    body = [[clean(cell) for cell in row] for row in table.cells()]
    right = [column.align == "right" for column in table.shown]
    red = table.alarms() if colour else [[False] * len(right) for _ in body]
    lines = bold(fold(clean(table.title), width)) if table.title else []
    narrow = [column.least for column in table.shown]
    widths = _column_widths(headers, body, right, narrow, width)
    if widths is None:
        lines += _blocks(headers, body, red, width)
    else:
        lines += bold(_line(headers, widths, right, bottom=True))
        lines.append(clean("─" * (sum(widths) + len(GAP) * (len(widths) - 1))))
        rows = [_line(row, widths, right, marks) for row, marks in zip(body, red, strict=True)]
        tall = [len(row) > 1 for row in rows]
        for index, row in enumerate(rows):
            if index and (tall[index] or tall[index - 1]):
                lines.append("")  # or a reader could not tell where a row of several lines ends
            lines += row
    if table.notes:
        lines.append("")
    lines += [line for text in table.notes for line in fold(clean(text), width)]
    return "\n".join(lines) + "\n"


def natural_width(table: Table) -> int:
    """The characters of the longest line of its rows, where nothing is folded."""
    right = [column.align == "right" for column in table.shown]
    headers = [column.header for column in table.shown]
    narrow = [column.least for column in table.shown]
    widths = _column_widths(headers, table.cells(), right, narrow, None) or []
    return sum(widths) + len(GAP) * (len(widths) - 1)


def cell_width(text: str) -> int:
    """How many cells of a terminal the text takes: CJK characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def fold(text: str, width: int | None) -> list[str]:
    """The lines of the text, broken between words, and within words longer than the width.

    A line of four spaces and more is a command to be pasted, and stays whole.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        if width is None or cell_width(line) <= width or line.startswith("    "):
            lines.append(line)
            continue
        current = ""
        for word in line.split():
            joined = f"{current} {word}" if current else word
            if cell_width(joined) <= width:
                current = joined
                continue
            if current:
                lines.append(current)
            *full, current = _pieces(word, width)
            lines += full
        lines.append(current)
    return lines


def _pieces(word: str, width: int) -> list[str]:
    """A word in pieces, before `-`, `@` or after `_` where it has one beyond a third."""
    pieces = [""]
    for character in word:
        if pieces[-1] and cell_width(pieces[-1] + character) > width:
            whole = pieces[-1]
            ends = [whole.rfind("-"), whole.rfind("@"), whole.rfind("_") + 1]
            end = max(ends) if 3 * max(ends) > len(whole) and character not in "-@" else len(whole)
            pieces[-1:] = [whole[:end], whole[end:]]
        pieces[-1] += character
    return pieces


def _column_widths(
    headers: Sequence[str],
    body: Sequence[Sequence[str]],
    right: Sequence[bool],
    narrow: Sequence[int | None],
    width: int | None,
) -> list[int] | None:
    """Natural widths, narrowed to fit; None where that would break a word or a number.

    In a column that may be `narrow`, words may be broken.
    """
    widths, least, inside = [], [], []
    for index, header in enumerate(headers):
        cells = [row[index] for row in body]
        inside.append(max((_longest_line(text) for text in cells), default=0))
        widths.append(max(_longest_line(header), inside[-1]))
        # A number with a space in it (4.39 ± 0.05) stays on one line too.
        inner = _longest_line if right[index] else _longest_word
        words = max([0, *map(inner, cells)])
        least.append(max(_longest_word(header), min(words, narrow[index] or words)))
    if width is None:
        return widths
    room = width - len(GAP) * (len(widths) - 1)
    if sum(least) > room:
        return None
    for floor in (list(map(max, inside, least)), least):  # headers first, which are there once
        for _ in range(sum(widths) - max(room, sum(floor))):
            widest = max(range(len(widths)), key=lambda i: (widths[i] > floor[i], widths[i]))
            widths[widest] -= 1
    return widths


def _line(
    cells: Sequence[str],
    widths: Sequence[int],
    right: Sequence[bool],
    red: Sequence[bool] | None = None,
    *,
    bottom: bool = False,
) -> list[str]:
    """The lines of one row, each cell at the row's top, or at its bottom."""
    folded = [fold(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, folded), default=0)
    columns = []
    for lines, width, is_right, is_red in zip(
        folded, widths, right, red or [False] * len(cells), strict=True
    ):
        above = height - len(lines) if bottom else 0
        filled = [""] * above + lines + [""] * (height - above - len(lines))
        padding = [" " * (width - cell_width(line)) for line in filled]
        filled = [_reddened(line) if is_red else line for line in filled]
        columns.append([p + t if is_right else t + p for p, t in zip(padding, filled, strict=True)])
    return [GAP.join(parts).rstrip() for parts in zip(*columns, strict=True)]


def _reddened(line: str) -> str:
    return f"{RED}{line}{PLAIN}" if line else line


def _blocks(
    headers: Sequence[str],
    body: Sequence[Sequence[str]],
    red: Sequence[Sequence[bool]],
    width: int | None,
) -> list[str]:
    lines: list[str] = []
    for row, marks in zip(body, red, strict=True):
        lines.append("")
        for index, (header, cell) in enumerate(zip(headers, row, strict=True)):
            value = "; ".join(cell.split("\n"))
            joined = " ".join(header.replace("-\n", "-").split())
            text = f"{joined}: {value}" if joined else value
            indent = "" if index == 0 else GAP
            folded = fold(text, None if width is None else max(1, width - 2 * len(GAP)))
            folded = [_reddened(line) if marks[index] else line for line in folded]
            lines += [indent + folded[0], *(indent + GAP + line for line in folded[1:])]
    return lines


def _longest_word(text: str) -> int:
    return max(map(cell_width, text.split()), default=0)


def _longest_line(text: str) -> int:
    return max(map(cell_width, text.split("\n")))
