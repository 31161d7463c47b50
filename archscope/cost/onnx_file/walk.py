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
from archscope.cost.onnx_file.calls import MOST_NODES, Calls, key_of
from archscope.cost.onnx_file.node import STANDARD, Node, attributes_of, domain_of, title
from archscope.cost.onnx_file.products import PRODUCTS, Product
from archscope.cost.onnx_file.quiet import QUIET
from archscope.cost.onnx_file.scope import Scope, Tally
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
        self._calls = Calls(model.functions)
        self._nodes = 0

    def run(self, images: Mapping[str, Any]) -> list[Value]:
        """Walk the whole graph; the types of its inputs give those of its outputs."""
        scope = Scope("", self._model.opset_import)
        graph = self._model.graph
        self._calls.check(graph.node)
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
        for place, proto in enumerate(protos):
            self._nodes += 1
            if self._nodes > 2 * MOST_NODES:  # bodies of loops may be walked more than once
                raise NotOnnx("its loops stand in each other too deep")
            self._node(proto, scope, place)

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
        if not proto.output:
            raise NotOnnx(f"{title(proto)} gives nothing")
        domain = domain_of(proto.domain)
        inputs = [scope.read(name, title(proto)) if name else None for name in proto.input]
        node = Node(proto, domain, scope.version(domain), inputs, attributes)
        key = domain, proto.op_type
        if key_of(proto) in self._calls.functions:
            results = self._call(node)
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
        constant = product is None and _all_constant(node)
        if key == (STANDARD, "ConstantOfShape") and constant:
            filled = self._filled(node, types[0], contents[0], scope)
            return [filled] if filled else [Value(types[0], constant=True)]
        made = passed_on(node, constant)
        results = [
            Value(type, content, constant=constant or content is not None, **made)
            for type, content in zip(types, contents, strict=True)
        ]
        node = Node(node.proto, node.domain, node.version, node.inputs, node.attributes, results)
        known = product is not None or key in QUIET
        self.weights.use(node, product, known=known)
        if product is not None:
            self._count(node, product)
        elif not known:
            self.tally.uncounted[node.operator] += 1
        return results

    def _count(self, node: Node, product: Product) -> None:
        try:
            self.tally.add(Tally(product.macs(node), math.prod(node.output())))
        except Unknown:
            self.tally.uncounted[node.operator] += 1

    def _filled(self, node: Node, type: Any, data: Any, scope: Scope) -> Value | None:
        """A tensor that the graph fills, as a weight may be; None where its sizes are unknown."""
        shape = Value(type).shape
        if shape is None or None in shape:
            return None
        elements = math.prod(size for size in shape if size is not None)
        key = scope.path, node.proto.output[0]
        return self.weights.hold(key, type, elements, data, filled=True)

    def _constant(self, node: Node, scope: Scope) -> Value:
        found = folding.constant(dict(node.attributes), self._folder)
        if found is None:
            raise NotOnnx(f"{node} has no value")
        type, data = checked(found[0], f"what {node} gives"), found[1]
        elements = math.prod(size for size in Value(type).shape or () if size is not None)
        return self.weights.hold((scope.path, node.proto.output[0]), type, elements, data)

    def _call(self, node: Node) -> list[Value]:
        """A function of the model."""
        key = key_of(node.proto)
        function = self._calls.functions[key]
        if len(node.inputs) > len(function.input):
            raise NotOnnx(f"{node} takes more inputs than its function has")
        bound = {entry.name: entry for entry in (*function.attribute_proto, *node.proto.attribute)}
        inner = Scope(f"function {key}", function.opset_import, bound)
        for entry in function.value_info:
            inner.declared[entry.name] = checked(entry.type, f"'{shown(entry.name)}'")
        given = [*node.inputs, *[None] * (len(function.input) - len(node.inputs))]
        for name, value in zip(function.input, given, strict=True):
            inner.bind(name, value)
        self.nodes(function.node, inner)
        results = [inner.read(name, f"the result of {node}") for name in function.output]
        return [value or Value() for value in results]


def _all_constant(node: Node) -> bool:
    return bool(node.inputs) and all(one is None or one.constant for one in node.inputs)
