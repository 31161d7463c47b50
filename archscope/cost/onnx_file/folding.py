"""Small tensors that are known before the network runs: sizes, axes, conditions.

Exporters compute the shapes of a Reshape or an Expand in the graph; onnx's reference evaluator
gives their values, of operators that are listed here and tensors that are small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from archscope.cost.onnx_file.node import STANDARD, Node
from archscope.cost.onnx_file.values import FLOAT, INT64, Value, tensor_type

MOST_NUMBERS = 1024
_FOLDED = frozenset(
    {
        *("Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Concat", "ConstantOfShape", "Div"),
        *("Equal", "Expand", "Flatten", "Floor", "Gather", "Greater", "GreaterOrEqual"),
        *("Identity", "Less", "LessOrEqual", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or"),
        *("Range", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape", "Round"),
        *("ScatterElements", "ScatterND", "Sign", "Slice", "Split", "Sqrt", "Squeeze", "Sub"),
        *("Transpose", "Unsqueeze", "Where", "Xor"),
    }
)


def known(array: Any) -> Any:
    """An array, where it is small enough to be kept; else None."""
    return array if array.size <= MOST_NUMBERS and array.dtype.kind in "iufb" else None


def tensor(proto: Any, folder: str) -> Any:
    """The content of a small tensor of a file; None of others."""
    import onnx

    if math.prod(proto.dims) > MOST_NUMBERS or proto.data_type == onnx.TensorProto.STRING:
        return None
    try:
        return known(onnx.numpy_helper.to_array(proto, folder))
    except Exception:  # a content in another file: what follows may not be known
        return None


def constant(attributes: dict[str, Any], folder: str) -> tuple[Any, Any] | None:
    """The type and content of what a `Constant` gives by its attributes; None where it has none."""
    import onnx

    for name, value in attributes.items():
        if name == "value":
            return tensor_type(value.data_type, tuple(value.dims)), tensor(value, folder)
        if name == "sparse_value":
            return tensor_type(value.values.data_type, tuple(value.dims)), None
        if name in ("value_string", "value_strings"):
            sizes = (len(value),) if name.endswith("s") else ()
            return tensor_type(onnx.TensorProto.STRING, sizes), None
        if name in ("value_float", "value_floats", "value_int", "value_ints"):
            whole = "int" in name
            array = np.asarray(value, np.int64 if whole else np.float32)
            return tensor_type(INT64 if whole else FLOAT, array.shape), known(array)
    return None


def fold(node: Node, types: Sequence[Any], opsets: Sequence[Any]) -> list[Any]:
    """The content of each output of a node; None where it is not known.

    Args:
        node: with its inputs.
        types: of its outputs.
        opsets: versions of the operators.
    """
    unknown = [None] * len(types)
    if node.domain != STANDARD:
        return unknown
    if node.operator in ("Shape", "Size"):
        return [_measured(node)]
    if node.operator not in _FOLDED or not node.inputs:
        return unknown
    if any(one is not None and one.data is None for one in node.inputs):
        return unknown
    shapes = [Value(type).shape for type in types]
    for shape in shapes:
        if shape is None or None in shape or math.prod(_sizes(shape)) > MOST_NUMBERS:
            return unknown
    found = _evaluated(node, opsets)
    if found is None or [content.shape for content in found] != shapes:
        return unknown
    return [known(content) for content in found]


def _sizes(shape: Sequence[int | None]) -> list[int]:
    return [size for size in shape if size is not None]


def _measured(node: Node) -> Any:
    """What `Shape` and `Size` give."""
    given = node.input(0)
    shape = given.shape if given else None
    if shape is None:
        return None
    if node.operator == "Shape":
        shape = shape[node.integer("start", 0) : node.integer("end", len(shape))]
    if None in shape:
        return None
    found = _sizes(shape)
    return np.asarray(found if node.operator == "Shape" else math.prod(found), np.int64)


def _evaluated(node: Node, opsets: Sequence[Any]) -> list[Any] | None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    inputs = {f"i{place}": one.data for place, one in enumerate(node.inputs) if one is not None}
    names = [f"i{place}" if one else "" for place, one in enumerate(node.inputs)]
    outputs = [f"o{place}" if name else "" for place, name in enumerate(node.proto.output)]
    if not all(outputs):
        return None
    proto = onnx.NodeProto(op_type=node.operator, input=names, output=outputs)
    proto.attribute.extend(node.proto.attribute)
    unset = onnx.TypeProto()
    graph = onnx.helper.make_graph(
        [proto],
        "one",
        [onnx.helper.make_value_info(name, unset) for name in inputs],
        [onnx.helper.make_value_info(name, unset) for name in outputs],
    )
    model = onnx.helper.make_model(graph, opset_imports=list(opsets))
    try:
        with np.errstate(all="ignore"):
            found = ReferenceEvaluator(model).run(None, inputs)
    except Exception:  # a content that is not known is no error; what follows may be
        return None
    return [np.asarray(one) for one in found]
