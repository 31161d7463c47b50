"""What an ONNX file costs, by ONNX's own shape inference: fvcore traces torch modules alone."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.arch.windows import Shape
from archscope.errors import UsageError, shown

CONVENTION = (
    "an ONNX file is counted by ONNX's shape inference: params are its floating-point initializers "
    "without a batch norm's mean and variance (an exporter may have folded batch norms into the "
    "convolutions), macs those of Conv, ConvTranspose, Gemm and MatMul"
)
_FLOATS = (1, 10, 11, 16)  # of TensorProto.DataType: float, float16, double, bfloat16
_ONNX = ("", "ai.onnx")
# Operators that can hide multiply-adds which are not counted here.
_OTHERS = ("Attention", "Einsum", "LSTM", "GRU", "RNN", "If", "Loop", "Scan", "QLinearConv")


@dataclass(frozen=True)
class OnnxCount:
    """The cost of one image.

    Attributes:
        params, macs, activations: as the formula's, of what the file holds.
        uncounted: operators that may have multiply-adds but were not counted, and how often.
        classes: the outputs, where the result is (1, classes).
    """

    params: int
    macs: int
    activations: int
    uncounted: dict[str, int]
    classes: int | None


def read_input(path: Path) -> Shape:
    """The (channels, height, width) of a file's one image; 224 where a size is left open.

    Raises:
        UsageError: where the file is no ONNX, or has not one input of N x C x H x W.
    """
    graph = _read(path).graph
    weights = {entry.name for entry in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in weights]
    dims = inputs[0].type.tensor_type.shape.dim if len(inputs) == 1 else []
    if len(dims) != 4 or dims[0].dim_value > 1:
        raise UsageError(
            f"{shown(str(path))} does not take one image at a time; export it for one input "
            "of 1 x C x H x W, or with a dynamic batch"
        )
    channels, height, width = (dim.dim_value for dim in dims[1:])
    return channels or 3, height or 224, width or 224


def count_onnx(path: Path, shape: Shape) -> OnnxCount:
    """Count a file on one image of `shape`.

    Raises:
        UsageError: where its shapes cannot be inferred from that.
    """
    import onnx

    model = _read(path)
    graph = model.graph
    weights = {entry.name: entry for entry in graph.initializer}
    image = next(entry for entry in graph.input if entry.name not in weights)
    for dim, size in zip(image.type.tensor_type.shape.dim, (1, *shape), strict=True):
        if dim.dim_value not in (0, size):
            raise UsageError(
                f"{shown(str(path))} was exported for another input than "
                f"{'x'.join(map(str, shape))}; leave --input out"
            )
        dim.dim_value = size
    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except onnx.shape_inference.InferenceError as error:
        raise _refused(path, str(error).splitlines()[0]) from None
    shapes = {
        entry.name: [dim.dim_value for dim in entry.type.tensor_type.shape.dim]
        for entry in (*graph.input, *graph.output, *graph.value_info)
    } | {name: list(entry.dims) for name, entry in weights.items()}
    macs = activations = 0
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            sizes = [shapes.get(name, []) for name in (*node.input[:2], node.output[0])]
            if not all(sizes) or 0 in (size for part in sizes for size in part):
                raise _refused(
                    path, f"the shapes of the {node.op_type} '{node.name}' are not known"
                )
            macs += _macs(node, *sizes)
            activations += math.prod(sizes[2])
    classes = shapes[graph.output[0].name]
    others = Counter(
        node.op_type for node in graph.node if node.op_type in _OTHERS or node.domain not in _ONNX
    )
    return OnnxCount(
        _params(graph), macs, activations, dict(others), classes[1] if len(classes) == 2 else None
    )


def _macs(node: Any, first: list[int], second: list[int], output: list[int]) -> int:
    """Of one node: inputs of its first two shapes, and its output's."""
    match node.op_type:
        case "Conv":  # weight (out, in / groups, kernel...)
            return math.prod(output) * math.prod(second[1:])
        case "ConvTranspose":  # weight (in, out / groups, kernel...)
            return math.prod(first) * math.prod(second[1:])
        case "Gemm":
            flipped = any(entry.name == "transA" and entry.i for entry in node.attribute)
            return math.prod(output) * first[0 if flipped else 1]
    return math.prod(output) * first[-1]


def _params(graph: Any) -> int:
    """Elements of the floating-point tensors that the file holds, but for single numbers."""
    tensors = {entry.name: entry for entry in graph.initializer}
    statistics: set[str] = set()
    for node in graph.node:
        if node.op_type == "BatchNormalization":
            statistics.update(node.input[3:])
        if node.op_type == "Constant":
            for entry in node.attribute:
                if entry.HasField("t"):
                    tensors[node.output[0]] = entry.t
    return sum(
        math.prod(tensor.dims)
        for name, tensor in tensors.items()
        if tensor.data_type in _FLOATS and tensor.dims and name not in statistics
    )


def _read(path: Path) -> Any:
    import onnx

    try:
        return onnx.load(path, load_external_data=False)
    except Exception as error:  # a damaged file can fail in any way at all
        raise _refused(
            path, str(error).splitlines()[0] if str(error) else "it is damaged"
        ) from None


def _refused(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{shown(str(path))} cannot be counted as an ONNX file: {why}; export it anew"
    )
