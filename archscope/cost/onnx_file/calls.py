"""How many nodes a walk goes through: those of functions as often as they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from archscope.cost.onnx_file.node import domain_of
from archscope.cost.onnx_file.values import NotOnnx
from archscope.errors import shown

MOST_NODES = 50_000
MOST_DEPTH = 40  # of functions and bodies in each other

Key: TypeAlias = tuple[str, str, str]


def key_of(proto: Any) -> Key:
    """Of a function, or of a node that may call it: domain, name, overload."""
    name = proto.op_type if hasattr(proto, "op_type") else proto.name
    return domain_of(proto.domain), name, getattr(proto, "overload", "")


class Calls:
    """The functions of a model and what calls them."""

    def __init__(self, functions: Sequence[Any]) -> None:
        self.functions = {key_of(one): one for one in functions}
        self._extents: dict[Key, tuple[int, int]] = {}

    def check(self, nodes: Sequence[Any]) -> None:
        """Refuse nodes that a walk would not get through.

        Raises:
            NotOnnx: where a function calls itself, or there are too many calls.
        """
        self._extent(nodes, (), 0)

    def _extent(self, nodes: Sequence[Any], inside: tuple[Key, ...], level: int) -> tuple[int, int]:
        """How many nodes there are, and how deep functions and bodies stand in each other."""
        if level > MOST_DEPTH:
            raise NotOnnx(f"its functions and bodies are more than {MOST_DEPTH} deep")
        total, deepest = 0, level
        for node in nodes:
            inner = [
                self._extent(graph.node, inside, level + 1)
                for entry in node.attribute
                for graph in (entry.g, *entry.graphs)
                if graph.node
            ]
            if (key := key_of(node)) in self.functions:
                inner.append(self._of_function(key, inside, level + 1))
            total += 1 + sum(count for count, _ in inner)
            deepest = max(deepest, *(depth for _, depth in inner), level)
            if total > MOST_NODES:
                raise NotOnnx(f"it has more than {MOST_NODES:,} nodes, with those of functions")
        return total, deepest

    def _of_function(self, key: Key, inside: tuple[Key, ...], level: int) -> tuple[int, int]:
        if key in inside:
            raise NotOnnx(f"its function '{shown(key[1])}' calls itself")
        if key not in self._extents:
            nodes = self.functions[key].node
            count, deepest = self._extent(nodes, (*inside, key), level)
            self._extents[key] = count, deepest - level
        count, depth = self._extents[key]
        if level + depth > MOST_DEPTH:
            raise NotOnnx(f"its functions and bodies are more than {MOST_DEPTH} deep")
        return count, level + depth
