"""Times as people write them: what a network may take, in whole nanoseconds."""

from __future__ import annotations

import re
from typing import Final

from archscope.errors import UsageError, shown

LATENCY: Final = "latency"  # the cost that a model predicts
MILLISECOND = 1_000_000  # nanoseconds


def parse_time(text: str) -> int | None:
    """`20ms`, `0.5 s`, `800us` -> nanoseconds; None where it is no time from 1 us to an hour."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{0,9})?)\s*([uµm]?)s", text.strip().lower())
    if found is None:
        return None
    from decimal import Decimal

    value = int(Decimal(found[1]) * {"u": 1_000, "µ": 1_000, "m": MILLISECOND, "": 10**9}[found[2]])
    return value if 1_000 <= value <= 3_600 * 10**9 else None


def parse_time_range(text: str) -> tuple[int, int | None]:
    """`:20ms`, `10ms:20ms` -> the two ends in nanoseconds; None where it is open.

    Raises:
        UsageError: where an end is no time, or the first above the second.
    """
    first, colon, last = (part.strip() for part in text.partition(":"))
    low, high = parse_time(first), parse_time(last)
    wrong = (first and low is None) or (last and high is None) or not colon or not (first or last)
    if wrong or (high is not None and (low or 0) > high):
        raise UsageError(
            f"--latency is a range of times, not '{shown(text)}'; write :20ms, 10ms:20ms or 5ms:"
        )
    return low or 0, high
