"""A repr of one short line for records that hold trees, tables or arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any

MOST = 199  # characters of the whole line
_FEW = 4  # numbers or words of a sequence that are shown; of a longer one their number
_PLAIN = (str, bool, int, float, Enum, Path, type(None))
_LONG = 60  # characters of one value


class ShortRepr:
    """Base of a dataclass that is shown by the names and the short values of its fields.

        @dataclass(frozen=True, repr=False)  # without repr=False the decorator writes its own
        class Network(ShortRepr): ...

        Network(name='resnet50', tree=Seq(...), input=(3, 224, 224), init='fan_out', template=None)

    A record within the record is shown by its type alone, a long sequence by its length. Nothing is
    computed and nothing read for it. The line is shorter than 200 characters.
    """

    def __repr__(self) -> str:
        name = type(self).__name__
        shown = (f"{one.name}={_value(getattr(self, one.name))}" for one in fields(self))  # type: ignore[arg-type]
        line = f"{name}({', '.join(shown)})"
        return line if len(line) <= MOST else f"{line[: MOST - 4]}...)"


def _value(value: Any) -> str:
    if isinstance(value, _PLAIN):
        return _cut(repr(value))
    if isinstance(shape := getattr(value, "shape", None), tuple):  # an array
        return f"<array of {'x'.join(map(str, shape))}>"
    if isinstance(value, Mapping):
        return f"<{len(value)} entries>"
    if isinstance(value, Sequence):
        if len(value) <= _FEW and all(isinstance(entry, _PLAIN) for entry in value):
            return _cut(repr(tuple(value) if isinstance(value, tuple) else list(value)))
        kinds = {type(entry).__name__ for entry in value[:1]}
        return f"<{len(value)} {''.join(kinds)}>"
    return f"{type(value).__name__}(...)"


def _cut(text: str) -> str:
    half = _LONG // 2
    return text if len(text) <= _LONG else f"{text[:half]}...{text[3 - half :]}"
