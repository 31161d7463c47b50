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
        self._sizes: dict[Key, int] = {}

    def check(self, nodes: Sequence[Any]) -> None:
        """Refuse nodes that a walk would not get through.

        Raises:
            NotOnnx: where a function calls itself, or there are too many calls.
        """
        self._size(nodes, ())

    def _size(self, nodes: Sequence[Any], inside: tuple[Key, ...]) -> int:
        if len(inside) > MOST_DEPTH:
            raise NotOnnx(f"its functions call each other more than {MOST_DEPTH} deep")
        total = 0
        for node in nodes:
            key = key_of(node)
            total += 1 + (self._called(key, inside) if key in self.functions else 0)
            for entry in node.attribute:
                for graph in (entry.g, *entry.graphs):
                    total += self._size(graph.node, inside)
            if total > MOST_NODES:
                raise NotOnnx(f"it has more than {MOST_NODES:,} nodes, with those of functions")
        return total

    def _called(self, key: Key, inside: tuple[Key, ...]) -> int:
        if key in inside:
            raise NotOnnx(f"its function '{shown(key[1])}' calls itself")
        if key not in self._sizes:
            self._sizes[key] = self._size(self.functions[key].node, (*inside, key))
        return self._sizes[key]
