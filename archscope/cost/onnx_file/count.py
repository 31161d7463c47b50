"""The cost of an ONNX file on one image, and the image that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.arch.shape import Shape
from archscope.cost.onnx_file.opened import open_model
from archscope.cost.onnx_file.values import NotOnnx, Value, tensor_type
from archscope.cost.onnx_file.walk import Walk
from archscope.errors import UsageError, shown
from archscope.files import reading

CONVENTION = (
    "an ONNX file is counted by its shapes: params are the tensors that its operators use as "
    "weights, without a batch norm's mean and variance, the scales of a quantisation, masks and "
    "tables (an exporter may have folded batch norms into convolutions); macs those of every "
    "operator that multiplies matrices"
)
_FIRST = (0, 3, 1, 2)  # how a graph of N x H x W x C turns its image
_KEPT = frozenset({"Cast", "Identity", "QuantizeLinear", "DequantizeLinear", "Sub", "Div", "Mul"})


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

    @property
    def macs_exact(self) -> bool:
        """Whether `macs` is all; otherwise the network has at least so many."""
        return not self.uncounted


def read_input(path: Path) -> Shape | None:
    """The (channels, height, width) of a file's one image; None where one of them is left open.

    A file may take it as N x C x H x W or, if it turns it first, as N x H x W x C.

    Raises:
        UsageError: where the file is no ONNX, or has not one input of such an image.
    """
    with _told(path):
        model = open_model(path)
        image = _image(model.graph, path)
        sizes = _declared(image)[1:]
    if any(size is None or size < 1 for size in sizes):
        return None
    first, second, third = (size or 0 for size in sizes)
    return (third, first, second) if _is_turned(model.graph, image) else (first, second, third)


def count_onnx(path: Path, shape: Shape) -> OnnxCount:
    """Count a file on one image of `shape`.

    Args:
        path: of the file.
        shape: (channels, height, width), however the file takes it.

    Raises:
        UsageError: where the file is no ONNX, or takes no such image.
    """
    with _told(path):
        model = open_model(path)
        image = _image(model.graph, path)
        sizes = _fitting(model.graph, image, shape, path)
        walk = Walk(model, str(path.parent))
        element = image.type.tensor_type.elem_type
        results = walk.run({image.name: tensor_type(element, sizes)})
        first = results[0].shape or ()
        return OnnxCount(
            walk.weights.params,
            walk.tally.macs,
            walk.tally.activations,
            dict(walk.tally.uncounted),
            first[1] if len(first) == 2 else None,
        )


def _image(graph: Any, path: Path) -> Any:
    """The one input that is an image."""
    held = {entry.name for entry in graph.initializer}
    held |= {entry.values.name for entry in graph.sparse_initializer}
    inputs = [entry for entry in graph.input if entry.name not in held]
    if len(inputs) == 1 and len(sizes := _declared(inputs[0])) == 4:
        if any(size is not None and size < 0 for size in sizes):
            raise NotOnnx("its input has a negative size")
        if sizes[0] is None or sizes[0] <= 1:
            return inputs[0]
    raise UsageError(
        f"{shown(str(path))} does not take one image at a time: export it for one input of "
        "1 x C x H x W, or with a dynamic batch"
    )


def _declared(entry: Any) -> tuple[int | None, ...]:
    return Value(entry.type).shape or ()


def _fitting(graph: Any, image: Any, shape: Shape, path: Path) -> tuple[int, ...]:
    """The sizes of the input for an image."""
    channels, height, width = shape
    orders = [(1, channels, height, width), (1, height, width, channels)]
    if _is_turned(graph, image):
        orders.reverse()
    declared = _declared(image)
    for sizes in orders:
        pairs = list(zip(declared, sizes, strict=True))[1:]
        if all(own is None or own in (0, given) for own, given in pairs):
            return sizes
    own = "x".join(str(size or "?") for size in declared)
    raise UsageError(
        f"{shown(str(path))} takes an input of {own}, which {'x'.join(map(str, shape))} "
        "(channels, height, width) does not fit: leave --input out, or give one that does"
    )


def _is_turned(graph: Any, image: Any) -> bool:
    """Whether the graph first turns its image from N x H x W x C to N x C x H x W."""
    names = {image.name}
    for node in graph.node:
        if names.isdisjoint(node.input):
            continue
        if node.op_type == "Transpose":
            return any(tuple(entry.ints) == _FIRST for entry in node.attribute)
        if node.op_type not in _KEPT:
            return False
        names.update(node.output)
    return False


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Make one sentence of what is wrong with a file."""
    name = shown(str(path))
    try:
        with reading(name, "give the path of a saved network", error=UsageError):
            yield
    except NotOnnx as error:
        raise UsageError(f"{name} cannot be counted: {error}; export it anew") from None
