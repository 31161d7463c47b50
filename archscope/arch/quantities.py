"""Numbers as people write them: budgets with decimal prefixes, lists and ranges, input shapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from archscope.arch.shape import Shape

_PREFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
_MOST = 100_000


def parse_budget(text: str) -> int:
    """`70k`, `25.5M`, `4.1G`, `69,632` -> a whole number, exactly.

    Raises:
        UsageError: where it is not a positive number, or not whole.
    """
    from decimal import Decimal

    plain = text.strip().lower().replace("_", "")
    if re.match(r"[0-9]{1,3}(,[0-9]{3})+(?![0-9,])", plain):  # thousands; 4,1G means nothing
        plain = plain.replace(",", "")
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})\s*([kmgbt]?)", plain)
    value = Decimal(found[1]) * _PREFIXES[found[2]] if found else Decimal(0)
    if value <= 0 or value != int(value):
        raise UsageError(
            f"budget '{shown(text)}' was asked for, but a budget is a whole positive number with a "
            "decimal prefix if you like; write 70k, 25.5M or 4.1G"
        )
    return int(value)


def parse_numbers(text: str, what: str) -> list[int]:
    """`1,2,4` or `1:64` (both ends belong to it) or both -> the whole numbers, at least 1 each.

    Raises:
        UsageError: where a part is not such a number or range.
    """
    numbers: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,9})\s*(?::\s*([0-9]{1,9})\s*)?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last or last - first >= _MOST:
            raise UsageError(
                f"{what} '{shown(text)}' was asked for, but it must be whole numbers from 1 to "
                f"999,999,999, or a range upward of at most {_MOST:,}; write 1,2,4,8,32 or 1:64"
            )
        numbers += range(first, last + 1)
    return numbers


def parse_shape(text: str) -> Shape:
    """`3x224x224` -> (3, 224, 224).

    Raises:
        UsageError: where it is not CxHxW with whole numbers from 1 to 65,536.
    """
    found = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})x([0-9]{1,5})", text.strip().lower())
    if not found or not all(1 <= int(entry) <= 65_536 for entry in found.groups()):
        raise UsageError(
            f"input '{shown(text)}' was asked for, but an input is channels x height x width; "
            "write 3x224x224"
        )
    channels, height, width = map(int, found.groups())
    return channels, height, width
