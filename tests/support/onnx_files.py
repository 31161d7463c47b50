"""Small ONNX files, written node by node."""

from __future__ import annotations

import math

import onnx
from onnx import TensorProto, helper

node = helper.make_node
_TYPES = {"f": TensorProto.FLOAT, "b": TensorProto.INT8, "u": TensorProto.UINT8,
          "i": TensorProto.INT32, "l": TensorProto.INT64, "t": TensorProto.BOOL}  # fmt: skip


def weight(name, *shape, kind="f", values=None):
    """A tensor of ones, or of `values`."""
    return helper.make_tensor(name, _TYPES[kind], shape, values or [1] * math.prod(shape))


def numbers(name, *values):
    """A vector of int64."""
    return weight(name, len(values), kind="l", values=list(values))


def value(name, *shape, kind="f"):
    """The type of a tensor; None or a name leaves a size open."""
    return helper.make_tensor_value_info(name, _TYPES[kind], shape)


def model(nodes, inputs, outputs, weights=(), functions=(), opset=19, declared=()):
    graph = helper.make_graph(nodes, "net", inputs, outputs, weights, value_info=declared)
    opsets = [("", opset), ("com.microsoft", 1), ("mine", 1)]
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(*one) for one in opsets],
        functions=functions,
    )


def saved(path, *parts, **options):
    onnx.save(model(*parts, **options), path)
    return path


def function(name, inputs, outputs, nodes, **options):
    """A function of the domain `mine`."""
    opsets = [helper.make_opsetid("", 19), helper.make_opsetid("mine", 1)]
    return helper.make_function("mine", name, inputs, outputs, nodes, opsets, **options)


def operator(path, name, first, rest, *, domain="", kind="f", outputs=("y",), opset=23, **options):
    """A file whose image is reshaped to `first` and cast to `kind`, for one operator to take.

    `rest` are its other inputs: tensors that the file holds, None for one that is left out, or
    `(shape, kind)` of one that comes from the image as well.
    """
    nodes, held, names = [], [], ["a"]
    for place, entry in enumerate([(first, kind), *rest]):
        if isinstance(entry, tuple):
            shape, letter = entry
            repeats = [1, 1, 1, math.prod(shape)]
            held += [numbers(f"s{place}", *shape), numbers(f"t{place}", *repeats)]
            nodes += [
                node("Tile", ["x", f"t{place}"], [f"l{place}"]),
                node("Reshape", [f"l{place}", f"s{place}"], [f"r{place}"]),
                node("Cast", [f"r{place}"], [f"c{place}"], to=_TYPES[letter]),
            ]
            names[place:] = [f"c{place}"]
        elif entry is None:
            names.append("")
        else:
            held += [entry] if entry.name not in names else []
            names.append(entry.name)
    nodes.append(node(name, names, list(outputs), domain=domain, **options))
    result = helper.make_value_info(outputs[0], onnx.TypeProto())
    return saved(path, nodes, [value("x", "N", 1, 1, 1)], [result], held, opset=opset)
