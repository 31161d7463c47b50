"""The multiply-adds of the ONNX operators that multiply, from the shapes of their inputs.

As of torch's operators: a bias, a scale and an elementwise product cost nothing.

    Conv and its kin                 elements of the output times the kernel's of one group
    ConvTranspose                    elements of the input times the kernel's of one group
    Gemm, MatMul and their kin       elements of the output times the length of the sums
    LSTM, GRU, RNN                   every weight once a step and image
    Einsum                           as `operators.einsum_macs`, from left to right
    Attention and its kin            query times key and the sums of the values, masked or not,
                                     with the projections that the operator holds
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from archscope.cost.onnx_file.attention import attention, fused_attention, multi_head
from archscope.cost.onnx_file.node import MICROSOFT, STANDARD, Node
from archscope.cost.onnx_file.values import NotOnnx, Unknown


@dataclass(frozen=True)
class Product:
    """How an operator that multiplies is counted.

    Attributes:
        macs: of a node; raises `NotOnnx` and `Unknown`.
        weights: the inputs that are weights where the file holds them.
        factors: of a product of matrices, its inputs, either of which may be the weight.
        packed: whether several weights share an element of the weight, which has K x N of them.
    """

    macs: Callable[[Node], int]
    weights: tuple[int, ...]
    factors: tuple[int, ...] = ()
    packed: bool = False


def _convolution(image: int, kernel: int) -> Callable[[Node], int]:
    def count(node: Node) -> int:
        if node.integer("channels_last", 0):
            raise Unknown
        first, second, output = node.sizes(image), node.sizes(kernel), node.output()
        groups = node.integer("group", 1)
        node.require(
            len(first) == len(second) == len(output) > 2
            and first[1] == second[1] * groups
            and second[0] % groups == 0
            and output[:2] == [first[0], second[0]]
            and list(node.attributes.get("kernel_shape", second[2:])) == second[2:]
        )
        return math.prod(output) * math.prod(second[1:])

    return count


def _transposed(node: Node) -> int:
    first, second, output = node.sizes(0), node.sizes(1), node.output()
    groups = node.integer("group", 1)
    node.require(
        len(first) == len(second) == len(output) > 2
        and first[1] == second[0]
        and second[0] % groups == 0
        and output[:2] == [first[0], second[1] * groups]
        and list(node.attributes.get("kernel_shape", second[2:])) == second[2:]
    )
    return math.prod(first) * math.prod(second[1:])


def _gemm(left: int, right: int) -> Callable[[Node], int]:
    def count(node: Node) -> int:
        first, second = node.sizes(left), node.sizes(right)
        node.require(len(first) == len(second) == 2)
        rows, summed = first[::-1] if node.integer("transA", 0) else first
        length, columns = second[::-1] if node.integer("transB", 0) else second
        node.require(summed == length)
        return rows * summed * columns

    return count


def _matmul(left: int, right: int) -> Callable[[Node], int]:
    def count(node: Node) -> int:
        first, second, output = node.sizes(left), node.sizes(right), node.output()
        node.require(bool(first and second) and first[-1] == second[-2:][0])
        return math.prod(output) * first[-1]

    return count


def _fused_matmul(node: Node) -> int:
    if node.integer("transBatchA", 0) or node.integer("transBatchB", 0):
        raise Unknown
    first, second, output = node.sizes(0), node.sizes(1), node.output()
    node.require(bool(first and second))
    summed = first[-2:][0] if node.integer("transA", 0) else first[-1]
    length = second[-1] if node.integer("transB", 0) else second[-2:][0]
    node.require(summed == length)
    return math.prod(output) * summed


def _quantised_matmul(node: Node) -> int:
    first = node.sizes(0)
    node.require(bool(first) and first[-1] == node.integer("K"))
    return math.prod(first) * node.integer("N")


def _recurrent(node: Node) -> int:
    """X (steps, batch, inputs), the batch first in layout 1; W and R hold all directions."""
    images, inputs, states = node.sizes(0), node.sizes(1), node.sizes(2)
    node.require(
        len(images) == len(inputs) == len(states) == 3
        and images[2] in inputs[1:]
        and inputs[0] == states[0]
    )
    return images[0] * images[1] * (math.prod(inputs) + math.prod(states))


def _einsum(node: Node) -> int:
    from archscope.cost.operators import einsum_macs

    equation = node.attributes.get("equation", b"")
    shapes = [node.sizes(number) for number in range(len(node.inputs))]
    try:
        return einsum_macs(equation.decode(), shapes)
    except (AttributeError, ArithmeticError, LookupError, ValueError):
        raise NotOnnx(f"{node} has an equation that does not fit its inputs") from None


_CONV, _GEMM, _MATMUL = _convolution(0, 1), _gemm(0, 1), _matmul(0, 1)
_ANY = tuple(range(26))  # of an einsum

PRODUCTS: dict[tuple[str, str], Product] = {
    (STANDARD, "Attention"): Product(attention, ()),
    (STANDARD, "Conv"): Product(_CONV, (1, 2)),
    (STANDARD, "ConvInteger"): Product(_CONV, (1,)),
    (STANDARD, "ConvTranspose"): Product(_transposed, (1, 2)),
    (STANDARD, "DeformConv"): Product(_CONV, (1, 3)),
    (STANDARD, "Einsum"): Product(_einsum, (), _ANY),
    (STANDARD, "GRU"): Product(_recurrent, (1, 2, 3)),
    (STANDARD, "Gemm"): Product(_GEMM, (2,), (0, 1)),
    (STANDARD, "LSTM"): Product(_recurrent, (1, 2, 3, 7)),
    (STANDARD, "MatMul"): Product(_MATMUL, (), (0, 1)),
    (STANDARD, "MatMulInteger"): Product(_MATMUL, (), (0, 1)),
    (STANDARD, "QLinearConv"): Product(_convolution(0, 3), (3, 8)),
    (STANDARD, "QLinearMatMul"): Product(_matmul(0, 3), (), (0, 3)),
    (STANDARD, "RNN"): Product(_recurrent, (1, 2, 3)),
    (MICROSOFT, "Attention"): Product(fused_attention(8), (1, 2)),
    (MICROSOFT, "DynamicQuantizeLSTM"): Product(_recurrent, (1, 2, 3, 7)),
    (MICROSOFT, "DynamicQuantizeMatMul"): Product(_MATMUL, (4,), (0, 1)),
    (MICROSOFT, "FusedConv"): Product(_CONV, (1, 2)),
    (MICROSOFT, "FusedGemm"): Product(_GEMM, (2,), (0, 1)),
    (MICROSOFT, "FusedMatMul"): Product(_fused_matmul, (), (0, 1)),
    (MICROSOFT, "GemmFastGelu"): Product(_MATMUL, (2,), (0, 1)),
    (MICROSOFT, "MatMulBnb4"): Product(_quantised_matmul, (1,), packed=True),
    (MICROSOFT, "MatMulInteger16"): Product(_MATMUL, (), (0, 1)),
    (MICROSOFT, "MatMulIntegerToFloat"): Product(_MATMUL, (6,), (0, 1)),
    (MICROSOFT, "MatMulNBits"): Product(_quantised_matmul, (1, 5), packed=True),
    (MICROSOFT, "MultiHeadAttention"): Product(multi_head, (3,)),
    (MICROSOFT, "QAttention"): Product(fused_attention(8), (1, 2)),
    (MICROSOFT, "QGemm"): Product(_gemm(0, 3), (6,), (0, 3)),
    (MICROSOFT, "QLinearConv"): Product(_convolution(0, 3), (3, 8)),
    (MICROSOFT, "TransposeMatMul"): Product(_fused_matmul, (), (0, 1)),
}
