"""The residual families against the papers' printed counts, and their blocks as the papers say."""

import numpy as np
import pytest

from archscope.arch import families
from archscope.arch.names import parse
from archscope.arch.nodes import Act, Conv, Dropout, Norm, Repeat, Seq, Sum
from archscope.arch.shape import walk
from archscope.cost import count
from archscope.errors import UsageError


def convolutions(network):
    visits = walk(network.tree, network.input)
    return [visit for visit in visits if isinstance(visit.node, Conv)]


@pytest.mark.parametrize(
    ("name", "millions"),
    # As printed, to 0.1M.
    [
        ("WRN-40-2-B(1,3,1)", 1.4),  # Wide ResNet, Table 2
        ("WRN-40-2-B(3,1)", 1.2),
        ("WRN-40-2-B(1,3)", 1.3),
        ("WRN-40-2-B(3,1,1)", 1.3),
        ("WRN-28-2-B(3,3)", 1.5),
        ("WRN-22-2-B(3,1,3)", 1.1),
        ("imagenet_wrn_18_1", 11.7),  # Table 7
        ("imagenet_wrn_18_1.5", 25.9),
        ("imagenet_wrn_18_2", 45.6),
        ("imagenet_wrn_18_3.0", 101.8),
        ("imagenet_wrn_34_1", 21.8),
        ("imagenet_wrn_34_1.5", 48.6),
        ("imagenet_wrn_34_2", 86.0),
        ("WRN-50-2-bottleneck", 68.9),  # Table 8
        ("pre-ResNet-200", 64.7),
        ("preresnet110", 1.7),  # Table 5
        ("preresnet164", 1.7),
        ("wrn_16_4-drop0.3", 2.7),  # dropout has no parameters: WRN-16-4 by hand
    ],
)
def test_parameters_as_published(name, millions):
    assert round(count(parse(name)).params / 1e6, 1) == millions


def test_resnet_1001_as_published_leaves_batch_norm_out():
    """Wide ResNet, Table 5: 10.2M; the sums with and without batch norm are other people's."""
    cost = count(parse("preresnet1001"))
    norms = sum(row.params for row in cost.nodes if isinstance(row.node, Norm))
    assert round((cost.params - norms) / 1e6, 2) == 10.18
    assert round(cost.params / 1e6, 2) == 10.33


@pytest.mark.parametrize("deepening", [1, 2, 3, 4])
def test_deepening_factors_all_have_the_same_parameters(deepening):
    """Wide ResNet, Table 3: WRN-40-2 with l = 1 to 4."""
    assert count(parse(f"WRN-40-2-l{deepening}")).params == 2_243_546


@pytest.mark.parametrize(
    ("name", "gmacs"),
    # ResNeXt, Table 4: "about twice ResNet-101's 7.8 G", as the paper counts; Table 1: 4.1 and 4.2.
    [
        ("resnext101_1x100d", 15),
        ("resnext101_2x64d", 15),
        ("resnext101_64x4d", 15),
        ("resnet200", 15),
        ("resnet101", 8),
        ("resnext101_32x4d", 8),
    ],
)
def test_complexities_of_table_4(name, gmacs):
    assert count(parse(name)).macs / 1e9 == pytest.approx(gmacs, rel=0.07)


def test_blocks_of_a_type_hold_its_kernels():
    visits = convolutions(parse("wrn_22_2-B(3,1,5)"))
    kernels = [visit.node.kernel for visit in visits if "conv" in visit.path]
    assert kernels[1:7] == [3, 1, 5, 3, 1, 5]
    strides = {visit.path: visit.node.stride for visit in visits}
    assert strides["layer2.0.conv1"] == 2 == strides["layer2.0.downsample.0"]
    assert [visit.times for visit in visits if visit.path == "layer1.1.conv2"] == [2]


def test_depth_counts_the_convolutions_with_weights():
    """The n of WRN-n-k: stem, body and projections; of ResNet: stem, body and classifier."""
    for name, expected in (
        ("wrn_40_2", 40),
        ("wrn_40_2-l3", 40),
        ("preresnet110", 109 + 2),
        ("preresnet164", 163 + 3),
        ("preresnet1001", 1000 + 3),
        ("preresnet200", 199 + 4),
        ("imagenet_wrn_34_2", 33 + 4),
    ):
        assert sum(visit.times for visit in convolutions(parse(name))) == expected


