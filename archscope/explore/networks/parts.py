"""A network's costs part by part: by the stages of its tree, or by its direct submodules."""

from __future__ import annotations

from functools import partial
from typing import Any

from archscope.arch.inputs import input_plain
from archscope.arch.network import Network
from archscope.arch.quantities import COSTS
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
