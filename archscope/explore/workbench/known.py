"""The published networks of the families on the page, with the costs that designs have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.times import LATENCY
from archscope.cost.formula import count
from archscope.cost.stored import Storage
from archscope.explore.design.limits import METRICS
from archscope.explore.design.space import Space
from archscope.explore.latency.fitted import LatencyModel
from archscope.reporting.facts.nearest_published import known_published


@dataclass(frozen=True)
class Known:
    """A network with a published error in %, on `dataset` by `source`, and its costs by name."""

    name: str
    error: float
    dataset: str
    source: str
    costs: dict[str, int]


def known(spaces: Sequence[Space], model: LatencyModel | None) -> list[Known]:
    """The published networks of the families of some spaces, at the inputs of the designs."""
    found: dict[str, Known] = {}
    for space in spaces:
        smallest = space.smallest()
        assert smallest is not None, "a space holds a design"
        network = space.network(smallest)
        for one in known_published(space.family, network.classes):
            if one.input == tuple(network.input):
                entry = one.entry
                costs = costs_of_one(parse(one.name), model)
                said = entry.error, entry.dataset, entry.source
                found.setdefault(one.name, Known(one.name, *said, costs))
    return list(found.values())


def costs_of_one(network: Network, model: LatencyModel | None) -> dict[str, Any]:
    """All costs of one network, as the columns of designs have them."""
    counted, storage = count(network), Storage()
    return {
        **{metric: getattr(counted, metric) for metric in METRICS},
        "weights": int(storage.weight_bytes(network, counted.params)),
        "memory": int(storage.peak_bytes(network)),
        **({LATENCY: int(model.nanoseconds(network))} if model else {}),
    }
