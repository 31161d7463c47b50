"""Build a `torch.nn.Module` from a tree, so that a count and a network cannot drift apart.

The keys of the state dict are the labels of the tree (`layer1.0.conv1.weight`): torchvision's, for
the families that it has. An unlabelled combinator adds nothing to a key: its parts are registered
in the module around it, which runs them by a small plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

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
from archscope.arch.shape import Shape, conv_padding, output_shape, projects
from archscope.cost.formula import count
from archscope.errors import UsageError
from archscope.nn.free_memory import available
from archscope.nn.init import initialise

# What a scope runs: the name of a submodule, ("flat",) or ("map",), which change between (N, C) and
# (N, C, 1, 1), or ("seq" | "sum" | "cat" | "aux", ...).
# Names rather than modules, so that a deep copy or a pickle of a module is one of its own.
Plan: TypeAlias = "str | tuple[Any, ...]"


class _Part(NamedTuple):
    """A compiled node: its plan, its output's shape, and what may be done with that."""

    plan: Plan
    shape: Shape
    fresh: bool  # nobody needs the output's old values: not another branch, not backward
    flat: bool = False  # (N, C), as a linear layer gives it, for the shape (C, 1, 1)


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
        module = Scope(network.tree, network.input)
    module.to_empty(device="cpu")
    if init:
        initialise(module, network.init)
    return module


class Scope(nn.Module):
    """A named part of the tree: its leaves are submodules, its unlabelled combinators a plan."""

    plan: Plan = ()
    output_shape: Shape = (0, 0, 0)
    _flat = False  # whether the output is (N, C)
    _labels: frozenset[str] = frozenset()  # what the parts are called by the tree itself

    def __init__(self, node: Node, shape: Shape, flat: bool = False) -> None:
        super().__init__()
        self._labels = frozenset(_labels(node))
        part = self._compile_parts(node, _Part((), shape, False, flat))
        self.plan, self.output_shape, self._flat = part.plan, part.shape, part.flat

    def forward(self, x: Tensor) -> Any:
        """Run the part on (N, C, H, W)."""
        return self._run(self.plan, x)

    def _run(self, plan: Plan, x: Any) -> Any:
        if isinstance(plan, str):
            return self._modules[plan](x)  # type: ignore[misc]
        kind = plan[0]
        if kind == "flat":
            return torch.flatten(x, 1)
        if kind == "map":
            return x[:, :, None, None]
        parts = plan[1]
        if kind == "seq":
            for part in parts:
                x = self._run(part, x)
            return x
        if kind == "aux":
            return (
                (self._run(parts[0], x), self._run(parts[1], x))
                if self.training
                else (self._run(parts[0], x))
            )
        outputs = [self._run(part, x) for part in parts]
        if kind == "cat":
            return torch.cat(outputs, dim=1)
        scales, in_place = plan[2], plan[3]
        if scales is not None:
            pairs = zip(outputs, scales, strict=True)
            outputs = [output if scale == 1 else output * scale for output, scale in pairs]
        total = outputs[0]
        for output in outputs[1:]:
            total = total.add_(output) if in_place else total + output
            in_place = True
        return total

    def _compile(self, node: Node, before: _Part) -> _Part:
        """Compile a node after `before`; a labelled combinator becomes a module of its own."""
        if node.label is None or not is_combinator(node):
            return self._compile_parts(node, before)
        if isinstance(node, Shortcut) and not projects(node, before.shape):
            return before._replace(plan=("seq", ()))
        scope = Scope(node, before.shape, before.flat)
        return _Part(self._register(node.label, scope), scope.output_shape, False, scope._flat)

    def _compile_parts(self, node: Node, before: _Part) -> _Part:
        match node:
            case Seq():
                return self._compile_seq(node.children, before)
            case Sum() | Cat():
                return self._compile_branches(node, before)
            case Repeat():
                return self._compile_repeat(node, before)
            case Shortcut():
                parts = node.projection().children if projects(node, before.shape) else ()
                return self._compile_seq(parts, before)
            case Aux():
                # The side head first, as the walk has it and torchvision's state dict.
                side = self._compile(node.side, before._replace(fresh=False))
                main = self._compile(node.main, before._replace(fresh=False))
                return _Part(("aux", (main.plan, side.plan)), main.shape, False, main.flat)
        return self._compile_leaf(node, before)

    def _compile_leaf(self, node: Node, before: _Part) -> _Part:
        shape = output_shape(node, before.shape)
        label = node.label
        name = self._free_name(type(node).__name__.lower()) if label is None else label
        plan: Plan = self._register(name, _leaf(node, before))
        flat = before.flat
        if isinstance(node, Linear) and not flat:
            plan, flat = ("seq", (("flat",), plan)), True
        elif isinstance(node, (Conv, Norm, Pool)) and flat:
            plan, flat = ("seq", (("map",), plan)), False
        return _Part(plan, shape, isinstance(node, (Conv, Norm, Linear, Pool)), flat)

    def _compile_seq(self, children: tuple[Node, ...], before: _Part) -> _Part:
        plans = []
        for child in children:
            before = self._compile(child, before)
            plans.append(before.plan)
        plan = plans[0] if len(plans) == 1 else ("seq", tuple(plans))
        return before._replace(plan=plan)

    def _compile_branches(self, node: Sum | Cat, before: _Part) -> _Part:
        parts = [self._compile(branch, before._replace(fresh=False)) for branch in node.branches]
        shape, flat = output_shape(node, before.shape), all(part.flat for part in parts)
        if not flat:  # one form for all
            parts = [_mapped(part) for part in parts]
        plans = tuple(part.plan for part in parts)
        if isinstance(node, Cat):
            return _Part(("cat", plans), shape, True, flat)
        in_place = parts[0].fresh or (node.scales is not None and node.scales[0] != 1)
        fresh = in_place or len(parts) > 1
        return _Part(("sum", plans, node.scales, in_place), shape, fresh, flat)

    def _compile_repeat(self, node: Repeat, before: _Part) -> _Part:
        plans, shape, flat = [], before.shape, before.flat
        for index in range(node.n):
            block = Scope(node.first if index == 0 else node.rest, shape, flat)
            plans.append(self._register(str(index), block))
            shape, flat = block.output_shape, block._flat
        return _Part(("seq", tuple(plans)), shape, False, flat)

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

    def _free_name(self, name: str) -> str:
        """A name for an unlabelled layer that no label of this part of the tree takes."""
        index = 0
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


def _mapped(part: _Part) -> _Part:
    """The part with an output of (N, C, H, W)."""
    return part._replace(plan=("seq", (part.plan, ("map",))), flat=False) if part.flat else part


def _leaf(node: Node, before: _Part) -> nn.Module:
    channels = before.shape[0]
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
            return nn.ReLU(inplace=before.fresh)
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
            inputs = before.shape[0] * before.shape[1] * before.shape[2]
            return nn.Linear(inputs, node.out, bias=node.bias)
        case Dropout():
            return nn.Dropout(node.p)
    raise AssertionError(f"no module for {type(node).__name__}")
