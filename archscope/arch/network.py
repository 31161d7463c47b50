"""A network: a tree with its name, its input, and how it is initialised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log2
from typing import Any, Literal, NamedTuple

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
from archscope.arch.shape import output_shape
from archscope.arch.windows import Shape
from archscope.errors import UsageError
from archscope.short_repr import ShortRepr


class Design(NamedTuple):
    """A family with its numbers: `family.network(numbers)` is the network.

    `family` is an `archscope.arch.families.family.Family`; `numbers` are by the parameters of its
    function, canonical, and arrays where the network is many designs.
    """

    family: Any
    numbers: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Network(ShortRepr):
    """A tree and what one must know beside it.

    Attributes:
        name: canonical spelling; made from the numbers where a family was called directly.
        tree: a `Seq` of stem, stages and head.
        input: (channels, height, width).
        init: He normal by `fan_out` (ResNet, ResNeXt) or `fan_in` (Wide ResNet).
        template: the unscaled `CxWd`, where the network has one.
        design: the family with its numbers; None where no family made the tree. It follows from
            the rest, and is no part of a comparison.
        notes: what must be said of the name that it was asked for by; no part of a comparison.
    """

    name: str
    tree: Seq
    input: Shape
    init: Literal["fan_out", "fan_in"] = "fan_out"
    template: str | None = None
    design: Design | None = field(default=None, compare=False, repr=False)
    notes: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @cached_property
    def classes(self) -> int:
        """Number of outputs."""
        classes: int = output_shape(self.tree, self.input)[0]
        return classes

    @property
    def notes_said(self) -> tuple[str, ...]:
        """The notes as sentences of a table."""
        return tuple(f"{note}." for note in self.notes)

    def _repr_html_(self) -> str:
        """What a notebook shows: the name, and the output of each stage."""
        from html import escape

        rows = [("input", 1, self.input)]
        rows += [(s.name, s.repeat.n if s.repeat else 1, s.output) for s in stages(self)]
        cells = (
            f"<tr><td>{name}</td><td>{blocks}</td><td>{'×'.join(map(str, shape))}</td></tr>"
            for name, blocks, shape in rows
        )
        head = "<tr><th>stage</th><th>blocks</th><th>output</th></tr>"
        return f"<table><caption>{escape(self.name)}</caption>{head}{''.join(cells)}</table>"


@dataclass(frozen=True)
class Stage:
    """A row of Table 1.

    Attributes:
        name: `conv1`, `conv2`, ... and `head`; `aux` for a side head.
        nodes: the stage's part of the tree.
        input, output: shapes (channels, height, width).
        repeat: the blocks, where the row is one stage of them.
    """

    name: str
    nodes: Seq
    input: Shape
    output: Shape
    repeat: Repeat | None


def stages(network: Network) -> list[Stage]:
    """Cut a network into the rows of the paper's Table 1.

    Every `Repeat` at the top level is a row, together with a pooling just before it (the max pool
    belongs to conv2), and so is every unlabelled `Seq` there (Inception's grids). What stands
    before the first is conv1, what follows the last is the head. A side head is a row of its own,
    `aux`, through which the input passes unchanged.
    """
    groups = _groups(network.tree.children)
    rows: list[Stage] = []
    shape, number = network.input, 0
    for index, (kind, nodes) in enumerate(groups):
        if kind == "aux":
            name = "aux"
        elif kind == "loose" and index == len(groups) - 1:
            name = "head"
        else:
            number += 1
            name = f"conv{number}"
        part = Seq(*nodes)
        output = output_shape(part, shape)
        last = nodes[-1]
        repeat = last if kind == "stage" and isinstance(last, Repeat) else None
        rows.append(Stage(name, part, shape, output, repeat))
        shape = output
    return rows


def _groups(children: tuple[Node, ...]) -> list[tuple[str, list[Node]]]:
    """The nodes of each row, with what it is: `loose` nodes, a `stage`, a `grid` or an `aux`."""
    groups: list[tuple[str, list[Node]]] = []
    for child in children:
        before = groups[-1][1] if groups and groups[-1][0] == "loose" else []
        match child:
            case Repeat() | Grow():
                lead = [before.pop()] if before and isinstance(before[-1], Pool) else []
                if lead and not before:
                    groups.pop()
                groups.append(("stage", [*lead, child]))
            case Seq(label=None) if child.children:
                groups.append(("grid", list(child.children)))
            case Aux(label=None):
                groups.append(("aux", [Aux(Seq(), child.side)]))
                main = child.main
                groups += _groups(main.children if isinstance(main, Seq) else (main,))
            case (Conv() | Norm() | Act() | Pool() | Linear() | Dropout() | Shuffle() | Gain()) | (
                Seq() | Sum() | Cat() | Shortcut() | Aux() | Gate() | Split()
            ):
                if before:
                    before.append(child)
                else:
                    groups.append(("loose", [child]))
            case _:
                raise unknown(child, "stages")
    return groups


class Feature(NamedTuple):
    """An output of a network on its way.

    Attributes:
        node: what gives it.
        channels: of the map.
        stride: how many pixels of the input one of the map is wide.
    """

    node: Node
    channels: int
    stride: int


def headless(network: Network) -> Network:
    """The network without its head: from the last pooling of the whole map on, or the classifier.

    It ends in (C, H, W). Side heads go as well.

    Raises:
        UsageError: where it has neither, so that nothing says where its head begins.
    """
    nodes = _unfolded(network.tree)
    heads = [at for at, node in enumerate(nodes) if _pools_all(node)]
    end = next((at for at in heads if any(isinstance(n, Linear) for n in nodes[at:])), None)
    if end is None:
        classifiers = [at for at, n in enumerate(nodes) if isinstance(n, (Conv, Linear))]
        end = classifiers[-1] if classifiers else 0
    while end and isinstance(nodes[end - 1], Dropout):
        end -= 1
    if not end:
        raise UsageError(
            f"a head is a pooling of the whole map or a classifier, which {network.name} lacks; "
            "build it as it is"
        )
    return replace(network, tree=Seq(*nodes[:end], label=network.tree.label))


def features(network: Network) -> list[Feature]:
    """The last output of a stage at each stride, the smallest stride first.

    A stride that no stage has gives the last layer's there. `network` has no head.
    """
    shape, stride, found = network.input, 1, dict[int, tuple[bool, Feature]]()
    for node in network.tree.children:
        before, shape = shape, output_shape(node, shape)
        stride, whole = stride * _stride(node, before, shape), bool(list(node.parts()))
        if whole or stride not in found or not found[stride][0]:
            found[stride] = whole, Feature(node, int(shape[0]), stride)
    return [feature for _, feature in found.values()]


def _stride(node: Node, before: Shape, after: Shape) -> int:
    """How many pixels before are one after: of several layers the nearest power of two.

    Layers without padding make a map a little smaller still.
    """
    if isinstance(node, (Conv, Pool)) and not _pools_all(node):
        return int(node.stride)
    return 1 << max(0, round(log2(before[1] / after[1])))


def _unfolded(node: Node) -> list[Node]:
    """The nodes that run one after the other, through unlabelled sequences and past side heads."""
    if isinstance(node, Aux) and node.label is None:
        return _unfolded(node.main)
    if not isinstance(node, Seq):
        return [node]
    parts = []
    for child in node.children:
        plain = isinstance(child, (Seq, Aux)) and child.label is None
        parts += _unfolded(child) if plain else [child]
    return parts


def _pools_all(node: Node) -> bool:
    return isinstance(node, Pool) and node.kind in ("global", "adaptive")
