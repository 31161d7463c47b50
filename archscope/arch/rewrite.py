"""One block in three forms: Figures 3 and 4 of the ResNeXt paper (arXiv 1611.05431) on trees.

Form (c) is a block as the families write it: dense, grouped, dense convolution. Form (b) has a path
for each group, [1x1, 3x3], and concatenates them before the last convolution. Form (a) gives each
path a piece of that one too, and adds the paths up; what follows it (batch norm) stands after the
sum, as the paper's footnote 6 has it. Parameters and multiply-adds are the same in all forms.

A block of two convolutions (Fig. 4) is rewritten alike, into as many paths as one likes: adding up
narrow paths is a wide dense block, and there is nothing to group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias

from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Dropout,
    Gain,
    Gate,
    Grow,
    Linear,
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Shuffle,
    Split,
    Sum,
)
from archscope.arch.readings import unknown
from archscope.arch.rebuild import placed, rebuild
from archscope.arch.shape import join
from archscope.errors import UsageError

Form: TypeAlias = Literal["a", "b", "c"]
PATHS = "paths"


class Cut(NamedTuple):
    """Where the weights of one leaf of form (c) are in another form.

    Attributes:
        leaves: the paths of the leaves that it became, in order; paths as in a state dict.
        axis: along which the weights are cut: 0 for output channels, 1 for input channels.
    """

    leaves: tuple[str, ...]
    axis: int


class Block(NamedTuple):
    """The convolutions of a block in form (c), and what is between them.

    Attributes:
        layers: from the first convolution to before the last one; all act on each path alone.
        last: the convolution that brings the paths together.
        start: the place of the first of them among the parts of their sequence.
    """

    layers: tuple[Node, ...]
    last: Conv
    start: int

    @property
    def depth(self) -> int:
        """Convolutions of the block: 3 (Fig. 3) or 2 (Fig. 4)."""
        return sum(isinstance(layer, Conv) for layer in self.layers) + 1

    @property
    def first(self) -> Conv:
        """The convolution that every path starts with its part of."""
        (first, *_) = (layer for layer in self.layers if isinstance(layer, Conv))
        return first

    def paths(self, asked: int | None) -> int:
        """The paths of the block: its groups, or as many as asked for where there are no groups.

        Raises:
            UsageError: where the block has two convolutions, and the number does not divide it.
        """
        if self.depth == 3:
            (grouped,) = (layer for layer in self.layers[1:] if isinstance(layer, Conv))
            return int(grouped.groups)
        if asked is None or asked < 1 or self.first.out % asked:
            given = "" if asked is None else f", and {asked} does not"
            raise UsageError(
                "a block of two convolutions is cut into paths of equal width, so their number "
                f"must divide its inner width {self.first.out}{given}; use a divisor, as "
                f"{largest_divisor(self.first.out, 32)}"
            )
        return asked


def largest_divisor(width: int, most: int) -> int:
    """The largest divisor of `width` that is at most `most`."""
    return max(number for number in range(1, most + 1) if width % number == 0)


def to_form(tree: Node, form: Form, paths: int | None = None) -> Node:
    """The tree with every block that has the three forms in `form`, from whichever it is in.

    Args:
        tree: of plain numbers. What has not the three forms stays as it is.
        form: `a` aggregated paths, `b` early concatenation, `c` grouped (or dense) convolutions.
        paths: of blocks of two convolutions, which have no groups that say it.

    Raises:
        UsageError: where the tree holds arrays, or `paths` does not divide a block.
    """
    hash(tree)  # refuses arrays
    _refuse_unknown(tree)
    tree = rebuild(tree, _merge)
    if form == "c":
        return tree
    return rebuild(tree, lambda node: _split(node, form, paths))


def blocks(tree: Node) -> list[tuple[str, Block]]:
    """The blocks of a tree in form (c) that have the three forms, by their paths in the tree."""
    _refuse_unknown(tree)
    found = ((path, block_of(node)) for path, node in placed(tree))
    return [(path, block) for path, block in found if block is not None]


def cuts(tree: Node, form: Form, paths: int | None = None) -> dict[str, Cut]:
    """What becomes of the leaves of a tree in form (c) in another: those that are cut, by path."""
    table: dict[str, Cut] = {}
    for path, block in blocks(tree) if form != "c" else ():
        number = block.paths(paths)
        cut = [*((leaf, 0) for leaf in block.layers), *([(block.last, 1)] if form == "a" else [])]
        for leaf, axis in cut:
            if leaf.label is not None:
                leaves = [
                    join(join(path, PATHS), f"{index}.{leaf.label}") for index in range(number)
                ]
                table[join(path, leaf.label)] = Cut(tuple(leaves), axis)
    return table


def block_of(node: Node) -> Block | None:
    """The convolutions of a sequence, where they are a block in form (c) that has the other forms.

    Between them there may only be batch norm and ReLU, which act on each channel alone.
    """
    if not isinstance(node, Seq):
        return None
    places = [index for index, child in enumerate(node.children) if isinstance(child, Conv)]
    if len(places) not in (2, 3):
        return None
    layers, last = node.children[places[0] : places[-1]], node.children[places[-1]]
    assert isinstance(last, Conv)
    block = Block(layers, last, places[0])
    fits = all(
        _acts_on_each_path(layer) and (isinstance(layer, Act) or layer.label is not None)
        for layer in (*layers, last)
    ) and (block.first.groups, last.groups, last.bias) == (1, 1, False)
    return block if fits else None


def _acts_on_each_path(node: Node) -> bool:
    """Whether a layer between the convolutions of a block does the same to each path alone."""
    match node:
        case Conv() | Norm(kind="batch") | Act() | Gain():
            return True
        case Norm() | Pool() | Linear() | Dropout() | Shuffle():
            return False
        case Seq() | Sum() | Cat() | Repeat() | Shortcut() | Aux() | Gate() | Split() | Grow():
            return False
    raise unknown(node, "rewrite")


def _refuse_unknown(node: Node) -> None:
    _acts_on_each_path(node)
    for part in node.parts():
        _refuse_unknown(part)


def _split(node: Node, form: Form, paths: int | None) -> Node:
    block = block_of(node)
    if block is None:
        return node
    assert isinstance(node, Seq)
    number = block.paths(paths)
    layers = [_narrow(layer, number) for layer in block.layers]
    path = [*layers, block.last] if form == "a" else layers
    branches = [Seq(*path, label=str(index)) for index in range(number)]
    together = (
        [Sum(*branches, label=PATHS)] if form == "a" else [Cat(*branches, label=PATHS), block.last]
    )
    end = block.start + len(block.layers) + 1
    return Seq(*node.children[: block.start], *together, *node.children[end:], label=node.label)


def _merge(node: Node) -> Node:
    """A sequence whose parts are in form (a) or (b), in form (c)."""
    if not isinstance(node, Seq):
        return node
    for index, child in enumerate(node.children):
        if isinstance(child, (Sum, Cat)) and child.label == PATHS and _alike(child.branches):
            path = list(child.branches[0].parts())
            layers, tail = (path[:-1], path[-1:]) if isinstance(child, Sum) else (path, [])
            merged = [*_widen(layers, len(child.branches)), *tail]
            return Seq(
                *node.children[:index], *merged, *node.children[index + 1 :], label=node.label
            )
    return node


def _alike(branches: Sequence[Node]) -> bool:
    """Whether they are sequences of the same parts."""
    same = [isinstance(branch, Seq) and tuple(branch.parts()) for branch in branches]
    return all(same) and len(list(groupby(same))) == 1


def _narrow(layer: Node, paths: int) -> Node:
    """One path's part of a layer."""
    return replace(layer, out=layer.out // paths, groups=1) if isinstance(layer, Conv) else layer


def _widen(layers: Sequence[Node], paths: int) -> list[Node]:
    """The layers of all paths at once: the first sees all of the input, the next ones a group."""
    wide: list[Node] = []
    groups = 1
    for layer in layers:
        if isinstance(layer, Conv):
            layer, groups = replace(layer, out=layer.out * paths, groups=groups), paths
        wide.append(layer)
    return wide
