"""The program of a network: what runs, in which buffer, and what is overwritten.

The module (`archscope.nn.build`) runs these steps, and memory and the roofline count them, so that
what is held and what is overwritten is decided here alone. The rules:

- convolutions, normalisations, linear layers, pools, shuffles and gains write a buffer of their
  own;
- activations (sigmoid and GELU but not, which torch has no such form of) overwrite their input
  where nobody else needs that: where one of those but a shuffle, a sum, product or concatenation
  has just written it in the same module;
- the branches of a sum or concatenation run one after the other; each branch with a scale is then
  multiplied into a buffer of its own; a sum adds the others one at a time, into the first branch's
  output where that may be overwritten, else into a new buffer; a concatenation copies;
- a gate's branch runs on its input, and the product is written into a new buffer;
- what grows is copied into a new buffer, with what has grown behind it, each time;
- the parts that a split cuts are views of its input, and its outputs are copied behind each other;
- dropout does nothing in eval mode, and a side head runs in training only;
- a linear layer takes and gives (N, C), for the shape (C, 1, 1), and what else needs a map takes
  (N, C, H, W): one is a view of the other, without a buffer of its own. What does not care keeps
  the form, and branches of both forms become maps.

A module is the network itself, a labelled combinator, or a block of a stage. Each has a program of
its own, which overwrites nothing that it is given; buffers are numbered anew in each.
"""

from __future__ import annotations

from collections.abc import Sequence

from archscope.arch.arrays import Number
from archscope.arch.network import Network
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
    is_combinator,
)
from archscope.arch.readings import unknown
from archscope.arch.shape import MOST_VISITED, join, output_shape, projects, walk
from archscope.arch.windows import Shape, any_of, part_shape, takes_before
from archscope.cost.steps import (
    Add,
    Call,
    Concatenate,
    Cut,
    Form,
    Layer,
    Multiply,
    Op,
    Pair,
    Program,
    Scale,
    Step,
    Value,
    View,
    last_uses,
    settled,
    told_apart,
)
from archscope.errors import UsageError


def program(network: Network) -> Program:
    """The program of a network of plain numbers.

    Raises:
        UsageError: where the tree holds arrays, or a layer does not fit its input.
    """
    hash(network.tree)  # refuses arrays
    output_shape(network.tree, network.input)  # raises where something does not fit
    return program_of(network.tree, network.input)


def program_of(tree: Node, shape: Shape) -> Program:
    """The program of a tree that was counted at this shape; numbers in either may be arrays.

    Raises:
        Mixed: where designs of the arrays have different programs.
    """
    return _module(tree, Value(0, shape), "")[0]


OUT_OF_PLACE = ("gelu", "sigmoid")  # torch's modules of these cannot overwrite their input
_NEW = -1  # a buffer that nothing has written yet


def _module(node: Node, given: Value, path: str) -> tuple[Program, Value]:
    """The program of a module that is given `given`, and what it gives."""
    writer = _Writer(path)
    result = writer.parts(node, given._replace(buffer=0, fresh=False))
    freed = last_uses([(step.reads, step.writes) for step in writer.steps], result.buffer)
    steps = (step._replace(frees=f) for step, f in zip(writer.steps, freed, strict=True))
    return Program(node, tuple(steps), result.buffer), result


