"""Counters side by side: what each reports, and what its number is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.cost.conventions import CONVENTIONS, Convention, Term
from archscope.errors import plural
from archscope.reporting.table.formats import absent, integer, signed, text
from archscope.reporting.table.table import Column, Table

# The columns of the differences, in order: what a multiply-add counts, then operators, defects.
TERMS = tuple(
    dict.fromkeys(
        ["factor 2", *(term.name for convention in CONVENTIONS for term in convention.terms)]
    )
)


def counters_table(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    conventions: Sequence[Convention],
    notes: Sequence[str] = (),
) -> Table:
    """A network's table: a column for each difference that one of the rows has.

    Args:
        name: the network.
        rows: cells by key: those of `counters_csv` but for the network; `unexplained` says which
            residues are alarming.
        conventions: of the rows that have a number, to be explained in the notes.
        notes: what else a reader must know.
    """
    terms = _terms(conventions)
    present = [term for term in terms if any(row.get(term) for row in rows)]
    columns = [
        Column("counter", "counter", text, "left"),
        Column("quantity", "count", text, "left"),
        Column("word", "its word", _word, "left", also=("problem",)),
        Column("raw", "it reports", integer),
        Column("unit", "unit", text, "left"),
        Column("formula", "= our count", integer),
        *(Column(term, f"+ {term}", integer) for term in present),
        Column("residue", "residue", _residue, also=("unexplained",), alarm="unexplained"),
    ]
    versions = dict.fromkeys(
        f"{row['counter']} {row['version']}" for row in rows if row["version"] is not None
    )
    lines = [f"Versions: {', '.join(versions)}.", *_notes(conventions, present), *notes]
    return Table(f"Counters of {name}, one image", columns, rows, lines)


def counters_csv(rows: Sequence[Mapping[str, Any]], conventions: Sequence[Convention]) -> Table:
    """All rows with every column, for machines."""
    keys = ("network", "counter", "version", "quantity", "word", "unit", "raw", "formula")
    last = ("residue", "problem", "source", "macs_exact")
    columns = [Column(key, key, text) for key in (*keys, *_terms(conventions), *last)]
    return Table("Counters", columns, rows)


def left_out_notes(found: Sequence[tuple[str, Term, int]]) -> list[str]:
    """What counters leave out though they count the like: a line each, with their names."""
    who: dict[tuple[str, str, int], list[str]] = {}
    for counter, term, elements in found:
        names = who.setdefault((term.name, term.why, elements), [])
        if counter not in names:
            names.append(counter)
    return [
        f"{name}: left out, {plural(elements, 'element')}: {why} ({', '.join(names)})."
        for (name, why, elements), names in who.items()
    ]


def _terms(conventions: Sequence[Convention]) -> list[str]:
    """The columns of the differences: the known ones, then what only these have."""
    own = (term.name for convention in conventions for term in convention.terms)
    return list(dict.fromkeys([*TERMS, *own]))


def _word(word: str | None, problem: str | None) -> str:
    return text(problem or word)


def _residue(value: Any, unexplained: bool) -> str:
    """What is left, and in a word what that means: `+1 unexplained`."""
    if absent(value):
        return "failed" if unexplained else text(None)
    return f"{value:+,} unexplained" if unexplained else signed(value)


def _notes(conventions: Sequence[Convention], present: Sequence[str]) -> list[str]:
    """Every difference in words, with the counters that have it."""
    who: dict[tuple[str, str, str], list[str]] = {}
    for convention in conventions:
        for term in convention.terms:
            names = who.setdefault((term.name, term.why, term.kind), [])
            if term.name in present and convention.counter not in names:
                names.append(convention.counter)
    return [
        f"{name}: {why} ({', '.join(names)}{': a defect' if kind == 'defect' else ''})."
        for (name, why, kind), names in sorted(
            who.items(), key=lambda item: present.index(item[0][0]) if item[1] else 0
        )
        if names
    ]
