"""Architectures as tables: Table 1 side by side, one network in detail, the list of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, Protocol

from archscope.arch.arrays import Number
from archscope.arch.network import Network, Stage, stages
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
from archscope.arch.windows import pair
from archscope.reporting.table.formats import bound, integer, text
from archscope.reporting.table.table import Column, Table


def describe(stage: Stage) -> list[str]:
    """A row of Table 1 as lines: what is not repeated, and blocks in brackets with their number.

    Of a `Repeat` the first block is shown; shortcuts and batch norm are left out, as in the paper.
    A block of branches has a line for each; blocks in a row that read alike are one, counted.
    """
    blocks: list[tuple[list[str], Number]] = []
    lines: list[str] = []
    for node in stage.nodes.children:
        if isinstance(node, Repeat):
            found, number = _lines(node.first, block=not _branches(node.first)), node.n
        elif isinstance(node, Grow):
            found, number = _lines(node.body, block=True), node.n
        elif _branches(node):
            found, number = _lines(node), 1
        else:
            lines += [*brackets(blocks), *_lines(node)]
            blocks = []
            continue
        if blocks and blocks[-1][0] == found:
            number += blocks.pop()[1]
        blocks.append((found, number))
    return lines + brackets(blocks)


def brackets(blocks: Sequence[tuple[list[str], Number]]) -> list[str]:
    """Bodies of lines in brackets, each with its number: `[3×3, 64] ×2`."""
    lines = []
    for body, number in blocks:
        wide = max(map(len, body), default=0)
        for index, line in enumerate(body):
            times = f" ×{number}" if index == (len(body) - 1) // 2 else ""
            lines.append(f"[{line:{wide}}]{times}")
    return lines


def _branches(node: Node) -> bool:
    """Whether the node concatenates branches anywhere."""
    return isinstance(node, (Cat, Split)) or any(_branches(part) for part in node.parts())


def _lines(node: Node, block: bool = False) -> list[str]:
    """A line a layer, and one a branch where branches are concatenated."""
    match node:
        case Cat() | Split():
            return [_inline(branch) or "identity" for branch in node.branches]
        case Sum():
            lines = []
            for branch, scale in zip(node.branches, node.scales or repeat(1), strict=False):
                found = [] if _is_shortcut(branch) else _lines(branch, block)
                if found and scale != 1:
                    found[-1] += f", scaled by {scale:g}"
                lines += found
            return lines
        case Shortcut():
            return []
        case Seq() | Repeat() | Aux() | Grow():
            lines, then = [], ""
            for part in node.parts():
                lines += [then + line for line in _lines(part, block)]
                then = "then " if then or isinstance(part, (Cat, Split)) else ""
            return lines
    return [_leaf(node, block)] if _leaf(node) else []


def _inline(node: Node) -> str:
    """A branch in one line."""
    if isinstance(node, (Cat, Split)):
        return f"({' | '.join(_inline(branch) or 'identity' for branch in node.branches)})"
    if isinstance(node, Seq):
        return " – ".join(filter(None, map(_inline, node.children)))
    return " – ".join(_lines(node))


def layers(nodes: Sequence[Node]) -> str:
    """Layers that are not repeated, in one line, batch norm with them."""
    found = (["batch norm"] if isinstance(node, Norm) else _lines(node) for node in nodes)
    return "; ".join(line for lines in found for line in lines)


def cardinality(stage: Stage) -> int | None:
    """The largest number of groups of a stage's convolutions; None where its blocks have none."""
    if stage.repeat is None:
        return None
    leaves = _main_path(stage.repeat.first)
    return max((int(node.groups) for node in leaves if isinstance(node, Conv)), default=None)


def size(stage: Stage) -> str:
    """`56×56`, the output size of a stage."""
    return f"{stage.output[1]}×{stage.output[2]}"


class Named(Protocol):
    """A network, or a row beside networks without stages of its own."""

    @property
    def name(self) -> str:
        """What heads its column."""