class _Writer:
    """Writes the steps of one module, which stands at `path`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.steps: list[Step] = []
        self.buffers = 1  # taken so far: the input
        self.side = False  # whether a side head is being written

    def run(self, node: Node, value: Value) -> Value:
        """Write a node: a labelled combinator is a module of its own."""
        if not is_combinator(node) or node.label is None:
            return self.parts(node, value)
        if isinstance(node, Shortcut) and not settled(projects(node, value.shape)):
            return value
        return self._call(node, value, node.label, join(self.path, node.label))

    def parts(self, node: Node, value: Value) -> Value:
        """Write a leaf, or what a combinator does inside the module around it."""
        match node:
            case Seq():
                return self._sequence(told_apart(node, value.shape), value)
            case Shortcut():
                needed = settled(projects(node, value.shape))
                return self._sequence(node.projection().children if needed else (), value)
            case Repeat():
                return self._repeat(node, value)
            case Aux():
                return self._aux(node, value)
            case Sum():
                return self._add(node, self._branches(node, value))
            case Cat():
                return self._concatenate(node, self._branches(node, value))
            case Gate():
                return self._gate(node, value)
            case Grow():
                return self._grow(node, value)
            case Split():
                return self._split(node, value)
        return self._leaf(node, value)

    def _leaf(self, node: Node, value: Value) -> Value:
        visit = next(walk(node, value.shape, self.path))
        into, fresh, idle = _NEW, False, False
        match node:
            case Linear():
                value, fresh = self._in_form(node, "flat", value), True
            case Conv() | Norm() | Pool() | Gain():
                value, fresh = self._in_form(node, "map", value), True
            case Shuffle():  # of one group it may be a view of its input
                value = self._in_form(node, "map", value)
            case Act():  # backward needs its output
                into = value.buffer if value.fresh and node.kind not in OUT_OF_PLACE else _NEW
            case Dropout():
                idle = True
            case _:
                raise unknown(node, "program")
        gives = Value(into, visit.output, fresh, value.flat)
        return self._step(Layer(visit, idle), node, [value], gives)

    def _sequence(self, nodes: tuple[Node, ...], value: Value) -> Value:
        for node in nodes:
            value = self.run(node, value)
        return value

    def _call(self, node: Node, value: Value, label: str, path: str, times: Number = 1) -> Value:
        program, result = _module(node, value, path)
        programs = [program]
        if result.flat != value.flat and settled(times > 1):  # the form stays for all that follow
            programs.append(_module(node, result, path)[0])
        gives = result._replace(buffer=_NEW, fresh=False)
        return self._step(Call(tuple(programs), label, times), node, [value], gives)

    def _repeat(self, node: Repeat, value: Value) -> Value:
        if not settled(node.n > 0):  # of an array: this stage is not there
            return value
        value = self._block(node.first, 0, value, 1)
        if not any_of(node.n > 1):
            return value
        # In a design of no more blocks they run no times: they give as much as they free.
        again = self._block(node.rest, 1, value, node.n - 1)
        return again if again.flat == value.flat or settled(node.n > 1) else value

    def _block(self, block: Node, index: int, value: Value, times: Number) -> Value:
        label = block.label if is_combinator(block) else None
        path = join(join(self.path, str(index)), label)
        return self._call(block, value, str(index), path, times)

    def _aux(self, node: Aux, value: Value) -> Value:
        start, around = value._replace(fresh=False), self.side
        begin, self.side = len(self.steps), True
        side = self.run(node.side, start)
        middle, self.side = len(self.steps), around
        main = self.run(node.main, start)
        self.steps[begin:] = self.steps[middle:] + self.steps[begin:middle]
        gives = main._replace(buffer=_NEW, fresh=False)
        return self._step(Pair(), node, [main, side], gives)

    def _branches(self, node: Sum | Cat, value: Value) -> list[Value]:
        start = value._replace(fresh=False)
        outputs, ends = [], []
        for branch in node.branches:
            outputs.append(self.run(branch, start))
            ends.append(len(self.steps))
        if all(output.flat for output in outputs):
            return outputs
        for index in reversed(range(len(outputs))):  # each view right behind its branch
            outputs[index] = self._in_form(node, "map", outputs[index], ends[index])
        return outputs

    def _add(self, node: Sum, branches: list[Value]) -> Value:
        for index, scale in enumerate(node.scales or ()):
            if scale != 1:
                given = branches[index]
                gives = given._replace(buffer=_NEW, fresh=True)
                branches[index] = self._step(Scale(scale), node, [given], gives)
        total = branches[0]
        for index, branch in enumerate(branches[1:], start=2):
            gives = total._replace(buffer=total.buffer if total.fresh else _NEW, fresh=True)
            residual = node.residual if index == len(branches) else None
            total = self._step(Add(residual), node, [total, branch], gives)
        return total

    def _gate(self, node: Gate, value: Value) -> Value:
        gate = self.run(node.branch, value._replace(fresh=False))
        if gate.flat != value.flat:
            gate, value = (self._in_form(node, "map", one) for one in (gate, value))
        gives = value._replace(buffer=_NEW, fresh=True)
        return self._step(Multiply(), node, [value, gate], gives)

    def _grow(self, node: Grow, value: Value) -> Value:
        number = settled(node.n)
        if number > MOST_VISITED:
            raise UsageError(
                f"what grows can be built, and its memory told, up to {MOST_VISITED:,} times, not "
                f"{number:,}; count it instead"
            )
        value = self._in_form(node, "map", value)
        for index in range(number):
            grown = self._block(node.body, index, value._replace(fresh=False), 1)
            value = self._concatenate(node, [value, self._in_form(node, "map", grown)])
        return value

    def _split(self, node: Split, value: Value) -> Value:
        value = self._in_form(node, "map", value)
        shape, number = part_shape(node, value.shape, self.path), len(node.branches)
        outputs: list[Value] = []
        for index, branch in enumerate(node.branches):
            part = self._step(Cut(index, number), node, [value], Value(_NEW, shape))
            if takes_before(node, index):
                gives = part._replace(buffer=_NEW, fresh=True)
                part = self._step(Add(), node, [outputs[-1], part], gives)
            outputs.append(self._in_form(node, "map", self.run(branch, part)))
        return self._concatenate(node, outputs)

    def _concatenate(self, node: Cat | Split | Grow, branches: list[Value]) -> Value:
        channels = sum(branch.shape[0] for branch in branches)
        shape = (channels, *branches[0].shape[1:])
        gives = Value(_NEW, shape, True, branches[0].flat)
        return self._step(Concatenate(), node, branches, gives)

    def _in_form(self, node: Node, form: Form, value: Value, at: int | None = None) -> Value:
        """The value; where it has another form, a view of it: last, or as the step `at`."""
        flat = form == "flat"
        if value.flat == flat:
            return value
        view = self._step(View(form), node, [value], value._replace(buffer=_NEW, flat=flat))
        if at is not None:
            self.steps.insert(at, self.steps.pop())
        return view

    def _step(self, op: Op, node: Node, given: Sequence[Value], gives: Value) -> Value:
        """Write a step; into the buffer of `gives`, where that is not a new one."""
        if gives.buffer == _NEW:
            gives = gives._replace(buffer=self.buffers)
            self.buffers += 1
        path = op.visit.path if isinstance(op, Layer) else self.path
        reads = tuple(value.buffer for value in given)
        place = len(self.steps)
        self.steps.append(Step(op, node, path, gives.shape, reads, gives.buffer, self.side, place))
        return gives
