"""The forms of Figures 3 and 4 compute the same: weights there and back, outputs, gradients."""

from dataclasses import replace

import pytest
import torch
from forms_strategies import basic_networks, bottleneck_networks
from properties import examples
from torch.nn import functional

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Norm, Seq
from archscope.arch.rewrite import cuts, to_form
from archscope.cost import count
from archscope.cost.fvcore import count_activations_with_fvcore, count_with_fvcore
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.nn.forms import merge, split
from archscope.nn.probe import (
    build_random,
    build_with,
    differences,
    equal,
    largest_difference,
    probe,
    readings,
)

SMALL = parse("resnext11_4x16d@0.25", input_shape=(3, 16, 16))


def in_form(network, form, paths=None):
    return replace(network, tree=to_form(network.tree, form, paths))


def largest(gaps):
    return max(gap for kinds in gaps.values() for gap in kinds.values())


@examples(6, 100, bottleneck_networks().map(lambda network: (network, None)) | basic_networks())
def test_forms_have_the_same_outputs_gradients_and_running_statistics(case):
    network, paths = case
    imagenet = len(network.tree.children) > 8
    # At least 8 values a channel in the last stage: batch norm over two only says which is larger.
    network = replace(network, input=(3, 64, 64) if imagenet else (3, 16, 16))
    module, at = build_random(network, seed=1), probe(network, batch=3, seed=2)
    state = split(module.state_dict(), {})
    expected = readings(module, at)
    for form in ("b", "a"):
        table = cuts(network.tree, form, paths)
        other = build_with(in_form(network, form, paths), split(state, table))
        assert equal(merge(other.state_dict(), table), state)
        found = {
            mode: one.mapped(lambda tensors, table=table: merge(tensors, table))
            for mode, one in readings(other, at).items()
        }
        assert largest(differences(found, expected)) < 1e-10


def test_a_step_of_training_keeps_the_forms_equal():
    """Plain torch, without the readings: SGD with momentum and weight decay, three steps."""
    network, table = SMALL, cuts(SMALL.tree, "a")
    one = build_random(network, seed=3)
    other = build_with(in_form(network, "a"), split(one.state_dict(), table))
    torch.manual_seed(4)
    x, labels = torch.randn(3, 4, 3, 16, 16, dtype=torch.float64), torch.randint(10, (3, 4))
    for module in (one, other):
        module.train()
        optimizer = torch.optim.SGD(module.parameters(), 0.05, momentum=0.9, weight_decay=1e-3)
        for images, targets in zip(x, labels, strict=True):
            optimizer.zero_grad()
            functional.cross_entropy(module(images), targets).backward()
            optimizer.step()
    trained, merged = one.state_dict(), merge(other.state_dict(), table)
    assert list(merged) == list(trained)
    for key, value in trained.items():
        assert torch.allclose(merged[key], value, rtol=1e-10, atol=1e-12), key
    assert int(trained["layer1.0.bn1.num_batches_tracked"]) == 3


def test_figure_4_by_hand():
    """The sum over 8 paths of conv3x3(relu(bn(conv3x3(x)))) is the block of 8 times their width."""
    torch.manual_seed(0)
    between = Norm(label="bn1"), Act()
    wide = Seq(Conv(32, 3, label="conv1"), *between, Conv(16, 3, label="conv2"))
    network = Network("wide", wide, (6, 9, 9))
    module = build_random(network, seed=5).eval()
    x = torch.randn(2, 6, 9, 9, dtype=torch.float64)
    paths = split(module.state_dict(), cuts(wide, "a", 8))
    total = torch.zeros(2, 16, 9, 9, dtype=torch.float64)
    for index in range(8):
        part = {
            key.removeprefix(f"paths.{index}."): value
            for key, value in paths.items()
            if key.startswith(f"paths.{index}.")
        }
        assert part["conv1.weight"].shape == (4, 6, 3, 3)
        assert part["conv2.weight"].shape == (16, 4, 3, 3)
        inner = functional.conv2d(x, part["conv1.weight"], padding=1)
        inner = functional.batch_norm(
            inner,
            *(part["bn1.running_mean"], part["bn1.running_var"]),
            *(part["bn1.weight"], part["bn1.bias"]),
        )
        total += functional.conv2d(inner.relu(), part["conv2.weight"], padding=1)
    assert torch.allclose(total, module(x), rtol=1e-12, atol=1e-12)
    assert torch.allclose(build_with(in_form(network, "a", 8), paths).eval()(x), total)


