"""What the walk through an ONNX graph knows of a tensor, and how it says that a graph is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

MOST = 2**63 - 1
"""The largest number of elements of a tensor, and of multiply-adds."""

MOST_AXES = 64
"""The largest rank of a tensor."""

# Of TensorProto.DataType: float, float16, double, bfloat16, the 8-bit ones, the 4- and 6-bit ones.
FLOATS = frozenset({1, 10, 11, 16, 17, 18, 19, 20, 23, 24, 27, 28})
FLOAT, INT64, BOOL = 1, 7, 9

# Sizes, None where one is not known; of a tensor whose rank is not known, None.
Shape: TypeAlias = "tuple[int | None, ...] | None"


class NotOnnx(Exception):
    """The graph breaks a rule of ONNX: why, as a clause."""


class Unknown(Exception):
    """What a count needs is not known before the network runs."""


@dataclass(frozen=True)
class Value:
    """A tensor (or, of another type, what ONNX makes of it) somewhere in the graph.

    Attributes:
        type: an `onnx.TypeProto`; None where it is not known.
        data: a small NumPy array, where the content is known.
        constant: whether it is made of constants by operators that multiply no matrices.
        held: the floating-point tensors of the file that it is made of, by number.
        integers: the integer ones, which `DequantizeLinear` makes `held`, and those that a
            `ConstantOfShape` fills: weights where a layer takes them as such, and nowhere else.
        tables: tensors that were added to it and have more than one axis.
    """

    type: Any = None
    data: Any = None
    constant: bool = False
    held: frozenset[int] = frozenset()
    integers: frozenset[int] = frozenset()
    tables: frozenset[int] = field(default=frozenset())

    @property
    def shape(self) -> Shape:
        """Its sizes."""
        if self.type is None or self.type.WhichOneof("value") != "tensor_type":
            return None
        tensor = self.type.tensor_type
        if not tensor.HasField("shape"):
            return None
        return tuple(
            dim.dim_value if dim.WhichOneof("value") == "dim_value" else None
            for dim in tensor.shape.dim
        )

    @property
    def element(self) -> int:
        """Of TensorProto.DataType; 0 where it is not known, or no tensor."""
        return self.type.tensor_type.elem_type if self.type is not None else 0

    @property
    def axes(self) -> int:
        """How many sizes are not 1."""
        return sum(size != 1 for size in self.shape or ())

    @property
    def single(self) -> bool:
        """Whether it is known to be one number."""
        return self.shape is not None and self.axes == 0


def tensor_type(element: int, shape: Shape) -> Any:
    """An `onnx.TypeProto`."""
    import onnx

    return onnx.helper.make_tensor_type_proto(element, shape)


def checked(type: Any, of: str) -> Any:
    """A type, whose sizes can be those of a tensor.

    Raises:
        NotOnnx: for negative sizes, and more than 2^63 - 1 elements.
    """
    shape = Value(type).shape or ()
    if len(shape) > MOST_AXES:
        raise NotOnnx(f"{of} has more than {MOST_AXES} axes")
    known = [size for size in shape if size is not None]
    if any(size < 0 for size in known):
        raise NotOnnx(f"{of} has a negative size")
    if math.prod(known) > MOST:
        raise NotOnnx(f"{of} has more than 2^63 - 1 elements")
    return type


def merged(first: Any, second: Any) -> Any:
    """A type with the sizes that two types of one tensor agree on; None where they have none."""
    if first is None or second is None or first == second:
        return first if first == second else None
    ours, theirs = Value(first).shape, Value(second).shape
    if ours is None or theirs is None or len(ours) != len(theirs):
        return None
    sizes = [a if a == b else None for a, b in zip(ours, theirs, strict=True)]
    return tensor_type(first.tensor_type.elem_type, tuple(sizes))


def completed(type: Any, declared: Any) -> Any:
    """A type whose unknown sizes are those that the file declares."""
    if type is None or declared is None:
        return type if declared is None else declared
    ours, theirs = Value(type).shape, Value(declared).shape
    if theirs is None or (ours is not None and len(ours) != len(theirs)):
        return type
    sizes = theirs if ours is None else _first_known(ours, theirs)
    if sizes == ours:
        return type
    element = type.tensor_type.elem_type or declared.tensor_type.elem_type
    return tensor_type(element, sizes)


def _first_known(ours: Sequence[int | None], theirs: Sequence[int | None]) -> Shape:
    return tuple(b if a is None else a for a, b in zip(ours, theirs, strict=True))
