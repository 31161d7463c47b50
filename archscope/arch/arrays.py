"""Whole numbers that may be arrays of designs. NumPy is imported only where an array is passed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce
from itertools import count
from math import prod
from numbers import Real
from operator import index
from typing import Any, TypeAlias

from archscope.arch.rounded import Rounded
from archscope.errors import UsageError, shown

# An int, or an int64 array of designs (typed loosely for the reason above).
Number: TypeAlias = Any

LARGEST = 2**63 - 1  # what an int64 holds


# Arrays that are checked, by their ids, with the least that they hold; None: each is checked anew.
_CHECKED: ContextVar[dict[int, tuple[Any, int]] | None] = ContextVar("checked", default=None)
_BLOCK = 16_384  # designs at a time, so that they stay in the cache


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
        smallest = _smallest(value) if len(value) else least
    else:
        smallest = _index(value, what, "an int, or an array of them")
        value = value if isinstance(value, Rounded) else smallest
    if smallest < least:
        raise UsageError(f"{what} must be at least {least}, not {smallest}; write {least} or more")
    return value


def one_whole(value: object, what: str, least: int = 1) -> int:
    """As `whole`, of one number: an array is none."""
    return int(whole(_index(value, what, "an int"), what, least))


def _index(value: Any, what: str, fix: str) -> int:
    try:
        return index(value)
    except TypeError:
        said = shown(str(value) if isinstance(value, Real) else repr(value))
        raise UsageError(f"{what} must be a whole number, not {said}; give {fix}") from None


@contextmanager
def checked_once() -> Iterator[None]:
    """Within it, where nothing changes an array in place, each is checked by `whole` once."""
    token = _CHECKED.set({})
    try:
        yield
    finally:
        _CHECKED.reset(token)


def _smallest(array: Any) -> int:
    known = _CHECKED.get()
    if known is None:
        return int(array.min())
    if id(array) not in known:
        known[id(array)] = array, int(array.min())
    return known[id(array)][1]


def blockwise(function: Callable[..., tuple[Any, ...]], *numbers: Number) -> tuple[Any, ...]:
    """What a function makes of numbers, each of its results an int64 array of designs.

    Where arrays are long, of some designs at a time, which stay in the cache; the function works
    design by design.
    """
    arrays = [one for one in numbers if is_array(one)]
    if not arrays or any(one.ndim > 1 or len(one) != len(arrays[0]) for one in arrays):
        return function(*numbers)
    import numpy as np

    results: list[Any] = []
    total = len(arrays[0])
    for start in range(0, max(total, 1), _BLOCK):
        part = slice(start, start + _BLOCK)
        made = function(*(one[part] if is_array(one) else one for one in numbers))
        results = results or [np.empty(total, np.int64) for _ in made]
        for result, some in zip(results, made, strict=True):
            result[part] = some
    return tuple(results)


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
        refuse_overflow(exact.ravel())
    return one * other


def plus(one: Number, other: Number) -> Number:
    """The sum; an array plus nothing would be a copy."""
    if not is_array(one) and one == 0:
        return other
    return one if not is_array(other) and other == 0 else one + other


def multiplied(one: Number, factor: Number) -> Number:
    """The product; an array times one would be a copy."""
    if not is_array(one) and one == 1:
        return factor
    return one if not is_array(factor) and factor == 1 else one * factor


def combined(operation: Callable[[Any, Any], Any], numbers: Iterable[Number]) -> Number:
    """All of some numbers by an operation as `operator.add`, those of one shape first.

    So what few numbers decide is combined for few designs.
    """
    found: dict[tuple[int, ...], Any] = {}
    for number in numbers:
        sides = getattr(number, "shape", ())
        found[sides] = operation(found[sides], number) if sides in found else number
    return reduce(operation, (found[sides] for sides in sorted(found, key=prod)))


def larger(one: Number, other: Number) -> Number:
    """The larger of two numbers, of arrays in every design."""
    if not (is_array(one) or is_array(other)):
        return max(one, other)
    import numpy as np

    return np.maximum(one, other)


def smaller(one: Number, other: Number) -> Number:
    """The smaller of two numbers, of arrays in every design."""
    if not (is_array(one) or is_array(other)):
        return min(one, other)
    import numpy as np

    return np.minimum(one, other)


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
