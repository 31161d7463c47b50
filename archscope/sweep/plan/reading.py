"""A JSON object read as the dataclass that writes it: its annotations are the check.

    read(Machine, {"device": "cpu", "precision": "fp32", "threads": 1, "workers": 2}, "machine")

Folders are copied, edited by hand, and come by mail: what does not fit is told by its place. A
number may have a range: `Annotated[int, Within(1, 4096)]`. A field may be missing where its default
is None or (), or everywhere with `sparse`. A dataclass with a field `rest` keeps there what it does
not know, as a later version may have written it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from archscope.documents import Within
from archscope.errors import UsageError

_WORDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
_T = TypeVar("_T")
_REST = "rest"
_KNOWN: dict[type, tuple[dict[str, Any], frozenset[str]]] = {}


class Fault(ValueError):
    """What a document lacks, in words: "it has no machine.threads"."""


class Foreign(ValueError):
    """What stands in a document that this version does not know, in words."""


def read(kind: type[_T], document: object, where: str, *, sparse: bool = False) -> _T:
    """Return the dataclass `kind` that the JSON object at the place `where` spells.

    Raises `Fault` where a value is missing or of another type, `Foreign` where this version of
    archscope does not know a name or a value.
    """
    given = _object(document, where)
    known, optional = _fields(kind)
    found: dict[str, Any] = {}
    for name, hint in known.items():
        if name in given:
            found[name] = _value(given[name], hint, _place(where, name))
        elif not (sparse or name in optional):
            raise Fault(f"it has no {_place(where, name)}")
    rest = {name: value for name, value in given.items() if name not in known}
    if rest and not _has_rest(kind):
        raise Foreign(f"{_place(where, next(iter(rest)))} is unknown")
    if rest:
        found[_REST] = rest
    try:
        return kind(**found)
    except UsageError as error:
        raise Foreign(f"{where}: {error}") from None


def written(record: Any) -> dict[str, Any]:
    """The fields of a flat dataclass as JSON takes them: what is None is left out, `rest` last."""
    own = {field.name: getattr(record, field.name) for field in fields(record)}
    rest = own.pop(_REST)
    return {**{name: value for name, value in own.items() if value is not None}, **rest}


def flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an object of objects, under their own names alone."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        found |= flat(value) if isinstance(value, Mapping) else {name: value}
    return found


def is_a(value: object, kind: type) -> bool:
    """Whether a JSON value is of the type: a boolean is no number, and a number is finite."""
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        try:
            return isinstance(value, int | float) and math.isfinite(value)
        except OverflowError:
            return False
    return isinstance(value, kind)


def _object(document: object, where: str) -> Mapping[str, Any]:
    _need(document, dict, where)
    assert isinstance(document, dict)
    return document


def _need(value: object, kind: type, where: str) -> None:
    if not is_a(value, kind):
        raise Fault(f"its {where} is not {_WORDS[kind]}")


def _place(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _fields(kind: type) -> tuple[dict[str, Any], frozenset[str]]:
    """The types of a dataclass's fields, and which of them may be missing."""
    if kind not in _KNOWN:
        _KNOWN[kind] = _told_fields(kind)
    return _KNOWN[kind]


def _told_fields(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    hints = get_type_hints(kind, include_extras=True)
    listed = [field for field in fields(kind) if field.name != _REST]
    optional = {f.name for f in listed if f.default is not MISSING and f.default in (None, ())}
    return {field.name: hints[field.name] for field in listed}, frozenset(optional)


def _has_rest(kind: type) -> bool:
    return any(field.name == _REST for field in fields(kind))


def _ranged(value: Any, kind: type, range_: Within, where: str) -> Any:
    if not is_a(value, kind) or value not in range_:
        raise Fault(f"its {where} is not {_WORDS[kind]} {range_}")
    return value


def _value(value: Any, hint: Any, where: str) -> Any:
    if hint is Any:
        return value
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _ranged(value, inner[0], inner[1], where)
    if origin in (Union, UnionType):
        [other] = [one for one in inner if one is not NoneType]
        return None if value is None else _value(value, other, where)
    if origin is Literal:
        _need(value, type(inner[0]), where)
        if value not in inner:
            raise Foreign(f"its {where} {value!r} is unknown")
        return value
    if origin is tuple:
        _need(value, list, where)
        return tuple(_value(item, inner[0], f"{where}[]") for item in value)
    if origin is Mapping:
        given = _object(value, where)
        return {name: _value(item, inner[1], _place(where, name)) for name, item in given.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, value, where)
    _need(value, hint, where)
    return value