def test_dropout_stands_between_the_convolutions_of_a_block():
    network = parse("wrn_16_4-drop0.3-b(3,3,3)")
    path = [visit for visit in walk(network.tree, network.input) if "layer1.0" in visit.path]
    kinds = [type(visit.node).__name__ for visit in path]
    body = ["Conv", "Norm", "Act", "Dropout", "Conv", "Norm", "Act", "Dropout", "Conv"]
    assert kinds == ["Norm", "Act", *body, "Conv"]
    dropped = {visit.node.p for visit in path if isinstance(visit.node, Dropout)}
    assert dropped == {0.3}
    assert count(network) == count(parse("wrn_16_4-b(3,3,3)"))


def test_where_both_blocks_fit_the_paper_decides():
    for name, bottleneck in (
        ("preresnet110", False),
        ("preresnet164", True),
        ("preresnet92", False),
    ):
        paths = [visit.path for visit in convolutions(parse(name))]
        assert ("layer1.0.conv3" in paths) is bottleneck
        assert parse(f"{name}-{'bottleneck' if bottleneck else 'basic'}").name == name
    assert parse("preresnet110-bottleneck").name == "preresnet110-bottleneck"


def test_pre_activation_strides_stand_where_the_authors_have_them():
    strides = {
        name: [visit.path for visit in convolutions(parse(name)) if visit.node.stride == 2]
        for name in ("preresnet164", "preresnet200")
    }
    assert strides["preresnet164"][:2] == ["layer2.0.conv1", "layer2.0.downsample.0"]
    assert strides["preresnet200"][:3] == ["conv1", "layer2.0.conv2", "layer2.0.downsample.0"]


def test_arrays_of_the_new_families_count_as_each_alone():
    widen, number = np.array([1, 2, 3]), np.array([1, 4, 2])
    wide = count(families.resnet_basic((number, 2, 2, 2), widen=widen))
    block = count(families.wrn(22, widen, block=(3, 1, 3)))
    pre = count(families.preresnet((2, number, 2, 2)))
    for index in range(3):
        k, n = int(widen[index]), int(number[index])
        for together, alone in (
            (wide, families.resnet_basic((n, 2, 2, 2), widen=k)),
            (block, families.wrn(22, k, block=(3, 1, 3))),
            (pre, families.preresnet((2, n, 2, 2))),
        ):
            for key in ("params", "macs", "activations"):
                assert getattr(together, key)[index] == getattr(count(alone), key)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: families.wrn(40, 2, block=()), "kernels of odd size"),
        (
            lambda: families.wrn(40, 2, block=(3, 1), deepening=3),
            "block B\\(3,1\\) already says .* deepening 3, not both",
        ),
        (lambda: families.wrn((1, 1, 1), 2, deepening=10**9), "deepening must be at most 999"),
        (lambda: families.wrn((1, 1), 2), "a CIFAR network has 3"),
        (lambda: families.cifar_resnext((1, 0, 1)), "depth2 must be at least 1, not 0"),
        (lambda: families.cifar_preresnet((1, 2, 1)), "need their kind, basic or bottleneck"),
        (lambda: families.resnext((1, 1, 1)), "give 4 numbers"),
        (lambda: families.wide_resnet(widen=0), "widen must be at least 1, not 0"),
        (lambda: families.wrn(40, 2, dropout=1.5), "below 1"),
        (lambda: families.wrn(40, 2, dropout=-0.1), "above 0"),
        (lambda: families.resnet_basic(widen=0.5), "at least 1"),
        (lambda: families.preresnet((0, 1, 1, 1)), "depth1 must be at least 1, not 0"),
        (lambda: families.preresnet((1, 1, 1)), "give 4 numbers"),
    ],
)
def test_numbers_that_no_network_has(call, rule):
    with pytest.raises(UsageError, match=rule):
        call()


@pytest.mark.parametrize("name", ["wrn_28_2", "preresnet110", "preresnet164", "preresnet50"])
def test_identity_shortcuts_carry_the_raw_input(name):
    """He et al., 1603.05027: BN-ReLU is on the shortcut only where the shape changes."""
    repeats = [node for node in parse(name).tree.children if isinstance(node, Repeat)]
    for stage in repeats:
        assert isinstance(stage.rest, Sum) and stage.rest.branches[1] == Seq()
    first = repeats[1].first
    assert [type(child) for child in first.children] == [Norm, Act, Sum]


def test_pre_activation_resnets_for_imagenet_count_as_timms():
    """timm 1.0's resnetv2_50 and resnetv2_101 with batch norm."""
    assert count(parse("preresnet50")).params == 25_549_352
    assert count(parse("preresnet101")).params == 44_541_480
