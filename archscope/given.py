"""What a caller of the library gives in place of a text on the command line, checked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from archscope.errors import UsageError, shown


def path_of(given: object, what: str) -> Path:
    """A path; raises UsageError for what is none."""
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"{what} is a path, not {shown(repr(given))}; give a text or a Path")
    return Path(given)


def texts_of(given: Any, what: str, example: str) -> tuple[str, ...]:
    """Texts, of which one alone may stand without a list; raises UsageError for anything else."""
    listed = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    for one in listed:
        if not isinstance(one, str):
            raise UsageError(f"{what} are texts, not {shown(repr(one))}; give {example}")
    return tuple(listed)


def a_kind(given: object, kind: type, what: str, example: str) -> None:
    """Raise UsageError where an object is of another kind."""
    if not isinstance(given, kind):
        raise UsageError(
            f"{what} is a {kind.__name__}, not {shown(repr(given))}; give archscope.{example}"
        )


def values_by_word(given: object) -> None:
    """Raise UsageError for what does not give one value or more to each word."""
    for word, values in given.items() if isinstance(given, Mapping) else [("given", given)]:
        if isinstance(values, str) or not isinstance(values, Iterable) or not list(values):
            raise UsageError(
                f"a number is given a list of values, not {word}={shown(repr(values))}; give "
                "given={'widen': [1, 2, 4]}"
            )


def ranges_by_cost(given: Any) -> None:
    """Raise UsageError for what does not give each cost two ends, of which the last may be None."""
    for cost, ends in given.items() if isinstance(given, Mapping) else [("ranges", given)]:
        pair = tuple(ends) if isinstance(ends, Iterable) else ()
        real = (int, float)
        if (
            len(pair) != 2
            or not isinstance(pair[0], real)
            or not isinstance(pair[1], (*real, type(None)))
        ):
            raise UsageError(
                f"a range is the least and the most of a cost, not {cost}={shown(repr(ends))}; "
                "give ranges={'params': (0, 250_000)}"
            )
