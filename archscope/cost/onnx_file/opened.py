"""An ONNX file read with care: whole, with all its weights, and nothing of it run."""

from __future__ import annotations

import math
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archscope.cost.onnx_file.values import MOST, MOST_AXES, NotOnnx
from archscope.errors import shown
from archscope.files import NotRegular, read, reason

_MOST_BYTES = 2**31 - 1  # of a protobuf
_MOST_PARTS = 1_000_000
# What a graph or a node may have many of.
_PARTS = ("node", "initializer", "sparse_initializer", "value_info", "input", "output", "attribute")
# Bits of an element, of TensorProto.DataType; 4-bit numbers are packed.
_BITS = {
    **dict.fromkeys((1, 6, 12), 32),
    **dict.fromkeys((2, 3, 9, 17, 18, 19, 20, 24), 8),
    **dict.fromkeys((4, 5, 10, 16), 16),
    **dict.fromkeys((7, 11, 13, 14), 64),
    **dict.fromkeys((21, 22, 23), 4),
    **dict.fromkeys((25, 26), 2),
    **dict.fromkeys((27, 28), 6),
    15: 128,
}


def open_model(path: Path) -> Any:
    """An `onnx.ModelProto`, whose weights are all there; those in other files are not read.

    Raises:
        NotOnnx: where the file is none, or lacks a part.
        OSError: where it cannot be read.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(read(path, most=_MOST_BYTES))
    except OSError:
        raise
    except MemoryError:
        raise NotOnnx("reading it takes more memory than there is") from None
    except Exception:  # a damaged file can fail in any way at all
        raise NotOnnx("it is no ONNX file, or a part of it is missing") from None
    if not model.HasField("graph") or not model.graph.output:
        raise NotOnnx("it holds no network")
    for tensor in _tensors(model):
        _check(tensor, path.parent)
    return model


def _tensors(model: Any) -> Iterator[Any]:
    """The tensors that a model's graphs and functions hold; the names of these are checked."""
    graphs, nodes = [model.graph], list[Any]()
    parts = _counted(0, *model.functions)
    for one in (*model.opset_import, *model.functions):
        _check_texts(one, "domain", "name", "overload", "input", "output", "attribute")
        nodes.extend(getattr(one, "node", ()))
        for entry in (*getattr(one, "value_info", ()), *getattr(one, "attribute_proto", ())):
            _check_texts(entry, "name")
    while graphs or nodes:
        message = graphs.pop() if graphs else nodes.pop()
        parts = _counted(parts, message)
        if hasattr(message, "op_type"):
            yield from _of_node(message, graphs)
            continue
        yield from message.initializer
        for sparse in message.sparse_initializer:
            yield sparse.values
            yield sparse.indices
            _check_sizes(sparse.dims, sparse.values.name)
        for entry in (*message.input, *message.output, *message.value_info):
            _check_texts(entry, "name")
        nodes.extend(message.node)


def _counted(parts: int, *messages: Any) -> int:
    """How many parts a file has so far, with those of these messages."""
    for message in messages:
        parts += sum(len(getattr(message, field, ())) for field in _PARTS)
        if parts > _MOST_PARTS:
            raise NotOnnx(f"it has more than {_MOST_PARTS:,} nodes, names and tensors")
    return parts


def _of_node(node: Any, graphs: list[Any]) -> Iterator[Any]:
    """The tensors that a node holds; its bodies go to `graphs`."""
    _check_texts(node, "op_type", "domain", "overload", "name", "input", "output")
    for entry in node.attribute:
        _check_texts(entry, "name", "ref_attr_name")
        if entry.HasField("t"):
            yield entry.t
        if entry.HasField("g"):
            graphs.append(entry.g)
        yield from entry.tensors
        graphs.extend(entry.graphs)


def _check_texts(message: Any, *fields: str) -> None:
    """Refuse names that are no UTF-8, which protobuf gives as bytes."""
    for field in fields:
        value = getattr(message, field, "")
        names = [value] if isinstance(value, (str, bytes)) else value
        if any(isinstance(name, bytes) for name in names):
            raise NotOnnx("a name in it is no text")


def _check_sizes(dims: Any, name: str) -> None:
    if len(dims) > MOST_AXES or any(size < 0 for size in dims) or math.prod(dims) > MOST:
        raise NotOnnx(f"the tensor '{shown(name)}' has a size that cannot be")


def _check(tensor: Any, folder: Path) -> None:
    """Refuse a tensor whose content is not there, or is not what its sizes say."""
    import onnx

    _check_texts(tensor, "name")
    for entry in tensor.external_data:
        _check_texts(entry, "key", "value")
    _check_sizes(tensor.dims, tensor.name)
    if tensor.data_type == onnx.TensorProto.STRING:
        return
    bits = _BITS.get(tensor.data_type)
    if bits is None or tensor.data_type not in onnx.TensorProto.DataType.values():
        raise NotOnnx(f"the tensor '{shown(tensor.name)}' has no type that onnx knows")
    size = (math.prod(tensor.dims) * bits + 7) // 8
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        _check_external(tensor, size, folder)
        return
    if tensor.HasField("raw_data"):
        whole = len(tensor.raw_data) == size
    else:
        numbers = getattr(tensor, onnx.helper.tensor_dtype_to_field(tensor.data_type))
        share = 2 if tensor.data_type in (14, 15) else 1  # complex: two numbers an element
        whole = len(numbers) == math.prod(tensor.dims) * share or (bits < 8 and bool(numbers))
    if not whole:
        raise NotOnnx(f"the tensor '{shown(tensor.name)}' has not the content of its sizes")


def _check_external(tensor: Any, size: int, folder: Path) -> None:
    """Refuse a tensor whose file is missing, too short, or outside of the folder."""
    where = {entry.key: entry.value for entry in tensor.external_data}
    name = where.get("location", "")
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise NotOnnx(f"'{shown(tensor.name)}' stands outside of the file's folder")
    try:
        there = (folder / name).stat()
        if not stat.S_ISREG(there.st_mode):
            raise NotRegular(name, there.st_mode)
    except OSError as error:
        raise NotOnnx(
            f"its weights stand in '{shown(name)}', which cannot be read ({reason(error)})"
        ) from None
    except ValueError:
        raise NotOnnx(f"'{shown(tensor.name)}' stands in a file that no file can be") from None
    offset = where.get("offset", "0")
    if not offset.isdecimal() or len(offset) > 18 or int(offset) + size > there.st_size:
        raise NotOnnx(f"'{shown(name)}' is too short for its weights")
