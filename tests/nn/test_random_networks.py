"""The formula against fvcore, to the integer, on networks that nobody chose."""

import pytest
import torch
from random_networks import EVERY, draw

from archscope.arch.shape import output_shape
from archscope.cost import count
from archscope.cost.fvcore import count_activations_with_fvcore, count_with_fvcore
from archscope.nn.build import build

MANY = pytest.mark.slow


@pytest.mark.parametrize(
    ("seeds", "inceptions"),
    [
        # One is in tests/nn/test_build.py by default.
        pytest.param(range(0, EVERY, 3), False, id="small"),
        *(
            pytest.param(range(at, at + EVERY), True, marks=MANY, id=f"from {at}")
            for at in range(0, 20 * EVERY, EVERY)
        ),
    ],
)
def test_the_formula_counts_as_fvcore_does(seeds, inceptions):
    for seed in seeds:
        drawn = draw(seed)
        if drawn.network.name.startswith("inception") and not inceptions:
            continue
        network, cost = drawn.network, count(drawn.network)
        module = build(network, init=False)
        measured = count_with_fvcore(module, network.input)
        activations = count_activations_with_fvcore(module, network.input)
        theirs = (measured.params, measured.macs, activations)
        assert (cost.params, cost.macs, cost.activations) == theirs, drawn.text


@pytest.mark.parametrize(
    "seeds", [range(0, EVERY, 3), pytest.param(range(4 * EVERY), marks=MANY)], ids=str
)
def test_a_module_gives_the_shape_that_the_walk_says(seeds):
    for seed in seeds:
        drawn = draw(seed)
        if "inception" in drawn.network.name:
            continue
        shape = output_shape(drawn.network.tree, drawn.network.input)
        module = build(drawn.network, init=False).eval()
        with torch.no_grad():
            output = module(torch.zeros(2, *drawn.network.input))
        # A linear layer gives (N, C) for the shape (C, 1, 1).
        assert output.shape in ((2, *shape), (2, shape[0])), drawn.text
        assert output.numel() == 2 * shape[0] * shape[1] * shape[2], drawn.text


def test_a_seed_draws_the_same_network_again_and_a_round_draws_every_family():
    drawn = [draw(seed) for seed in range(EVERY)]
    assert [again.text for again in map(draw, range(EVERY))] == [one.text for one in drawn]
    families = {one.text.partition(": ")[2].partition("(")[0] for one in drawn}
    residual = {"resnext", "resnet_basic", "cifar_resnext", "cifar_resnet", "preresnet", "wrn"}
    assert families >= {*residual, "cifar_preresnet", "inception_v3", "Seq"}
