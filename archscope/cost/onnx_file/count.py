"""The cost of an ONNX file on one image, or on what else it takes, and what that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.arch.inputs import Input, Inputs
from archscope.cost.onnx_file.opened import open_model
from archscope.cost.onnx_file.values import NotOnnx, Value, tensor_type
from archscope.cost.onnx_file.walk import Walk
from archscope.errors import UsageError, plural, shown
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


def read_input(path: Path) -> Input | None:
    """What a file takes, without the batch; None where a size is left open.

    One image is (channels, height, width): a file may take it as N x C x H x W or, if it turns it
    first, as N x H x W x C. Anything else is read in the file's order.

    Raises:
        UsageError: where the file is no ONNX, takes no tensors, or takes several at a time.
    """
    with _told(path):
        model = open_model(path)
        inputs = _inputs(model.graph, path)
        shapes = [_declared(entry)[1:] for entry in inputs]
    sizes = [tuple(size or 0 for size in shape) for shape in shapes]
    if any(size < 1 for shape in sizes for size in shape):
        return None
    if len(inputs) == 1 and len(sizes[0]) == 3 and _is_turned(model.graph, inputs[0]):
        first, second, third = sizes[0]
        return third, first, second
    return sizes[0] if len(inputs) == 1 and sizes[0] else Inputs(tuple(sizes))


def read_names(path: Path) -> str:
    """The inputs with what is known of their sizes: `image of 1x3x?x?, ids of 1x77`."""
    with _told(path):
        return _named(_inputs(open_model(path).graph, path))


def count_onnx(path: Path, input: Input) -> OnnxCount:
    """Count a file on one image, or one of each of its inputs.

    Args:
        path: of the file.
        input: without the batch: of an image (channels, height, width), however the file takes it.

    Raises:
        UsageError: where the file is no ONNX, or takes no such input.
    """
    with _told(path):
        model = open_model(path)
        inputs = _inputs(model.graph, path)
        sizes = _fitting(model.graph, inputs, input, path)
        walk = Walk(model, str(path.parent))
        results = walk.run(
            {
                entry.name: tensor_type(entry.type.tensor_type.elem_type, own)
                for entry, own in zip(inputs, sizes, strict=True)
            }
        )
        first = results[0].shape or ()
        return OnnxCount(
            walk.weights.params,
            walk.tally.macs,
            walk.tally.activations,
            dict(walk.tally.uncounted),
            first[1] if len(first) == 2 else None,
        )


def _inputs(graph: Any, path: Path) -> list[Any]:
    """What a file is given, in its order: tensors of one at a time, or without a batch."""
    held = {entry.name for entry in graph.initializer}
    held |= {entry.values.name for entry in graph.sparse_initializer}
    inputs = [entry for entry in graph.input if entry.name not in held]
    for entry in inputs:
        sizes = Value(entry.type).shape
        if sizes is not None and any(size is not None and size < 0 for size in sizes):
            raise NotOnnx("its input has a negative size")
        if sizes is None or (sizes and (sizes[0] or 0) > 1):
            raise UsageError(
                f"{shown(str(path))} takes more than one image at a time ({_named(inputs)}): "
                "export it for 1 x C x H x W, or with a dynamic batch"
            )
    if not inputs:
        raise UsageError(f"{shown(str(path))} takes nothing; export it with an input")
    return inputs


def _declared(entry: Any) -> tuple[int | None, ...]:
    return Value(entry.type).shape or ()


def _named(inputs: Sequence[Any]) -> str:
    return ", ".join(f"{shown(entry.name)} of {_text(_declared(entry))}" for entry in inputs)


def _text(sizes: Sequence[int | None]) -> str:
    return "x".join(str(size or "?") for size in sizes) or "one number"


def _fitting(graph: Any, inputs: Sequence[Any], given: Input, path: Path) -> list[tuple[int, ...]]:
    """The sizes of each input, batch of 1 included."""
    shapes = given.shapes if isinstance(given, Inputs) else (given,)
    name = shown(str(path))
    if len(shapes) != len(inputs):
        raise UsageError(
            f"{name} takes {_named(inputs)}: give the sizes of {plural(len(inputs), 'input')} "
            "without the batch, with commas, as --input 3x224x224,10"
        )
    found = []
    for entry, shape in zip(inputs, shapes, strict=True):
        declared = _declared(entry)
        single = len(declared) < 2 and shape in ((), (1,))
        orders = [(1,) * len(declared) if single else (1, *shape)]
        if len(inputs) == 1 and len(shape) == 3:
            orders.append((1, *shape[1:], shape[0]))
            if _is_turned(graph, entry):
                orders.reverse()
        fits = [sizes for sizes in orders if _fits(declared, sizes)]
        if not fits:
            meaning = " (channels, height, width)" if len(shape) == 3 else ""
            raise UsageError(
                f"{name} takes an input of {_text(declared)}, which {'x'.join(map(str, shape))}"
                f"{meaning} does not fit: leave --input out, or give one that does"
            )
        found.append(fits[0])
    return found


def _fits(declared: Sequence[int | None], sizes: Sequence[int]) -> bool:
    pairs = zip(declared[1:], sizes[1:], strict=False)
    return len(declared) == len(sizes) and all(own in (None, 0, given) for own, given in pairs)


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
