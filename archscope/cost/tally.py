"""What other counters add to multiply-adds, in closed form: the elements that each operator sees.

All of one image in eval mode: what only training runs (a side head) is left out, but for its
parameters.
"""

from __future__ import annotations

from collections import defaultdict
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
from archscope.arch.shape import Visit, output_shape, projects, walk
from archscope.arch.windows import Shape, part_shape, takes_before
from archscope.cost.formula import leaf_cost


@dataclass(frozen=True)
class Tally:
    """Exact sums over the tree of one network.

    Attributes:
        params: learnable parameters; `side_params` those of side heads among them.
        macs: multiply-adds of convolutions and linear layers.
        linear: of them those of linear layers.
        conv_bias, linear_bias: outputs of the layers with a bias.
        norm, layer_norm, group_norm: elements that go through each kind of normalisation;
            `norm_params` the parameters of all kinds, `other_params` of layer and group norm.
        gain_params: learned factors.
        relu, relu6, silu, gelu, hardswish, hardsigmoid, sigmoid: elements through each activation.
        max_in, max_out, avg_in, avg_out, global_in, global_out: elements into and out of the
            poolings; an adaptive one is among the global ones.
        fraction: what is cut off where an adaptive pool's windows are taken as fractions of the
            map: elements in and out, less the whole part of their sum in double precision.
        unbiased: output channels of the convolutions without a bias.
        grouped: (groups - 1) times the multiply-adds of each grouped convolution.
        added: elements that sums make, once for each branch but the first (of sums in rows,
            repeats and branches, as blocks have them).
        multiplied: elements that gates and learned factors make.
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
    layer_norm: int = 0
    group_norm: int = 0
    norm_params: int = 0
    other_params: int = 0
    gain_params: int = 0
    relu: int = 0
    relu6: int = 0
    silu: int = 0
    gelu: int = 0
    hardswish: int = 0
    hardsigmoid: int = 0
    sigmoid: int = 0
    max_in: int = 0
    max_out: int = 0
    avg_in: int = 0
    avg_out: int = 0
    global_in: int = 0
    global_out: int = 0
    fraction: int = 0
    grouped: int = 0
    unbiased: int = 0
    added: int = 0
    multiplied: int = 0
    stem: int = 0

    @property
    def norm_channels(self) -> int:
        """Channels that are normalised: each has a scale and a shift."""
        return self.norm_params // 2

    @property
    def other_norm(self) -> int:
        """Elements that go through layer or group norm."""
        return self.layer_norm + self.group_norm

    @property
    def batch_params(self) -> int:
        """Parameters of batch norm."""
        return self.norm_params - self.other_params

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
    sums: defaultdict[str, int] = defaultdict(int)
    for visit in walk(network.tree, network.input):
        for name, value in _of_leaf(visit).items():
            sums[name] += value * visit.times
    _combine(network.tree, network.input, 1, sums)
    stem = _reads_input(network.tree, network.input)[0]
    return Tally(**sums, stem=stem)


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
            own = {"params": params, "norm_params": params}
            if kind == "batch":
                return {**own, "norm": inside}
            return {**own, f"{kind}_norm": inside, "other_params": params}
        case Gain():
            return {"params": params, "gain_params": params, "multiplied": inside}
        case Act(kind=kind):
            return {kind: inside}
        case Shuffle():
            return {}
        case Pool(kind="max"):
            return {"max_in": inside, "max_out": outside}
        case Pool(kind=kind):
            name = "avg" if kind == "avg" else "global"
            pooled = {f"{name}_in": inside, f"{name}_out": outside}
            return pooled if kind == "avg" else {**pooled, "fraction": _cut_off(visit)}
        case Dropout():
            return {}
    raise unknown(visit.node, "tally")


def _cut_off(visit: Visit) -> int:
    """What is lost where the elements of the windows are fractions, and their sum is made whole."""
    (_, height, width), (channels, rows, columns) = visit.input, visit.output
    made = int(channels * rows * columns)
    whole = int((height / rows * (width / columns) + 1) * made)
    return int(channels * height * width) + made - whole


def _combine(node: Node, shape: Shape, times: int, sums: defaultdict[str, int]) -> Shape:
    """Add what the sums and gates within `node` make, `times` times; gives its output."""
    match node:
        case Sum():
            made, *_ = [_combine(branch, shape, times, sums) for branch in node.branches]
            sums["added"] += times * (len(node.branches) - 1) * prod(made)
            return made
        case Repeat():
            made = _combine(node.first, shape, times, sums)
            return _combine(node.rest, made, times * (node.n - 1), sums)
        case Seq():
            for part in node.children:
                shape = _combine(part, shape, times, sums)
            return shape
        case Aux():
            return _combine(node.main, shape, times, sums)
        case Gate():
            _combine(node.branch, shape, times, sums)
            sums["multiplied"] += times * prod(shape)
            return shape
        case Cat() | Split():
            cut = part_shape(node, shape, "") if isinstance(node, Split) else shape
            for index, branch in enumerate(node.branches):
                _combine(branch, cut, times, sums)
                if isinstance(node, Split) and takes_before(node, index):
                    sums["added"] += times * prod(cut)
        case Grow():
            _combine_grown(node, shape, times, sums)
        case Shortcut() | Conv() | Linear() | Norm() | Act() | Pool() | Dropout():
            pass
        case Gain() | Shuffle():
            pass
        case _:
            raise unknown(node, "tally")
    return output_shape(node, shape)


def _combine_grown(node: Grow, shape: Shape, times: int, sums: defaultdict[str, int]) -> None:
    once: defaultdict[str, int] = defaultdict(int)
    _combine(node.body, shape, times, once)
    for _ in range(node.n if once else 0):
        _combine(node.body, shape, times, sums)
        shape = output_shape(Cat(Seq(), node.body), shape)


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