def test_weights_are_cut_as_the_figure_says():
    module = build_random(SMALL, seed=0)
    state = module.state_dict()
    pieces = split(state, cuts(SMALL.tree, "a"))
    assert pieces.keys() == build(in_form(SMALL, "a"), init=False).state_dict().keys()
    for index in range(4):  # 4 paths of width 4 in the first stage
        path, rows = f"layer1.0.paths.{index}", slice(4 * index, 4 * index + 4)
        for name, place in (
            ("conv1.weight", (rows,)),
            ("bn1.weight", (rows,)),
            ("bn1.running_mean", (rows,)),
            ("conv2.weight", (rows,)),
            ("bn2.bias", (rows,)),
            ("bn2.running_var", (rows,)),
            ("conv3.weight", (slice(None), rows)),
        ):
            assert torch.equal(pieces[f"{path}.{name}"], state[f"layer1.0.{name}"][place])
    pieces["fc.weight"].zero_(), pieces["layer1.0.paths.0.conv1.weight"].zero_()
    assert state["fc.weight"].any() and state["layer1.0.conv1.weight"][:4].any()  # copies
    whole = split(state, cuts(SMALL.tree, "b"))
    assert torch.equal(whole["layer1.0.conv3.weight"], state["layer1.0.conv3.weight"])


def swap(state, name):
    """Paths 0 and 1 of the first block exchange one tensor: a wrong map of the weights."""
    one, other = (f"layer1.0.paths.{index}.{name}" for index in (0, 1))
    return {**state, one: state[other], other: state[one]}


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("conv1.weight", "eval"),
        ("conv2.weight", "eval"),
        ("conv3.weight", "eval"),
        ("bn1.weight", "eval"),
        ("bn2.bias", "eval"),
        ("bn1.running_mean", "eval"),
        ("bn2.running_var", "eval"),
    ],
)
def test_a_wrong_map_of_any_tensor_is_seen(name, mode):
    table = cuts(SMALL.tree, "a")
    module, at = build_random(SMALL, seed=0), probe(SMALL, batch=2, seed=0)
    state = split(module.state_dict(), {})
    wrong = swap(split(state, table), name)
    other = build_with(in_form(SMALL, "a"), wrong)
    assert not equal(merge(other.state_dict(), table), state)
    expected, found = readings(module, at), readings(other, at)
    gaps = differences(
        {mode: one.mapped(lambda tensors: merge(tensors, table)) for mode, one in found.items()},
        expected,
    )
    assert gaps[mode]["outputs"] > 1e-4 and gaps[mode]["gradients"] > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "paths"), [("resnext11_4x16d@0.25", None), ("resnet8@0.5", 4), ("preresnet11", None)]
)
@pytest.mark.parametrize("form", ["a", "b", "c"])
def test_fvcore_counts_every_form_as_the_formula_does(name, paths, form):
    network = in_form(parse(name, input_shape=(3, 16, 16)), form, paths)
    module, cost = build(network, init=False), count(network)
    measured = count_with_fvcore(module, network.input)
    assert (measured.params, measured.macs) == (cost.params, cost.macs)
    assert count_activations_with_fvcore(module, network.input) == cost.activations


def test_paths_that_saw_unequal_numbers_of_batches_are_not_merged():
    table = cuts(SMALL.tree, "b")
    state = split(build_random(SMALL, seed=0).state_dict(), table)
    state["layer1.0.paths.1.bn1.num_batches_tracked"] += 1
    with pytest.raises(UsageError, match=r"'layer1\.0\.bn1'.*same number of batches"):
        merge(state, table)


def test_the_largest_difference_is_relative_and_misses_nothing():
    def tensors(**values):
        return {key: torch.tensor(value, dtype=torch.float64) for key, value in values.items()}

    one = tensors(a=[1.0, 100.0], b=[0.0, 0.0])
    assert largest_difference(one, one) == 0
    assert largest_difference(tensors(a=[1.5, 100.0], b=[0.0, 0.0]), one) == 0.005
    nan, zero = float("nan"), [0.0, 0.0]
    for wrong in (
        tensors(a=[1.0, 100.0]),
        tensors(a=[1.0, 100.0], b=zero, c=zero),
        tensors(a=[1.0, 100.0], b=[0.0]),
        tensors(a=[1.0, 100.0], b=[0.0, 1e-300]),
        tensors(a=[nan, 100.0], b=zero),
        tensors(a=[1.0, float("inf")], b=zero),
    ):
        assert largest_difference(wrong, one) == float("inf")
