"""The program of a network: what runs, in which buffer, and what is overwritten.

The module (`archscope.nn.build`) runs these steps, and memory and the roofline count them, so that
what is held and what is overwritten is decided here alone. The rules:

- convolutions, batch norm, linear layers and pools write a buffer of their own;
- ReLU overwrites its input where nobody else needs that: where a convolution, batch norm, linear
  layer, pool, sum or concatenation has just written it in the same module;
- the branches of a sum or concatenation run one after the other; each branch with a scale is then
  multiplied into a buffer of its own; a sum adds the others one at a time, into the first branch's
  output where that may be overwritten, else into a new buffer; a concatenation copies;
- dropout does nothing in eval mode, and a side head runs in training only.

A module is the network itself, a labelled combinator, or a block of a stage. Each has a program of
its own, which overwrites nothing that it is given; buffers are numbered anew in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

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
from archscope.arch.readings import unknown
from archscope.arch.shape import Shape, Visit, join, output_shape, projects, walk


@dataclass(frozen=True)
class Layer:
    """Run a leaf of the tree, standing where `visit` says."""

    visit: Visit


@dataclass(frozen=True)
class Call:
    """Run another module; a stage runs `times` blocks of one program, each on the last's output.

    Attributes:
        program: of the module.
        label: its key in the module around it; the blocks of a stage are numbered from it on.
        times: how many modules there are.
    """

    program: Program
    label: str
    times: int = 1

    @property
    def labels(self) -> list[str]:
        """The key of each module."""
        if self.times == 1:
            return [self.label]
        return [str(int(self.label) + index) for index in range(self.times)]


@dataclass(frozen=True)
class Scale:
    """Multiply by a number."""

    factor: float


@dataclass(frozen=True)
class Add:
    """Add the second input to the first."""


@dataclass(frozen=True)
class Concatenate:
    """Copy the inputs behind each other, along the channels."""


@dataclass(frozen=True)
class Pair:
    """In training the outputs of the main part and of the side head; in eval mode the former."""


Op: TypeAlias = Layer | Call | Scale | Add | Concatenate | Pair


@dataclass(frozen=True)
class Step:
    """A step of a program.

    Attributes:
        op: what is done.
        node: of which node: the leaf, the module's part of the tree, the `Sum`, the `Cat`.
        path: where it stands in the tree; a stage's blocks after the first all stand at 1.
        shape: of the output, one image.
        reads: the buffers that it reads, in order.
        writes: the buffer that it writes; one of `reads` where it works in place.
        side: whether only training runs it.
        place: its place in the order of the tree, which is that of the state dict: a side head
            stands before the main part, and runs after it.
        frees: the buffers that no later step reads, the program's output left out.
    """

    op: Op
    node: Node
    path: str
    shape: Shape
    reads: tuple[int, ...]
    writes: int
    side: bool
    place: int
    frees: tuple[int, ...] = ()

    @property
    def in_place(self) -> bool:
        """Whether it overwrites what it reads."""
        return self.writes in self.reads

    @property
    def idle(self) -> bool:
        """Whether in eval mode it only hands on its first input."""
        dropout = isinstance(self.op, Layer) and isinstance(self.node, Dropout)
        return dropout or isinstance(self.op, Pair)


@dataclass(frozen=True)
class Program:
    """What one module runs: `steps` in order, from its input in buffer 0 to buffer `output`.

    `node` is the part of the tree that it computes.
    """

    node: Node
    steps: tuple[Step, ...]
    output: int


def program(network: Network) -> Program:
    """The program of a network of plain numbers.

    Raises:
        UsageError: where the tree holds arrays, or a layer does not fit its input.
    """
    hash(network.tree)  # refuses arrays
    output_shape(network.tree, network.input)  # raises where something does not fit
    return _module(network.tree, network.input, "")[0]


def last_uses(accesses: Sequence[tuple[tuple[int, ...], int]], kept: int) -> list[tuple[int, ...]]:
    """For each access, (buffers read, buffer written), those that it is the last to touch.

    `kept` is needed after all of them.
    """
    last: dict[int, int] = {}
    for index, (reads, writes) in enumerate(accesses):
        last |= dict.fromkeys((*reads, writes), index)
    last.pop(kept, None)
    found: list[list[int]] = [[] for _ in accesses]
    for buffer, index in last.items():
        found[index].append(buffer)
    return [tuple(buffers) for buffers in found]


class _Value(NamedTuple):
    """A tensor on its way: `fresh` where the next step may overwrite it."""

    buffer: int
    shape: Shape
    fresh: bool


def _module(node: Node, shape: Shape, path: str) -> tuple[Program, Shape]:
    """The program of a module, and the shape that it gives."""
    writer = _Writer(path)
    result = writer.parts(node, _Value(0, shape, False))
    freed = last_uses([(step.reads, step.writes) for step in writer.steps], result.buffer)
    steps = (replace(step, frees=f) for step, f in zip(writer.steps, freed, strict=True))
    return Program(node, tuple(steps), result.buffer), result.shape


class _Writer:
    """Writes the steps of one module, which stands at `path`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.steps: list[Step] = []
        self.buffers = 1  # taken so far: the input
        self.side = False  # whether a side head is being written

    def run(self, node: Node, value: _Value) -> _Value:
        """Write a node: a labelled combinator is a module of its own."""
        if not is_combinator(node) or node.label is None:
            return self.parts(node, value)
        if isinstance(node, Shortcut) and not projects(node, value.shape):
            return value
        return self._call(node, value, node.label, join(self.path, node.label))

    def parts(self, node: Node, value: _Value) -> _Value:
        """Write a leaf, or what a combinator does inside the module around it."""
        match node:
            case Seq():
                return self._sequence(node.children, value)
            case Shortcut():
                needed = projects(node, value.shape)
                return self._sequence(node.projection().children if needed else (), value)
            case Repeat():
                return self._repeat(node, value)
            case Aux():
                return self._aux(node, value)
            case Sum():
                return self._add(node, self._branches(node, value))
            case Cat():
                return self._concatenate(node, self._branches(node, value))
        return self._leaf(node, value)

    def _leaf(self, node: Node, value: _Value) -> _Value:
        visit = next(walk(node, value.shape, self.path))
        into, fresh = None, False
        match node:
            case Conv() | Norm() | Linear() | Pool():
                fresh = True
            case Act():  # backward needs its output
                into = value.buffer if value.fresh else None
            case Dropout():  # in eval mode it gives its input
                pass
            case _:
                raise unknown(node, "program")
        return self._step(Layer(visit), node, visit.output, (value,), fresh=fresh, into=into)

    def _sequence(self, nodes: tuple[Node, ...], value: _Value) -> _Value:
        for node in nodes:
            value = self.run(node, value)
        return value

    def _call(self, node: Node, value: _Value, label: str, path: str, times: int = 1) -> _Value:
        inner, shape = _module(node, value.shape, path)
        return self._step(Call(inner, label, times), node, shape, (value,), fresh=False)

    def _repeat(self, node: Repeat, value: _Value) -> _Value:
        blocks = [(node.first, 1), (node.rest, node.n - 1)]
        for index, (block, times) in enumerate(blocks[: node.n]):
            path = join(self.path, str(index))
            if is_combinator(block):
                path = join(path, block.label)
            value = self._call(block, value, str(index), path, times)
        return value

    def _aux(self, node: Aux, value: _Value) -> _Value:
        start, around = value._replace(fresh=False), self.side
        begin, self.side = len(self.steps), True
        side = self.run(node.side, start)
        middle, self.side = len(self.steps), around
        main = self.run(node.main, start)
        self.steps[begin:] = self.steps[middle:] + self.steps[begin:middle]
        return self._step(Pair(), node, main.shape, (main, side), fresh=False)

    def _branches(self, node: Sum | Cat, value: _Value) -> list[_Value]:
        start = value._replace(fresh=False)
        return [self.run(branch, start) for branch in node.branches]

    def _add(self, node: Sum, branches: list[_Value]) -> _Value:
        for index, scale in enumerate(node.scales or ()):
            if scale != 1:
                given = branches[index]
                branches[index] = self._step(Scale(scale), node, given.shape, (given,))
        total = branches[0]
        for branch in branches[1:]:
            into = total.buffer if total.fresh else None
            total = self._step(Add(), node, total.shape, (total, branch), into=into)
        return total

    def _concatenate(self, node: Cat, branches: list[_Value]) -> _Value:
        channels = sum(branch.shape[0] for branch in branches)
        shape = (channels, *branches[0].shape[1:])
        return self._step(Concatenate(), node, shape, tuple(branches))

    def _step(
        self,
        op: Op,
        node: Node,
        shape: Shape,
        given: tuple[_Value, ...],
        *,
        fresh: bool = True,
        into: int | None = None,
    ) -> _Value:
        if into is None:
            into, self.buffers = self.buffers, self.buffers + 1
        path = op.visit.path if isinstance(op, Layer) else self.path
        reads = tuple(value.buffer for value in given)
        self.steps.append(Step(op, node, path, shape, reads, into, self.side, len(self.steps)))
        return _Value(into, shape, fresh)
