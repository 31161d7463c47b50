"""The node that all others are made from: its label, its parts, its checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, TypeAlias

from archscope.arch.arrays import is_array, whole
from archscope.arch.readings import unknown
from archscope.errors import UsageError

Kernel: TypeAlias = "int | tuple[int, int]"
# Marks a field that came later: at its default it is not shown, so that the text of a tree, which
# goes into the keys of trials, stays what it was.
LATER = {"later": True}
_PLAIN = frozenset({bool, float, int, str, tuple, type(None)})  # what most fields hold: no arrays


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """A part of a network. Equality and hash go by content, and refuse arrays."""

    label: str | None = field(default=None, kw_only=True)

    def parts(self) -> Iterator[Node]:
        """The nodes directly below this one, in order."""
        yield from ()

    def _make_whole(self, *names: str, least: int = 1) -> None:
        """Check the numbers of these fields (at least 1 each) and keep them as int or int64."""
        for name in names:
            value = getattr(self, name)
            if type(value) is not int or value < least:
                what = f"{type(self).__name__}'s {name}"
                object.__setattr__(self, name, whole(value, what, least))

    def _check_window(self, value: object, least: int = 1) -> None:
        """Check a kernel or padding: an int or (height, width), not an array of designs."""
        entries = value if isinstance(value, tuple) else (value,)
        if not all(type(entry) is int and entry >= least for entry in entries):
            raise UsageError(
                f"the window of a {type(self).__name__.lower()} must be an int or (height, "
                f"width) of at least {least}, not {value}"
            )

    def with_parts(self, parts: list[Node]) -> Node:
        """The same node over other parts, one for each of `parts()`."""
        if parts:
            raise unknown(self, "kind")
        return self

    def __repr__(self) -> str:
        shown = (
            f"{entry.name}={getattr(self, entry.name)!r}"
            for entry in fields(self)
            if entry.metadata != LATER or getattr(self, entry.name) != entry.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def _content(self) -> tuple[Any, ...]:
        kind: Any = type(self)
        content = tuple([getattr(self, name) for name in _names(kind)])
        if any(map(is_array, content)):
            raise UsageError(
                f"{type(self).__name__} holds an array of designs, which can only be counted; "
                "make the tree from plain numbers to build, compare or rewrite it"
            )
        return content

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Node)
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._content()))


@cache
def _names(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a kind of node."""
    return tuple(entry.name for entry in fields(kind))


def array_fields(node: Node) -> dict[str, Any]:
    """The fields of a node (not of its parts) that hold an array of designs."""
    return {
        name: value
        for name, value in vars(node).items()
        if type(value) not in _PLAIN and is_array(value)
    }


def with_arrays(node: Node, arrays: dict[str, Any]) -> Node:
    """The same node with other arrays in these fields, of numbers that it held before."""
    other = object.__new__(type(node))
    vars(other).update(vars(node), **arrays)
    return other
