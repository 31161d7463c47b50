"""A network's costs part by part: by the stages of its tree, or by its direct submodules."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Any, NamedTuple

from archscope.arch.inputs import input_plain
from archscope.arch.network import Network
from archscope.arch.nodes import Conv
from archscope.arch.quantities import COSTS
from archscope.arch.shape import walk
from archscope.arch.windows import conv_padding
from archscope.cost.formula import Count, count, count_stages
from archscope.explore.networks.opened import Outside
from archscope.explore.networks.outside import TOP_LEVEL, count_outside

Costs = dict[str, int]


def costs_of(cost: Count) -> Costs:
    """The three costs by name."""
    return {name: getattr(cost, name) for name in COSTS}


def by_stages(network: Network) -> tuple[dict[str, Any], dict[str, Costs]]:
    """The network's facts and costs, and the costs of each row of Table 1, by the formula."""
    found = {stage.name: costs_of(cost) for stage, cost in count_stages(network)}
    head = _head(network, network.classes, count(network))
    return {**head, "notes": list(network.notes_said)}, found


def by_submodules(network: Network | Outside) -> tuple[dict[str, Any], dict[str, Costs]]:
    """The same of a module, run and traced; one of ours is built. The parts add up to the whole.

    Raises:
        ArchscopeError: where it cannot be made, run or traced.
    """
    outside = network
    if isinstance(network, Network):
        from archscope.nn.build import build

        make = partial(build, network, init=False)
        outside = Outside(network.name, "archscope", network.input, make)
    assert isinstance(outside, Outside)
    counted = count_outside(outside)
    parts = {row["name"]: {cost: row[cost] or 0 for cost in COSTS} for row in counted.stages}
    whole = costs_of(counted.count)
    rest = {cost: whole[cost] - sum(part[cost] for part in parts.values()) for cost in COSTS}
    if any(rest.values()):
        before = parts.get(TOP_LEVEL, dict.fromkeys(COSTS, 0))
        parts[TOP_LEVEL] = {cost: before[cost] + rest[cost] for cost in COSTS}
    head = _head(outside, counted.classes, counted.count)
    return {**head, "notes": list(counted.notes)}, parts


def _head(network: Network | Outside, classes: int | None, cost: Count) -> dict[str, Any]:
    return {
        "name": network.name,
        "input": input_plain(network.input),
        "classes": classes,
        **costs_of(cost),
    }


def by_fields(first: Network, second: Network) -> list[dict[str, Any]]:
    """What layers at the same place of two networks have otherwise: kernel, groups, eps, ...

    A row has the kind of layer, its field, what that is in either network, how many layers differ
    so, and the place of the first. Widths (`out`) are left out: the other splits are theirs.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    others = _layers(second)
    for place, one in _layers(first).items():
        if (other := others.get(place)) is None:
            continue
        for name, value in one.fields.items():
            if value != (after := other.fields[name]):
                row = {"layer": place[1], "field": name, "from": value, "to": after}
                known = found.setdefault((*row.values(),), {**row, "layers": 0, "first": place[0]})
                known["layers"] += min(one.times, other.times)
    return list(found.values())


class _Layer(NamedTuple):
    """What a layer is, its widths apart, and how often it stands at its place."""

    fields: dict[str, str]
    times: int


_Layers = dict[tuple[str, str, int], _Layer]  # by path, kind, and which of that kind there


def _layers(network: Network) -> _Layers:
    found: _Layers = {}
    for visit in walk(network.tree, network.input):
        node, index = visit.node, 0
        while (place := (visit.path, type(node).__name__, index)) in found:
            index += 1
        known = {item.name: str(getattr(node, item.name)) for item in fields(node)}
        if isinstance(node, Conv):
            known["padding"] = "×".join(map(str, dict.fromkeys(conv_padding(node))))
            if 1 < node.groups == visit.input[0]:
                known["groups"] = "depthwise"
        for name in ("label", "out"):
            known.pop(name, None)
        found[place] = _Layer(known, int(visit.times))
    return found
