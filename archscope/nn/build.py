"""Build a `torch.nn.Module` from a tree, so that a count and a network cannot drift apart.

The keys of the state dict are the labels of the tree (`layer1.0.conv1.weight`): torchvision's, for
the families that declare no others. An unlabelled combinator adds nothing to a key: its parts are
registered in the module around it. A module runs as its program says (`archscope.cost.program`):
what runs when, what is overwritten and how long a value is kept is decided there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from archscope.arch.families.keys import Theirs, declared_keys
from archscope.arch.network import Feature, Network
from archscope.arch.nodes import Cat, Gate, Grow, Node, Repeat, Split, has_residuals
from archscope.cost.formula import count
from archscope.cost.program import program
from archscope.cost.steps import (
    Add,
    Call,
    Concatenate,
    Cut,
    Layer,
    Multiply,
    Pair,
    Program,
    Scale,
    Step,
    View,
)
from archscope.errors import UsageError
from archscope.nn.free_memory import available
from archscope.nn.init import initialise
from archscope.nn.layers import leaf

Alone: TypeAlias = View | Scale | Add | Multiply | Cut | Concatenate | Pair


class _Line(NamedTuple):
    """A step of a module's program, with what torch runs for it.

    Names rather than modules, so that a deep copy or a pickle of a module is one of its own.
    """

    modules: tuple[str, ...]  # the submodules to run in a row
    op: Alone | None  # what is done without one
    reads: tuple[int, ...]
    writes: int
    in_place: bool
    side: bool  # in training only
    frees: tuple[int, ...]


def build(
    network: Network, *, init: bool = True, features: Sequence[Feature] | None = None
) -> nn.Module:
    """The module of a network: input (N, C, H, W), output (N, classes).

    A tree that does not end in a linear layer gives (N, C, H, W). With an auxiliary head, training
    mode returns (main, side).

    Args:
        network: made of plain numbers; arrays of designs can only be counted.
        init: draw the weights by the network's `init` from torch's global generator; False leaves
            their memory as it was allocated (enough for counting).
        features: give these outputs, in a list, in place of the last one.
        features: give these outputs, in a list, in place of the last one.

    Raises:
        UsageError: where the tree holds arrays, does not fit its input, or not into memory.
    """
    hash(network.tree)  # refuses arrays
    need = 4 * count(network).params
    memory = available()
    if need > memory:
        raise UsageError(
            f"the weights of {network.name} take {need // 10**6:,} MB, and this machine "
            f"has {memory // 10**6:,} MB free; count it with the formula instead"
        )
    with torch.device("meta"):
        module = Scope(program(network)) if features is None else Features(network, features)
    module.kind = network.name
    module.to_empty(device="cpu")
    module.theirs = declared_keys(network)
    if init:
        initialise(module, network.init)
    return module


class Scope(nn.Module):
    """A module of the tree: its layers and modules are submodules, run as its program says."""

    plan: tuple[_Line, ...] = ()
    theirs = Theirs({}, {})  # of a whole network: `declared_keys`
    _output = 0  # the buffer
    _labels: frozenset[str] = frozenset()  # what the parts are called by the tree itself
    kind = ""  # what it is, where it is printed

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.kind = _kind(program.node)
        self._labels = frozenset(_labels(program.node))
        lines = {step.place: self._line(step) for step in program.in_tree_order}
        self.plan = tuple(lines[step.place] for step in program.steps)
        self._output = program.output

    def forward(self, x: Tensor) -> Any:
        """Run the part on (N, C, H, W)."""
        return self._ran(x, {})

    def _get_name(self) -> str:
        return self.kind or type(self).__name__

    def _ran(self, x: Tensor, taken: dict[int, Any]) -> Any:
        """Run it; `taken`, by places of the plan, is filled in (copied where that is true)."""
        values: dict[int, Any] = {0: x}
        for place, (modules, op, reads, writes, in_place, side, frees) in enumerate(self.plan):
            if side and not self.training:
                continue
            if op is None:
                x = values[reads[0]]
                for name in modules:
                    x = self._modules[name](x)  # type: ignore[misc]
            else:  # of a pair, in eval mode there is the first value alone
                x = _run(op, [values[buffer] for buffer in reads if buffer in values], in_place)
            values[writes] = x
            if place in taken:
                taken[place] = x.clone() if taken[place] else x
            for buffer in frees:
                values.pop(buffer, None)
        return values[self._output]

    def residuals(self) -> Iterator[tuple[Scope, int]]:
        """Each residual block of this part, in the order in which they run.

        Given as the scope that adds the residual to the shortcut, and the place of that in its
        plan.
        """
        for place, line in enumerate(self.plan):
            for part in map(self._modules.__getitem__, line.modules):
                if isinstance(part, Scope):
                    yield from part.residuals()
            if isinstance(line.op, Add) and line.op.residual is not None:
                yield self, place

    def run_on_residuals(self, modules: Mapping[int, nn.Module]) -> None:
        """Run a module on the residual of each of these places of the plan, in training only.

        The module must keep the shape. It has a name that no weight has, and stays out of counts.
        """
        plan: list[_Line] = []
        for place, line in enumerate(self.plan):
            if place in modules and isinstance(line.op, Add) and line.op.residual is not None:
                name = self._register(self._free("droppath"), modules[place])
                buffer = line.reads[line.op.residual]
                plan.append(_Line((name,), None, (buffer,), buffer, False, True, ()))
            plan.append(line)
        self.plan = tuple(plan)

    def __prepare_scriptable__(self) -> Scope:
        """Called by torch.jit.script, whose language has no place for a program of steps."""
        raise UsageError(
            "a built module cannot be scripted; use torch.export.export, or archscope export --to "
            "pt2 (torch.jit.trace works as well)"
        )

    def _line(self, step: Step) -> _Line:
        """Make the submodules of a step."""
        names: list[str] = []
        op: Alone | None = None
        match step.op:
            case Layer() as layer:
                module = leaf(layer.visit, step.in_place)
                names.append(self._register(self._name(step.node), module))
            case Call() as call:
                names += [self._register(name, Scope(part)) for name, part in call.modules]
            case op:
                pass
        reads, writes = step.reads, step.writes
        return _Line(tuple(names), op, reads, writes, step.in_place, step.side, step.frees)

    def _register(self, name: str, module: nn.Module) -> str:
        if not name or "." in name or hasattr(Scope, name):
            raise UsageError(
                f"the label '{name}' cannot be the key of a weight; use a plain word that torch "
                "does not use itself, as conv1"
            )
        if name in self._modules:
            raise UsageError(
                f"the label '{name}' is used twice in one part of a tree; labels are the "
                "keys of the weights, so give each its own"
            )
        self.add_module(name, module)
        return name

    def _name(self, node: Node) -> str:
        """The label of a layer; without one a name that no label of this part of the tree takes."""
        if node.label is not None:
            return node.label
        return self._free(type(node).__name__.lower())

    def _free(self, name: str) -> str:
        index = 0
        while (free := f"{name}{index or ''}") in self._modules or free in self._labels:
            index += 1
        return free


class Features(Scope):
    """A network without its head, (N, C, H, W) in, a list of maps out, the largest first.

    Attributes:
        features: of each map its channels, and how many pixels of the input one of its is wide.
    """

    def __init__(self, network: Network, features: Sequence[Feature]) -> None:
        made = program(network)
        super().__init__(made)
        self.features = tuple(features)
        nodes = [step.node for step in made.steps]
        self._taken: dict[int, bool] = {}  # the places that give a map; if it is overwritten later
        for one in features:
            place = max(at for at, node in enumerate(nodes) if node is one.node)
            writes = made.steps[place].writes
            later = made.steps[place + 1 :]
            self._taken[place] = any(s.in_place and s.writes == writes for s in later)

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels of each map."""
        return tuple(one.channels for one in self.features)

    @property
    def strides(self) -> tuple[int, ...]:
        """The stride of each map."""
        return tuple(one.stride for one in self.features)

    def forward(self, x: Tensor) -> list[Tensor]:
        """The maps of the images."""
        kept: dict[int, Any] = dict(self._taken)
        self._ran(x, kept)
        return list(kept.values())


def _kind(node: Node) -> str:
    """What a part of a tree is called where its module is printed."""
    known = {Repeat: "Stage", Grow: "DenseStage", Cat: "Branches", Split: "Branches", Gate: "Gate"}
    return known.get(type(node), "ResidualBlock" if has_residuals(node) else "Sequence")


def _labels(node: Node) -> Iterator[str]:
    """The labels that the parts of `node` have, through unlabelled combinators."""
    for part in node.parts():
        if part.label is not None:
            yield part.label
        else:
            yield from _labels(part)


def _run(op: Alone, given: list[Any], in_place: bool) -> Any:
    """What a step without a module makes of its inputs."""
    x = given[0]
    if isinstance(op, View):
        return torch.flatten(x, 1) if op.form == "flat" else x[:, :, None, None]
    if isinstance(op, Scale):
        return x * op.factor
    if isinstance(op, Add):
        return x.add_(given[1]) if in_place else x + given[1]
    if isinstance(op, Multiply):
        return x * given[1]
    if isinstance(op, Cut):
        width = x.shape[1] // op.parts
        return x[:, op.index * width : (op.index + 1) * width]
    if isinstance(op, Concatenate):
        return torch.cat(given, dim=1)
    return tuple(given) if len(given) > 1 else x
