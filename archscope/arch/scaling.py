"""Scales and factors: decimals, or arrays of them, exactly; and how a name writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias, overload

from archscope.arch.arrays import LARGEST, Number, is_array, product, whole
from archscope.errors import UsageError, shown

DIGITS = 9  # behind the point, the most that a decimal has
BEFORE = 6  # before the point
_SOME = 256  # designs of an array whose decimals are looked at first
MOST_TABLED = 1 << 16  # numerators that a table is made of


@dataclass(frozen=True, eq=False)
class Fractions:
    """An array of designs of fractions, all of one denominator; a `Fraction` for each design.

    Attributes:
        numerator: int64, one for each design.
        denominator: of all of them.
    """

    numerator: Any
    denominator: int

    ndim = 1
    __array_ufunc__ = None  # an array times it is this class's to multiply

    def __len__(self) -> int:
        return len(self.numerator)

    @cached_property
    def distinct(self) -> tuple[Fractions, Any]:
        """The different ones, and the place of each design's among them."""
        import numpy as np

        number, least = self.numerator, self.numerator.min(initial=LARGEST)
        if number.size and number.max() - least < MOST_TABLED:
            found = np.flatnonzero(np.bincount((number - least).reshape(-1)))
            place = np.zeros(found[-1] + 1, dtype=np.intp)
            place[found] = np.arange(len(found))
            return Fractions(found + least, self.denominator), place[number - least]
        values, place = np.unique(number, return_inverse=True)
        return Fractions(values, self.denominator), place.reshape(number.shape)

    def __mul__(self, other: Number) -> Fractions:
        """Each times a whole number, or an array of them.

        Raises:
            UsageError: where a numerator is more than an int64 holds.
        """
        return Fractions(product(self.numerator, other), self.denominator)

    __rmul__ = __mul__


def of_each(factor: Factor, function: Callable[[Any], Number]) -> Number:
    """What a function makes of a factor; of an array, of each different one once."""
    if not isinstance(factor, Fractions):
        return function(factor)
    different, place = factor.distinct
    return function(different).take(place)


# A Fraction, or an array of them.
Factor: TypeAlias = "Fraction | Fractions"


@overload
def exact(scale: Fraction | float | str, what: str = "scale") -> Fraction: ...
@overload
def exact(scale: Any, what: str = "scale") -> Any: ...
def exact(scale: Any, what: str = "scale") -> Any:
    """A scale (or `what` it is) as the decimal that the user wrote: 0.1 is one tenth.

    An array of floats or of whole numbers gives `Fractions`, each as it is alone.

    Raises:
        UsageError: where it is not a positive number.
    """
    if is_array(scale):
        return _exact_array(scale, what)
    value = scale
    if not isinstance(scale, Fraction):
        # A short plain decimal only: Fraction would take '1e999999999' and never come back.
        text = str(scale)
        value = (
            Fraction(text)
            if re.fullmatch(rf"[0-9]{{0,{BEFORE}}}\.?[0-9]{{0,{DIGITS}}}(?<=[0-9])", text)
            else Fraction(0)
        )
    assert isinstance(value, Fraction)
    if value <= 0:
        raise UsageError(
            f"{what} must be a number above 0 with at most six digits before the point and "
            f"nine behind it, not {shown(str(scale))}; write 0.25"
        )
    return value


def _exact_array(values: Any, what: str) -> Fractions:
    """The decimals whose nearest floats these are, in the fewest digits that hold them all."""
    if isinstance(values, Fractions):
        return values
    if values.dtype.kind in "iu":
        return Fractions(whole(values, what), 1)
    if values.dtype.kind != "f":
        raise UsageError(f"{what} must be an array of numbers, not {values.dtype}")
    fits = (values > 0) & (values < 10**BEFORE)
    some = values[:_SOME]
    for denominator in (10**digits for digits in range(DIGITS + 1)) if fits.all() else ():
        if ((some * denominator).round() / denominator != some).any():
            continue
        numerator = (values * denominator).round()
        if (numerator / denominator == values).all():
            return Fractions(numerator.astype("int64"), denominator)
    raise UsageError(
        f"every {what} of an array must be above 0, with at most six digits before the point and "
        "nine behind it; round them"
    )


def plain(number: Any) -> int | Fraction:
    """A number of an array as a design has it: a whole number, or the decimal that was written."""
    return int(number) if number == int(number) else exact(float(number))


def times(number: Number, factor: Factor) -> Factor:
    """A whole number, or an array of them, times a factor, or an array of those."""
    if is_array(number) and isinstance(factor, Fraction):
        return Fractions(product(number, factor.numerator), factor.denominator)
    found: Factor = number * factor
    return found


def ratio(number: Number | Factor) -> tuple[Number, Number]:
    """Numerator and denominator of a whole number, a fraction, or an array of either."""
    if is_array(number) and not isinstance(number, Fractions):
        return number, 1
    return number.numerator, number.denominator


def rounded_up(number: Number | Factor) -> Number:
    """The smallest whole number that is not below a number; of arrays in every design."""
    numerator, denominator = ratio(number)
    return -(-numerator // denominator)


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
