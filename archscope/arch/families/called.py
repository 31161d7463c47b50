"""Calling a family's function: what it gives, and what is said where a user's own fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol, TypeAlias, runtime_checkable

from archscope.arch.arrays import checked_once, is_array
from archscope.arch.nodes import Seq
from archscope.errors import ArchscopeError, UsageError
from archscope.running import told


@runtime_checkable
class Plan(Protocol):
    """What a function may give in place of a tree: choices that make one."""

    def tree(self) -> Seq:
        """The tree."""


Made: TypeAlias = "Seq | Plan"


def called(
    function: Callable[..., Made], own: str, numbers: Mapping[str, Any], classes: int
) -> Made:
    """What a function makes of numbers; `own` names it where it is a user's.

    Raises:
        UsageError: where it gives no tree, or as it raises it.
        ArchscopeError: where a user's own fails.
    """
    if not own:
        with checked_once():
            return function(**numbers, classes=classes)
    try:
        made: Any = function(**numbers, classes=classes)
    except ArchscopeError:
        raise
    except Exception as error:
        arrays = [name for name, value in numbers.items() if has_array(value)]
        hint = f"; if it takes no array of {' or '.join(arrays)}, give its Axis arrays=False"
        raise ArchscopeError(f"{own} failed with {told(error)}{hint if arrays else ''}") from error
    if not isinstance(made, (Seq, Plan)):
        raise UsageError(
            f"a family's function must return its tree, not {type(made).__name__}; have "
            f"{own} return a Seq"
        )
    return made


def has_array(value: Any) -> bool:
    """Whether a number, or one of those for each stage, is an array of designs."""
    return any(map(is_array, value)) if isinstance(value, tuple) else is_array(value)


def is_same(value: Any, other: Any) -> bool:
    """Whether a number is another; an array of designs is none."""
    return not has_array(value) and bool(value == other)


def restored(*where: str) -> Any:
    """A family that was pickled: found again, as the registry stands above this file."""
    return import_module("archscope.arch.families.registry").restored(*where)
