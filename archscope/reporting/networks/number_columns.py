"""The columns of designs: the numbers of the stages together, and none that says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from archscope.reporting.table.column import NAME, Column
from archscope.reporting.table.formats import text
from archscope.reporting.table.table import Table
from archscope.reporting.table.text import natural_width

DESIGN = Column("network", "design", text, "left", least=NAME)
_WIDE = 120  # characters, from which on columns with one value are left out
_TOGETHER = 3  # numbers of stages from which on they share a column


def number_columns(symbols: Mapping[str, str]) -> list[Column]:
    """The columns of these numbers, by what heads each.

    Numbers of one word that stages have, as `expansion1`, stand in one column for people; for
    machines each has its own.
    """
    return [_column(words, symbols) for words in _groups(symbols)]


def depths(key: str, rows: Sequence[Mapping[str, Any]], *, shown: bool = True) -> Column:
    """The column of depths: the blocks of the stages, or in all `rows` a depth of one number.

    That may be layers, or a factor as EfficientNet's: it is not said to be blocks.
    """
    one = bool(rows) and not any("-" in row[key] for row in rows)
    return Column(key, "depth" if one else "blocks", text, shown=shown)


def narrowed(table: Table) -> Table:
    """A wide table without the columns that say nothing more.

    Those that have one value in all rows are told in the title; where that is not enough, those of
    stages are left out, the widest first, whose numbers the names of all designs have.
    """
    if len(table.rows) < 2 or natural_width(table) <= _WIDE:
        return table
    told, kept = [], []
    for column in table.columns:
        same = column.shown and _is_same(column, table.rows)
        if same:
            text = column.format(*_cells(column, table.rows[0]))
            told.append(f"{' '.join(column.header.split())} {text}")
        kept.append(replace(column, shown=column.shown and not same))
    title = f"{table.title}; all with {', '.join(told)}" if told else table.title
    return _named_once(replace(table, columns=kept, title=title))


def _named_once(table: Table) -> Table:
    """The table without columns of stages that the names have, as far as it is wide."""
    named = [column for column in table.shown if _is_named(column, table.rows)]
    named.sort(key=lambda column: max(len(_text(column, row)) for row in table.rows))
    left: list[Column] = []
    while named and natural_width(table) > _WIDE:
        left.append(named.pop())
        columns = [replace(one, shown=False) if one is left[-1] else one for one in table.columns]
        table = replace(table, columns=columns)
    if left:
        note = f"In the names of the designs: {', '.join(column.header for column in left)}."
        table = replace(table, notes=[*table.notes, note])
    if natural_width(table) > _WIDE:  # headers in more lines
        columns = [replace(one, header=_broken(one.header)) for one in table.columns]
        table = replace(table, columns=columns)
    return table


def _broken(header: str) -> str:
    return header.replace("(multiply-adds)", "(multiply-\nadds)")


def _is_named(column: Column, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a column has the numbers of several stages, and all names have them."""
    texts = [_text(column, row) for row in rows]
    return all("-" in text for text in texts) and all(
        text.replace("-", "_") in str(row.get("network"))
        for text, row in zip(texts, rows, strict=True)
    )


def _text(column: Column, row: Mapping[str, Any]) -> str:
    return column.format(*_cells(column, row))


def _cells(column: Column, row: Mapping[str, Any]) -> list[Any]:
    return [row.get(key) for key in (column.key, *column.also)]


def _is_same(column: Column, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it has one value in all rows."""
    first = _cells(column, rows[0])
    return None not in first and len({tuple(map(str, _cells(column, row))) for row in rows}) == 1


def _groups(symbols: Mapping[str, str]) -> list[list[str]]:
    """The words, those of the stages of one number together."""
    found: dict[str, list[str]] = {}
    for word in symbols:
        found.setdefault(word.rstrip("0123456789"), []).append(word)
    return [
        group
        for words in found.values()
        for group in ([words] if len(words) >= _TOGETHER else [[word] for word in words])
    ]


def _column(words: Sequence[str], symbols: Mapping[str, str]) -> Column:
    first, *others = words
    if not others:
        return Column(first, symbols[first], text)
    stem = first.rstrip("0123456789")
    header = f"{first}-{others[-1][len(stem) :]}"
    return Column(first, header, _joined, also=tuple(others))


def _joined(*values: Any) -> str:
    return "-".join(map(text, values))
