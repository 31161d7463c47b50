"""What a caller of the library gives in place of a text on the command line, checked."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
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
    alone = isinstance(given, str) or not isinstance(given, Iterable)
    texts = []
    for one in [given] if alone else given:
        if not isinstance(one, str):
            raise UsageError(f"{what} are texts, not {shown(repr(one))}; give {example}")
        texts.append(one)
    return tuple(texts)


def a_kind(given: object, kind: type, what: str, example: str) -> None:
    """Raise UsageError where an object is of another kind."""
    if not isinstance(given, kind):
        raise UsageError(
            f"{what} is a {kind.__name__}, not {shown(repr(given))}; give archscope.{example}"
        )


def values_by_word(given: object) -> dict[str, Sequence[Any]]:
    """One value or more of each word, in a sequence of Python's own numbers.

    Raises:
        UsageError: for what gives a word none.
    """
    found: dict[str, Sequence[Any]] = {}
    for word, values in given.items() if isinstance(given, Mapping) else [("given", given)]:
        listed = _listed(values)
        if not listed or not isinstance(given, Mapping) or not isinstance(word, str):
            raise UsageError(
                f"a number is given a list of values, not {word}={shown(repr(values))}; give "
                "given={'widen': [1, 2, 4]}"
            )
        found[word] = listed
    return found


def ranges_by_cost(given: Any) -> dict[str, tuple[Any, Any]]:
    """Two ends of each cost, of which the last may be None: no end.

    Raises:
        UsageError: for what does not give a cost two numbers.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for cost, ends in given.items() if isinstance(given, Mapping) else [("ranges", given)]:
        low, high = pair if len(pair := _listed(ends) or ()) == 2 else (None, None)
        high = None if high == math.inf else high
        good = isinstance(cost, str) and _is_number(low) and (high is None or _is_number(high))
        if not good:
            raise UsageError(
                f"a range is the least and the most of a cost, not {cost}={shown(repr(ends))}; "
                "give ranges={'params': (0, 250_000)}"
            )
        found[cost] = low, high
    return found


def plain(value: Any) -> Any:
    """A number of NumPy's or torch's as Python's; an array as a list; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def _listed(values: Any) -> Sequence[Any] | None:
    values = plain(values)
    if isinstance(values, str) or not isinstance(values, Iterable):
        return None
    return values if isinstance(values, range) else [plain(one) for one in values]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
