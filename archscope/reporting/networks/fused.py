"""A network as it is trained and with its branches fused: drawn, and in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.arch.folding.fuse import FUSED, Branch, Fusion, fusions
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Node
from archscope.arch.quantities import COSTS
from archscope.arch.rebuild import placed
from archscope.arch.windows import pair
from archscope.errors import plural
from archscope.reporting.networks.forms import (
    NAMES,
    check_notes,
    cost_columns,
    gap_columns,
    rows_of,
    timing_notes,
)
from archscope.reporting.table.formats import text
from archscope.reporting.table.table import Column, Table

_NAMES = NAMES[None]


def drawing(document: Mapping[str, Any], forms: Sequence[tuple[str, Network]]) -> Table:
    """The block with the most branches, the first of these, in both forms.

    Args:
        document: of `archscope.equivalence/1`.
        forms: the trained network, then the fused one.
    """
    trained = forms[0][1].tree
    leaves = dict(placed(trained))
    place, fusion = max(fusions(trained).items(), key=lambda one: len(one[1].branches))
    lines = {"trained": _branches(fusion, leaves), "fused": [_line(fusion.conv), "+ bias"]}
    return Table(
        f"The block {place.removesuffix(FUSED).rstrip('.')} of {document['name']} (kernel, channels"
        " out)",
        [Column(form, _NAMES[form], text, "left") for form in lines],
        [lines],
    )


def cost_table(document: Mapping[str, Any]) -> Table:
    """A row for each form: what it costs, by the formula and built, and how long it takes."""
    trained, fused = document["forms"]
    shape = "×".join(map(str, document["input"]))
    title = (
        f"{document['name']}, trained and fused: {plural(document['blocks'], 'block')}, "
        f"input {shape}"
    )
    less = {key: 1 - fused[key] / trained[key] for key in COSTS}
    notes = [
        f"Fused it has {less['params']:.1%} fewer parameters, {less['macs']:.1%} fewer "
        f"multiply-adds and {less['activations']:.1%} fewer activations: the smaller kernels and "
        "batch norm are within the largest kernel and its bias.",
        *timing_notes(document),
    ]
    return Table(title, cost_columns(document, "to trained"), rows_of(document), notes)


def check_table(document: Mapping[str, Any]) -> Table:
    """How far the fused form's numbers are from those of the trained one."""
    rows = [row for row in rows_of(document) if row["form"] == "fused"]
    between = (
        "In eval mode: in training, batch norm goes by each batch, which no one convolution does. "
        "Gradients are those of the branches' own weights, through the map of the weights."
    )
    notes = check_notes(document, between)
    title = "Largest relative differences from the trained form, same weights"
    return Table(title, gap_columns(["eval"]), rows, notes)


def _branches(fusion: Fusion, leaves: Mapping[str, Node]) -> list[str]:
    found = [_branch(branch, leaves) for branch in fusion.branches]
    return [found[0], *(f"+ {line}" for line in found[1:])]


def _branch(branch: Branch, leaves: Mapping[str, Node]) -> str:
    if branch.conv is None:
        return "identity, BN"
    conv = leaves[branch.conv]
    assert isinstance(conv, Conv)
    return f"{_line(conv)}, BN"


def _line(conv: Conv) -> str:
    height, width = pair(conv.kernel)
    groups = f", C={conv.groups}" if conv.groups != 1 else ""
    return f"{height}×{width}, {conv.out}{groups}"
