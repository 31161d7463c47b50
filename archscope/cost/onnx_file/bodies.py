"""If, Loop and Scan: their bodies walked, their costs taken as often as they run.

A number of runs that is not known before the network runs counts as none, and a branch that is not
known as the cheaper one: the count is then a lower bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from archscope.cost.onnx_file.node import STANDARD, Node
from archscope.cost.onnx_file.scope import Scope, Tally, Walker
from archscope.cost.onnx_file.values import (
    BOOL,
    INT64,
    MOST,
    NotOnnx,
    Value,
    completed,
    merged,
    tensor_type,
)

_ROUNDS = 3  # of a loop's body, until the shapes of what it carries stand


def _if(walk: Walker, node: Node, scope: Scope, path: str) -> list[Value]:
    condition = node.input(0)
    if condition is not None and condition.data is not None:
        name = "then_branch" if condition.data.reshape(-1)[:1].any() else "else_branch"
        results, tally = _walked(walk, node, name, [], scope, path)
        walk.tally.add(tally)
        return results
    results, then = _walked(walk, node, "then_branch", [], scope, path)
    others, otherwise = _walked(walk, node, "else_branch", [], scope, path)
    cheaper = min(then, otherwise, key=lambda tally: tally.macs)
    walk.tally.uncounted |= then.uncounted | otherwise.uncounted
    cheaper.uncounted.clear()
    walk.tally.add(cheaper)
    if (then.macs, then.activations) != (otherwise.macs, otherwise.activations):
        walk.tally.uncounted["If"] += 1
    return [
        Value(merged(one.type, other.type), tables=one.tables | other.tables)
        for one, other in zip(results, others, strict=False)
    ]


def _loop(walk: Walker, node: Node, scope: Scope, path: str) -> list[Value]:
    first, condition = node.input(0), node.input(1)
    most = _number(first) if first is not None else MOST
    start = _number(condition) if condition is not None else 1
    types = [Value() if one is None else one for one in node.inputs[2:]]
    for _ in range(_ROUNDS):
        inputs = [
            Value(tensor_type(INT64, ())),
            Value(tensor_type(BOOL, ()), np.asarray(True) if start else None),
            *types,
        ]
        results, tally = _walked(walk, node, "body", inputs, scope, path)
        again, carried = results[:1], results[1 : 1 + len(types)]
        if len(carried) < len(types):
            raise NotOnnx(f"the body of {node} gives fewer results than it takes")
        changed = [merged(a.type, b.type) for a, b in zip(types, carried, strict=True)]
        if changed == [one.type for one in types]:
            break
        types = [Value(type) for type in changed]
    more = _number(again[0]) if again else None
    runs = _runs(most, start, more, given=first is not None)
    _add(walk, node, tally, runs)
    stacked = [_stacked(one, runs, 0) for one in results[1 + len(types) :]]
    return [*(Value(one.type) for one in types), *stacked]


def _runs(most: int | None, start: int | None, more: int | None, *, given: bool) -> int | None:
    """How often a loop runs: at most so often, while a condition holds that is tested first."""
    if start == 0 or (most is not None and most <= 0):
        return 0
    if start is None or most is None or more is None:
        return None
    if not more:
        return 1
    return most if given else None


def _scan(walk: Walker, node: Node, scope: Scope, path: str) -> list[Value]:
    if node.version < 9:  # another operator: with a batch, and lengths of its own
        walk.tally.uncounted["Scan"] += 1
        return [Value(completed(None, scope.declared.get(name))) for name in node.proto.output]
    number = node.integer("num_scan_inputs")
    states, scanned = list(node.inputs[:-number]), list(node.inputs[-number:])
    if len(scanned) < number:
        raise NotOnnx(f"{node} takes fewer inputs than it goes through")
    axes = node.attributes.get("scan_input_axes") or [0] * number
    if len(axes) != number:
        raise NotOnnx(f"{node} does not name an axis of each input")
    slices, runs = [], None
    for value, axis in zip(scanned, axes, strict=True):
        shape = value.shape if value is not None else None
        if value is None or shape is None:
            slices.append(Value())
            continue
        if not -len(shape) <= axis < len(shape):
            raise NotOnnx(f"{node} goes along an axis that its input does not have")
        place = axis % len(shape)
        runs = shape[place] if runs is None else runs
        slices.append(Value(tensor_type(value.element, (*shape[:place], *shape[place + 1 :]))))
    given = [Value(one.type) if one is not None else Value() for one in states]
    results, tally = _walked(walk, node, "body", [*given, *slices], scope, path)
    _add(walk, node, tally, runs)
    rest = results[len(states) :]
    to = node.attributes.get("scan_output_axes") or [0] * len(rest)
    stacked = [_stacked(one, runs, axis) for one, axis in zip(rest, to, strict=False)]
    return [*(Value(one.type) for one in results[: len(states)]), *stacked]


def _walked(
    walk: Walker, node: Node, name: str, inputs: Sequence[Value], scope: Scope, path: str
) -> tuple[list[Value], Tally]:
    """Walk a body: what it gives, and what it costs once."""
    graph = node.attributes.get(name)
    if graph is None or not hasattr(graph, "node"):
        raise NotOnnx(f"{node} has no '{name}'")
    if len(graph.input) != len(inputs):
        raise NotOnnx(f"the '{name}' of {node} does not take what it is given")
    inner = Scope(f"{path}.{name}", scope.opsets, scope.bound, scope)
    walk.hold(graph, inner)
    for entry, value in zip(graph.input, inputs, strict=True):
        inner.bind(entry.name, value)
    with walk.apart() as tally:
        results = walk.graph(graph, inner)
    return results, tally


def _add(walk: Walker, node: Node, tally: Tally, runs: int | None) -> None:
    if runs is not None:
        if runs > 0:
            walk.tally.add(tally, runs)
    elif tally.macs or tally.uncounted:
        walk.tally.uncounted += tally.uncounted
        walk.tally.uncounted[node.operator] += 1


def _number(value: Value | None) -> int | None:
    """A number that is known."""
    if value is None or value.data is None or value.data.size != 1:
        return None
    return int(value.data.reshape(-1)[0])


def _stacked(value: Value, runs: int | None, axis: int) -> Value:
    """The results of all runs in one tensor."""
    shape = value.shape
    if shape is None or not -len(shape) - 1 <= axis <= len(shape):
        return Value()
    place = axis % (len(shape) + 1)
    return Value(tensor_type(value.element, (*shape[:place], runs, *shape[place:])))


BODIES: dict[tuple[str, str], Callable[[Walker, Node, Scope, str], list[Value]]] = {
    (STANDARD, "If"): _if,
    (STANDARD, "Loop"): _loop,
    (STANDARD, "Scan"): _scan,
}