def table1(
    networks: Sequence[Named],
    totals: Sequence[tuple[str, Sequence[str]]],
    title: str,
    notes: Sequence[str] = (),
) -> Table:
    """Networks side by side: a row per stage, then the `totals` (a name and a cell a network)."""
    cuts = [
        {stage.name: stage for stage in stages(network)} if isinstance(network, Network) else {}
        for network in networks
    ]
    last = ("aux", "head")
    names = sorted(
        {name for cut in cuts for name in cut}, key=lambda name: (name in last, len(name), name)
    )
    one_size = {name: len({size(cut[name]) for cut in cuts if name in cut}) == 1 for name in names}
    rows: list[dict[str, Any]] = []
    for name in names:
        first = next(cut[name] for cut in cuts if name in cut)
        row: dict[str, Any] = {"stage": name, "output": size(first) if one_size[name] else None}
        for index, cut in enumerate(cuts):
            stage = cut.get(name)
            lines = describe(stage) if stage else None
            if stage and lines and not one_size[name]:
                lines = [f"output {size(stage)}", *lines]
            row[f"network{index}"] = lines
        rows.append(row)
    for label, cells in totals:
        row = {"stage": label, "output": ""}
        rows.append(row | {f"network{index}": cell for index, cell in enumerate(cells)})
    columns = [
        Column("stage", "stage", text, "left"),
        Column("output", "output", text, "left"),
        *(
            Column(f"network{index}", network.name, text, "left")
            for index, network in enumerate(networks)
        ),
    ]
    return Table(title, columns, rows, notes)


def stage_table(title: str, rows: Sequence[Mapping[str, Any]], notes: Sequence[str] = ()) -> Table:
    """One network, a row per stage (or node), with what each costs."""
    columns = [
        Column("name", "part", text, "left"),
        Column("output", "output", text, "left"),
        Column("block", "layers", text, "left"),
        Column("params", "params", integer),
        Column("macs", "FLOPs\n(multiply-adds)", bound, also=("macs_exact",)),
        Column("activations", "activations", integer),
    ]
    return Table(title, columns, rows, notes)


def _main_path(node: Node) -> list[Node]:
    """The leaves of a block without its shortcuts, in order."""
    match node:
        case Sum():
            bodies = [part for part in node.branches if not _is_shortcut(part)]
            return [leaf for body in bodies for leaf in _main_path(body)]
        case Seq() | Cat() | Repeat() | Aux() | Split() | Grow():
            return [leaf for part in node.parts() for leaf in _main_path(part)]
        case Shortcut():
            return []
        case Conv() | Norm() | Act() | Pool() | Linear() | Dropout() | Shuffle() | Gain() | Gate():
            return [node]
    raise unknown(node, "table")


def _is_shortcut(node: Node) -> bool:
    return isinstance(node, Shortcut) or node == Seq()


def _leaf(node: Node, block: bool = False) -> str:
    match node:
        case Conv():
            kh, kw = pair(node.kernel)
            stride = f", stride {node.stride}" if node.stride != 1 and not block else ""
            groups = f", C={node.groups}" if node.groups != 1 else ""
            return f"{kh}×{kw}, {node.out}{groups}{stride}"
        case Linear():
            return f"{node.out}-d fc"
        case Pool(kind="global"):
            return "global average pool"
        case Pool(kind="adaptive"):
            return f"average pool to {node.kernel}×{node.kernel}"
        case Pool():
            name = "max" if node.kind == "max" else "average"
            stride = f", stride {node.stride}" if node.stride != 1 else ""
            return f"{node.kernel}×{node.kernel} {name} pool{stride}"
        case Gate():
            return _gate_text(node)
        case Shuffle():
            return "channel shuffle"
        case Norm() | Act() | Dropout() | Gain():
            return ""  # they go without saying, as in the papers' tables
    raise unknown(node, "table")


def activation_text(node: Act) -> str:
    """An activation as papers write it."""
    known = {"relu": "ReLU", "relu6": "ReLU6", "silu": "SiLU", "gelu": "GELU"}
    return known.get(node.kind, node.kind)


def _gate_text(node: Gate) -> str:
    """A gate: `SE` with its inner width where it is squeeze-and-excitation."""
    leaves = _main_path(node.branch)
    widths = [leaf.out for leaf in leaves if isinstance(leaf, (Conv, Linear))]
    if len(widths) == 2 and isinstance(leaves[0], Pool) and leaves[0].kind == "global":
        return f"SE, {widths[0]}"
    return "gate"
