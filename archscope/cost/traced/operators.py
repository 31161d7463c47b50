"""The multiply-adds of an operator in a trace, exact, beside what fvcore says of it.

Each handle takes torch's values, as fvcore's own do; `HANDLES` goes to fvcore's `set_op_handle`.
With "the output" its elements are meant, all over the batch:

    matmul, mm, mv, bmm, linear, addmm, ...     the output times the length of the sums
    convolutions, also deformable               the output times the weights behind each
    bilinear                                    x W times y: the output times in2 * (in1 + 1)
    einsum                                      as torch computes it, see `einsum_macs`
    scaled_dot_product_attention                its two products, of all places, masked or not
    _native_multi_head_attention                those, and its linear layers
    lstm, gru, rnn_tanh, rnn_relu               each matrix of weights once a step of a sequence

A bias costs nothing, and neither does an elementwise product, whichever way it is written
(`harmless` names the operators of that kind).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from fvcore.nn import jit_handles

from archscope.cost.traced.einsum import einsum_macs
from archscope.cost.traced.harmless import short_name

# Of the inputs and the outputs of an operator (torch._C.Value).
Handle: TypeAlias = Callable[[list[Any], list[Any]], Any]


@dataclass(frozen=True)
class Exact:
    """The key of an operator's exact multiply-adds; fvcore's own numbers have its name alone."""

    operator: str


@dataclass(frozen=True)
class Missed:
    """The key of how often fvcore did not count an operator: no handle of its own, or it failed."""

    operator: str


@dataclass(frozen=True)
class Uncounted:
    """The key of how often the trace did not tell enough of an operator for an exact count."""

    operator: str


class _NotTold(Exception):
    """The trace does not tell a shape or a number."""


def _product(factor: int) -> Handle:
    """Of a product of matrices or vectors, the first of which is input number `factor`."""

    def count(inputs: list[Any], outputs: list[Any]) -> int:
        shape = _shape(inputs[factor])
        return math.prod(_shape(outputs[0])) * shape[-1] if shape else 0  # of numbers: no sums

    return count


def _addbmm(inputs: list[Any], outputs: list[Any]) -> int:
    return math.prod(_shape(inputs[1])) * _shape(outputs[0])[-1]


def _vecdot(inputs: list[Any], outputs: list[Any]) -> int:
    """Elementwise where a size of 1 is broadcast over the sum, as in an einsum."""
    output = _shape(outputs[0])
    place = _told(inputs[2]) % (len(output) + 1) - len(output) - 1  # from the right
    one, other = (([1] * -place + _shape(value))[place] for value in inputs[:2])
    return math.prod(output) * one if one == other else 0


def _tensordot(inputs: list[Any], outputs: list[Any]) -> int:
    """Without a dimension that is summed it is an elementwise product."""
    first, second = _shape(inputs[0]), _shape(inputs[1])
    summed = list(zip(_told(inputs[2]), _told(inputs[3]), strict=True))
    sums = math.prod(min(first[one], second[other]) for one, other in summed)  # 1 is broadcast
    return math.prod(_shape(outputs[0])) * sums if summed else 0


def _chain(inputs: list[Any], outputs: list[Any]) -> int:
    """The cheapest order of the products, which torch takes."""
    shapes = [_shape(value) for value in inputs[0].node().inputs()]
    if len(shapes[0]) == 1:
        shapes[0] = [1, *shapes[0]]
    sizes = [shape[0] for shape in shapes] + [shapes[-1][1] if len(shapes[-1]) > 1 else 1]
    cheapest = dict.fromkeys(((index, index + 1) for index in range(len(shapes))), 0)
    for length in range(2, len(sizes)):
        for first in range(len(sizes) - length):
            last = first + length
            cheapest[first, last] = min(
                cheapest[first, cut] + cheapest[cut, last] + sizes[first] * sizes[cut] * sizes[last]
                for cut in range(first + 1, last)
            )
    return cheapest[0, len(shapes)]


def _bilinear(inputs: list[Any], outputs: list[Any]) -> int:
    _, first, second = _shape(inputs[2])
    return math.prod(_shape(outputs[0])) * second * (first + 1)


def _einsum(inputs: list[Any], outputs: list[Any]) -> int:
    equation, operands, path = inputs[:3]
    shapes = [_shape(value) for value in operands.node().inputs()]
    return einsum_macs(_told(equation), shapes, _told(path))


def _convolution(inputs: list[Any], outputs: list[Any]) -> int:
    for value in (*inputs[:2], outputs[0]):
        _shape(value)  # fvcore asks for no more
    return int(jit_handles.conv_flop_jit(inputs, outputs)["conv"])


def _plain_convolution(inputs: list[Any], outputs: list[Any]) -> int:
    """Of a weight (out, in / groups, kernel...), not transposed."""
    return math.prod(_shape(outputs[0])) * math.prod(_shape(inputs[1])[1:])


def _conv_tbc(inputs: list[Any], outputs: list[Any]) -> int:
    return math.prod(_shape(outputs[0])) * math.prod(_shape(inputs[1])[:2])


def _attention(inputs: list[Any], outputs: list[Any]) -> int:
    """Of query (..., L, E), key (..., S, E), value (..., S, V): ... * L * S * (E + V)."""
    *places, width = _shape(outputs[0])
    length, inner = _shape(inputs[1])[-2:]
    return math.prod(places) * length * (inner + width)


def _multi_head(inputs: list[Any], outputs: list[Any]) -> int:
    """Of query (N, L, D) and key (N, S, D): all heads together attend over the width D."""
    (batch, queries, width), (_, keys, _) = _shape(inputs[0]), _shape(inputs[1])
    linear = 2 * (queries + keys) * width**2  # query and output, key and value
    return batch * (linear + 2 * queries * keys * width)


def _encoder_layer(inputs: list[Any], outputs: list[Any]) -> int:
    """Its attention of an input (N, L, D) to itself, then two linear layers."""
    batch, places, _ = _shape(inputs[0])
    forward = sum(math.prod(_shape(inputs[place])) for place in (14, 16))
    return _multi_head([inputs[0], inputs[0]], outputs) + batch * places * forward


def _recurrent(inputs: list[Any], outputs: list[Any]) -> int:
    """Of images (steps and batch in any order, width), or of packed ones (all steps, width)."""
    weights = [value for value in inputs if value.node().kind() == "prim::ListConstruct"][-1]
    shapes = [_shape(value) for value in weights.node().inputs()]
    matrices = sum(math.prod(shape) for shape in shapes if len(shape) == 2)  # not the biases
    return math.prod(_shape(inputs[0])[:-1]) * matrices


def _recurrent_layer(inputs: list[Any], outputs: list[Any]) -> int:
    return math.prod(_shape(inputs[0])[:-1]) * sum(math.prod(_shape(w)) for w in inputs[1:3])


def _shape(value: Any) -> list[int]:
    if (shape := jit_handles.get_shape(value)) is None:
        raise _NotTold(value.debugName())
    return list(shape)


def _told(value: Any) -> Any:
    """A constant of the trace, or a list of such."""
    if value.node().kind() == "prim::ListConstruct":
        return [_told(part) for part in value.node().inputs()]
    if value.node().kind() != "prim::Constant":
        raise _NotTold(value.debugName())
    return value.toIValue()


def _both(name: str, exact: Handle, theirs: Handle | None) -> Handle:
    """Both counts of one operator in one trace."""

    def count(inputs: list[Any], outputs: list[Any]) -> Counter[Any]:
        counted: Counter[Any] = Counter()
        try:
            counted[Exact(name)] = exact(inputs, outputs)
        except _NotTold:
            counted[Uncounted(name)] = 1
        try:
            found = theirs(inputs, outputs) if theirs else None
        except Exception:  # a handle of fvcore's may fail in any way; ours has counted
            found = None
        if found is None:
            counted[Missed(name)] = 1
        else:
            counted.update(found if isinstance(found, Counter) else {name: found})
        return counted

    return count


# Of what fvcore counts: torch's name of an operator, fvcore's, our handle, fvcore's.
_OF_FVCORE: tuple[tuple[str, str, Handle, Handle], ...] = (
    ("aten::_convolution", "conv", _convolution, jit_handles.conv_flop_jit),
    ("aten::linear", "linear", _product(0), jit_handles.linear_flop_jit),
    ("aten::addmm", "addmm", _product(1), jit_handles.addmm_flop_jit),
    ("aten::bmm", "bmm", _product(0), jit_handles.bmm_flop_jit),
    ("aten::mm", "mm", _product(0), jit_handles.matmul_flop_jit),
    ("aten::matmul", "matmul", _product(0), jit_handles.matmul_flop_jit),
    ("aten::einsum", "einsum", _einsum, jit_handles.einsum_flop_jit),
)
# Convolutions and products that fvcore does not count.
_LAYERS: dict[str, Handle] = {
    **dict.fromkeys(("aten::mv", "aten::dot", "aten::vdot", "aten::inner"), _product(0)),
    **dict.fromkeys(("aten::addmm_", "aten::_addmm_activation"), _product(1)),
    **dict.fromkeys(("aten::addmv", "aten::addmv_"), _product(1)),
    **dict.fromkeys(("aten::baddbmm", "aten::baddbmm_"), _product(1)),
    **dict.fromkeys(("aten::addbmm", "aten::addbmm_"), _addbmm),
    **dict.fromkeys(("aten::linalg_multi_dot", "aten::chain_matmul"), _chain),
    "aten::linalg_vecdot": _vecdot,
    "aten::tensordot": _tensordot,
    "aten::bilinear": _bilinear,
    "aten::_convolution_mode": _plain_convolution,  # with padding="same"
    "aten::conv_tbc": _conv_tbc,
    "torchvision::deform_conv2d": _plain_convolution,
}
# What computes more than one product.
_FUSED: dict[str, Handle] = {
    "aten::scaled_dot_product_attention": _attention,
    **{
        f"aten::_scaled_dot_product_{form}": _attention
        for form in (
            *("attention_math", "attention_math_for_mps", "fused_attention_overrideable"),
            *("flash_attention", "flash_attention_for_cpu"),
            *("efficient_attention", "cudnn_attention"),
        )
    },
    "aten::_native_multi_head_attention": _multi_head,
    "aten::_transformer_encoder_layer_fwd": _encoder_layer,
    **dict.fromkeys(
        (f"aten::{kind}" for kind in ("lstm", "gru", "rnn_tanh", "rnn_relu")), _recurrent
    ),
    "aten::mkldnn_rnn_layer": _recurrent_layer,
    "aten::affine_grid_generator": lambda inputs, outputs: (
        math.prod(_shape(outputs[0])) * _shape(inputs[0])[-1]
    ),
}
HANDLES: dict[str, Handle] = {
    **{kind: _both(name, exact, theirs) for kind, name, exact, theirs in _OF_FVCORE},
    **{kind: _both(short_name(kind), exact, None) for kind, exact in (_LAYERS | _FUSED).items()},
}
COUNTED = tuple(
    dict.fromkeys((*(row[1] for row in _OF_FVCORE), *map(short_name, _LAYERS | _FUSED)))
)
# fvcore's count of activations, the output, for layers that it does not know.
ACTIVATIONS = {kind: jit_handles.generic_activation_jit() for kind in (*_LAYERS, "aten::mm")}
