"""A network: a tree with its name, its input, and how it is initialised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archscope.arch.nodes import Node, Pool, Repeat, Seq
from archscope.arch.shape import Shape, output_shape


@dataclass(frozen=True)
class Network:
    """A tree and what one must know beside it.

    Attributes:
        name: canonical spelling; made from the numbers where a family was called directly.
        tree: a `Seq` of stem, stages and head.
        input: (channels, height, width).
        init: He normal by `fan_out` (ResNet, ResNeXt) or `fan_in` (Wide ResNet).
        template: the unscaled `CxWd`, where the network has one.
    """

    name: str
    tree: Seq
    input: Shape
    init: Literal["fan_out", "fan_in"] = "fan_out"
    template: str | None = None

    @property
    def classes(self) -> int:
        """Number of outputs."""
        classes: int = output_shape(self.tree, self.input)[0]
        return classes


@dataclass(frozen=True)
class Stage:
    """A row of Table 1.

    Attributes:
        name: `conv1`, `conv2`, ... and `head`.
        nodes: the stage's part of the tree.
        input, output: shapes (channels, height, width).
        repeat: the blocks, where the row has any.
    """

    name: str
    nodes: Seq
    input: Shape
    output: Shape
    repeat: Repeat | None


def stages(network: Network) -> list[Stage]:
    """Cut a network into the rows of the paper's Table 1.

    Every `Repeat` at the top level is a row, together with a pooling just before it (the max pool
    belongs to conv2); what stands before the first is conv1, what follows the last is the head.
    """
    groups: list[list[Node]] = [[]]
    repeats: list[Repeat | None] = [None]
    for child in network.tree.children:
        if isinstance(child, Repeat):
            before = groups[-1]
            lead = [before.pop()] if before and isinstance(before[-1], Pool) else []
            if not before and repeats[-1] is None:
                groups.pop(), repeats.pop()
            groups += [[*lead, child], []]
            repeats += [child, None]
        else:
            groups[-1].append(child)
    names = [f"conv{index + 1}" for index in range(len(groups) - 1)] + ["head"]
    if not groups[-1]:
        groups.pop(), repeats.pop(), names.pop()
    rows, shape = [], network.input
    for name, nodes, repeat in zip(names, groups, repeats, strict=True):
        part = Seq(*nodes)
        output = output_shape(part, shape)
        rows.append(Stage(name, part, shape, output, repeat))
        shape = output
    return rows
