"""Batch norm folded in the tree, against torch's own fusion of the built module."""

import numpy as np
import pytest

import archscope as a
from archscope.arch.folding.fold import folded
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Norm, Pool, Seq, Shortcut, Sum
from archscope.cost.stored import Storage

SLOW = ["resnet50", "mobilenet_v2", "densenet121", "efficientnet_b0", "regnetx_400mf"]
NETWORKS = ["resnet20", "cifar_preresnet20", "shufflenet_v2_x0_5"]


@pytest.mark.parametrize(
    "name", [*NETWORKS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_it_has_the_weights_of_the_module_that_torch_has_fused(name):
    from torch.fx.experimental.optimization import fuse

    network = parse(name)
    held = Storage(fold=True).held(network)
    fused = fuse(a.build(network).eval())
    theirs = {key: tuple(value.shape) for key, value in fused.named_parameters()}
    ours = {key: tuple(value.shape) for key, value in a.build(held).named_parameters()}
    assert ours == theirs and len(ours) < len(list(a.build(network).parameters()))
    fp32, int8 = (Storage(format, "int8", fold=True) for format in ("fp32", "int8"))
    numbers = sum(value.numel() for value in fused.parameters())
    params = a.count(network).params
    assert fp32.weight_bytes(network, params) == 4 * numbers
    vectors = sum(p.numel() for key, p in fused.named_parameters() if key.endswith("bias"))
    norms = [one for one in fused.modules() if type(one).__name__ == "BatchNorm2d"]
    biases = vectors - sum(one.bias.numel() for one in norms)
    assert int8.weight_bytes(network, params) == numbers + 3 * biases


def test_what_is_folded_and_what_stays():
    conv, norm = Conv(8, label="conv"), Norm(label="bn")
    biased = Conv(8, bias=True, label="conv")
    assert folded(Seq(conv, norm, Act())) == Seq(biased, Act())
    assert folded(Seq(Seq(conv, label="a"), Seq(norm, Act(), label="b"))) == Seq(
        Seq(biased, label="a"), Seq(Act(), label="b")
    )
    assert folded(Seq(Shortcut(8, 2))) == Seq(Shortcut(8, 2, norm=False, bias=True))
    assert folded(Seq(conv, Seq(norm, label="b"))) == Seq(biased)
    for tree in (
        Seq(conv, Act(), norm),
        Seq(conv, Norm(kind="layer")),
        Seq(Sum(conv, Seq()), norm),
        Seq(conv, Pool("max"), norm),
        Seq(norm, conv),
        Seq(Shortcut(8, norm=False)),
    ):
        assert folded(tree) == tree


def test_of_one_convolution():
    """3 -> 8 channels, 1x1, at 4x4: 24 weights, and a scale and a shift or a bias a channel."""
    network = Network("one", Seq(Conv(8), Norm()), (3, 4, 4))
    as_it_is, fold = Storage("int8", "int8"), Storage("int8", "int8", fold=True)
    assert as_it_is.weight_bytes(network, 40) == 40 and fold.weight_bytes(network, 40) == 24 + 4 * 8
    assert as_it_is.peak_bytes(network) == 2 * 8 * 16 and fold.peak_bytes(network) == (3 + 8) * 16
    assert Storage("fp16", "fp32", fold=True).weight_bytes(network, 40) == 2 * 32


def test_arrays_are_as_their_designs():
    storage = Storage("int8", "fp16", fold=True)
    widths = np.array([4, 8, 12])

    def networks(width):
        return a.resnext(blocks=(1, 2, 1, 1), cardinality=4, width=width)

    many = networks(widths)
    weights, peaks = storage.weight_bytes(many, a.count(many).params), storage.peak_bytes(many)
    for place, width in enumerate(widths.tolist()):
        one = networks(width)
        assert weights[place] == storage.weight_bytes(one, a.count(one).params)
        assert peaks[place] == storage.peak_bytes(one)
