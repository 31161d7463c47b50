"""A number for each network: equal for two designs where they are the same network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np

from archscope.arch.arrays import is_array
from archscope.arch.nodes import Dropout, Node, Repeat, Seq, Shortcut, is_combinator
from archscope.arch.shape import walk
from archscope.arch.windows import Shape
from archscope.explore.design.caps.tables import Table
from archscope.explore.design.space import Part

_ALL = 2**64 - 1
TURN = 0x9E3779B97F4A7C15  # odd, and without a pattern: what one number is multiplied by


def fingerprints(part: Part, columns: Mapping[str, Any]) -> Any:
    """Of each design of these columns a 64-bit number, of one where there are none.

    Two designs have the same where they have the same layers in the same order, connected alike,
    on the same input: where their trees are equal. Names do not count, nor do rates of dropout and
    numbers that act on nothing.
    """
    network = part.network(columns)
    rows = max(map(len, columns.values()), default=1)
    alone = part.network({})  # its tree has the kinds of connections of them all
    start = f"{network.init} {sorted(set(map(_fixed, _connections(alone.tree))))}"
    total: Any = np.full(rows, _number_of(start), np.uint64)
    for size in network.input:
        total = total * np.uint64(TURN) + _term(size, 1)
    return _with_layers(total, network.tree, network.input)


def table_prints(table: Table) -> Any:
    """Of each entry of a table such a number, of its sections alone."""
    total: Any = np.zeros(1, np.uint64)
    for tree, shape, times in table.sections:
        total = _with_layers(total, tree, shape, times)
    return np.broadcast_to(total, np.broadcast_shapes(total.shape, table.box)).reshape(-1)


def _with_layers(total: Any, tree: Node, shape: Shape, often: Any = 1) -> Any:
    """The numbers so far, with the layers of a tree that stands there so often."""
    for visit in walk(tree, shape, times=often):
        value: Any = _number_of(f"{_fixed(visit.node)} {visit.side}")
        for place, number in enumerate(_numbers(visit.node), start=2):
            value = _plus(value, _term(number, place))
        times = visit.times
        following = total * np.uint64(TURN) + _plus(value, _term(times, 1))
        # What stands there no times is not there: a shortcut that keeps the shape, say.
        total = np.where(times > 0, following, total) if is_array(times) else following
    return total


def shuffled(numbers: Any, seed: int) -> Any:
    """The numbers made others, equal ones equal: in their order networks are drawn at random."""
    mixed = numbers ^ np.uint64(_number_of(f"seed {seed}"))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed


def _connections(node: Node) -> Iterator[Node]:
    """The nodes that join several branches."""
    if is_combinator(node) and not isinstance(node, (Seq, Repeat)):
        yield node
    for part in node.parts():
        yield from _connections(part)


def _fixed(node: Node) -> str:
    """Its kind, and what it holds besides parts and numbers of the design."""
    texts = [
        f"{entry.name}={value!r}"
        for entry in fields(node)
        if _counts(node, entry.name) and not _is_number(value := getattr(node, entry.name))
        if not _is_part(value)
    ]
    return f"{type(node).__name__}({', '.join(texts)})"


def _is_part(value: object) -> bool:
    several = isinstance(value, tuple) and bool(value) and isinstance(value[0], Node)
    return several or isinstance(value, Node)


def _numbers(node: Node) -> Iterator[Any]:
    """The numbers that it holds, arrays or plain."""
    for entry in fields(node):
        value = getattr(node, entry.name)
        if _counts(node, entry.name) and _is_number(value):
            yield value


def _counts(node: Node, name: str) -> bool:
    """Whether a field tells networks apart."""
    acts_on_nothing = isinstance(node, Dropout) and name == "p"
    of_arrays = isinstance(node, Shortcut) and name == "shared"
    return name != "label" and not (acts_on_nothing or of_arrays)


def _is_number(value: object) -> bool:
    return is_array(value) or (isinstance(value, int) and not isinstance(value, bool))


def _term(number: Any, place: int) -> Any:
    factor = (TURN * (2 * place + 1)) & _ALL
    if is_array(number):
        return number.astype(np.uint64) * np.uint64(factor)
    return (int(number) * factor) & _ALL


def _plus(one: Any, other: Any) -> Any:
    """The sum modulo 2^64."""
    if not (is_array(one) or is_array(other)):
        return (one + other) & _ALL
    first, second = (x if is_array(x) else np.array([x], np.uint64) for x in (one, other))
    return first + second


@cache
def _number_of(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
