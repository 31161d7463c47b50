"""Where the rounding of a network's family changed a number of it: a reading of the tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from archscope.arch.network import Network, stages
from archscope.arch.nodes import Gate, Node, Seq
from archscope.arch.rounded import Rounded, Step, remembering

_OF = {"n": "blocks", "out": "width"}


@dataclass(frozen=True)
class Rounding:
    """A number that was rounded.

    Attributes:
        part: the row of Table 1 that it stands in first, as `conv2`.
        of: `width` (channels), `squeeze` (channels inside a gate) or `blocks`.
        steps: from the exact number to that of the network; each by a rule.
    """

    part: str
    of: str
    steps: tuple[Step, ...]

    def document(self) -> dict[str, Any]:
        """As JSON, below the network's own."""
        steps = [
            {
                "from": step.given,
                "to": step.got,
                "rule": step.rule.short,
                "rule_name": step.rule.name,
            }
            for step in self.steps
        ]
        return {"part": self.part, "of": self.of, "steps": steps}


def roundings(network: Network) -> list[Rounding]:
    """What the family's own functions rounded, in the order of the tree.

    A number that several layers have stands at the first of them. Of a network that no family made,
    none is known.
    """
    if network.design is None:
        return []
    family, numbers = network.design
    with remembering():
        made = family.made(numbers, network.classes)
        tree = made if isinstance(made, Seq) else made.tree()
    found: dict[Rounding, None] = {}
    seen: set[int] = set()
    for stage in stages(replace(network, tree=tree)):
        for of, number in _numbers(stage.nodes):
            if id(number) not in seen:
                found[Rounding(stage.name, of, number.steps)] = None
            seen.add(id(number))
    return list(found)


def _numbers(node: Node, gated: bool = False) -> Iterator[tuple[str, Rounded]]:
    """The rounded numbers of a node and its parts."""
    for entry in fields(node):
        number = getattr(node, entry.name)
        if entry.name in _OF and isinstance(number, Rounded):
            yield "squeeze" if gated else _OF[entry.name], number
    for part in node.parts():
        yield from _numbers(part, gated or isinstance(node, Gate))
