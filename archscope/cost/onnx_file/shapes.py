"""The types of what a node gives: by onnx's shape rules; ONNX Runtime's operators by their kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archscope.cost.onnx_file.attention import attended
from archscope.cost.onnx_file.node import MICROSOFT, STANDARD, Node
from archscope.cost.onnx_file.values import (
    BOOL,
    FLOAT,
    NotOnnx,
    Unknown,
    Value,
    checked,
    tensor_type,
)
from archscope.errors import shown

# ONNX Runtime's operators that give the shapes of a standard one, of these of their inputs.
_KIN: dict[str, tuple[str, tuple[int, ...]]] = {
    "DynamicQuantizeMatMul": ("MatMul", (0, 1)),
    "FusedConv": ("Conv", (0, 1)),
    "FusedGemm": ("Gemm", (0, 1)),
    "GemmFastGelu": ("MatMul", (0, 1)),
    "MatMulInteger16": ("MatMul", (0, 1)),
    "MatMulIntegerToFloat": ("MatMul", (0, 1)),
    "MulInteger": ("Mul", (0, 2)),
    "QGemm": ("Gemm", (0, 3)),
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearAveragePool": ("AveragePool", (0,)),
    "QLinearConv": ("Conv", (0, 3)),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)),
    "QLinearMul": ("Mul", (0, 3)),
    "QLinearWhere": ("Where", (0, 1, 4)),
}
# Their operators that keep the shape of their first input.
_KEPT = frozenset(
    {
        *("BiasAdd", "BiasGelu", "BiasSoftmax", "DequantizeLinear", "FastGelu", "Gelu"),
        *("GroupNorm", "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", "QuantizeLinear"),
        *("QuickGelu", "RotaryEmbedding", "SimplifiedLayerNormalization", "SkipGroupNorm"),
        *("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "Trilu"),
    }
)
# Those whose result is of floats though they may multiply integers.
_FLOAT = frozenset({"DynamicQuantizeMatMul", "MatMulIntegerToFloat"})
# What of their attributes a standard operator does not know.
_FOREIGN = frozenset(
    {"activation", "activation_params", "activation_alpha", "activation_beta", "activation_gamma"}
    | {"channels_last"}
)
_OF_TYPES = ("TypeInferenceError", "inconsistent type")  # an error not of shapes: no reason to stop
_OPSET = 13  # of the kin: has all of them


def infer(node: Node, opsets: Sequence[Any]) -> list[Any]:
    """An `onnx.TypeProto` for each output of a node; None where it is not known.

    Raises:
        NotOnnx: where the node breaks a rule of its operator.
    """
    found = _infer(node, opsets)
    return [None if one is None else checked(one, f"what {node} gives") for one in found]


def _infer(node: Node, opsets: Sequence[Any]) -> list[Any]:
    name = node.operator
    if node.domain == MICROSOFT or name == "SimplifiedLayerNormalization":
        try:
            return _runtimes(node)
        except Unknown:
            return [None] * len(node.proto.output)
    if node.domain != STANDARD:
        return [None] * len(node.proto.output)
    return _by_onnx(node, name, node.inputs, node.attributes, node.version, opsets)


def _runtimes(node: Node) -> list[Any]:
    """Of an operator of ONNX Runtime."""
    import onnx

    name, count = node.operator, len(node.proto.output)
    first = node.input(0)
    if node.integer("channels_last", 0):
        raise Unknown
    if name in _KEPT:
        return [first.type if first and place in (0, 3) else None for place in range(count)]
    if name in ("Attention", "MultiHeadAttention", "QAttention"):
        return _alone(attended(node), count)
    if name in ("MatMulBnb4", "MatMulNBits"):
        return _alone([*node.sizes(0)[:-1], node.integer("N")], count)
    if name == "DynamicQuantizeLSTM":  # weights turned: (directions, units, 4 * units)
        images, states = node.sizes(0), node.sizes(2)
        node.require(len(images) == len(states) == 3)
        return _alone([images[0], states[0], images[1], states[1]], count)
    inputs: Sequence[Value | None]
    if name in ("FusedMatMul", "TransposeMatMul"):
        kin, inputs = "MatMul", [_turned(node, 0, "transA"), _turned(node, 1, "transB")]
    elif name == "QLinearConcat":
        kin, inputs = "Concat", node.inputs[2::3]
    elif name in _KIN:
        kin, places = _KIN[name]
        inputs = [node.input(place) for place in places]
    else:
        raise Unknown
    numbers = [value.element for value in inputs if value is not None and value.element != BOOL]
    floats = name in _FLOAT or (name == "QGemm" and not node.has(7)) or not numbers
    element = FLOAT if floats else numbers[0]
    known = set(onnx.defs.get_schema(kin, _OPSET, "").attributes) - _FOREIGN
    attributes = {key: value for key, value in node.attributes.items() if key in known}
    plain = [_as_floats(value) for value in inputs]
    opsets = [onnx.helper.make_opsetid("", _OPSET)]
    found = _by_onnx(node, kin, plain, attributes, _OPSET, opsets)
    return [tensor_type(element, shape) if (shape := Value(one).shape) else one for one in found]


def _alone(shape: Sequence[int], count: int) -> list[Any]:
    """The type of a first output, the others unknown."""
    return [tensor_type(FLOAT, tuple(shape)), *[None] * (count - 1)][:count]


def _as_floats(value: Value | None) -> Value | None:
    """A value of integers as one of floats: a standard operator may take no other."""
    if value is None or value.shape is None or value.element == BOOL:
        return value
    return Value(tensor_type(FLOAT, value.shape))


def _turned(node: Node, number: int, attribute: str) -> Value:
    shape = node.sizes(number)
    if node.integer("transBatchA", 0) or node.integer("transBatchB", 0):
        raise Unknown
    if node.integer(attribute, 0) and len(shape) > 1:
        shape = [*shape[:-2], shape[-1], shape[-2]]
    return Value(tensor_type(FLOAT, tuple(shape)))


def _by_onnx(
    node: Node,
    operator: str,
    inputs: Sequence[Value | None],
    attributes: Any,
    version: int,
    opsets: Sequence[Any],
) -> list[Any]:
    """By onnx's rule for a standard operator; unknown where onnx does not know the operator."""
    import onnx

    unknown = [None] * len(node.proto.output)
    try:
        schema = onnx.defs.get_schema(operator, version, "")
    except onnx.defs.SchemaError:
        return unknown
    given = [f"i{place}" if one else "" for place, one in enumerate(inputs)]
    outputs = [f"o{place}" if name else "" for place, name in enumerate(node.proto.output)]
    proto = onnx.NodeProto(op_type=operator, input=given, output=outputs)
    chosen = [entry for entry in node.proto.attribute if entry.name in attributes]
    proto.attribute.extend(chosen)
    types, data = {}, {}
    for name, value in zip(given, inputs, strict=True):
        if value is not None:
            types[name] = value.type if value.type is not None else onnx.TypeProto()
            if value.data is not None:
                data[name] = onnx.numpy_helper.from_array(value.data)
    try:
        found = onnx.shape_inference.infer_node_outputs(
            schema, proto, types, data, opset_imports=list(opsets)
        )
    except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError) as error:
        vague = any(value is not None and value.shape is None for value in inputs)
        if vague or any(word in str(error) for word in _OF_TYPES):
            return unknown
        raise NotOnnx(f"{node} breaks a rule of ONNX ({_why(error)})") from None
    except Exception:  # what pybind11 and the C++ below it make of others
        return unknown
    return [found.get(name) for name in outputs]


def _why(error: Exception) -> str:
    first = (str(error).splitlines() or ["no reason given"])[0]
    return shown(first.removeprefix("[ShapeInferenceError] ").strip(". "))
