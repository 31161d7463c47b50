"""Exact counts in closed form: parameters, multiply-adds, activations.

Conventions (as fvcore, timm, torchvision, to the integer):
    params: every learnable parameter, batch norm included.
    macs: multiply-adds of convolutions and linear layers, bias excluded, one image, eval mode.
    activations: output elements of convolutions and linear layers.

The same code counts one network or an array of them: numeric fields may be int64 arrays, and the
results are arrays then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from archscope.arch.arrays import LARGEST, Number, TooLarge, is_array, refuse_overflow
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
from archscope.arch.structure import change_arrays, change_shape, cut, designs, parts
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
    rows = tuple(_row(visit) for visit in walk(tree, shape))
    return Count(
        sum(row.params for row in rows),
        sum(row.macs for row in rows),
        sum(row.activations for row in rows),
        tuple(row for row in rows if row.params or row.macs),
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
    kernel, vectors, outputs = _terms(visit)
    area = visit.output[1] * visit.output[2]
    return kernel + vectors, kernel * area, outputs * area


def _terms(visit: Visit) -> tuple[Number, Number, Number]:
    """Of one leaf the weights that act at each place of its output, the others, and its channels.

    The channels are those of convolutions and linear layers alone.
    """
    node = visit.node
    match node:
        case Conv():
            kh, kw = pair(node.kernel)
            per_output = visit.per_group if kh * kw == 1 else visit.per_group * (kh * kw)
            return node.out * per_output, node.out if node.bias else 0, node.out
        case Linear():
            inputs = visit.input[0] * (visit.input[1] * visit.input[2])
            return node.out * inputs, node.out if node.bias else 0, node.out
        case Norm():
            return 0, 2 * visit.input[0], 0
        case Gain():
            return 0, visit.input[0], 0
        case Act() | Pool() | Dropout() | Shuffle():
            return 0, 0, 0
    raise unknown(node, "count")


def _totals(visit: Visit) -> tuple[Number, Number, Number]:
    params, macs, activations = leaf_cost(visit)
    if visit.side:
        return params * visit.times, 0, 0
    return params * visit.times, macs * visit.times, activations * visit.times


def _row(visit: Visit) -> NodeCount:
    return NodeCount(
        visit.path, visit.node, visit.input, visit.output, visit.times, *_totals(visit)
    )


def _count_blocks(tree: Node, shape: Shape) -> Count:
    import numpy as np

    total = designs(tree, shape) or 0
    columns = tuple(np.zeros(total, dtype=np.int64) for _ in range(3))
    safe = total == 0 or _fits(tree, shape)
    for least, part in parts(tree, total, BLOCK):
        block, block_shape = cut(least, shape, part)
        if not safe and not _fits(block, block_shape):
            _check_exactly(block, block_shape, part)
        for column, value in zip(columns, _sum(block, block_shape), strict=True):
            column[part] = value
    params, macs, activations = columns
    return Count(params, macs, activations)


def _fits(tree: Node, shape: Shape) -> bool:
    """Whether no design can pass 64 bits: a bound on all of them at once does not."""
    known: dict[tuple[int, bool], int] = {}

    def extreme(value: Any, least: bool = False) -> int:
        key = id(value), least
        if key not in known:
            known[key] = int(value.min() if least else value.max())
        return known[key]

    def costliest(node: Node) -> Node:
        return _costliest(node, extreme)

    try:
        largest: int = max(_sum(rebuild(tree, costliest), change_shape(shape, extreme)))
    except UsageError:
        return False  # the largest numbers of several designs together need not be a network
    return largest <= LARGEST


def _sum(tree: Node, shape: Shape) -> tuple[Number, Number, Number]:
    """Totals of a tree.

    The terms of leaves on maps of one size are added up before they are multiplied by it, and the
    costs of leaves that occur equally often before they are multiplied by that.
    """
    totals: list[Number] = [0, 0, 0]
    costs: list[Number] = [0, 0, 0]
    terms: list[Number] = [0, 0, 0]
    last: Visit | None = None
    for visit in walk(tree, shape):
        own = _terms(visit)
        if not any(is_array(one) or one for one in own):
            continue
        if last is not None and not _is_same_map(last, visit):
            _add_terms(costs, terms, last)
            terms = [0, 0, 0]
            if last.times is not visit.times:
                _add(totals, costs, last.times)
                costs = [0, 0, 0]
        terms, last = list(map(_plus, terms, own)), visit
    if last is not None:
        _add_terms(costs, terms, last)
        _add(totals, costs, last.times)
    params, macs, activations = totals
    return params, macs, activations


def _is_same_map(one: Visit, other: Visit) -> bool:
    """Whether two leaves surely occur equally often, and give maps of one size."""
    if one.times is not other.times or one.side != other.side:
        return False
    return all(
        first is second or (not (is_array(first) or is_array(second)) and first == second)
        for first, second in zip(one.output[1:], other.output[1:], strict=True)
    )


def _add_terms(costs: list[Number], terms: Sequence[Number], visit: Visit) -> None:
    """Add what leaves on the map of this one cost."""
    kernel, vectors, outputs = terms
    area = visit.output[1] * visit.output[2]
    own = (kernel, 0, 0) if visit.side else (kernel, _times(kernel, area), _times(outputs, area))
    costs[:] = map(_plus, costs, own)
    costs[0] = _plus(costs[0], vectors)


def _add(totals: list[Number], costs: Sequence[Number], times: Number) -> None:
    """Add costs that occur so often."""
    totals[:] = map(_plus, totals, (_times(one, times) for one in costs))


def _plus(one: Number, other: Number) -> Number:
    """The sum; an array plus nothing would be a copy."""
    if not is_array(one) and one == 0:
        return other
    return one if not is_array(other) and other == 0 else one + other


def _times(one: Number, factor: Number) -> Number:
    """The product; an array times one would be a copy."""
    return one if not is_array(factor) and factor == 1 else one * factor


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
