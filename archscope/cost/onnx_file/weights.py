"""Which tensors of an ONNX file are parameters: those that an operator uses as its weights.

A file does not say what was learned. By what each tensor is used for, it is a parameter

    as the weight or bias of a convolution, a product of matrices, a recurrent layer or an
    attention, of floats or integers; as the scale or bias of a norm or a PRelu; as the table of a
    Gather; as what is added, in one piece with other features (Concat), or, along one axis alone,
    multiplied with what the image gives; of an operator that is not known, as any tensor of several
    floats

and none as anything else: the mean and variance of a batch norm, scales and zero points of a
quantisation, sizes, axes and indices, the scales of a Resize, tables of positions that are
multiplied with features, go into a product in the place of the image or are added to what a Softmax
takes (masks, biases that an exporter has gathered), single numbers that are added or multiplied.
Weights may pass through operators on constants (Transpose, DequantizeLinear) before they are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from archscope.cost.onnx_file.node import MICROSOFT, STANDARD, Node
from archscope.cost.onnx_file.products import Product
from archscope.cost.onnx_file.values import BOOL, FLOATS, Value

# Inputs that are learned, of operators that do not multiply matrices.
_LEARNED: dict[tuple[str, str], tuple[int, ...]] = {
    (STANDARD, "BatchNormalization"): (1, 2),
    (STANDARD, "GroupNormalization"): (1, 2),
    (STANDARD, "InstanceNormalization"): (1, 2),
    (STANDARD, "LayerNormalization"): (1, 2),
    (STANDARD, "PRelu"): (1,),
    (STANDARD, "RMSNormalization"): (1,),
    (STANDARD, "SimplifiedLayerNormalization"): (1,),
    (MICROSOFT, "BiasAdd"): (1,),
    (MICROSOFT, "BiasGelu"): (1,),
    (MICROSOFT, "EmbedLayerNormalization"): (2, 3, 4, 5, 6),
    (MICROSOFT, "FastGelu"): (1,),
    (MICROSOFT, "GroupNorm"): (1, 2),
    (MICROSOFT, "SkipGroupNorm"): (1, 2, 4),
    (MICROSOFT, "SkipLayerNormalization"): (2, 3, 4),
    (MICROSOFT, "SkipSimplifiedLayerNormalization"): (2, 3),
}
# Tables that are looked up, and whether their integers are weights.
_TABLES = {(STANDARD, "Gather"): False, (MICROSOFT, "GatherBlockQuantized"): True}
# The two sides of operators that go element by element, and whether their integers are weights.
_SIDES: dict[tuple[str, str], tuple[tuple[int, ...], bool]] = {
    (STANDARD, "Add"): ((0, 1), False),
    (STANDARD, "Mul"): ((0, 1), False),
    (MICROSOFT, "QLinearAdd"): ((0, 3), True),
    (MICROSOFT, "QLinearMul"): ((0, 3), True),
}
_MIXED = frozenset({"Add", "Concat", "Div", "Max", "Mean", "Min", "Mul", "Pow", "Sub", "Sum"})
_SCALED = frozenset({"Add", "Div", "Mul", "Sub"})
_MADE = frozenset({"ConstantOfShape", "EyeLike", "Range", "Shape", "Size"})
_CARRIED = frozenset(
    {"Add", "Cast", "Identity", "Mul", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
)


@dataclass
class Weights:
    """The tensors that a file holds, and which of them are parameters so far."""

    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _elements: dict[int, int] = field(default_factory=dict)
    _learned: set[int] = field(default_factory=set)
    _added: set[int] = field(default_factory=set)
    _masks: set[int] = field(default_factory=set)

    @property
    def params(self) -> int:
        """How many parameters the tensors have."""
        return sum(self._elements[number] for number in self._learned | self._added - self._masks)

    def hold(
        self,
        key: tuple[str, str],
        type: Any,
        elements: int,
        data: Any = None,
        *,
        filled: bool = False,
    ) -> Value:
        """A tensor of the file, whose key is its graph and its name; `filled` with one number."""
        number = self._numbers.setdefault(key, len(self._numbers))
        self._elements.setdefault(number, elements)
        itself, none = frozenset({number}), frozenset[int]()
        element = type.tensor_type.elem_type
        held = itself if element in FLOATS and not filled else none
        integers = none if held or element == BOOL else itself
        return Value(type, data, constant=True, held=held, integers=integers)

    def use(self, node: Node, product: Product | None, *, known: bool) -> None:
        """Take what a node uses as its weights; `known` tells whether its operator is."""
        key = node.domain, node.operator
        if not known:
            for value in node.inputs:
                if value is not None and not value.single:
                    self._learned |= value.held
        if product is not None:
            for value in _weights_of(node, product):
                self._learned |= value.held | value.integers
                if product.packed and value is node.input(1):
                    total = node.integer("K") * node.integer("N")
                    self._elements.update(dict.fromkeys(value.integers, total))
        for place in _LEARNED.get(key, ()):
            if (found := node.input(place)) is not None:
                self._learned |= found.held | found.integers
        if key in _TABLES and (found := node.input(0)) is not None:
            self._learned |= found.held | (found.integers if _TABLES[key] else frozenset())
        if key == (STANDARD, "Concat"):
            for value in _beside_features(list(node.inputs)):
                self._learned |= value.held
        if key in _SIDES:
            self._use_sides(node)
        if node.operator == "Softmax" and (found := node.input(0)) is not None:
            self._masks |= found.tables

    def _use_sides(self, node: Node) -> None:
        for value in _beside_features(_sides(node)):
            if value.axes == 1:
                self._learned |= _of_side(node, value)
            elif node.operator in ("Add", "QLinearAdd"):
                self._added |= _of_side(node, value)


def passed_on(node: Node, constant: bool) -> dict[str, frozenset[int]]:
    """What a node's outputs are made of: fields of `Value`."""
    given = [value for value in node.inputs if value is not None]
    tables: frozenset[int] = frozenset()
    if node.operator in _CARRIED:
        tables = tables.union(*(value.tables for value in given))
    if node.operator in ("Add", "QLinearAdd"):
        for value in _beside_features(_sides(node)):
            tables |= _of_side(node, value) if value.axes > 1 else frozenset()
    if not constant or not given or node.operator in _MADE:
        return {"tables": tables}
    sources = given if node.operator in _MIXED else given[:1]
    held = frozenset[int]().union(*(value.held for value in sources))
    integers = frozenset[int]().union(*(value.integers for value in sources))
    if node.operator == "DequantizeLinear":
        held, integers = held | integers, frozenset()
    elif integers and node.operator in _SCALED:  # a quantisation written out: the rest is scales
        held = frozenset()
    return {"tables": tables, "held": held, "integers": integers}


def _weights_of(node: Node, product: Product) -> Iterator[Value]:
    factors = [value for place in product.factors if (value := node.input(place)) is not None]
    if factors and all(value.constant for value in factors):
        factors = factors[1:]  # the first stands in the place of the image
    others = [node.input(place) for place in product.weights]
    yield from (value for value in (*factors, *others) if value is not None and value.constant)


def _sides(node: Node) -> list[Value | None]:
    places, _ = _SIDES[node.domain, node.operator]
    return [node.input(place) for place in places]


def _of_side(node: Node, value: Value) -> frozenset[int]:
    _, with_integers = _SIDES[node.domain, node.operator]
    return value.held | value.integers if with_integers else value.held


def _beside_features(values: list[Value | None]) -> Iterator[Value]:
    """The constants of several numbers among the values, where another is not constant."""
    given = [value for value in values if value is not None]
    if any(not value.constant and not value.single for value in given):
        yield from (value for value in given if value.constant and not value.single)
