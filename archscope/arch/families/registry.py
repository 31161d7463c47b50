"""All families, found in the files of this folder, and imported as they are asked for.

A file that is named like the beginning of a name (`resnext.py` for `resnext50_32x4d`) is looked at
first; the others are imported where that finds nothing, or where all are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from archscope.arch.families.family import Family, Reading
from archscope.arch.families.own import own_families
from archscope.arch.families.spelling import PREFIXES

_PACKAGE = "archscope.arch.families"
_RESIDUAL = ("residual", "regnet")  # the folders of the families that lists begin with


def families() -> list[Family[Any]]:
    """Every family of archscope: those of ImageNet first, of these the residual ones; by year."""
    every = [one for module in _modules() for one in declared(module)]
    return sorted(every, key=_order)


def _order(one: Family[Any]) -> tuple[bool, bool, int]:
    room = _made_in(one).rpartition(".")[0].rpartition(".")[2]
    return one.classes != 1000, room not in _RESIDUAL, one.year or 9999


def named(name: str) -> Family[Any] | None:
    """The family of this name; None where there is none."""
    found = (one for module in _likely(name) for one in declared(module) if one.name == name)
    return next(found, None)


def read(text: str) -> Reading | None:
    """A name (normal, see `spelling.normal`), read by the family that it belongs to.

    Raises:
        UsageError: where it is a family's, but breaks a rule.
    """
    for module in _likely(text):
        for one in declared(module):
            if found := one.read(text):
                return found
    return None


def likely(text: str) -> list[Family[Any]]:
    """The families that are spelled like the beginning of a text; none, where none is.

    Otherwise those of the file that is named like it.
    """
    named = [one for module in _modules() if _begins(module, text) for one in declared(module)]
    plain = _plain(text)
    closer = [one for one in named or families() if plain.startswith(tuple(_beginnings(one)))]
    return closer or named


@cache
def declared(module: str) -> tuple[Family[Any], ...]:
    """The families that a module of archscope declares, in order."""
    found = vars(import_module(module)).values()
    return tuple(one for one in found if isinstance(one, Family) and _made_in(one) == module)


def restored(place: str, module: str, name: str) -> Family[Any]:
    """A family that was pickled."""
    every = own_families(Path(place)) if place else declared(module)
    return next(one for one in every if one.name == name)


def _made_in(one: Family[Any]) -> str:
    return str(one.function.__module__)


def _likely(text: str) -> Iterator[str]:
    """The modules in the order in which they are looked at."""
    first = sorted((one for one in _modules() if _begins(one, text)), key=len, reverse=True)
    yield from first
    yield from (one for one in _modules() if one not in first)


def _begins(module: str, text: str) -> bool:
    return _plain(text).startswith(module.rpartition(".")[2].replace("_", ""))


def _beginnings(one: Family[Any]) -> Iterator[str]:
    """The words that names of a family begin with."""
    yield one.name.replace("_", "")
    for form in (one.names.form, *one.names.aliases):
        if beginning := _plain(form.partition("{")[0].partition("[")[0]):
            yield beginning


def _plain(text: str) -> str:
    """A text without its prefix and underscores."""
    first, _, rest = text.partition("_")
    return (rest if first in PREFIXES else text).replace("_", "")


@cache
def _modules() -> tuple[str, ...]:
    """The files of the sub-folders, each named by what its families' names begin with."""
    import archscope.arch.families as package

    return tuple(
        f"{_PACKAGE}.{room.name}.{module.name}"
        for room in iter_modules(package.__path__)
        if room.ispkg
        for module in iter_modules([str(Path(package.__path__[0], room.name))])
    )
