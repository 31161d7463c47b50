"""All nodes of a tree: each at its place, or the tree made anew from another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archscope.arch.nodes import Node, Repeat
from archscope.arch.shape import join


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree with every node replaced by what `change` makes of it, parts first."""
    parts = list(node.parts())
    changed = [rebuild(part, change) for part in parts]
    kept = all(new is old for new, old in zip(changed, parts, strict=True))
    return change(node if kept else node.with_parts(changed))


def placed(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every node of a tree with the path of its parts, the blocks of a stage one by one."""
    path = join(path, node.label)
    yield path, node
    if isinstance(node, Repeat):
        for index in range(node.n):
            yield from placed(node.first if index == 0 else node.rest, join(path, str(index)))
        return
    for part in node.parts():
        yield from placed(part, path)
