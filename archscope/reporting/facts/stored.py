"""The bytes of the networks of a sweep: of their weights, and of their activations at the peak."""

from __future__ import annotations

from archscope.arch.families.own import place_of
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.cost.stored import Storage
from archscope.errors import UsageError
from archscope.sweep.plan.subjects import input_of
from archscope.sweep.plan.trial import Entry, network_digest
from archscope.sweep.store.records import Sweep


def stored_bytes(sweep: Sweep) -> dict[str, dict[str, float]]:
    """`weights` and `memory` (of one image in eval mode) in bytes of fp32, by label of a network.

    Memory needs the tree: it is left out of a network of a user's own file, which no report runs,
    and of one that this version defines otherwise than the plan did.
    """
    form = Storage()
    weights, memory = {}, {}
    for entry in sweep.plan.networks:
        weights[entry.template] = float(entry.params * form.sizes["weights"])
        if (network := _planned(entry, sweep)) is not None:
            memory[entry.template] = float(form.peak_bytes(network))
    return {"weights": weights, "memory": memory} if memory else {"weights": weights}


def _planned(entry: Entry, sweep: Sweep) -> Network | None:
    """The network of an entry, where its name alone still makes it."""
    dataset = sweep.plan.dataset
    if place_of(entry.network) is not None:
        return None
    try:
        network = parse(entry.network, dataset.classes, input_of(dataset.name))
    except UsageError:
        return None
    return network if network_digest(network) == entry.digest else None
