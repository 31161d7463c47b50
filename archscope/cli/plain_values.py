"""Values on the command line that need no check by Typer.

Typer 0.28 and newer check each value with pydantic, whose import takes longer than a whole
`archscope solve`. A value that is plainly right (absent, any text, a number within its bounds, a
word of a StrEnum, a path that can be read or does not exist) is therefore made here; every other
one, and so every mistake of a user, is left to Typer. In a path `~` is the home.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, get_args

# Context settings of every command: Typer checks a flag of its own that is absent, but not one that
# is False.
_FLAGS = ("help", "version", "install_completion", "show_completion")
UNASKED = {"default_map": dict.fromkeys(_FLAGS, False)}


def accept_plain_values(command: Any, function: Callable[..., Any]) -> None:
    """Let `command`, which Typer made from `function`, take plain values unchecked.

    `function` declares its parameters as `Annotated[type, typer.Option(...)]`.
    """
    declared = inspect.signature(function, eval_str=True).parameters
    for parameter in command.params:
        if parameter.name in declared and parameter.callback is None:
            kind, option, *_ = get_args(declared[parameter.name].annotation)
            checked = parameter.process_value
            parameter.process_value = partial(_process, parameter, kind, option, checked)


def _process(parameter: Any, kind: Any, option: Any, checked: Any, context: Any, value: Any) -> Any:
    """`value` as the type `kind`, or as Typer makes it (`checked`), errors included."""
    several = parameter.multiple or parameter.nargs == -1
    if _present(kind) is Path and isinstance(value, str):
        from archscope.files import at_home

        value = str(at_home(value))  # a shell leaves the ~ of --option=~/file as it is
    if value is None and not parameter.required:
        return () if several else None
    try:
        if several and value:
            return tuple(_plain(one, get_args(_present(kind))[0], option) for one in value)
        return _plain(value, _present(kind), option)
    except (OSError, TypeError, ValueError):
        return checked(context, value)


def _present(kind: Any) -> Any:
    """`T` of `T | None`; any other type as it is."""
    if NoneType not in get_args(kind):
        return kind
    (present,) = (one for one in get_args(kind) if one is not NoneType)
    return present


def _plain(value: Any, kind: Any, option: Any) -> Any:
    """`value` as a `kind`; ValueError or TypeError where Typer should look at it."""
    if kind is int or kind is float:
        if not str(value).isascii():  # pydantic takes no other digits than these
            raise ValueError
        number = kind(value)
        low = -float("inf") if option.min is None else option.min
        high = float("inf") if option.max is None else option.max
        if low <= number <= high:
            return number
    elif kind is str and isinstance(value, str):
        return value
    elif issubclass(kind, StrEnum):
        return kind(value)
    elif kind is Path and (os.access(value, os.R_OK) or not Path(value).exists()):
        return Path(value)
    raise ValueError
