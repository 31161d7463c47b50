"""How one value becomes the text of one cell.

A table keeps its values raw; a column names one of these functions. Each takes the value (and the
values of the column's `also` keys) and returns Unicode text; the renderers turn that into plain
ASCII, Markdown or LaTeX where they have to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archscope.documents import Printed

MISSING = "–"
PREFIXES = ((1, ""), (10**3, " k"), (10**6, " M"), (10**9, " G"), (10**12, " T"), (10**15, " P"))


def absent(value: Any) -> bool:
    """Whether there is nothing to show: None, or a float that is not a finite number."""
    return value is None or (isinstance(value, float) and value - value != 0)


def text(value: Any) -> str:
    """The value unchanged: `32x4d`; a list or tuple becomes one line an item."""
    if absent(value):
        return MISSING
    if isinstance(value, Printed):
        return value.digits
    if isinstance(value, (list, tuple)):
        return "\n".join(text(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def auto(value: Any) -> str:
    """Integers with thousands separators, everything else as `text`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return text(value)


def integer(value: Any) -> str:
    """An exact integer with thousands separators: 70144 -> `70,144`."""
    return MISSING if absent(value) else f"{int(value):,}"


def bound(value: Any, exact: bool | None = True) -> str:
    """An integer that may be a lower bound: `70,144` where it is exact, else `≥ 70,144`.

    For a column with `also=("..._exact",)`.
    """
    return integer(value) if absent(value) or exact in (True, None) else f"≥ {integer(value)}"


def signed(value: Any) -> str:
    """An exact change with its sign and thousands separators: 70144 -> `+70,144`; none is `0`."""
    return MISSING if absent(value) else f"{int(value):+,}" if value else "0"


def decimal(places: int) -> Callable[[Any], str]:
    """A formatter with a fixed number of decimal places: `decimal(2)(3.9713)` -> `3.97`."""

    def format_decimal(value: Any) -> str:
        return MISSING if absent(value) else _without_minus_zero(f"{float(value):,.{places}f}")

    return format_decimal


def prefixed(digits: int) -> Callable[[Any], str]:
    """A formatter with decimal prefixes: `prefixed(3)(4230479872)` -> `4.23 G`.

    Shows `digits` significant digits, and a count below 1000 unchanged.
    """

    def format_prefixed(value: Any) -> str:
        if absent(value):
            return MISSING
        factor, prefix = PREFIXES[0]
        for factor, prefix in PREFIXES:  # noqa: B007
            mantissa, exponent = f"{value / factor:.{digits - 1}e}".split("e")
            if int(exponent) < 3:
                break
        whole = isinstance(value, int) and factor == 1
        places = 0 if whole else max(0, digits - 1 - int(exponent))
        return f"{float(mantissa) * 10.0 ** int(exponent):.{places}f}{prefix}"

    return format_prefixed


si = prefixed(3)


def signed_si(value: Any) -> str:
    """A change with its sign and a decimal prefix: -7167541248 -> `-7.17 G`; none is `0`."""
    if absent(value) or not value:
        return MISSING if absent(value) else "0"
    return ("+" if value > 0 else "-") + si(abs(value))


def bytes_text(value: Any) -> str:
    """Bytes with a decimal prefix: 9633792 -> `9.63 MB`."""
    return MISSING if absent(value) else f"{si(value)}{'' if ' ' in si(value) else ' '}B"


def percent(value: Any) -> str:
    """A fraction as a signed percentage, for deviations: 0.0074 -> `+0.7 %`."""
    if absent(value):
        return MISSING
    return _without_minus_zero(f"{100 * float(value):+.1f}").replace("+0.0", "0.0") + " %"


def brief(value: float) -> str:
    """Two significant digits at least, without an exponent: 0.46, 5.8, 160."""
    return f"{value:.2g}" if value < 9.95 else f"{value:,.0f}"


def share(value: Any) -> str:
    """A fraction as an unsigned percentage, for parts of a whole: 0.253 -> `25.3 %`."""
    return MISSING if absent(value) else _without_minus_zero(f"{100 * float(value):.1f}") + " %"


def deviation(value: Any) -> str:
    """A relative difference, two significant digits at least, however near: +1.7 %, -0.0046 %."""
    if absent(value):
        return MISSING
    part = 100 * float(value)
    return "0 %" if part == 0 else f"{part:+.2g} %" if abs(part) < 10 else f"{part:+,.1f} %"


def mean_and_error(mean: Any, standard_error: Any = None) -> str:
    """A mean and its standard error: `4.39 ± 0.05`; only the mean where there is no error.

    For a column with `also=("..._se",)`.
    """
    if absent(mean):
        return MISSING
    shown = f"{float(mean):.2f}"
    return shown if absent(standard_error) else f"{shown} ± {float(standard_error):.2f}"


def _without_minus_zero(shown: str) -> str:
    return shown[1:] if shown.startswith("-") and not shown.strip("-0.,") else shown


def signed_decimal(value: float | None) -> str:
    """With its sign, two decimals; nothing for None."""
    return "" if value is None else f"{value:+.2f}"


def tick(value: float) -> str:
    """A tick of an axis, exact: `0`, `0.5`, `5 G`, `25.25 M`."""
    if abs(value) < 1000:
        return f"{value:.9g}"
    number, _, prefix = prefixed(9)(round(value)).partition(" ")
    return f"{float(number):.9g} {prefix}".rstrip()
