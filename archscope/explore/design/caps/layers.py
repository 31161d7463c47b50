"""Degenerate designs: those that fulfil a budget on paper, and that nobody would train.

The rule: a design is degenerate where its blocks have a width of 1, or where more than 300
convolutions and linear layers follow one another (published ones have up to 270). They come after
all others, however near or large they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from archscope.arch.arrays import Number, is_array
from archscope.arch.nodes import Aux, Cat, Conv, Gate, Grow, Linear, Node, Repeat, Split, Sum
from archscope.explore.design.space import Space

MOST_LAYERS = 300
RULE = (
    f"Designs with blocks of width 1 or more than {MOST_LAYERS} layers in a row come last "
    "(--all: in their place)."
)


def layers(node: Node) -> Number:
    """The convolutions and linear layers that follow one another; of branches, the longest.

    A projection beside a block and a gate's branch are no part of it.
    """
    match node:
        case Conv() | Linear():
            return 1
        case Repeat():
            return layers(node.first) + (node.n - 1) * layers(node.rest)
        case Grow():
            return node.n * layers(node.body)
        case Sum() | Cat() | Split(chain=False):
            return _longest([layers(branch) for branch in node.branches])
        case Aux():
            return layers(node.main)
        case Gate():
            return 0
    return sum(layers(part) for part in node.parts())


def ordinary(space: Space) -> Space | None:
    """The space without blocks of width 1; None where there is nothing else in it."""
    axes: dict[str, Sequence[Any]] = dict(space.axes)
    for word, values in space.axes.items():
        if _narrow(space, word, values[0]):
            axes[word] = [value for value in values if not _narrow(space, word, value)]
    return replace(space, axes=axes) if all(axes.values()) else None


def degenerate(space: Space, values: Mapping[str, Any]) -> bool:
    """Whether a design is one."""
    if any(_narrow(space, word, value) for word, value in values.items()):
        return True
    return bool(layers(space.network(values).tree) > MOST_LAYERS)


def _narrow(space: Space, word: str, value: Any) -> bool:
    axis = space.of[word]
    return axis.word == "width" and not axis.fractional and value == 1


def _longest(branches: Sequence[Number]) -> Number:
    if not any(map(is_array, branches)):
        return max(branches)
    import numpy as np

    return np.maximum.reduce(np.broadcast_arrays(*branches))
