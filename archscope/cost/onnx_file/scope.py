"""What the walk through a graph carries along: the costs so far, and the names of each graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from archscope.cost.onnx_file.node import domain_of
from archscope.cost.onnx_file.values import MOST, NotOnnx, Value
from archscope.errors import shown


@dataclass
class Tally:
    """What the nodes walked so far cost."""

    macs: int = 0
    activations: int = 0
    uncounted: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally, times: int = 1) -> None:
        """Add what a body costs that runs so often."""
        self.macs += times * other.macs
        self.activations += times * other.activations
        self.uncounted += other.uncounted
        if max(self.macs, self.activations) > MOST:
            raise NotOnnx("it has more than 2^63 - 1 multiply-adds")


@dataclass
class Scope:
    """The names of a graph or function.

    Attributes:
        path: tells this graph from all others of the file.
        opsets: `onnx.OperatorSetIdProto`s.
        bound: the attributes that a function was called with; None outside of functions.
        outer: the scope around a body.
    """

    path: str
    opsets: Sequence[Any]
    bound: Mapping[str, Any] | None = None
    outer: Scope | None = None
    declared: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Value | None] = field(default_factory=dict)

    def bind(self, name: str, value: Value | None) -> None:
        """Name a value; an empty name is none."""
        if name in self.names:
            raise NotOnnx(f"two of its nodes give '{shown(name)}'")
        if name:
            self.names[name] = value

    def read(self, name: str, reader: str) -> Value | None:
        """The value of a name, here or further out."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        raise NotOnnx(f"{reader} takes '{shown(name)}', which nothing before it gives")

    def version(self, domain: str) -> int:
        """The version of a domain's operators, 0 where none is named."""
        found = [int(one.version) for one in self.opsets if domain_of(one.domain) == domain]
        if found and not 0 < found[0] < 2**31:
            raise NotOnnx("it names a version of operators that cannot be")
        return found[0] if found else 0


class Walker(Protocol):
    """What the operators with bodies need of the walk."""

    tally: Tally

    def hold(self, graph: Any, scope: Scope) -> None:
        """Name what a graph holds."""

    def graph(self, graph: Any, scope: Scope) -> list[Value]:
        """Walk a graph whose inputs are bound."""

    def apart(self) -> AbstractContextManager[Tally]:
        """A tally of its own for what is walked inside."""
