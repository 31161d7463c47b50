"""Scales: a whole number of channels times a decimal, and how that is written in a name."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from archscope.arch.arrays import Number, is_array, product
from archscope.errors import UsageError, shown


def exact(scale: Fraction | float | str, what: str = "scale") -> Fraction:
    """A scale (or `what` it is) as the decimal that the user wrote: 0.1 is one tenth.

    Raises:
        UsageError: where it is not a positive number.
    """
    value = scale
    if not isinstance(scale, Fraction):
        # A short plain decimal only: Fraction would take '1e999999999' and never come back.
        text = str(scale)
        value = (
            Fraction(text)
            if re.fullmatch(r"[0-9]{0,6}\.?[0-9]{0,9}(?<=[0-9])", text)
            else Fraction(0)
        )
    assert isinstance(value, Fraction)
    if value <= 0:
        raise UsageError(
            f"{what} must be a number above 0 with at most six digits before the point and "
            f"nine behind it, not {shown(str(scale))}; write 0.25"
        )
    return value


def scaled(width: Number, scale: Fraction | float, what: str) -> Number:
    """`width` times `scale`, a whole number of channels.

    Raises:
        UsageError: where the product is not whole.
    """
    factor = exact(scale)
    if factor == 1:
        return width
    whole, rest = divmod(product(width, factor.numerator), factor.denominator)
    if (rest != 0).any() if is_array(rest) else rest:
        step = factor.denominator
        raise UsageError(
            f"{what} at scale {decimal(factor)} is {decimal(width * factor)}, but a scaled width "
            f"must be whole; use widths that are multiples of {step}, or another scale"
            if not is_array(width)
            else f"{what} at scale {decimal(factor)} is not whole for every design; "
            f"use widths that are multiples of {step}"
        )
    return whole


def decimal(value: Fraction) -> str:
    """A fraction as a short decimal: 1/8 is '0.125', 1/3 is '1/3'."""
    remainder = value.denominator
    for prime in (2, 5):
        while remainder % prime == 0:
            remainder //= prime
    if remainder != 1:
        return str(value)
    text = format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def suffixes(scale: Fraction | float, residual: bool) -> str:
    """What a name carries after the template: '@0.25', '-noshortcut'."""
    factor = exact(scale)
    return ("" if factor == 1 else f"@{decimal(factor)}") + ("" if residual else "-noshortcut")
