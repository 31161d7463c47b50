"""The walk through a graph: every node once in order, with the shapes of what it takes and gives.

Nothing is run. Functions are walked where they are called; of a loop the body is walked, and its
cost taken as often as it runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from archscope.cost.onnx_file import folding, shapes
from archscope.cost.onnx_file.bodies import BODIES
from archscope.cost.onnx_file.node import STANDARD, Node, attributes_of
from archscope.cost.onnx_file.products import PRODUCTS, Product
from archscope.cost.onnx_file.quiet import QUIET
from archscope.cost.onnx_file.scope import Scope, Tally, domain_of
from archscope.cost.onnx_file.values import (
    NotOnnx,
    Unknown,
    Value,
    checked,
    completed,
    tensor_type,
)
from archscope.cost.onnx_file.weights import Weights, passed_on
from archscope.errors import shown

MOST_NODES = 100_000  # with those of functions as often as they are called
MOST_DEPTH = 40  # of functions and bodies in each other


class Walk:
    """The walk through one model.

    Args:
        model: an `onnx.ModelProto`.
        folder: where tensors outside of the file stand.
    """

    def __init__(self, model: Any, folder: str) -> None:
        self.weights = Weights()
        self.tally = Tally()
        self._model = model
        self._folder = folder
        self._functions = {_key(one): one for one in model.functions}
        self._calls: list[Any] = []
        self._nodes = 0
        self._depth = 0

    def run(self, images: Mapping[str, Any]) -> list[Value]:
        """Walk the whole graph; the types of its inputs give those of its outputs."""
        scope = Scope("", self._model.opset_import)
        graph = self._model.graph
        self.hold(graph, scope)
        for name, type in images.items():
            scope.bind(name, Value(type))
        return self.graph(graph, scope)

    def hold(self, graph: Any, scope: Scope) -> None:
        """Name what a graph holds, and take down what it declares."""
        for tensor in graph.initializer:
            value = folding.tensor(tensor, self._folder)
            self._hold(tensor.name, tensor.data_type, tensor.dims, value, scope)
        for tensor in graph.sparse_initializer:
            self._hold(tensor.values.name, tensor.values.data_type, tensor.dims, None, scope)
        for entry in (*graph.value_info, *graph.output):
            scope.declared[entry.name] = checked(entry.type, f"'{shown(entry.name)}'")

    def graph(self, graph: Any, scope: Scope) -> list[Value]:
        """Walk a graph whose inputs are bound; the values of its outputs."""
        self.nodes(graph.node, scope)
        results = [scope.read(entry.name, "its result") for entry in graph.output]
        return [value or Value() for value in results]

    def nodes(self, protos: Sequence[Any], scope: Scope) -> None:
        """Walk nodes in their order."""
        if self._depth > MOST_DEPTH:
            raise NotOnnx(f"functions and bodies stand in each other more than {MOST_DEPTH} deep")
        self._depth += 1
        for place, proto in enumerate(protos):
            self._nodes += 1
            if self._nodes > MOST_NODES:
                raise NotOnnx(f"it has more than {MOST_NODES:,} nodes, with those of functions")
            self._node(proto, scope, place)
        self._depth -= 1

    @contextmanager
    def apart(self) -> Iterator[Tally]:
        """A tally of its own for what is walked inside."""
        before, self.tally = self.tally, Tally()
        try:
            yield self.tally
        finally:
            self.tally = before

    def _hold(self, name: str, element: int, dims: Any, data: Any, scope: Scope) -> None:
        type = checked(tensor_type(element, tuple(dims)), f"'{shown(name)}'")
        key = scope.path, name
        scope.bind(name, self.weights.hold(key, type, math.prod(dims), data))

    def _node(self, proto: Any, scope: Scope, place: int) -> None:
        proto, attributes = attributes_of(proto, scope.bound)
        domain = domain_of(proto.domain)
        reader = f"{shown(proto.op_type)} '{shown(proto.name)}'"
        inputs = [scope.read(name, reader) if name else None for name in proto.input]
        node = Node(proto, domain, scope.version(domain), inputs, attributes)
        key = domain, proto.op_type
        if _key(proto) in self._functions:
            results = self._call(node, scope)
        elif key in BODIES:
            results = BODIES[key](self, node, scope, f"{scope.path}/{place}")
        elif key == (STANDARD, "Constant"):
            results = [self._constant(node, scope)]
        else:
            if domain == STANDARD and node.version < 1:
                raise NotOnnx("it names no version of ONNX's operators")
            results = self._plain(node, scope)
        if len(results) < len(proto.output):
            raise NotOnnx(f"{node} gives {len(results)} of its {len(proto.output)} results")
        for name, value in zip(proto.output, results, strict=False):
            scope.bind(name, value)

    def _plain(self, node: Node, scope: Scope) -> list[Value]:
        """An operator of no body."""
        types = [
            completed(type, scope.declared.get(name))
            for type, name in zip(shapes.infer(node, scope.opsets), node.proto.output, strict=True)
        ]
        contents = folding.fold(node, types, scope.opsets)
        key = node.domain, node.operator
        product = PRODUCTS.get(key)
        constant = bool(node.inputs) and all(one is None or one.constant for one in node.inputs)
        made = passed_on(node, product, constant)
        results = [
            Value(type, content, constant=constant or content is not None, **made)
            for type, content in zip(types, contents, strict=True)
        ]
        node = Node(node.proto, node.domain, node.version, node.inputs, node.attributes, results)
        self.weights.use(node, product)
        if product is not None:
            self._count(node, product)
        elif key not in QUIET:
            self.tally.uncounted[node.operator] += 1
        return results

    def _count(self, node: Node, product: Product) -> None:
        try:
            self.tally.add(Tally(product.macs(node), math.prod(node.output())))
        except Unknown:
            self.tally.uncounted[node.operator] += 1

    def _constant(self, node: Node, scope: Scope) -> Value:
        found = folding.constant(dict(node.attributes), self._folder)
        if found is None:
            raise NotOnnx(f"{node} has no value")
        type, data = checked(found[0], f"what {node} gives"), found[1]
        elements = math.prod(size for size in Value(type).shape or () if size is not None)
        return self.weights.hold((scope.path, node.proto.output[0]), type, elements, data)

    def _call(self, node: Node, scope: Scope) -> list[Value]:
        """A function of the model."""
        key = _key(node.proto)
        function = self._functions[key]
        if key in self._calls:
            raise NotOnnx(f"its function '{shown(function.name)}' calls itself")
        if len(node.inputs) > len(function.input):
            raise NotOnnx(f"{node} takes more inputs than its function has")
        bound = {entry.name: entry for entry in (*function.attribute_proto, *node.proto.attribute)}
        inner = Scope(f"function {key}", function.opset_import, bound)
        for entry in function.value_info:
            inner.declared[entry.name] = checked(entry.type, f"'{shown(entry.name)}'")
        given = [*node.inputs, *[None] * (len(function.input) - len(node.inputs))]
        for name, value in zip(function.input, given, strict=True):
            inner.bind(name, value)
        self._calls.append(key)
        self.nodes(function.node, inner)
        self._calls.pop()
        results = [inner.read(name, f"the result of {node}") for name in function.output]
        return [value or Value() for value in results]


def _key(proto: Any) -> tuple[str, str, str]:
    """Of a function, or of a node that may call it."""
    name = proto.op_type if hasattr(proto, "op_type") else proto.name
    return domain_of(proto.domain), name, getattr(proto, "overload", "")
