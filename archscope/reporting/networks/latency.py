"""A predicted latency in a table: the milliseconds, and the interval around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.reporting.table.formats import MISSING, absent, brief, deviation, share
from archscope.reporting.table.table import Column


def _text(value: Any, low: Any = None, high: Any = None) -> str:
    if absent(value):
        return MISSING
    ends = "" if absent(low) else f" ({brief(low)} to {brief(high)})"
    return f"{brief(value)}{ends}"


# JSON has the interval as one list.
LATENCY = Column(
    "latency_ms",
    "latency, predicted\n(ms)",
    _text,
    also=("latency_ms_low", "latency_ms_high"),
)


def with_ends(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row with the ends of its interval as `LATENCY` takes them."""
    if "latency_ms_interval" not in row:
        return row
    low, high = row["latency_ms_interval"]
    return {**row, "latency_ms_low": low, "latency_ms_high": high}


def latency_text(ends: Sequence[float | None]) -> str:
    """A range of milliseconds in words: "at least 5 and at most 20 ms"."""
    low, high = ends
    words = [f"at least {low:g}"] if low else []
    words += [f"at most {high:g}"] if high is not None else []
    return f"{' and '.join(words)} ms"


def latency_columns(
    rows: Sequence[Mapping[str, Any]], limited: Sequence[str], hard: set[str]
) -> list[Column]:
    """What is predicted of designs, how that stands to its limit, and what was measured."""
    if not any(LATENCY.key in row for row in rows):
        return []
    columns = [LATENCY]
    if "latency" in hard:
        columns.append(Column("share_latency", "of its\ncap", share))
    elif "latency" in limited:
        columns.append(Column("deviation_latency", "in %", deviation))
    if any("latency_ms_measured" in row for row in rows):
        columns.append(Column("latency_ms_measured", "measured\n(ms)", _text))
    return columns
