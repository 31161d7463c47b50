"""A residual block as the ResNeXt paper draws it (Figures 1 and 3): boxes, paths, what joins them.

A box is a layer: channels in, kernel, channels out. Batch norm, activations and dropout go without
saying, as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from archscope.arch.network import Network, stages
from archscope.arch.nodes import Cat, Conv, Gate, Node, Pool, Seq, Shuffle, Sum
from archscope.arch.rewrite import PATHS, to_form
from archscope.arch.shape import output_shape
from archscope.arch.windows import pair
from archscope.errors import UsageError
from archscope.reporting.networks.architectures import layers


class Paths(NamedTuple):
    """Paths side by side, all alike.

    Attributes:
        boxes: of a path, from above.
        number: of paths.
        join: "sum" or "concatenate".
    """

    boxes: tuple[str, ...]
    number: int
    join: str


class Diagram(NamedTuple):
    """A block: what stands over it, its channels, and its parts from above, boxes or paths."""

    title: str
    channels_in: int
    channels_out: int
    parts: tuple[str | Paths, ...]


def diagram(network: Network, title: str) -> Diagram:
    """The repeated residual block of the first stage that has one.

    Raises:
        UsageError: where the network has none.
    """
    for stage in stages(network):
        if stage.repeat is not None and (body := _body(stage.repeat.rest)) is not None:
            channels = int(stage.output[0])
            parts, out = _parts(body, channels)
            return Diagram(title, channels, out, tuple(parts))
    raise no_diagram(network.name)


def no_diagram(name: str) -> UsageError:
    """The error for a network that has no residual block to draw."""
    return UsageError(
        f"a diagram is of a block with a shortcut past several layers, which {name} has none of; "
        "draw one of resnet, resnext or wrn, or leave --diagram out"
    )


def diagrams(network: Network) -> list[Diagram]:
    """The block as it is written; of one with groups first as paths, as Figure 1 draws it.

    Raises:
        UsageError: where the network has no residual block.
    """
    plain = diagram(network, "")
    if not any("group" in part for part in plain.parts if isinstance(part, str)):
        return [plain]
    tree = to_form(network.tree, "a")
    assert isinstance(tree, Seq)
    paths = diagram(replace(network, tree=tree), "aggregated paths")
    if paths.parts == plain.parts:  # groups in a block that has no other form
        return [plain]
    return [paths, plain._replace(title="grouped convolution")]


def _body(node: Node) -> Node | None:
    """What a block adds to its shortcut."""
    if isinstance(node, Sum) and node.residual is not None:
        return next(iter(node.branches[:1] if node.residual == 0 else node.branches[1:]))
    if isinstance(node, Seq):
        return next((found for part in node.children if (found := _body(part))), None)
    return None


def _parts(node: Node, channels: int) -> tuple[list[str | Paths], int]:
    """The parts of a node on `channels`, and its channels out."""
    if isinstance(node, Seq):
        found: list[str | Paths] = []
        for child in node.children:
            more, channels = _parts(child, channels)
            found += more
        return found, channels
    out = int(output_shape(node, (channels, 64, 64))[0])
    if isinstance(node, (Sum, Cat)) and node.label == PATHS:
        one, _ = _parts(node.branches[0], channels)
        boxes = tuple(part for part in one if isinstance(part, str))
        return [Paths(boxes, len(node.branches), _JOINS[type(node)])], out
    if isinstance(node, Conv):
        kh, kw = pair(node.kernel)
        groups = f"\ngroup = {node.groups}" if node.groups != 1 else ""
        return [f"{channels}, {kh}×{kw}, {out}{groups}"], out
    told = isinstance(node, (Gate, Pool, Shuffle)) or _is_inner(node)
    return ([layers([node])] if told else []), out


def _is_inner(node: Node) -> bool:
    """Whether it is made of other nodes, which the paper has no picture of."""
    return any(True for _ in node.parts())


_JOINS = {Sum: "sum", Cat: "concatenate"}


def shown_paths(number: int, few: bool = False) -> Sequence[int | None]:
    """Which paths are drawn: all of up to four, else two, dots (None) and the last; or a `few`."""
    if few:
        return (0, None, number - 1) if number > 2 else range(number)
    return range(number) if number <= 4 else (0, 1, None, number - 1)
