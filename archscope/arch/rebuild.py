"""A tree made anew from another, node by node."""

from __future__ import annotations

from collections.abc import Callable

from archscope.arch.nodes import Node


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree with every node replaced by what `change` makes of it, parts first."""
    parts = list(node.parts())
    changed = [rebuild(part, change) for part in parts]
    kept = all(new is old for new, old in zip(changed, parts, strict=True))
    return change(node if kept else node.with_parts(changed))
