"""The parts of a program: `archscope.cost.program` writes them, and says by which rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from archscope.arch.arrays import Number, is_array
from archscope.arch.nodes import Node, Seq, Shortcut, Sum
from archscope.arch.shape import Visit, projects
from archscope.arch.windows import Shape

Form: TypeAlias = Literal["flat", "map"]


@dataclass(frozen=True)
class Layer:
    """Run a leaf of the tree, standing where `visit` says; `idle` where it works in training only.

    An idle one hands on its input in eval mode.
    """

    visit: Visit
    idle: bool = False


@dataclass(frozen=True)
class Call:
    """Run another module, or the equal blocks of a stage, each on the output of the one before.

    Attributes:
        programs: of the module; a second one is that of all blocks after the first, where they are
            given (N, C) for (N, C, 1, 1) or the other way round.
        label: its key in the module around it; blocks are numbered from it on.
        times: how many modules there are.
    """

    programs: tuple[Program, ...]
    label: str
    times: Number = 1

    @property
    def modules(self) -> list[tuple[str, Program]]:
        """Each module's key and program."""
        if self.times == 1:
            return [(self.label, self.programs[0])]
        first = int(self.label)
        return [
            (str(first + index), self.programs[0 if index == 0 else -1])
            for index in range(self.times)
        ]


@dataclass(frozen=True)
class View:
    """See (N, C, H, W) as (N, C * H * W), `flat`, or (N, C) as (N, C, 1, 1), a `map`."""

    form: Form


@dataclass(frozen=True)
class Scale:
    """Multiply by a number."""

    factor: float


@dataclass(frozen=True)
class Add:
    """Add the second input to the first.

    `residual` is the input, 0 or 1, that a residual block adds to its shortcut; None where this is
    no such sum, or not the last addition of one.
    """

    residual: int | None = None


@dataclass(frozen=True)
class Multiply:
    """Multiply the first input by the second, a number a channel or one an element."""


@dataclass(frozen=True)
class Cut:
    """See one of `parts` equal pieces of the channels, counted from 0, without a copy."""

    index: int
    parts: int


@dataclass(frozen=True)
class Concatenate:
    """Copy the inputs behind each other, along the channels."""


@dataclass(frozen=True)
class Pair:
    """In training the outputs of the main part and of the side head; in eval mode the former."""


Op: TypeAlias = Layer | Call | View | Scale | Add | Multiply | Cut | Concatenate | Pair


class Value(NamedTuple):
    """A tensor on its way through a program.

    Attributes:
        buffer: where it lies.
        shape: of one image.
        fresh: whether the next step may overwrite it.
        flat: whether it is (N, C), not (N, C, H, W).
    """

    buffer: int
    shape: Shape
    fresh: bool = False
    flat: bool = False


class Step(NamedTuple):
    """A step of a program.

    Attributes:
        op: what is done.
        node: of which node: the leaf, the module's part of the tree, the `Sum`, the `Cat`.
        path: its place in the tree; a stage's blocks after the first all have 1.
        shape: of the output, one image.
        reads: the buffers that it reads, in order.
        writes: the buffer that it writes; one of `reads` where it works in place.
        side: whether only training runs it.
        place: its place in the order of the tree, which is that of the state dict: a side head
            is written before the main part, and runs after it.
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
        return (
            self.op.idle if isinstance(self.op, Layer) else isinstance(self.op, (View, Cut, Pair))
        )


@dataclass(frozen=True)
class Program:
    """What one module runs.

    Attributes:
        node: the part of the tree that it computes.
        steps: in order.
        output: the buffer of the output; that of the input is 0.
    """

    node: Node
    steps: tuple[Step, ...]
    output: int

    @property
    def in_tree_order(self) -> list[Step]:
        """The steps in the order of the tree and of the state dict."""
        return sorted(self.steps, key=lambda step: step.place)


class Mixed(Exception):
    """An array's designs have several programs: one for each value of `key`, an entry a design."""

    def __init__(self, key: Any) -> None:
        super().__init__("several programs")
        self.key = key


def settled(value: Number) -> Any:
    """What decides how a program runs: the one value that an array has for all of its designs.

    Raises:
        Mixed: where it has several.
    """
    if not is_array(value):
        return value
    first = value.flat[0]
    if (value != first).any():
        raise Mixed(value)
    return first.item()


def told_apart(node: Seq, shape: Shape) -> tuple[Node, ...]:
    """What runs one after the other of what is given such a map, `Shortcut.shared` settled.

    Raises:
        Mixed: where it is shared in some of the designs.
    """
    last = node.children[-1] if node.children else None
    way = last.branches[-1] if isinstance(last, Sum) else None
    if not isinstance(last, Sum) or not isinstance(way, Shortcut) or not way.shared:
        return node.children
    if settled(projects(way, shape)):
        return node.children
    return (Sum(Seq(*node.children[:-1], last.branches[0]), way),)


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
