"""A network's program as a .tflite in int8: its memory is meant, not its values.

Weights are random, scales made up. An activation that overwrites its input is part of the operation
before it, where that can be; sums write a tensor of their own, for the format knows no other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from microcontroller.planner import Buffer

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Cat, Conv, Linear, Pool, Sum
from archscope.arch.windows import conv_padding, pair
from archscope.cost.execution import Operation, unrolled
from archscope.errors import UsageError

SCALE = 0.05  # of every activation
Sides = tuple[int, int]  # height and width


class Tflite:
    """A .tflite of one network.

    Attributes:
        padded: whether a convolution that pads otherwise than TensorFlow's SAME, as torch does at
            stride 2, has an operation before it that pads; if not, it pads as SAME.
    """

    def __init__(self, network: Network, *, padded: bool = False) -> None:
        from tflite_micro.tensorflow.lite.micro.python import schema_py_generated

        self.schema, self.padded = schema_py_generated, padded
        self.random = np.random.default_rng(0)
        self.codes: dict[str, int] = {}
        self.buffers, self.tensors, self.operators = [self.schema.BufferT()], [], []
        channels, height, width = network.input
        self.image = self.result = self._activation([1, height, width, channels])
        held = {0: self.image}  # the tensor that each buffer of the program holds now
        for operation in unrolled(network).operations:
            given = [held[buffer] for buffer in operation.reads]
            held[operation.writes] = self.result = self._written(operation, given)

    def file(self) -> bytes:
        """The file."""
        import flatbuffers

        made = self.schema
        kinds = [getattr(made.BuiltinOperator, name) for name in self.codes]
        codes = [made.OperatorCodeT(kind, None, 1, kind) for kind in kinds]
        graph = made.SubGraphT(self.tensors, [self.image], [self.result], self.operators)
        builder = flatbuffers.Builder(1024)
        model = made.ModelT(3, codes, [graph], None, self.buffers)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def activations(self) -> list[Buffer]:
        """The activations in the order of the file, each freed after its last use."""
        first, last = {self.image: 0}, {self.image: 0}
        for time, operator in enumerate(self.operators):
            first[operator.outputs[0]] = time
            last |= dict.fromkeys([*operator.inputs, *operator.outputs], time)
        last[self.result] = len(self.operators)
        return [Buffer(math.prod(self.tensors[t].shape), first[t], last[t]) for t in sorted(first)]

    def _written(self, operation: Operation, given: Sequence[int]) -> int:
        """Write one operation; returns the tensor that it gives."""
        node, visit = operation.node, operation.visit
        shape = list(self.tensors[given[0]].shape)
        if visit is not None:
            channels, height, width = visit.output
            shape = [1, height, width, channels]
        match node:
            case Conv():
                return self._conv(node, given[0], shape)
            case Linear():
                return self._linear(given[0], shape[-1])
            case Pool():
                return self._pool(node, given[0], shape)
            case Act() if node.kind in ("relu", "relu6"):
                return self._act(node.kind.upper(), given[0], operation.in_place)
            case Sum() if len(given) == 2:
                return self._operator("ADD", given, shape, self.schema.AddOptionsT())
            case Cat():
                shape[-1] = sum(self.tensors[one].shape[-1] for one in given)
                options = self.schema.ConcatenationOptionsT(axis=len(shape) - 1)
                return self._operator("CONCATENATION", given, shape, options)
        raise UsageError(
            "only convolutions, pools, sums, concatenations, ReLU and ReLU6 are written to a "
            f".tflite here, and '{operation.path}' is a {type(node).__name__}; take another network"
        )

    def _conv(self, node: Conv, given: int, shape: list[int]) -> int:
        inputs, kernel, stride = self.tensors[given].shape[-1], pair(node.kernel), node.stride
        given, mode = self._padding(given, shape, kernel, (stride, stride), conv_padding(node))
        if node.groups == inputs > 1:
            options = self.schema.DepthwiseConv2DOptionsT(mode, stride, stride, node.out // inputs)
            weights = self._weights([1, *kernel, node.out], 3)
            return self._operator("DEPTHWISE_CONV_2D", [given, *weights], shape, options)
        options = self.schema.Conv2DOptionsT(mode, stride, stride)
        weights = self._weights([node.out, *kernel, inputs // node.groups], 0)
        return self._operator("CONV_2D", [given, *weights], shape, options)

    def _linear(self, given: int, out: int) -> int:
        weights = self._weights([out, math.prod(self.tensors[given].shape)], 0)
        options = self.schema.FullyConnectedOptionsT()
        return self._operator("FULLY_CONNECTED", [given, *weights], [1, out], options)

    def _pool(self, node: Pool, given: int, shape: list[int]) -> int:
        sides, outs = self.tensors[given].shape[1:3], shape[1:3]
        kernel, stride = (node.kernel,) * 2, (node.stride,) * 2
        if node.kind in ("global", "adaptive"):
            if any(side % out for side, out in zip(sides, outs, strict=True)):
                raise UsageError("the map of an adaptive pool must divide its input's; take a side")
            kernel = stride = sides[0] // outs[0], sides[1] // outs[1]
        given, mode = self._padding(given, shape, kernel, stride, (node.padding,) * 2)
        options = self.schema.Pool2DOptionsT(mode, *reversed(stride), *reversed(kernel))
        name = "MAX_POOL_2D" if node.kind == "max" else "AVERAGE_POOL_2D"
        return self._operator(name, [given], shape, options)

    def _act(self, name: str, given: int, in_place: bool) -> int:
        """Within the operation that gave its input, where nothing else reads that."""
        options = self.operators[-1].builtinOptions if self.operators else None
        if in_place and not isinstance(options, self.schema.ConcatenationOptionsT):
            options.fusedActivationFunction = getattr(self.schema.ActivationFunctionType, name)
            return given
        return self._operator(name, [given], self.tensors[given].shape, None)

    def _padding(
        self, given: int, shape: Sequence[int], kernel: Sides, stride: Sides, padding: Sides
    ) -> tuple[int, int]:
        """The input, padded where that takes an operation, and how the operation itself pads."""
        _, *sides, channels = self.tensors[given].shape
        # What the last window reaches beyond the front padding and the input.
        both = list(zip(sides, shape[1:3], kernel, stride, strict=True))
        reach = [(out - 1) * step + k - side for side, out, k, step in both]
        if not any(padding) and max(reach) <= 0:
            return given, self.schema.Padding.VALID
        alike = all(out == -(-side // step) for side, out, _, step in both)
        exact = all(max(far, 0) // 2 == pad for far, pad in zip(reach, padding, strict=True))
        if alike and (exact or not self.padded):
            return given, self.schema.Padding.SAME
        ends = [max(far - pad, pad) for far, pad in zip(reach, padding, strict=True)]
        widths = [[0, 0], *zip(padding, ends, strict=True), [0, 0]]
        whole = [side + sum(w) for side, w in zip(sides, widths[1:3], strict=True)]
        given = self._operator(
            "PAD",
            [given, self._constant(np.array(widths, np.int32), "INT32")],
            [1, *whole, channels],
            self.schema.PadOptionsT(),
        )
        return given, self.schema.Padding.VALID

    def _weights(self, shape: list[int], outputs: int) -> tuple[int, int]:
        """Weights, a scale for each output along the axis `outputs`, and a bias."""
        values = self.random.integers(-127, 128, shape, dtype=np.int8)
        fan_in = math.prod(shape) // shape[outputs]
        scale = self.random.uniform(0.5, 1.5, shape[outputs]) / (127 * math.sqrt(fan_in))
        bias = np.zeros(shape[outputs], np.int32)
        return (
            self._constant(values, "INT8", self._quantized(scale, outputs)),
            self._constant(bias, "INT32", self._quantized(scale * SCALE)),
        )

    def _quantized(self, scale: Any, axis: int = 0) -> Any:
        return self.schema.QuantizationParametersT(
            scale=np.array(scale, np.float32),
            zeroPoint=np.zeros(len(scale), np.int64),
            quantizedDimension=axis,
        )

    def _constant(self, values: Any, kind: str, quantized: Any = None) -> int:
        self.buffers.append(self.schema.BufferT(np.frombuffer(values.tobytes(), np.uint8)))
        return self._tensor(list(values.shape), kind, len(self.buffers) - 1, quantized)

    def _activation(self, shape: Sequence[int]) -> int:
        return self._tensor(list(shape), "INT8", 0, self._quantized([SCALE]))

    def _tensor(self, shape: list[int], kind: str, buffer: int, quantized: Any) -> int:
        of_type = getattr(self.schema.TensorType, kind)
        self.tensors.append(self.schema.TensorT(shape, of_type, buffer, None, quantized))
        return len(self.tensors) - 1

    def _operator(self, name: str, given: Sequence[int], shape: Sequence[int], options: Any) -> int:
        """Write an operator into a tensor of its own."""
        code, result = self.codes.setdefault(name, len(self.codes)), self._activation(shape)
        kinds = self.schema.BuiltinOptions
        kind = getattr(kinds, type(options).__name__.removesuffix("T")) if options else kinds.NONE
        self.operators.append(self.schema.OperatorT(code, list(given), [result], kind, options))
        return result
