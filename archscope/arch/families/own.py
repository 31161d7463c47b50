"""Families in a user's own file, as `examples/own_family.py:plainnet`.

Naming one runs the file: it is loaded alone, its folder is not searched for other modules.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from archscope.arch.families.family import Family, Reading
from archscope.arch.families.spelling import normal
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.files import at_home, read, reading
from archscope.running import running

_OWN = re.compile(r"(.+\.py):(.+)", re.DOTALL)


class Place(NamedTuple):
    """A file, and what is named in it."""

    path: Path
    name: str


def place_of(text: str) -> Place | None:
    """The file and the name of `FILE.py:NAME`; None for any other text."""
    found = _OWN.fullmatch(text.strip())
    return Place(at_home(found[1]), found[2]) if found else None


def check_named(text: str) -> None:
    """Raise UsageError for a Python file alone, without the name of what is meant in it."""
    if text.strip().endswith(".py"):
        raise UsageError(
            f"'{shown(text.strip())}' needs a name, as a file may hold several; write "
            "FILE.py:NAME, the name of a network, family or function in it"
        )


def lowered(text: str) -> str:
    """A name of a network in lower case, but for the file before it."""
    place = place_of(text)
    return f"{place.path}:{place.name.lower()}" if place else text.lower()


def load(path: Path) -> ModuleType:
    """The module of a Python file, run once as long as its content stays the same.

    Raises:
        UsageError: where the file cannot be read.
        ArchscopeError: where running it fails.
    """
    return _loaded(str(path), _content(path))


def own_families(path: Path) -> tuple[Family[Any], ...]:
    """The families of a user's file, in order; none where it does not even speak of archscope.

    Raises:
        UsageError, ArchscopeError: as `load`.
    """
    content = _content(path)
    return _families(str(path), content) if b"archscope" in content else ()


def read_own(place: Place) -> Reading | None:
    """The name, read by the family of the file that it belongs to; None where there is none.

    Raises:
        UsageError, ArchscopeError: as `load`, and where the name breaks a rule of its family.
    """
    for one in own_families(place.path):
        if found := one.read(normal(place.name)):
            return found
    return None


def readable(path: Path) -> bool:
    """Whether there is such a file, and it may be read."""
    try:
        _content(path)
    except UsageError:
        return False
    return True


def _content(path: Path) -> bytes:
    with reading(shown(str(path)), "give the path of a Python file", error=UsageError):
        return read(path)


@cache
def _loaded(path: str, content: bytes) -> ModuleType:
    import hashlib

    digest = hashlib.sha256(content).hexdigest()[:12]
    module = ModuleType(f"archscope_outside_{Path(path).stem}_{digest}")
    module.__file__ = path
    sys.modules[module.__name__] = module  # dataclasses and pickles look there
    try:
        with running(f"loading {shown(path)} (that file alone)"):
            exec(compile(content, path, "exec", dont_inherit=True), module.__dict__)
    except ArchscopeError as error:
        if isinstance(error.__cause__, ImportError) and "relative import" in str(error.__cause__):
            raise UsageError(
                f"{shown(path)} imports from its own package; write python:PACKAGE.MODULE:function "
                "and name the folder that holds the package in PYTHONPATH"
            ) from None
        raise
    return module


@cache
def _families(path: str, content: bytes) -> tuple[Family[Any], ...]:
    module = _loaded(path, content)
    return tuple(
        replace(one, place=path)
        for one in vars(module).values()
        if isinstance(one, Family) and one.function.__module__ == module.__name__
    )
