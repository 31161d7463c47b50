from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.arch import families
from archscope.arch.names import parse, well_known
from archscope.errors import UsageError


@pytest.mark.parametrize(
    ("spelled", "canonical", "input_shape"),
    [
        ("ResNet-50", "resnet50", (3, 224, 224)),
        ("resnext50_32x4d", "resnext50_32x4d", (3, 224, 224)),
        ("ResNeXt-101-64x4d", "resnext101_64x4d", (3, 224, 224)),
        ("wide-resnet50-2", "wide_resnet50_2", (3, 224, 224)),
        ("WRN-28-10", "wrn_28_10", (3, 32, 32)),
        ("wrn_40_1", "wrn_40_1", (3, 32, 32)),
        ("resnext29_3x64d", "resnext29_3x64d", (3, 32, 32)),
        ("resnext29_8x64d@.25", "resnext29_8x64d@0.25", (3, 32, 32)),
        ("resnext29_8x64d@1", "resnext29_8x64d", (3, 32, 32)),
        ("resnet20", "resnet20", (3, 32, 32)),
        ("resnet26", "resnet26", (3, 32, 32)),
        ("imagenet_resnet18", "resnet18", (3, 224, 224)),
        ("cifar_resnet50", "cifar_resnet50", (3, 32, 32)),
        ("cifar_resnext101_2x3d", "cifar_resnext101_2x3d", (3, 32, 32)),
        ("cifar_resnext29_2x3d", "resnext29_2x3d", (3, 32, 32)),
        ("resnet50-noshortcut", "resnet50-noshortcut", (3, 224, 224)),
        ("resnext29_8x64d-noshortcut@0.5", "resnext29_8x64d@0.5-noshortcut", (3, 32, 32)),
    ],
)
def test_both_spellings_give_the_canonical_name(spelled, canonical, input_shape):
    network = parse(spelled)
    assert (network.name, network.input) == (canonical, input_shape)
    assert parse(network.name) == network


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("resnext28_8x64d", "9n\\+2 with n >= 1; use 20 or 29"),
        ("wrn-27-10", "6n\\+4 with n >= 1; use 22 or 28"),
        ("resnet21", "6n\\+2 with n >= 1; use 20 or 26"),
        ("imagenet_resnet20", "depths known there are 18, 34, 50, 101, 152, 200"),
        ("resnet49", "use 44 or 50, with cifar_ in front where an ImageNet network has that depth"),
        ("imagenet_cifar_resnet50", "there is no network"),
        ("resnext50_3x5", "resnextN_CxWd"),
        ("resnet５０", "there is no network"),
        ("resnext50_32x4", "did you mean resnext50_32x4d"),
        ("resnext50_0x4d", "cardinality 0 .* at least 1"),
        ("wrn_28_0", "widen 0 .* at least 1"),
        ("resnext29_8x60d@0.125", "a scaled width must be whole"),
        ("resnext29_8x64d@0", "must be a number above 0"),
        ("resnext29_8x64d@1e999999999", "must be a number above 0"),
        ("resnext29_8x64d@\n0", r"scale \\n0 was asked for"),
        ("wide_resnet29_2", "ImageNet ones"),
        ("vgg16", "names are resnetN"),
        ("", "names are resnetN"),
    ],
)
def test_a_wrong_name_gets_the_rule_that_it_broke(name, rule):
    with pytest.raises(UsageError, match=rule):
        parse(name)


@given(st.text(max_size=40) | st.from_regex(r"(cifar_)?(resnext|resnet|wrn)[0-9_x]{0,9}d?@?.{0,4}"))
def test_any_string_is_a_network_or_one_sentence(name):
    try:
        network = parse(name)
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert parse(network.name) == network


def test_resnet_is_resnext_with_cardinality_one():
    assert parse("resnet50").tree == parse("resnext50_1x64d").tree
    assert parse("wide_resnet50_2").tree == parse("resnext50_1x128d").tree


def test_every_listed_name_is_canonical():
    assert [parse(name).name for name in well_known()] == well_known()


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([Fraction(1, 2), Fraction(1, 8)]))
def test_scale_multiplies_stem_widths_and_outputs_but_not_cardinality(cardinality, width, scale):
    plain = families.cifar_resnext(11, cardinality, int(width / scale), scale=1)
    scaled = families.cifar_resnext(11, cardinality, int(width / scale), scale=scale)

    def convolutions(network):
        from archscope.arch.nodes import Conv
        from archscope.arch.shape import walk

        visits = walk(network.tree, network.input)
        return [visit.node for visit in visits if isinstance(visit.node, Conv)]

    for one, other in zip(convolutions(plain), convolutions(scaled), strict=True):
        assert other.out == one.out * scale
        assert other.groups == one.groups


def test_classes_and_input_can_be_given():
    assert parse("resnext29_8x64d", classes=100).classes == 100
    assert parse("resnet50", input_shape=(3, 320, 320)).input == (3, 320, 320)
    with pytest.raises(UsageError, match="at least 1"):
        parse("resnet50", classes=0)
