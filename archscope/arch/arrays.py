"""Whole numbers that may be arrays of designs. NumPy is imported only where an array is passed."""

from __future__ import annotations

from itertools import count
from operator import index
from typing import Any, TypeAlias

from archscope.arch.rounded import Rounded
from archscope.errors import UsageError

# An int, or an int64 array of designs (typed loosely for the reason above).
Number: TypeAlias = Any

LARGEST = 2**63 - 1  # what an int64 holds


class TooLarge(UsageError):
    """A count of a design of an array is more than 64 bits hold."""


def is_array(value: object) -> bool:
    """Whether `value` is a NumPy array of designs (a NumPy scalar counts as a number)."""
    return getattr(value, "ndim", 0) > 0


def whole(value: Number, what: str, least: int = 1) -> Number:
    """`value` as an int, or as an int64 array: narrow types would wrap in silence.

    Raises:
        UsageError: where it is not whole, or one of an array is not, or is below `least`.
    """
    if type(value) is int:
        smallest = value
    elif is_array(value):
        value = _int64(value, what)
        smallest = value.min() if len(value) else least
    else:
        try:
            smallest = index(value)
        except TypeError:
            raise UsageError(
                f"{what} must be a whole number, not {value}; give an int, or an array of them"
            ) from None
        value = value if isinstance(value, Rounded) else smallest
    if smallest < least:
        raise UsageError(f"{what} must be at least {least}, not {smallest}")
    return value


def positive(**numbers: Number) -> tuple[Number, ...]:
    """The numbers as `whole` gives them, each at least 1, in the order given.

    Raises:
        UsageError: naming the first that is not.
    """
    return tuple(whole(value, name) for name, value in numbers.items())


def product(one: Number, other: Number) -> Number:
    """`one` times `other`, exactly: an int, or an int64 array.

    Raises:
        UsageError: where a design's product is more than an int64 holds.
    """
    if not (is_array(one) or is_array(other)):
        return one * other
    if _largest(one) * _largest(other) > LARGEST:
        # The largest of each may stand in different designs: look at every one.
        exact = one.astype(object) * other if is_array(one) else one * other.astype(object)
        refuse_overflow(exact)
    return one * other


def larger(one: Number, other: Number) -> Number:
    """The larger of two numbers, of arrays in every design."""
    return one + (other > one) * (other - one)


def smaller(one: Number, other: Number) -> Number:
    """The smaller of two numbers, of arrays in every design."""
    return one - (one > other) * (one - other)


def refuse_overflow(exact: Any, numbers: Any = slice(0, None)) -> None:
    """Check an array of Python ints, of the designs of these `numbers` (a slice, or each).

    Raises:
        UsageError: naming the first design that an int64 cannot hold.
    """
    places = count(numbers.start) if isinstance(numbers, slice) else numbers
    for number, value in zip(places, exact, strict=False):
        if value > LARGEST:
            raise TooLarge(
                f"design {number} of the array comes to {value}, more than a 64-bit integer "
                "holds; count it alone, as plain numbers"
            )


def _int64(array: Any, what: str) -> Any:
    if array.dtype.kind == "O":  # Python ints, of an exact count
        return array
    if array.dtype.kind not in "iu":
        raise UsageError(f"{what} must be an array of whole numbers, not {array.dtype}")
    if array.dtype == "uint64" and array.size:
        refuse_overflow([int(array.max())])
    return array.astype("int64", copy=False)


def _largest(value: Number) -> int:
    if is_array(value):
        return int(value.max()) if len(value) else 0
    return int(value)
