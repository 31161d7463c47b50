import copy
import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from archscope.arch import families
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Dropout,
    Linear,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Sum,
)
from archscope.cost import count
from archscope.cost.fvcore import count_activations_with_fvcore, count_with_fvcore
from archscope.errors import UsageError
from archscope.nn.build import build

# Of every family there are random ones in test_random_networks.py.
MORE = pytest.mark.slow
SMALL = [
    "resnet18",
    pytest.param("resnext26_3x5d", marks=MORE),
    pytest.param("resnext50_32x4d", marks=MORE),
    pytest.param("wide_resnet50_2", marks=MORE),
    pytest.param("resnet50-noshortcut", marks=MORE),
    "resnext29_3x64d@0.25",
    pytest.param("resnext11_1x96d@0.125", marks=MORE),
    pytest.param("wrn_16_1", marks=MORE),
    "wrn_16_2@0.5",
    pytest.param("wrn_22_3-noshortcut", marks=MORE),
    "wrn_16_1.5-B(3,1,3)-drop0.3",
    "wrn_22_1-l1",
    pytest.param("preresnet20", marks=MORE),
    "preresnet29",
    pytest.param("preresnet26@0.5", marks=MORE),
    pytest.param("imagenet_wrn_18_1.5", marks=MORE),
    "resnet20",
    pytest.param("cifar_resnext101_2x3d", marks=MORE),
]


@pytest.mark.parametrize("name", SMALL)
def test_fvcore_counts_the_module_as_the_formula_counts_the_tree(name):
    network = parse(name)
    if network.input == (3, 224, 224):
        network = replace(network, input=(3, 79, 95))  # a seventh of the work
    module, cost = build(network, init=False), count(network)
    measured = count_with_fvcore(module, network.input)
    assert (measured.params, measured.macs) == (cost.params, cost.macs)
    assert count_activations_with_fvcore(module, network.input) == cost.activations


@pytest.mark.parametrize(
    "name",
    [
        "inception_v3",
        pytest.param("inception_v4", marks=pytest.mark.slow),
        pytest.param("inception_resnet_v2", marks=pytest.mark.slow),
    ],
)
def test_fvcore_counts_inception_as_the_formula_does(name):
    network = parse(name, input_shape=(3, 79, 95))
    module, cost = build(network, init=False), count(network)
    measured = count_with_fvcore(module, network.input)
    assert (measured.params, measured.macs) == (cost.params, cost.macs)
    assert count_activations_with_fvcore(module, network.input) == cost.activations


def test_fvcores_own_totals_of_the_design():
    """Measured with fvcore 0.1.5 on torchvision's modules: fvcore's total, and what it leaves."""
    for name, total in (("resnet50", 4_111_512_576), ("resnext50_32x4d", 4_259_381_248)):
        network = parse(name)
        measured = count_with_fvcore(build(network, init=False), network.input)
        assert measured.flops == total
        assert measured.unsupported == {"max_pool2d": 1, "add": 16}


def test_counting_leaves_every_parts_mode_alone():
    module = build(parse("resnet20")).train()
    module.bn1.eval()  # frozen
    count_with_fvcore(module, (3, 32, 32))
    assert module.training and module.layer1.training and not module.bn1.training


@pytest.mark.parametrize("name", ["resnext29_8x64d@0.125", "wrn_16_1", "resnet20", "wrn_16_2"])
def test_every_weight_learns_and_a_copy_is_a_copy(name):
    torch.manual_seed(0)
    module = build(parse(name))
    x = torch.randn(4, 3, 32, 32)
    module(x).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in module.parameters())
    twin = copy.deepcopy(module)
    with torch.no_grad():
        for weight in twin.parameters():
            weight.zero_()
    module.eval(), twin.eval()
    assert module(x).any() and not twin(x).any()


