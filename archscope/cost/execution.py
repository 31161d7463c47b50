"""What runs when a network sees one image in eval mode: operations in order, and their buffers.

Memory and the roofline read the same list. Its operations are those of the module that
`archscope.nn.build` makes:

- convolutions, batch norm, linear layers and pools write a buffer of their own;
- ReLU overwrites its input where nobody else needs that: where a convolution, batch norm, linear
  layer, pool, sum or concatenation has just written it in the same module (a labelled part of the
  tree, or a block of a stage, is a module);
- the branches of a sum or concatenation run one after the other; each branch with a scale is then
  multiplied into a buffer of its own; a sum adds the others one at a time, into the first branch's
  output where that may be overwritten, else into a new buffer; a concatenation copies;
- dropout, an identity and an auxiliary head do nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Dropout,
    Linear,
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Sum,
    is_combinator,
)
from archscope.arch.shape import Shape, join, output_shape, projects, walk
from archscope.cost.formula import leaf_cost


@dataclass(frozen=True)
class Operation:
    """One operation on one image.

    Attributes:
        path: where it stands in the tree.
        node: the leaf; or the `Sum` of an addition or scaling, the `Cat` of a concatenation.
        reads: the buffers that it reads.
        writes: the buffer that it writes; one of `reads` where it works in place.
        times: how often it runs: a stage's blocks after the first are listed once.
        params, macs: of a leaf, standing there once.
    """

    path: str
    node: Node
    reads: tuple[int, ...]
    writes: int
    times: int
    params: int
    macs: int

    @property
    def in_place(self) -> bool:
        """Whether it overwrites what it reads."""
        return self.writes in self.reads


@dataclass(frozen=True)
class Execution:
    """The operations in order. `sizes` holds the elements of each buffer; buffer 0 is the image."""

    operations: tuple[Operation, ...]
    sizes: tuple[int, ...]
    output: int


def execution(network: Network) -> Execution:
    """The operations of a network of plain numbers.

    Raises:
        UsageError: where the tree holds arrays, or a layer does not fit its input.
    """
    hash(network.tree)  # refuses arrays
    output_shape(network.tree, network.input)  # raises where something does not fit
    recorder = _Recorder(network.input)
    result = recorder.parts(network.tree, _Value(0, network.input, False), "", 1)
    return Execution(tuple(recorder.operations), tuple(recorder.sizes), result.buffer)


class _Value(NamedTuple):
    """A tensor on its way: `fresh` where the next operation may overwrite it."""

    buffer: int
    shape: Shape
    fresh: bool


class _Recorder:
    def __init__(self, shape: Shape) -> None:
        self.operations: list[Operation] = []
        self.sizes = [math.prod(shape)]

    def run(self, node: Node, value: _Value, path: str, times: int) -> _Value:
        """Record a node; a labelled combinator is a module of its own, which shares no buffer."""
        if node.label is None or not is_combinator(node):
            return self.parts(node, value, path, times)
        if isinstance(node, Shortcut) and not projects(node, value.shape):
            return value
        return self._module(node, value, path, times)

    def parts(self, node: Node, value: _Value, path: str, times: int) -> _Value:
        """Record a leaf, or what a combinator does inside the module around it."""
        match node:
            case Seq():
                return self._sequence(node.children, value, path, times)
            case Shortcut():
                needed = projects(node, value.shape)
                children = node.projection().children if needed else ()
                return self._sequence(children, value, path, times)
            case Repeat():
                return self._repeat(node, value, path, times)
            case Aux():
                main = self.run(node.main, value._replace(fresh=False), path, times)
                return main._replace(fresh=False)
            case Sum() | Cat():
                start = value._replace(fresh=False)
                branches = [self.run(branch, start, path, times) for branch in node.branches]
                if isinstance(node, Sum):
                    return self._add(node, branches, path, times)
                return self._concatenate(node, branches, path, times)
        return self._leaf(node, value, path, times)

    def _module(self, node: Node, value: _Value, path: str, times: int) -> _Value:
        if is_combinator(node):
            path = join(path, node.label)
        inside = self.parts(node, value._replace(fresh=False), path, times)
        return inside._replace(fresh=False)

    def _sequence(self, nodes: tuple[Node, ...], value: _Value, path: str, times: int) -> _Value:
        for node in nodes:
            value = self.run(node, value, path, times)
        return value

    def _repeat(self, node: Repeat, value: _Value, path: str, times: int) -> _Value:
        blocks = [(node.first, times)]
        if node.n > 1:
            blocks.append((node.rest, times * (node.n - 1)))
        for index, (block, often) in enumerate(blocks):
            value = self._module(block, value, join(path, str(index)), often)
        return value

    def _leaf(self, node: Node, value: _Value, path: str, times: int) -> _Value:
        if isinstance(node, Dropout):
            return value._replace(fresh=False)
        visit = next(walk(node, value.shape, path))
        params, macs, _ = leaf_cost(visit)
        in_place = isinstance(node, Act) and value.fresh
        buffer = value.buffer if in_place else self._new(visit.output)
        operation = Operation(visit.path, node, (value.buffer,), buffer, times, params, macs)
        self.operations.append(operation)
        return _Value(buffer, visit.output, isinstance(node, (Conv, Norm, Linear, Pool)))

    def _add(self, node: Sum, branches: list[_Value], path: str, times: int) -> _Value:
        for index, scale in enumerate(node.scales or ()):
            if scale != 1:
                branches[index] = self._combine(node, branches[index : index + 1], path, times)
        total = branches[0]
        overwrite = total.fresh
        for branch in branches[1:]:
            into = total.buffer if overwrite else None
            total = self._combine(node, [total, branch], path, times, into)
            overwrite = True
        return total._replace(fresh=overwrite)

    def _concatenate(self, node: Cat, branches: list[_Value], path: str, times: int) -> _Value:
        channels = sum(branch.shape[0] for branch in branches)
        shape = (channels, *branches[0].shape[1:])
        buffer = self._new(shape)
        reads = tuple(branch.buffer for branch in branches)
        self.operations.append(Operation(path, node, reads, buffer, times, 0, 0))
        return _Value(buffer, shape, True)

    def _combine(
        self, node: Sum, values: list[_Value], path: str, times: int, into: int | None = None
    ) -> _Value:
        buffer = self._new(values[0].shape) if into is None else into
        reads = tuple(value.buffer for value in values)
        self.operations.append(Operation(path, node, reads, buffer, times, 0, 0))
        return _Value(buffer, values[0].shape, True)

    def _new(self, shape: Shape) -> int:
        self.sizes.append(math.prod(shape))
        return len(self.sizes) - 1
