"""Numbers that may be arrays of designs. NumPy is imported only where an array is passed."""

from __future__ import annotations

from typing import Any, TypeAlias

# An int, or an int64 array of designs (typed loosely for the reason above).
Number: TypeAlias = Any


def is_array(value: object) -> bool:
    """Whether `value` is a NumPy array of designs (a NumPy scalar counts as a number)."""
    return getattr(value, "ndim", 0) > 0
