"""What other counters add to multiply-adds, in closed form: the elements that each operator sees.

All of one image in eval mode: what only training runs (a side head) is left out, but for its
parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

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
)
from archscope.arch.readings import unknown
from archscope.arch.shape import Visit, output_shape, part_shape, projects, takes_before, walk
from archscope.arch.windows import Shape
from archscope.cost.formula import leaf_cost


@dataclass(frozen=True)
class Tally:
    """Exact sums over the tree of one network.

    Attributes:
        params: learnable parameters; `side_params` those of side heads among them.
        macs: multiply-adds of convolutions and linear layers.
        linear: of them those of linear layers.
        conv_bias, linear_bias: outputs of the layers with a bias.
        norm: elements that go through batch norm; `norm_params` the parameters of all kinds.
        other_norm: elements that go through layer or group norm.
        relu: elements that go through a ReLU.
        max_in, max_out, avg_in, avg_out, global_in, global_out: elements into and out of the
            poolings.
        unbiased: output channels of the convolutions without a bias.
        grouped: (groups - 1) times the multiply-adds of each grouped convolution.
        added: elements that sums make, once for each branch but the first (of sums in rows,
            repeats and branches, as blocks have them).
        stem: multiply-adds of the layers that read the network's input: so much less is the
            backward pass, since the gradient of the image is not needed.
    """

    params: int = 0
    side_params: int = 0
    macs: int = 0
    linear: int = 0
    conv_bias: int = 0
    linear_bias: int = 0
    norm: int = 0
    norm_params: int = 0
    other_norm: int = 0
    relu: int = 0
    max_in: int = 0
    max_out: int = 0
    avg_in: int = 0
    avg_out: int = 0
    global_in: int = 0
    global_out: int = 0
    grouped: int = 0
    unbiased: int = 0
    added: int = 0
    stem: int = 0

    @property
    def norm_channels(self) -> int:
        """Channels that are normalised: each has a scale and a shift."""
        return self.norm_params // 2

    @property
    def backward(self) -> int:
        """Multiply-adds of the backward pass: the gradients of all weights and of all inputs.

        Each takes as many as the forward pass; only the image's own gradient is not taken.
        """
        return 2 * self.macs - self.stem


def tally(network: Network) -> Tally:
    """Add up a network of plain numbers, not of arrays.

    Raises:
        UsageError: where a layer does not fit its input.
    """
    sums: dict[str, int] = {}
    for visit in walk(network.tree, network.input):
        for name, value in _of_leaf(visit).items():
            sums[name] = sums.get(name, 0) + value * visit.times
    stem = _reads_input(network.tree, network.input)[0]
    return Tally(**sums, added=_added(network.tree, network.input)[0], stem=stem)


def _of_leaf(visit: Visit) -> dict[str, int]:
    params, macs, activations = leaf_cost(visit)
    if visit.side:
        return {"params": params, "side_params": params}
    inside, outside = prod(visit.input), prod(visit.output)
    match visit.node:
        case Conv() as conv:
            bias, grouped = activations * conv.bias, (conv.groups - 1) * macs
            return {
                "params": params,
                "macs": macs,
                "conv_bias": bias,
                "grouped": grouped,
                "unbiased": conv.out * (not conv.bias),
            }
        case Linear() as linear:
            bias = activations * linear.bias
            return {"params": params, "macs": macs, "linear": macs, "linear_bias": bias}
        case Norm(kind=kind):
            name = "norm" if kind == "batch" else "other_norm"
            return {"params": params, name: inside, "norm_params": params}
        case Gain():
            return {"params": params}
        case Act(kind="relu"):
            return {"relu": inside}
        case Act() | Shuffle():
            return {}
        case Pool(kind="max"):
            return {"max_in": inside, "max_out": outside}
        case Pool(kind=kind):
            name = "avg" if kind == "avg" else "global"
            return {f"{name}_in": inside, f"{name}_out": outside}
        case Dropout():
            return {}
    raise unknown(visit.node, "tally")


def _added(node: Node, shape: Shape) -> tuple[int, Shape]:
    """The elements that the sums within `node` make, and its output."""
    match node:
        case Sum():
            parts = [_added(branch, shape) for branch in node.branches]
            made = parts[0][1]
            inside = sum(elements for elements, _ in parts)
            return inside + (len(parts) - 1) * prod(made), made
        case Repeat():
            first, made = _added(node.first, shape)
            return first + (node.n - 1) * _added(node.rest, made)[0], made
        case Seq():
            total = 0
            for part in node.children:
                elements, shape = _added(part, shape)
                total += elements
            return total, shape
        case Cat():
            inside = sum(_added(branch, shape)[0] for branch in node.branches)
            return inside, output_shape(node, shape)
        case Aux():
            return _added(node.main, shape)
        case Gate():
            return _added(node.branch, shape)[0], shape
        case Split():
            cut = part_shape(node, shape, "")
            inside = sum(_added(branch, cut)[0] for branch in node.branches)
            chained = sum(takes_before(node, index) for index in range(len(node.branches)))
            return inside + chained * prod(cut), output_shape(node, shape)
        case Grow():
            total, made = 0, output_shape(node, shape)
            for _ in range(node.n) if _added(node.body, shape)[0] else ():
                total += _added(node.body, shape)[0]
                shape = output_shape(Cat(Seq(), node.body), shape)
            return total, made
        case Shortcut() | Conv() | Linear() | Norm() | Act() | Pool() | Dropout():
            return 0, output_shape(node, shape)
        case Gain() | Shuffle():
            return 0, shape
    raise unknown(node, "tally")


def _reads_input(node: Node, shape: Shape) -> tuple[int, bool]:
    """The multiply-adds of what reads the input of `node` itself, and whether its output is free.

    Free: no parameter is between the network's input and it, so that it needs no gradient.
    """
    match node:
        case Seq():
            return _in_a_row(node.children, shape)
        case Sum() | Cat():
            found = [_reads_input(branch, shape) for branch in node.branches]
            return sum(macs for macs, _ in found), all(free for _, free in found)
        case Repeat():
            return _in_a_row((node.first, *(node.rest,) * (node.n - 1)), shape)
        case Shortcut():
            return _reads_input(node.projection() if projects(node, shape) else Seq(), shape)
        case Aux():
            return _reads_input(node.main, shape)
        case Gate():
            return _reads_input(node.branch, shape)
        case Split():
            return _split_reads(node, shape)
        case Conv() | Linear():
            return leaf_cost(next(walk(node, shape)))[1], False
        case Norm() | Gain():
            return 0, False
        case Grow():
            return _grow_reads(node, shape)
        case Act() | Pool() | Dropout() | Shuffle():
            return 0, True
    raise unknown(node, "tally")


def _grow_reads(node: Grow, shape: Shape) -> tuple[int, bool]:
    total = 0
    for _ in range(node.n):
        macs, free = _reads_input(node.body, shape)
        total += macs
        if not free:
            return total, False
        shape = output_shape(Cat(Seq(), node.body), shape)
    return total, True


def _split_reads(node: Split, shape: Shape) -> tuple[int, bool]:
    part = part_shape(node, shape, "")
    total, every, before = 0, True, True
    for index, branch in enumerate(node.branches):
        if takes_before(node, index) and not before:
            before = False
        else:
            macs, before = _reads_input(branch, part)
            total += macs
        every = every and before
    return total, every


def _in_a_row(nodes: tuple[Node, ...], shape: Shape) -> tuple[int, bool]:
    total = 0
    for node in nodes:
        macs, free = _reads_input(node, shape)
        total += macs
        if not free:
            return total, False
        shape = output_shape(node, shape)
    return total, True