def reference_block(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """A post-activation bottleneck, written out with nothing in place."""
    out = torch.relu(module.bn1(module.conv1(x)))
    out = torch.relu(module.bn2(module.conv2(out)))
    out = module.bn3(module.conv3(out))
    return torch.relu(out + (module.downsample(x) if hasattr(module, "downsample") else x))


def reference_preactivation(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    start = torch.relu(module.bn1(x))
    out = module.conv2(torch.relu(module.bn2(module.conv1(start))))
    return out + (getattr(module.downsample, "0")(start) if hasattr(module, "downsample") else x)


def reference_early_bottleneck(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    start = torch.relu(module.bn1(x))
    out = module.conv2(torch.relu(module.bn2(module.conv1(start))))
    out = module.conv3(torch.relu(module.bn3(out)))
    return out + (getattr(module.downsample, "0")(start) if hasattr(module, "downsample") else x)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("resnext29_4x64d@0.125", reference_block),
        ("wrn_16_1", reference_preactivation),
        ("preresnet29", reference_early_bottleneck),
    ],
)
def test_blocks_compute_what_the_papers_draw(name, reference):
    """In-place steps must not change a value that another branch or backward still needs."""
    torch.manual_seed(0)
    module = build(parse(name)).double().train()
    shape = (8, 32, 32) if "resnext" in name else (16, 32, 32)
    x = torch.randn(3, *shape, dtype=torch.float64)
    for index in (0, 1):
        block = module.layer1.get_submodule(str(index))
        one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
        got, expected = block(one), reference(block, other)
        assert torch.allclose(got, expected, atol=1e-12)
        got.sum().backward(), expected.sum().backward()
        assert torch.allclose(one.grad, other.grad, atol=1e-12)
        x = got.detach()


def test_a_scaled_residual_block_computes_what_inception_resnet_draws():
    torch.manual_seed(0)
    tree = next(
        node.first
        for row in parse("inception_resnet_v2").tree.children
        for node in row.parts()
        if isinstance(node, Repeat)
    )
    module = build(Network("test", Seq(tree), (320, 5, 5))).double().train()

    def unit(part, x):
        return torch.relu(part.bn(part.conv(x)))

    def reference(x):
        for_each = [unit(module.branch0, x)]
        for branch in (module.branch1, module.branch2):
            out = x
            for part in branch.children():
                out = unit(part, out)
            for_each.append(out)
        return torch.relu(module.conv2d(torch.cat(for_each, 1)) * 0.17 + x)

    x = torch.randn(2, 320, 5, 5, dtype=torch.float64)
    one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    got, expected = module(one), reference(other)
    assert torch.allclose(got, expected, atol=1e-12)
    got.sum().backward(), expected.sum().backward()
    assert torch.allclose(one.grad, other.grad, atol=1e-12)
    assert torch.equal(one.detach(), x)


def test_sums_scale_each_branch_and_leave_their_input_alone():
    x = torch.randn(2, 4, 8, 8)
    before = x.clone()
    for scales in ((1.0, 2.0), (2.0, 1.0), (0.5, 0.25), (1.0, 1.0)):
        module = build(network_of(Sum(Seq(), Seq(), scales=scales)))
        assert torch.allclose(module(x), sum(scales) * before)
        assert torch.equal(x, before)
    assert torch.allclose(build(network_of(Sum(Seq(), scales=(1.0,)), Act()))(x), x.relu())
    assert torch.equal(x, before)


def network_of(*nodes, shape=(4, 8, 8)):
    return Network("test", Seq(*nodes), shape)


def test_every_node_builds_and_counts_alike():
    network = network_of(
        Conv(8, (1, 3), 2, padding=(0, 1), bias=True),
        Act(),
        Pool("avg", 3, 1, 1, count_include_pad=False),
        Cat(Conv(8, groups=4), Seq(Norm(), Act())),
        Sum(Conv(8, 3), Shortcut(8, label="downsample"), scales=(0.17, 1.0)),
        Dropout(0.5),
        Repeat(2, Conv(8), Conv(8)),
        Linear(5),
    )
    module, cost = build(network), count(network)
    measured = count_with_fvcore(module, network.input)
    assert (measured.params, measured.macs) == (cost.params, cost.macs)
    assert module(torch.randn(2, 4, 8, 8)).shape == (2, 5)
    assert not module.conv.bias.any()


def test_a_linear_layer_stands_anywhere_in_a_tree():
    """What it gives is (out, 1, 1) for what follows, as the walk says; the weights do the rest."""
    torch.manual_seed(0)
    network = network_of(
        Linear(6, label="a"),
        Sum(Linear(4, label="b"), Seq(Pool("global"), Conv(4, label="c")), Linear(4, label="d")),
        Cat(Seq(), Conv(2, label="e")),
        Conv(3, label="f"),
    )
    module = build(network).eval()
    x = torch.randn(2, 4, 8, 8)
    a = module.a(x.flatten(1))
    total = module.b(a) + a @ module.c.weight.flatten(1).T + module.d(a)
    wide = torch.cat([total, total @ module.e.weight.flatten(1).T], 1)
    assert torch.allclose(module(x), (wide @ module.f.weight.flatten(1).T)[:, :, None, None])
    measured, cost = count_with_fvcore(module, network.input), count(network)
    assert (measured.params, measured.macs) == (cost.params, cost.macs)
    assert type(module.a) is nn.Linear  # tools that count look the class up


def test_labels_win_over_the_names_of_unlabelled_layers():
    module = build(network_of(Conv(3), Act(), Seq(Conv(5, label="conv"), Act(label="act"))))
    assert (module.conv.out_channels, module.conv1.out_channels) == (5, 3)
    assert list(dict(module.named_children())) == ["conv1", "act1", "conv", "act"]


def test_identity_branches_are_not_overwritten():
    module = build(network_of(Sum(Seq(), Seq(Act()), Seq(Norm(), Act()))))
    x = torch.randn(2, 4, 8, 8)
    before = x.clone()
    expected = x + torch.relu(x) + torch.relu(module.norm(x))
    assert torch.allclose(module(x), expected)
    assert torch.equal(x, before)


def test_an_auxiliary_head_runs_in_training_only():
    module = build(network_of(Aux(Seq(Pool("global"), Linear(3)), Seq(Linear(2, label="aux")))))
    x = torch.randn(2, 4, 8, 8)
    main, side = module.train()(x)
    assert (main.shape, side.shape) == ((2, 3), (2, 2))
    assert module.eval()(x).shape == (2, 3)


def test_initialisation_is_he_normal_by_the_familys_fan():
    torch.manual_seed(0)
    for name, key, fan in (
        ("resnet50", "layer4.1.conv2.weight", 512 * 9),
        ("resnext50_32x4d", "layer1.0.conv1.weight", 128),  # fan out of 64 -> 128
        ("wrn_16_4", "layer2.0.conv1.weight", 64 * 9),  # fan in of 64 -> 128
    ):
        state = build(parse(name)).state_dict()
        assert state[key].std().item() == pytest.approx(math.sqrt(2 / fan), rel=0.03)
    assert torch.equal(state["bn1.weight"], torch.ones(256))
    assert not state["bn1.bias"].any() and not state["bn1.running_mean"].any()
    assert torch.equal(state["bn1.running_var"], torch.ones(256)) and not state["fc.bias"].any()


def test_the_same_seed_draws_the_same_weights():
    def weights():
        torch.manual_seed(7)
        return build(parse("resnet20")).state_dict()

    one, other = weights(), weights()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_what_cannot_be_built_is_one_sentence():
    with pytest.raises(UsageError, match="can only be counted"):
        build(families.resnext(cardinality=np.array([1, 2]), width=np.array([64, 40])))
    with pytest.raises(UsageError, match="this machine has"):
        build(parse("resnext50_1000x4000d"))
    with pytest.raises(UsageError, match="is used twice"):
        build(network_of(Conv(3, label="a"), Conv(3, label="a")))
    for label in ("plan", "forward", "a.b", ""):
        with pytest.raises(UsageError, match="cannot be the key"):
            build(network_of(Conv(3, label=label)))


def test_a_built_module_is_traced_or_exported_and_scripting_says_so():
    module = build(parse("resnet8")).eval()
    images = torch.randn(2, 3, 32, 32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert torch.equal(torch.jit.trace(module, images)(images), module(images))
        for one in (module, torch.nn.Sequential(module)):
            with pytest.raises(UsageError, match=r"use torch\.export\.export"):
                torch.jit.script(one)
