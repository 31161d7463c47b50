"""JSON and TOML as archscope writes them, and the ranges of what stands in them.

Folders are copied, edited by hand, and come by mail: here alone their text becomes values, so that
whatever it is (thousands of brackets, a number of 400 digits, NaN) ends in values that can be
trusted to be small, or in words. `Within` says in a record's annotations how large a number may be.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

LARGEST = 2**63 - 1  # of whole numbers: what 64 bits hold
_DEEP = "it nests too deeply"


class Unclear(ValueError):
    """A text that is no JSON or TOML of ours: why, in words."""


@dataclass(frozen=True)
class Within:
    """The range of a number in a record, as `threads: Annotated[int, Within(1, 4096)]`."""

    least: float
    most: float = LARGEST

    def __contains__(self, value: Any) -> bool:
        return bool(self.least <= value <= self.most)

    def __str__(self) -> str:
        if self.most == LARGEST:
            return f"from {self.least:,} up"
        return f"from {self.least:,} to {self.most:,}"


class Printed(float):
    """A number that keeps the digits it was written with: `Printed("4.00").digits` is `4.00`."""

    digits: str

    def __new__(cls, digits: str | float) -> Printed:
        """A number, and its digits as they were written."""
        made = super().__new__(cls, digits)
        made.digits = str(digits).replace("_", "")
        return made


def json_value(content: bytes | str) -> Any:
    """The value of a JSON text in UTF-8, its numbers finite and its whole ones of 64 bits.

    Raises `Unclear` for anything else.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        return json.loads(
            text, parse_int=_whole, parse_float=_finite, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise Unclear(_DEEP) from None
    except Unclear:
        raise
    except UnicodeDecodeError:
        raise Unclear("it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise Unclear(f"it is not valid JSON in line {error.lineno}") from None


def toml_value(text: str, number: type[float] = float) -> dict[str, Any]:
    """The tables of a TOML text, its whole numbers of 64 bits; raises `Unclear`.

    A number that is not finite is left to the reader, who knows its line. `number` is the class of
    those that are not whole.
    """
    import tomllib  # only studies are TOML

    try:
        document = tomllib.loads(text, parse_float=number)
        _check_whole(document)
    except RecursionError:
        raise Unclear(_DEEP) from None
    except Unclear:
        raise
    except ValueError as error:  # TOMLDecodeError, or a number that Python takes for an attack
        known = isinstance(error, tomllib.TOMLDecodeError)
        raise Unclear(f"not valid TOML: {error}" if known else _too_long()) from None
    return document


def _check_whole(value: Any) -> None:
    if isinstance(value, int):
        _refuse_large(value)
    for part in value.values() if isinstance(value, dict) else ():
        _check_whole(part)
    for part in value if isinstance(value, list) else ():
        _check_whole(part)


def _whole(text: str) -> int:
    if len(text) > 20:
        raise Unclear(_too_long())
    value = int(text)
    _refuse_large(value)
    return value


def _refuse_large(value: int) -> None:
    if abs(value) > LARGEST:
        raise Unclear(_too_long())


def _too_long() -> str:
    return "a whole number in it needs more than 64 bits"


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unclear("a number in it is not finite")
    return value


def _refuse_constant(text: str) -> Any:
    raise Unclear(f"{text} in it is no number")
