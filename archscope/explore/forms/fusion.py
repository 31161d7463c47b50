"""Branches and the one convolution that they are in eval mode (RepVGG, arXiv 2101.03697), checked.

A network as it is trained is rewritten as a tree, and its weights, batch norm's statistics among
them, become those of the other. Both are counted, compared in float64, and timed in float32.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from archscope.arch.folding.fuse import FUSED, fused, fusions
from archscope.arch.network import Network
from archscope.arch.nodes import Seq
from archscope.cost.formula import count
from archscope.explore.forms.fused_result import Fused
from archscope.explore.forms.measured import FORWARD, Note, built, check_memory, timed
from archscope.explore.forms.result import LIMIT, Differences, FormResult, Settings, largest


def fusion(network: Network, settings: Settings, note: Note) -> Fused:
    """Compare a network of such branches with the one in which each sum is one convolution.

    Raises:
        UsageError: where it does not fit into memory.
    """
    tree = fused(network.tree)
    assert isinstance(tree, Seq)
    forms = {"trained": network, "fused": replace(network, tree=tree, design=None)}
    costs = {form: count(one) for form, one in forms.items()}
    whole = costs["trained"]
    check_memory(network, whole.params, 4 * whole.activations, settings.batch)
    modules, differences, moved = _compared(network, forms["fused"], settings, note)
    found = {}
    for form, module in modules.items():
        note(f"form ({form}): counted by fvcore as it is built")
        found[form] = built(module.float(), forms[form])
    images = settings.batch, *network.input
    timings = timed(modules, images, settings.rounds, note, FORWARD)
    results = [
        FormResult(
            *(form, one, costs[form], found[form]),
            differences if form == "fused" else None,
            timings[form],
        )
        for form, one in forms.items()
    ]
    blocks = [place.removesuffix(FUSED).rstrip(".") for place in fusions(network.tree)]
    return Fused(network, blocks, results, settings, moved)


def _compared(
    network: Network, other: Network, settings: Settings, note: Note
) -> tuple[dict[str, Any], Differences, float | None]:
    """The modules of both forms, with one another's weights, and how far they differ in eval mode.

    Also, where they differ too much, how far the trained one moves by itself.
    """
    from archscope.nn import forms as weights
    from archscope.nn.probe import build_random, build_with, largest_difference, probe, reading

    table = fusions(network.tree)
    module, at = (
        build_random(network, settings.seed).eval(),
        probe(network, settings.batch, settings.seed),
    )
    state = {key: value.detach() for key, value in module.state_dict().items()}
    one = build_with(other, weights.fuse(state, table)).eval()
    note(f"both forms: outputs and gradients of {settings.batch} images in float64, eval mode")
    expected, found = reading(module, at), reading(one, at)

    def gaps(outputs: Any, gradients: Any) -> Differences:
        return {
            "eval": {
                "outputs": largest_difference(outputs, expected.outputs),
                "gradients": largest_difference(gradients, expected.gradients),
            }
        }

    parameters = [key for key in expected.gradients if key != "input"]
    back = weights.unfused(found.gradients, state, table, parameters)
    differences = gaps(found.outputs, {**back, "input": found.gradients["input"]})
    moved = None
    if not largest(differences) < LIMIT:
        again = reading(module, at.nudged())
        moved = largest(gaps(again.outputs, again.gradients))
    return {"trained": module, "fused": one}, differences, moved
