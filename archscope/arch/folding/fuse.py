"""Branches that are added up, as one convolution: RepVGG (arXiv 2101.03697, section 3.3).

Each branch is a convolution with batch norm, or batch norm alone, and all keep or halve the map in
the same way. In eval mode batch norm is a factor and a shift a channel, so that a branch is a
convolution with a bias; a smaller kernel is a larger one with zeros around it, the identity a 1x1.
So their sum is one convolution with a bias, of the largest of the kernels.
"""

from __future__ import annotations

from typing import NamedTuple

from archscope.arch.nodes import Conv, Node, Norm, Seq, Sum
from archscope.arch.rebuild import placed, rebuild
from archscope.arch.shape import join
from archscope.arch.windows import conv_padding, pair

FUSED = "rbr_reparam"  # as RepVGG's authors call it


class Branch(NamedTuple):
    """Where the weights of a branch are, paths as in a state dict.

    Attributes:
        conv: of its convolution; None where the branch is batch norm alone.
        norm: of its batch norm.
        eps: of that.
    """

    conv: str | None
    norm: str
    eps: float


class Fusion(NamedTuple):
    """What becomes one convolution: that, and the branches that it is the sum of."""

    conv: Conv
    branches: tuple[Branch, ...]


def fused(tree: Node) -> Node:
    """The tree with one convolution in place of each sum of branches that is one in eval mode."""
    return rebuild(tree, lambda node: _fused(node) or node)


def fusions(tree: Node) -> dict[str, Fusion]:
    """The convolutions that `fused` makes of a tree, by their path, with what they are made of.

    Raises:
        UsageError: where the tree holds arrays.
    """
    hash(tree)  # refuses arrays
    found: dict[str, Fusion] = {}
    for path, node in placed(tree):
        if conv := _fused(node):
            branches = tuple(_branch(branch, path) for branch in node.parts())
            place = path if node.label else join(path, FUSED)
            found[place] = Fusion(conv, branches)
    return found


def _fused(node: Node) -> Conv | None:
    """The convolution that a sum is in eval mode; None where it is none."""
    if not isinstance(node, Sum) or node.scales is not None:
        return None
    layers = [_layers(branch) for branch in node.branches]
    kept = [found for found in layers if found is not None]
    convs = [conv for conv, _ in kept if conv is not None]
    if len(kept) < len(layers) or not convs:
        return None
    first, *others = convs
    alike = all(
        (conv.out, conv.stride, conv.groups) == (first.out, first.stride, first.groups)
        for conv in others
    )
    if not alike or (len(convs) < len(kept) and first.stride != 1):
        return None
    heights, widths = zip(*(pair(conv.kernel) for conv in convs), strict=True)
    height, width = max(heights), max(widths)
    kernel = height if height == width else (height, width)
    return Conv(first.out, kernel, first.stride, first.groups, bias=True, label=node.label or FUSED)


def _layers(branch: Node) -> tuple[Conv | None, Norm] | None:
    """The convolution and batch norm of a branch; None where it is anything else."""
    parts = branch.children if isinstance(branch, Seq) else (branch,)
    *before, norm = parts or (branch,)
    if not isinstance(norm, Norm) or norm.kind != "batch" or not norm.label or len(before) > 1:
        return None
    if not before:
        return None, norm
    (conv,) = before
    if not isinstance(conv, Conv) or not conv.label or not _keeps_the_middle(conv):
        return None
    return conv, norm


def _keeps_the_middle(conv: Conv) -> bool:
    """Whether its kernel has a middle, which stands on the same place as that of a 1x1."""
    sides = pair(conv.kernel)
    return all(side % 2 for side in sides) and conv_padding(conv) == tuple(
        side // 2 for side in sides
    )


def _branch(branch: Node, path: str) -> Branch:
    conv, norm = _layers(branch) or (None, None)
    assert norm is not None, "it was fused"
    inner = join(path, branch.label) if isinstance(branch, Seq) else path
    place = None if conv is None else join(inner, conv.label)
    return Branch(place, join(inner, norm.label), norm.eps)
