"""A node of an ONNX graph as the walk meets it: its operator, attributes and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archscope.cost.onnx_file.values import NotOnnx, Unknown, Value
from archscope.errors import shown

# Attributes that no graph has below 1: some of onnx's own shape rules divide by them.
_POSITIVE = frozenset(
    {
        *("group", "strides", "dilations", "kernel_shape", "num_groups", "num_outputs"),
        *("num_heads", "q_num_heads", "kv_num_heads", "hidden_size", "blocksize", "block_size"),
        *("num_scan_inputs", "offset_group", "K", "N", "bits"),
    }
)
STANDARD = ""
MICROSOFT = "com.microsoft"
_ALIASES = {"ai.onnx": STANDARD}


@dataclass(frozen=True)
class Node:
    """A node with what its inputs are.

    Attributes:
        proto: the `onnx.NodeProto`, a function's attributes put in.
        domain: "" for ONNX's own.
        version: of the domain's operators; 0 where the file names none.
        inputs: None where one is left out.
        attributes: by name, as `onnx.helper.get_attribute_value` gives them.
        results: what it gives, of an operator of no body.
    """

    proto: Any
    domain: str
    version: int
    inputs: Sequence[Value | None]
    attributes: Mapping[str, Any]
    results: Sequence[Value] = ()

    @property
    def operator(self) -> str:
        """The operator's name."""
        return str(self.proto.op_type)

    def __str__(self) -> str:
        return title(self.proto)

    def has(self, number: int) -> bool:
        """Whether it is given this input."""
        return self.input(number) is not None

    def input(self, number: int) -> Value | None:
        """An input, None where it is left out."""
        return self.inputs[number] if number < len(self.inputs) else None

    def sizes(self, number: int) -> list[int]:
        """The shape of an input.

        Raises:
            NotOnnx: where it is left out, or has a size of 0.
            Unknown: where the shape is not known.
        """
        found = self.input(number)
        if found is None:
            raise NotOnnx(f"{self} lacks its input {number}")
        return self._known(found)

    def output(self, number: int = 0) -> list[int]:
        """The shape of an output; raises as `sizes`."""
        if number >= len(self.results):
            raise Unknown
        return self._known(self.results[number])

    def integer(self, name: str, default: int | None = None) -> int:
        """An attribute that is an integer.

        Raises:
            NotOnnx: where it is none, or is left out and has no default.
        """
        found = self.attributes.get(name, default)
        if not isinstance(found, int):
            raise NotOnnx(f"{self} needs a number for '{name}'")
        return found

    def require(self, fits: bool) -> None:
        """Raise `NotOnnx` where the shapes of a node do not fit each other."""
        if not fits:
            raise NotOnnx(f"the shapes of {self} do not fit each other")

    def _known(self, value: Value) -> list[int]:
        shape = value.shape
        if shape is None:
            raise Unknown
        known = [size for size in shape if size is not None]
        if 0 in known:
            raise NotOnnx(f"{self} has a size of 0")
        if len(known) < len(shape):
            raise Unknown
        return known


def title(proto: Any) -> str:
    """A node as an error names it: by its own name, or that of what it gives."""
    name = proto.name or next(filter(None, proto.output), "?")
    return f"{shown(proto.op_type)} '{shown(name)}'"


def domain_of(name: str) -> str:
    """A domain by its usual name: "" for ONNX's own."""
    return _ALIASES.get(name, name)


def attributes_of(proto: Any, bound: Mapping[str, Any] | None) -> tuple[Any, dict[str, Any]]:
    """A node whose references to a function's attributes are put in, and all its attributes.

    Args:
        proto: an `onnx.NodeProto`.
        bound: the `onnx.AttributeProto`s of the call by name; None outside of functions.

    Raises:
        NotOnnx: where one is of no type, or below 1 where that cannot be.
    """
    import onnx

    if any(entry.ref_attr_name for entry in proto.attribute):
        plain = onnx.NodeProto()
        plain.CopyFrom(proto)
        del plain.attribute[:]
        for entry in proto.attribute:
            found = (bound or {}).get(entry.ref_attr_name) if entry.ref_attr_name else entry
            if found is not None:
                plain.attribute.add().CopyFrom(found)
                plain.attribute[-1].name = entry.name
        proto = plain
    values = {}
    for entry in proto.attribute:
        try:
            value = values[entry.name] = onnx.helper.get_attribute_value(entry)
        except ValueError:
            raise NotOnnx(f"{shown(proto.op_type)} has a damaged '{shown(entry.name)}'") from None
        numbers = value if isinstance(value, (list, tuple)) else [value]
        if entry.name in _POSITIVE and any(isinstance(one, int) and one < 1 for one in numbers):
            raise NotOnnx(f"{shown(proto.op_type)} has '{shown(entry.name)}' below 1")
    return proto, values
