"""Batch norm folded into the convolution before it: in eval mode both are one, with a bias.

Folded is each batch norm that stands right behind a convolution and alone reads it, in one sequence
or at the border of two; so is that of a shortcut's projection. One behind a sum, a concatenation or
a pool stays, and so does layer norm.
"""

from __future__ import annotations

from dataclasses import replace
from operator import is_

from archscope.arch.nodes import Conv, Node, Norm, Seq, Shortcut
from archscope.arch.rebuild import rebuild


def folded(tree: Seq) -> Seq:
    """The tree with a convolution with bias in place of each with batch norm; arrays are kept."""
    made = rebuild(Seq(*tree.children), _fold)
    assert isinstance(made, Seq)
    return Seq(*made.children, label=tree.label)


def _fold(node: Node) -> Node:
    if isinstance(node, Shortcut):
        return replace(node, norm=False, bias=True) if node.norm else node
    if not isinstance(node, Seq):
        return node
    kept: list[Node] = []
    for child in node.children:
        conv = _biased(kept[-1]) if kept else None
        rest = _without_norm(child) if conv is not None else None
        if conv is None or rest is None:
            kept.append(child)
            continue
        kept[-1] = conv
        if rest is not _NOTHING:
            kept.append(rest)
    same = len(kept) == len(node.children) and all(map(is_, kept, node.children))
    return node if same else node.with_parts(kept)


_NOTHING = Seq()


def _biased(node: Node) -> Node | None:
    """The node whose last layer, a convolution, has a bias; None where that is none."""
    if isinstance(node, Conv):
        return replace(node, bias=True)
    if isinstance(node, Seq) and node.children:
        last = _biased(node.children[-1])
        return None if last is None else node.with_parts([*node.children[:-1], last])
    return None


def _without_norm(node: Node) -> Node | None:
    """The node without its first layer, a batch norm; None where that is none."""
    if isinstance(node, Norm):
        return _NOTHING if node.kind == "batch" else None
    if isinstance(node, Seq) and node.children:
        first = _without_norm(node.children[0])
        if first is None:
            return None
        rest = [*([] if first is _NOTHING else [first]), *node.children[1:]]
        return node.with_parts(rest) if rest else _NOTHING
    return None
