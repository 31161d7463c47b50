"""Branches and the one convolution that they are: the same outputs and gradients in eval mode."""

from dataclasses import replace

import torch
from hypothesis import strategies as st
from properties import examples

from archscope.arch.folding.fuse import fused, fusions
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Norm, Seq, Sum
from archscope.nn.build import build
from archscope.nn.forms import fuse, unfused
from archscope.nn.probe import build_random, build_with, largest_difference, probe, reading


@st.composite
def branches(draw):
    """A block of branches on a small map, its input channels set by a convolution before it."""
    groups, width = draw(st.sampled_from([1, 2, 3])), draw(st.integers(1, 3))
    channels, stride = groups * width, draw(st.sampled_from([1, 1, 2]))
    kernels = draw(st.lists(st.sampled_from([1, 3, 5, (1, 3), (5, 3)]), min_size=1, max_size=3))
    parts = [
        Seq(
            Conv(channels, kernel, stride, groups, bias=draw(st.booleans()), label="conv"),
            Norm(draw(st.sampled_from([1e-5, 1e-2])), label="bn"),
            label=f"branch{index}",
        )
        for index, kernel in enumerate(kernels)
    ]
    if stride == 1 and draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), Norm(label="identity"))
    start = Conv(channels, 1, label="start")
    return Network("branches", Seq(start, Sum(*parts), Act(), label=None), (2, 7, 6))


@examples(10, 200, branches())
def test_one_convolution_computes_what_the_branches_do(network):
    one = replace(network, tree=fused(network.tree))
    table = fusions(network.tree)
    assert len(table) == 1 and one.tree != network.tree
    module = build_random(network, seed=1).eval()
    images = torch.randn(2, *network.input, dtype=torch.float64)
    state = {key: value.detach() for key, value in module.state_dict().items()}
    other = build_with(one, fuse(state, table)).eval()
    with torch.no_grad():
        assert largest_difference({"y": other(images)}, {"y": module(images)}) < 1e-12


def test_gradients_go_back_to_the_branches_and_batch_norm_is_not_forgotten():
    network = parse("cifar_repvgg_1_2_1_1_a0.125_b0.03125_g2", input_shape=(3, 16, 16))
    one, table = replace(network, tree=fused(network.tree)), fusions(network.tree)
    module, at = build_random(network, seed=1).eval(), probe(network, 2, 1)
    state = {key: value.detach() for key, value in module.state_dict().items()}
    expected = reading(module, at).gradients
    found = reading(build_with(one, fuse(state, table)).eval(), at).gradients
    own = [key for key in expected if key != "input"]
    back = unfused(found, state, table, own)
    assert back.keys() == set(own)
    assert largest_difference(back, {key: expected[key] for key in own}) < 1e-12
    # A map that forgets the running statistics is another network.
    fresh = {k: torch.ones_like(v) if "running_var" in k else v for k, v in state.items()}
    wrong = reading(build_with(one, fuse(fresh, table)).eval(), at)
    assert largest_difference(wrong.gradients, found) > 1e-3


def test_the_fused_state_has_the_keys_of_the_fused_network():
    network = parse("cifar_repvgg_1_1_1_1_a0.125_b0.125")
    state = build(network).state_dict()
    kept = dict(state)
    made = fuse(state, fusions(network.tree))
    assert made.keys() == build(parse(f"{network.name}-deploy")).state_dict().keys()
    assert all(torch.equal(kept[key], value) for key, value in state.items())
    made["linear.weight"].zero_()
    assert state["linear.weight"].abs().sum() > 0  # a copy
