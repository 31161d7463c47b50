"""Build a `torch.nn.Module` from a tree, so that a count and a network cannot drift apart.

The keys of the state dict are the labels of the tree (`layer1.0.conv1.weight`): torchvision's, for
the families that it has. An unlabelled combinator adds nothing to a key: its parts are registered
in the module around it. A module runs as its program says (`archscope.cost.program`): what runs
when, what is overwritten and how long a value is kept is decided there.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Dropout, Linear, Node, Norm, Pool
from archscope.arch.readings import unknown
from archscope.arch.shape import Visit, conv_padding
from archscope.cost.formula import count
from archscope.cost.program import (
    Add,
    Call,
    Concatenate,
    Layer,
    Op,
    Pair,
    Program,
    Scale,
    Step,
    program,
)
from archscope.errors import UsageError
from archscope.nn.free_memory import available
from archscope.nn.init import initialise

# (N, C) and (N, C, 1, 1) are views of one buffer: what is to be made of it; None: as it is.
Form: TypeAlias = Literal["flat", "map"] | None


class _Line(NamedTuple):
    """A step of a module's program, with what torch runs for it.

    Names rather than modules, so that a deep copy or a pickle of a module is one of its own.
    """

    modules: tuple[str, ...]  # the submodules to run in a row
    op: Op | None  # what else is done
    reads: tuple[tuple[int, Form], ...]  # buffers, and the form in which they are taken
    writes: int
    in_place: bool
    side: bool  # in training only
    frees: tuple[int, ...]


def build(network: Network, *, init: bool = True) -> nn.Module:
    """The module of a network: input (N, C, H, W), output (N, classes).

    A tree that does not end in a linear layer gives (N, C, H, W). With an auxiliary head, training
    mode returns (main, side).

    Args:
        network: made of plain numbers; arrays of designs can only be counted.
        init: draw the weights by the network's `init` from torch's global generator; False leaves
            their memory as it was allocated (enough for counting).

    Raises:
        UsageError: where the tree holds arrays, does not fit its input, or not into memory.
    """
    hash(network.tree)  # refuses arrays
    need = 4 * count(network).params
    memory = available()
    if need > memory:
        raise UsageError(
            f"{network.name} was to be built, but its weights take {need // 10**6:,} MB and this "
            f"machine has {memory // 10**6:,} MB free; count it with the formula instead"
        )
    with torch.device("meta"):
        module = Scope(program(network))
    module.to_empty(device="cpu")
    if init:
        initialise(module, network.init)
    return module


class Scope(nn.Module):
    """A module of the tree: its layers and modules are submodules, run as its program says."""

    plan: tuple[_Line, ...] = ()
    _output = 0  # the buffer
    _flat = False  # whether the output is (N, C)
    _labels: frozenset[str] = frozenset()  # what the parts are called by the tree itself

    def __init__(self, program: Program, flat: bool = False) -> None:
        super().__init__()
        self._labels = frozenset(_labels(program.node))
        forms = {0: flat}
        in_tree = sorted(program.steps, key=attrgetter("place"))
        lines = {step.place: self._line(step, forms) for step in in_tree}
        self.plan = tuple(lines[step.place] for step in program.steps)
        self._output, self._flat = program.output, forms[program.output]

    def forward(self, x: Tensor) -> Any:
        """Run the part on (N, C, H, W)."""
        values: dict[int, Any] = {0: x}
        for line in self.plan:
            if line.side and not self.training:
                continue
            # In eval mode there is no side head's output.
            given = [_viewed(values[key], form) for key, form in line.reads if key in values]
            values[line.writes] = self._run(line, given)
            for buffer in line.frees:
                values.pop(buffer, None)
        return values[self._output]

    def _run(self, line: _Line, given: list[Any]) -> Any:
        x = given[0]
        for name in line.modules:
            x = self._modules[name](x)  # type: ignore[misc]
        if isinstance(line.op, Scale):
            return x * line.op.factor
        if isinstance(line.op, Add):
            return x.add_(given[1]) if line.in_place else x + given[1]
        if isinstance(line.op, Concatenate):
            return torch.cat(given, dim=1)
        if isinstance(line.op, Pair) and len(given) > 1:
            return tuple(given)
        return x

    def _line(self, step: Step, flat: dict[int, bool]) -> _Line:
        """Make the submodules of a step. `flat`: of each buffer so far, whether it is (N, C)."""
        op, names = step.op, list[str]()
        takes, gives = None, flat[step.reads[0]]  # (N, C) or not; None: as it comes
        match op:
            case Layer(visit):
                takes = _takes_flat(step.node)
                gives = gives if takes is None else takes
                names.append(self._register(self._name(step.node), _layer(visit, step.in_place)))
            case Call():
                for label in op.labels:
                    scope = Scope(op.program, gives)
                    names.append(self._register(label, scope))
                    gives = scope._flat
            case Add() | Concatenate():
                takes = gives = all(flat[buffer] for buffer in step.reads)  # one form for all
        reads = tuple((buffer, _form(takes, flat[buffer])) for buffer in step.reads)
        flat[step.writes] = gives
        done = None if names else op
        return _Line(tuple(names), done, reads, step.writes, step.in_place, step.side, step.frees)

    def _register(self, name: str, module: nn.Module) -> str:
        if not name or "." in name or hasattr(Scope, name):
            raise UsageError(
                f"the label '{name}' cannot be the key of a weight; use a plain word that torch "
                "does not use itself, as conv1"
            )
        if name in self._modules:
            raise UsageError(
                f"the label '{name}' stands twice in one part of a tree; labels are the keys of "
                "the weights, so give each its own"
            )
        self.add_module(name, module)
        return name

    def _name(self, node: Node) -> str:
        """The label of a layer; without one a name that no label of this part of the tree takes."""
        if node.label is not None:
            return node.label
        name, index = type(node).__name__.lower(), 0
        while (free := f"{name}{index or ''}") in self._modules or free in self._labels:
            index += 1
        return free


def _labels(node: Node) -> Iterator[str]:
    """The labels that the parts of `node` have, through unlabelled combinators."""
    for part in node.parts():
        if part.label is not None:
            yield part.label
        else:
            yield from _labels(part)


def _form(takes: bool | None, flat: bool) -> Form:
    """What is to be made of an input that is `flat` or not, for what takes it so or not."""
    if takes is None or takes == flat:
        return None
    return "flat" if takes else "map"


def _viewed(x: Any, form: Form) -> Any:
    if form == "flat":
        return torch.flatten(x, 1)
    return x[:, :, None, None] if form == "map" else x


def _takes_flat(node: Node) -> bool | None:
    """Whether a layer takes (N, C) rather than (N, C, H, W), and gives it; None: either."""
    match node:
        case Linear():
            return True
        case Conv() | Norm() | Pool():
            return False
        case Act() | Dropout():
            return None
    raise unknown(node, "build")


def _layer(visit: Visit, in_place: bool) -> nn.Module:
    """torch's module for a leaf of the tree."""
    node, (channels, height, width) = visit.node, visit.input
    match node:
        case Conv():
            return nn.Conv2d(
                channels,
                node.out,
                node.kernel,
                node.stride,
                conv_padding(node),
                groups=node.groups,
                bias=node.bias,
            )
        case Norm():
            return nn.BatchNorm2d(channels, node.eps)
        case Act():
            return nn.ReLU(inplace=in_place)
        case Pool(kind="global"):
            return nn.AdaptiveAvgPool2d(1)
        case Pool(kind="max"):
            return nn.MaxPool2d(node.kernel, node.stride, node.padding)
        case Pool():
            return nn.AvgPool2d(
                node.kernel,
                node.stride,
                node.padding,
                count_include_pad=node.count_include_pad,
            )
        case Linear():
            return nn.Linear(channels * height * width, node.out, bias=node.bias)
        case Dropout():
            return nn.Dropout(node.p)
    raise unknown(node, "build")
