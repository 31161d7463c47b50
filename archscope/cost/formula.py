"""Exact counts in closed form: parameters, multiply-adds, activations.

Conventions (as fvcore, timm, torchvision, to the integer):
    params: every learnable parameter, batch norm included.
    macs: multiply-adds of convolutions and linear layers, bias excluded, one image, eval mode.
    activations: output elements of convolutions and linear layers.

The same code counts one network or an array of them: numeric fields may be int64 arrays, and the
results are arrays then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from archscope.arch.arrays import LARGEST, Number, TooLarge, is_array, plus, refuse_overflow
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
    array_fields,
)
from archscope.arch.readings import unknown
from archscope.arch.rebuild import rebuild
from archscope.arch.shape import Visit, walk
from archscope.arch.structure import Cut, change_arrays, change_shape, designs, parts
from archscope.arch.sums import Often, Products
from archscope.arch.windows import Shape, pair
from archscope.errors import UsageError
from archscope.short_repr import ShortRepr

CONVENTION = (
    "params: learnable parameters, batch norm included; macs: multiply-adds of convolutions and "
    "linear layers, bias excluded, one image, eval mode; activations: output elements of "
    "convolutions and linear layers"
)

# Designs counted at a time, so that the intermediate arrays stay in the cache.
BLOCK = 32_768


@dataclass(frozen=True)
class NodeCount:
    """The cost of one leaf; `times` says how often it occurs (a stage's repeats)."""

    path: str
    node: Node
    input: Shape
    output: Shape
    times: int
    params: int
    macs: int
    activations: int


@dataclass(frozen=True, repr=False)
class Count(ShortRepr):
    """The cost of a tree: ints, or int64 arrays where the tree holds arrays.

    `nodes` lists the leaves that cost something, each with its repeats multiplied in; it is empty
    for arrays.
    """

    params: Number
    macs: Number
    activations: Number
    nodes: tuple[NodeCount, ...] = ()


def count(network: Network | Node, shape: Shape | None = None) -> Count:
    """Count a network, or any tree on an input of `shape` (channels, height, width).

    Raises:
        UsageError: where a layer does not fit its input, or array counts pass 2^63 - 1.
    """
    if isinstance(network, Network):
        tree: Node = network.tree
        shape = shape or network.input
    else:
        tree = network
    if shape is None:
        raise UsageError("a tree is counted at an input shape; give it, as (3, 224, 224)")
    if designs(tree, shape) is not None:
        return _count_blocks(tree, shape)
    rows = tuple(_rows(tree, shape))
    return Count(
        sum(row.params for row in rows),
        sum(row.macs for row in rows),
        sum(row.activations for row in rows),
        rows,
    )


def count_box(network: Network) -> Count:
    """Count all designs of a box: each number that varies is an array along an axis of its own.

    All arrays have as many axes, and broadcast. What some numbers decide is counted once for all
    designs that share them, so that this is far faster than `count` of as many designs.

    Raises:
        UsageError: where a layer does not fit its input, or a design might pass 2^63 - 1.
    """
    if not _fits(network.tree, network.input):
        raise TooLarge("designs of the box may cost more than a 64-bit integer holds; use fewer")
    return Count(*_sum(network.tree, network.input))


def count_stages(network: Network) -> list[tuple[Stage, Count]]:
    """The rows of Table 1 with what each costs."""
    return [(stage, count(stage.nodes, stage.input)) for stage in stages(network)]


def leaf_cost(visit: Visit) -> tuple[Number, Number, Number]:
    """(params, macs, activations) of one leaf, standing there once."""
    kernel, vectors, outputs = _factors(visit)
    weights, area = prod(kernel) if kernel else 0, visit.output[1] * visit.output[2]
    params = weights + prod(vectors) if vectors else weights
    return params, weights * area, prod(outputs) * area if outputs else 0


def _factors(visit: Visit) -> tuple[Sequence[Number], Sequence[Number], Sequence[Number]]:
    """Of one leaf the weights that act at each place of its output, the others, and its channels.

    Each is a product of these factors, or nothing. The channels are those of convolutions and
    linear layers alone.
    """
    node = visit.node
    match node:
        case Conv():
            channels = (node.out,)
            kernel = (node.out, visit.per_group, prod(pair(node.kernel)))
            return kernel, channels if node.bias else (), channels
        case Linear():
            channels = (node.out,)
            return (node.out, *visit.input), channels if node.bias else (), channels
        case Norm():
            return (), (2, visit.input[0]), ()
        case Gain():
            return (), (visit.input[0],), ()
        case Act() | Pool() | Dropout() | Shuffle():
            return (), (), ()
    raise unknown(node, "count")


def _totals(visit: Visit) -> tuple[Number, Number, Number]:
    params, macs, activations = leaf_cost(visit)
    if visit.side:
        return params * visit.times, 0, 0
    return params * visit.times, macs * visit.times, activations * visit.times


def _rows(tree: Node, shape: Shape) -> Iterator[NodeCount]:
    """The leaves that cost something."""
    for visit in walk(tree, shape):
        params, macs, activations = _totals(visit)
        if params or macs:
            path, node, before, after, times, *_ = visit
            yield NodeCount(path, node, before, after, times, params, macs, activations)


def _count_blocks(tree: Node, shape: Shape) -> Count:
    import numpy as np

    total = designs(tree, shape) or 0
    columns = tuple(np.zeros(total, dtype=np.int64) for _ in range(3))
    largest: dict[int, int] = {}
    try:
        for block, block_shape, part in _blocks(tree, shape, total, largest):
            for column, value in zip(columns, _sum(block, block_shape), strict=True):
                column[part] = value
        safe = total == 0 or _fits(tree, shape, largest)
    except OverflowError:  # a plain number alone is more than 64 bits hold
        safe = False
    if not safe:
        for block, block_shape, part in _blocks(tree, shape, total):
            if not _fits(block, block_shape):
                _check_exactly(block, block_shape, part)
    params, macs, activations = columns
    return Count(params, macs, activations)


def _blocks(
    tree: Node, shape: Shape, total: int, largest: dict[int, int] | None = None
) -> Iterator[tuple[Node, Shape, Any]]:
    """Trees and inputs of some designs, and which those are; see `Cut`."""
    last: tuple[Node, Cut] | None = None
    for least, part in parts(tree, total, BLOCK):
        if last is None or last[0] is not least:
            last = least, Cut(least, shape, largest=largest)
        yield *last[1].of(part), part


def _fits(tree: Node, shape: Shape, largest: Mapping[int, int] | None = None) -> bool:
    """Whether no design can pass 64 bits: a bound on all of them at once does not.

    `largest` has the largest number of arrays, by their ids, where it is known.
    """
    known = {(array, False): most for array, most in (largest or {}).items()}

    def extreme(value: Any, least: bool = False) -> int:
        key = id(value), least
        if key not in known:
            known[key] = int(value.min() if least else value.max())
        return known[key]

    def costliest(node: Node) -> Node:
        return _costliest(node, extreme)

    try:
        bound: int = max(_sum(rebuild(tree, costliest), change_shape(shape, extreme)))
    except UsageError:
        return False  # the largest numbers of several designs together need not be a network
    return bound <= LARGEST


def _sum(tree: Node, shape: Shape) -> tuple[Number, Number, Number]:
    """Totals of a tree.

    The weights of leaves on maps of one size are added up before they are multiplied by it, and the
    costs of leaves that occur equally often before they are multiplied by that.
    """
    made, groups = Products(), dict[int, Often]()
    for visit in walk(tree, shape):
        _collect(visit, made, groups)
    totals: tuple[Number, ...] = (0, 0, 0)
    for group in groups.values():
        totals = tuple(map(plus, totals, group.totals(made)))
    params, macs, activations = totals
    return params, macs, activations


def _collect(visit: Visit, made: Products, groups: dict[int, Often]) -> None:
    """Add a leaf to those that occur as often."""
    kernel, vectors, outputs = _factors(visit)
    if not (kernel or vectors):
        return
    several = is_array(visit.times)
    often = 1 if several else visit.times
    group = groups.setdefault(
        made.seen(visit.times) if several else 0, Often(visit.times if several else 1)
    )
    made.add(group.vectors, vectors, often)
    if visit.side:
        made.add(group.vectors, kernel, often)
    elif kernel:
        area, weights, channels = group.map(made, *visit.output[1:])
        made.add(weights, kernel, often)
        if is_array(area):
            made.add(channels, outputs, often)
        else:
            made.add(group.outputs, outputs, often * area)


def _costliest(node: Node, extreme: Callable[..., int]) -> Node:
    """A node that costs at least as much as every design of `node`, in Python's unbounded ints."""
    match node:
        case Conv():
            node = replace(node, groups=1)
        case Norm() | Act() | Pool() | Linear() | Dropout() | Shuffle() | Gain():
            pass
        case Sum():  # where designs differ, not all that they have fits what passes beside it
            node = Sum(*[one for one in node.branches if one != Seq()] or node.branches)
        case Seq() | Cat() | Repeat() | Shortcut() | Aux() | Gate() | Split() | Grow():
            pass
        case _:
            raise unknown(node, "bound")
    numbers: dict[str, Any] = {
        name: max(1, extreme(value, least=name == "stride"))
        for name, value in array_fields(node).items()
    }
    node = replace(node, **numbers) if numbers else node
    return node.projection() if isinstance(node, Shortcut) else node


def _check_exactly(block: Node, shape: Shape, part: Any) -> None:
    def unbounded(array: Any) -> Any:
        return array.astype(object)

    for totals in _sum(change_arrays(block, unbounded), change_shape(shape, unbounded)):
        refuse_overflow(totals if is_array(totals) else [totals], part)
