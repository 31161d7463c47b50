"""Numbers as people write them: budgets with decimal prefixes, lists and ranges, input shapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archscope.documents import Within
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from archscope.arch.windows import Shape

COSTS = ("params", "macs", "activations")
STORED = ("weights", "memory")  # costs in bytes of a format
_PREFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
_MOST = 100_000
_MOST_SIZE = 65_536  # of an input
MOST_COST = 10**13
CLASSES = Within(1, 10**7)  # more than any data set tells apart
_UNITS = {
    **dict.fromkeys(("params", "param", "parameters"), "params"),
    **dict.fromkeys(("macs", "mac", "multiply-adds", "flops"), "macs"),
    **dict.fromkeys(("activations", "activation", "acts"), "activations"),
}


def parse_budget(text: str) -> int:
    """`70k`, `25.5M`, `4.1G`, `69,632` -> a whole number, exactly.

    Raises:
        UsageError: where it is not a positive number, or not whole.
    """
    from decimal import Decimal

    plain = text.strip().lower().replace("_", "")
    if re.match(r"[0-9]{1,3}(,[0-9]{3})+(?![0-9,])", plain):  # thousands; 4,1G means nothing
        plain = plain.replace(",", "")
    if re.fullmatch(r"[0-9]{16,}(\.[0-9]*)?\s*[kmgbt]?", plain):
        raise UsageError(f"budget '{shown(text)}' is too large: a number has 15 digits at most.")
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})\s*([kmgbt]?)", plain)
    value = Decimal(found[1]) * _PREFIXES[found[2]] if found else Decimal(0)
    if value <= 0 or value != int(value):
        raise UsageError(
            "a budget is a positive whole number, with a decimal prefix if you like, not "
            f"'{shown(text)}'; write 70k, 25.5M or 4.1G"
        )
    return int(value)


def parse_limit(text: str) -> tuple[str, int]:
    """`4.1GMACs`, `25M params`, `11M activations` -> the cost and its whole number.

    FLOPs are read as the papers use the word: multiply-adds.

    Raises:
        UsageError: where the number or its unit is missing, or the number is above 10^13.
    """
    found = re.fullmatch(rf"(.*?[^a-z]\s*[kmgbt]?)\s*({'|'.join(_UNITS)})", text.strip().lower())
    if found is None:
        raise UsageError(
            f"a network's budget needs its unit, which '{shown(text)}' lacks; write "
            "4.1GMACs, '25M params' or '11M activations'"
        )
    value = parse_budget(" ".join(found[1].split()))
    if value > MOST_COST:
        raise UsageError(
            f"a network's budget is at most 10T, not '{shown(text)}'; write a smaller one"
        )
    return _UNITS[found[2]], value


def parse_cap(text: str) -> tuple[str, int, str | None]:
    """`5Mparams`, `600MMACs`, `1MB weights:int8`, `256kB memory` -> cost, number, format of bytes.

    Raises:
        UsageError: as `parse_limit`; where the unit does not fit the cost, or nothing says of what
            the bytes are.
    """
    plain = " ".join(text.strip().lower().split())
    found = re.fullmatch(
        r"(.*?[kmgt]?)b ?(params|macs|activations|weights|memory)?(?::(.*))?", plain
    )
    counted = re.fullmatch(r"[\d.,_ ]+[kmgbt]? ?(weights|memory)(?::.*)?", plain)
    if counted and not (found and found[2]):
        raise UsageError(
            f"{counted[1]} are counted in bytes, which '{shown(text)}' does not say; write "
            f"'1MB {counted[1]}:int8'"
        )
    billions = found and found[2] in _UNITS and not re.search("[kmgti]$", found[1])
    if not found or billions or not re.match(r"[\d.]", plain):
        return (*parse_limit(text), None)
    amount, cost, format = found.groups()
    if cost not in ("weights", "memory"):
        raise UsageError(
            f"bytes are a cap on weights or memory, which '{shown(text)}' does not name; write "
            "'1MB weights:int8' or '256kB memory:int8'"
        )
    return cost, _bytes(amount, text), format


def parse_bytes(text: str, what: str) -> tuple[int, str | None]:
    """`1MB:int8`, `256kB` -> bytes and their format; decimal prefixes.

    Raises:
        UsageError: where it is no such number.
    """
    found = re.fullmatch(r"(.*?[kmgt]?)b\s*(?::(.*))?", text.strip().lower())
    if not found:
        raise UsageError(f"{what} is a number of bytes, not '{shown(text)}'; write 1MB:int8")
    return _bytes(found[1], text), found[2]


def _bytes(amount: str, text: str) -> int:
    if amount.rstrip().endswith("i"):
        raise UsageError(
            f"prefixes are decimal, so that 1 kB is 1,000 bytes, not as in '{shown(text)}'; write "
            "262144B for 256 KiB"
        )
    value = parse_budget(amount)
    if value > MOST_COST:
        raise UsageError(f"a cap is at most 10 TB, not '{shown(text)}'; write a smaller one")
    return value


def parse_range(text: str, what: str) -> tuple[int, int | None]:
    """`20M:26M`, `:26M`, `20M:` or `25M` (exactly that) -> the two ends; None where it is open.

    Raises:
        UsageError: where an end is no such number, or the first above the second.
    """
    first, colon, last = text.partition(":")
    try:
        low = parse_budget(first) if first.strip() else 0
        high = parse_budget(last) if last.strip() else None if colon else low
    except UsageError:
        low, high = 1, 0
    if (not first.strip() and not last.strip()) or (high is not None and low > high):
        raise UsageError(
            f"{what} must be a range from the smaller to the larger number, not "
            f"'{shown(text)}'; write 20M:26M, :26M or 20M:"
        )
    return low, high


def parse_bytes_range(text: str, what: str) -> tuple[tuple[int, int | None], str | None]:
    """`:256kB:int8`, `100kB:1MB`, `1MB:` -> the two ends in bytes, and their format.

    Raises:
        UsageError: where an end is no such number, or the first above the second.
    """
    found = re.fullmatch(
        r"([^a-z:]*(?:[kmgt]?i?b)?(?::[^a-z:]*(?:[kmgt]?i?b)?)?):?([a-z]+\d+)?",
        text.strip().lower(),
    )
    first, colon, last = (found[1] if found else "").partition(":")
    try:
        low = parse_bytes(first, what)[0] if first.strip() else 0
        high = parse_bytes(last, what)[0] if last.strip() else None if colon else low
    except UsageError:
        low, high = 1, 0
    if not (first.strip() or last.strip()) or (high is not None and low > high):
        raise UsageError(
            f"{what} is a range of bytes from the smaller to the larger, not '{shown(text)}'; "
            "write :256kB:int8, 100kB:1MB or 1MB:"
        )
    return (low, high), found[2] if found else None


def parse_percent(text: str) -> float:
    """`1%`, `0.5 %` -> the fraction.

    Raises:
        UsageError: where it is no percentage.
    """
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{0,9})?)\s*%?", text.strip())
    if not found:
        raise UsageError(f"a percentage is a number with a % sign, not '{shown(text)}'; write 1%")
    return float(found[1]) / 100


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
                f"{what} must be whole numbers from 1 to 999,999,999, or a range upward of "
                f"at most {_MOST:,}, not '{shown(text)}'; write 1,2,4,8,32 or 1:64"
            )
        numbers += range(first, last + 1)
    return numbers


def parse_factors(text: str, what: str) -> list[int | Fraction]:
    """`1,1.5,2`, `1:4` or `0.5:1:0.05` -> whole numbers, and fractions for decimals.

    Raises:
        UsageError: where a part is no such number or range.
    """
    factors: list[int | Fraction] = []
    for part in text.split(","):
        ends = part.split(":")
        try:
            factors += parse_numbers(part, what) if _is_whole(ends) else _decimals(ends, what)
        except UsageError:
            if len(ends) == 1 and "." in part:
                raise
            raise UsageError(
                f"{what} must be numbers above 0, or a range upward of at most {_MOST:,}, of "
                f"fractions with its step, not '{shown(text)}'; write 0.5,1,1.5 or 0.5:1:0.05"
            ) from None
    return factors


def _is_whole(ends: Sequence[str]) -> bool:
    return len(ends) < 3 and "." not in "".join(ends)


def _decimals(ends: Sequence[str], what: str) -> list[int | Fraction]:
    """One number, or those from the first to the last in steps of a third."""
    from archscope.arch.scaling import exact

    first, *rest = (exact(end.strip(), what) for end in ends)
    last, step = rest if len(rest) == 2 else (first, first)
    number = (last - first) // step
    if len(rest) not in (0, 2) or not 0 <= number < _MOST:
        raise UsageError(f"{what} is no range with a step")
    values = (first + place * step for place in range(number + 1))
    return [int(value) if value.denominator == 1 else value for value in values]


def parse_sizes(text: str) -> tuple[int, ...]:
    """`3x16x112x112` or `10` -> the sizes of one input, without its batch.

    Raises:
        UsageError: where it is not one to five whole numbers from 1 to 65,536.
    """
    found = re.fullmatch(r"[0-9]{1,5}(?:x[0-9]{1,5}){0,4}", text.strip().lower())
    sizes = tuple(map(int, found[0].split("x"))) if found else ()
    if not sizes or not all(1 <= size <= _MOST_SIZE for size in sizes):
        raise UsageError(
            f"an input is channels x height x width, each from 1 to {_MOST_SIZE:,}, not "
            f"'{shown(text)}'; write 3x224x224, or 3x32x32,10 for a network from outside that "
            "takes two"
        )
    return sizes


def parse_sides(text: str) -> list[int]:
    """`96:224:16`, `96:128` or `96,128,160` -> heights and widths of images, ascending.

    Raises:
        UsageError: where it is no such range or list.
    """
    sides: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,5})(?::([0-9]{1,5})(?::([0-9]{1,5}))?)?\s*", part)
        first, last, step = (int(one or 0) for one in (found.groups() if found else (0, 0, 0)))
        last, step = last or first, step or 1
        if not 1 <= first <= last <= 65_536:
            raise UsageError(
                f"an input is 3x224x224, or the sides of images from small to large, not "
                f"'{shown(text)}'; write 96:224:16 or 96,128,160"
            )
        sides |= set(range(first, last + 1, step))
    return sorted(sides)


def parse_shape(text: str) -> Shape:
    """`3x224x224` -> (3, 224, 224).

    Raises:
        UsageError: where it is not CxHxW with whole numbers from 1 to 65,536.
    """
    found = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})x([0-9]{1,5})", text.strip().lower())
    if not found or not all(1 <= int(entry) <= _MOST_SIZE for entry in found.groups()):
        raise UsageError(
            f"an input is channels x height x width, each from 1 to {_MOST_SIZE:,}, not "
            f"'{shown(text)}'; write 3x224x224"
        )
    channels, height, width = map(int, found.groups())
    return channels, height, width
