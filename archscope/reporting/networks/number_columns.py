"""The columns of designs: the numbers of the stages together, and none that says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from archscope.reporting.table.column import Column
from archscope.reporting.table.formats import text
from archscope.reporting.table.table import Table
from archscope.reporting.table.text import natural_width

_WIDE = 120  # characters, from which on columns with one value are left out
_TOGETHER = 3  # numbers of stages from which on they share a column


def number_columns(symbols: Mapping[str, str]) -> list[Column]:
    """The columns of these numbers, by what heads each.

    Numbers of one word that stages have, as `expansion1`, stand in one column for people; for
    machines each has its own.
    """
    return [_column(words, symbols) for words in _groups(symbols)]


def narrowed(table: Table) -> Table:
    """A wide table without the columns that have one value in all rows: the title says them."""
    if len(table.rows) < 2 or natural_width(table) <= _WIDE:
        return table
    told, kept = [], []
    for column in table.columns:
        keys = (column.key, *column.also)
        values = {tuple(map(str, (row.get(key) for key in keys))) for row in table.rows}
        first = [table.rows[0].get(key) for key in keys]
        same = column.shown and len(values) == 1 and None not in first
        if same:
            told.append(f"{' '.join(column.header.split())} {column.format(*first)}")
        kept.append(replace(column, shown=column.shown and not same))
    title = f"{table.title}; all with {', '.join(told)}" if told else table.title
    return replace(table, columns=kept, title=title)


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
