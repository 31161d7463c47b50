"""The readings of a tree: what a new node must be taught, in the order in which it is best done.

- `shape` (arch/shape.py): the shape that it gives, and where a walk finds the leaves below it;
- `kind` (arch/nodes/combinators.py): in `is_combinator`, whether its label names a part of the
  network; one that holds other nodes has `parts` and `with_parts` of its own;
- `count` (cost/formula.py): parameters, multiply-adds, activations;
- `bound` (cost/formula.py): a node that costs at least as much as each of an array of them;
- `tally` (cost/tally.py): the elements that other counters count (cost/conventions.py says how),
  and whether it has weights, behind which a gradient is needed;
- `program` (cost/program.py): what it runs, in which form it takes its input, and what may be
  overwritten, for the module and for memory;
- `roofline` (cost/roofline.py): its passes in a training step;
- `latency` (cost/latency/terms.py): the kind of operation by which its time is predicted;
- `build` (nn/layers.py): its torch module;
- `initialise` (nn/init.py): the first values of that module's weights;
- `stages` (arch/network.py): the row of Table 1 that it belongs to;
- `table` (reporting/networks/architectures.py): its line there;
- `rewrite` (arch/rewrite.py): whether it acts on each path of a block alone;
- `drawing` (reporting/networks/forms.py): its line in a drawing of the forms of a block.

A reading raises `unknown` for a node that it does not know. tests/test_unknown_node.py holds
such a node against each of them, and finds a reading that is missing here.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from archscope.errors import ArchscopeError

Reading: TypeAlias = Literal[
    "shape",
    "kind",
    "count",
    "bound",
    "tally",
    "program",
    "roofline",
    "latency",
    "build",
    "initialise",
    "stages",
    "table",
    "rewrite",
    "drawing",
]


class UnknownNode(ArchscopeError, TypeError):
    """A reading of the tree met a node that it was not taught."""


def unknown(node: object, reading: Reading) -> UnknownNode:
    """The error to raise where a reading has no rule for a node (or for its torch module)."""
    return UnknownNode(
        f"the reading '{reading}' does not know the node {type(node).__name__}; use the "
        "nodes of archscope.arch.nodes, or define it as archscope.arch.readings says"
    )
