import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archscope.arch import families
from archscope.arch.families import registry
from archscope.arch.names import parse, read, well_known
from archscope.cost.formula import count
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
        ("ResNet_50_stride_1x1", "resnet50-stride1x1", (3, 224, 224)),
        (
            "resnext_3_4_7_3_2x40d-Stride1x1-noshortcut@.5",
            "resnext_3_4_7_3_2x40d@0.5-noshortcut-stride1x1",
            (3, 224, 224),
        ),
        ("WRN-40-2-B(3,1,3)", "wrn_40_2-B(3,1,3)", (3, 32, 32)),
        ("wrn_40_2_b( 3, 1 )", "wrn_40_2-B(3,1)", (3, 32, 32)),
        ("WRN-40-2-B(3,3)", "wrn_40_2", (3, 32, 32)),
        ("WRN-40-2-l3", "wrn_40_2-l3", (3, 32, 32)),
        ("WRN-40-2-l2", "wrn_40_2", (3, 32, 32)),
        ("WRN-28-10-drop0.30", "wrn_28_10-drop0.3", (3, 32, 32)),
        ("wrn_28_10_dropout0.0", "wrn_28_10", (3, 32, 32)),
        ("wrn_16_8@0.5-drop.4-B(3,1)", "wrn_16_8-B(3,1)-drop0.4@0.5", (3, 32, 32)),
        ("wrn_40_1.5", "wrn_40_1.5", (3, 32, 32)),
        ("wrn_34_2", "wrn_34_2", (3, 32, 32)),
        ("imagenet_wrn_34_2", "imagenet_wrn_34_2", (3, 224, 224)),
        ("imagenet_wrn_18_1.50", "imagenet_wrn_18_1.5", (3, 224, 224)),
        ("imagenet_wrn_18_1.0", "resnet18", (3, 224, 224)),
        ("WRN-50-2-bottleneck", "wide_resnet50_2", (3, 224, 224)),
        ("PreResNet-110", "preresnet110", (3, 32, 32)),
        ("preact_resnet1001", "preresnet1001", (3, 32, 32)),
        ("pre-ResNet-200", "preresnet200", (3, 224, 224)),
        ("cifar_preresnet200", "cifar_preresnet200", (3, 32, 32)),
        ("preresnet110-bottleneck@0.5", "preresnet110-bottleneck@0.5", (3, 32, 32)),
        ("ResNeXt-3-4-7-3-32x4d@.25", "resnext_3_4_7_3_32x4d@0.25", (3, 224, 224)),
        ("resnext_3_4_6_3_32x4d", "resnext50_32x4d", (3, 224, 224)),
        ("cifar-resnext-2-3-4-8x64d", "resnext_2_3_4_8x64d", (3, 32, 32)),
        ("resnext_3_3_3_8x64d", "resnext29_8x64d", (3, 32, 32)),
        ("resnet_2_2_3_2", "resnet_2_2_3_2", (3, 224, 224)),
        ("resnet_3_4_6_3", "resnet34", (3, 224, 224)),
        ("resnet_2_3_4-noshortcut", "resnet_2_3_4-noshortcut", (3, 32, 32)),
        ("resnet_8_8_8", "cifar_resnet50", (3, 32, 32)),
        ("preresnet_3_4_7_3-bottleneck", "preresnet_3_4_7_3-bottleneck", (3, 224, 224)),
        ("preresnet_3_4_6_3-basic", "preresnet34", (3, 224, 224)),
        ("preresnet_18_18_18-basic", "preresnet110", (3, 32, 32)),
        ("preresnet_18_18_18-bottleneck", "preresnet164", (3, 32, 32)),
        ("wide_resnet_3_4_7_3_2", "wide_resnet_3_4_7_3_2", (3, 224, 224)),
        ("wrn_2_3_4_1.5-l3-drop0.3", "wrn_2_3_4_1.5-l3-drop0.3", (3, 32, 32)),
        ("wrn_6_6_6_2-B(3,1)", "wrn_40_2-B(3,1)", (3, 32, 32)),
        ("wrn_3_4_7_3_2", "imagenet_wrn_3_4_7_3_2", (3, 224, 224)),
        ("imagenet_wrn_2_2_2_2_1", "resnet18", (3, 224, 224)),
    ],
)
def test_both_spellings_give_the_canonical_name(spelled, canonical, input_shape):
    network = parse(spelled)
    assert (network.name, network.input) == (canonical, input_shape)
    assert parse(network.name) == network


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("resnext28_8x64d", "9n\\+2 with n >= 1, not 28; use 20 or 29"),
        ("wrn-27-10", "6n\\+4 with n >= 1, not 27; use 22 or 28"),
        ("resnet21", "6n\\+2 with n >= 1, not 21; use 20 or 26"),
        ("imagenet_resnet20", "depths known on ImageNet are 18, 34, 50, 101, 152, 200, not 20"),
        ("resnet49", "use 44 or 50, with cifar_ in front where an ImageNet network has that depth"),
        ("imagenet_cifar_resnet50", "there is no network"),
        ("resnext50_3x5", "resnextN_CxWd"),
        ("resnet５０", "there is no network"),
        ("resnext50_32x4", "did you mean resnext50_32x4d"),
        ("resnext50_0x4d", "cardinality must be at least 1, not 0"),
        ("wrn_28_0", "widen must be at least 1, not 0"),
        ("resnext29_8x60d@0.125", "a scaled width must be whole"),
        ("resnext29_8x64d@0", "must be a number above 0"),
        ("resnext29_8x64d@1e999999999", "must be a number above 0"),
        ("resnext29_8x64d@\n0", r"scale must be a number above 0 .*, not  0;"),
        ("wide_resnet29_2", "ImageNet ones"),
        ("wrn_40_2-l5", "15n\\+4 with n >= 1, not 40; use 34 or 49"),
        ("wrn_40_2-B(3,2)", "kernels of odd size"),
        ("wrn_40_2-B()", "commas between them"),
        ("wrn_40_2-B(3,1)-l3", "already says how many convolutions .*, not both"),
        ("wrn_40_2-l3-l4", "one suffix of a kind, not both"),
        ("wrn_40_2-drop1", "below 1"),
        ("wrn_40_2-dropx", "above 0"),
        ("wrn_40_2-l1-drop0.3", "has only one"),
        ("wrn_40_1.3", "20.8 channels of 16"),
        ("wrn_18_1.5", "or imagenet_wrn_18_1.5"),
        ("imagenet_wrn_50_2", "wide_resnet50_2"),
        ("imagenet_wrn_34_2-drop0.3", "no suffix like '-drop0.3'; leave it out"),
        ("resnet18-stride1x1", "no suffix like '-stride1x1'; leave it out"),
        ("resnet50-stride3x3", "there is no network"),
        ("resnet50-B(3,3)", "no suffix like '-B\\(3,3\\)'; leave it out"),
        ("wrn_28_10-bottleneck", "ImageNet ones"),
        ("preresnet21", "6n\\+2 .* or 9n\\+2 .* use 20"),
        ("preresnet32-bottleneck", "9n\\+2 with n >= 1"),
        ("preresnet50-basic", "leave it out"),
        ("cifar_resnext_3_4_7_3_32x4d", "3 for CIFAR, not 4; leave the prefix out"),
        ("imagenet_wrn_2_3_4_10", "4 stages .*, not 3; leave the prefix out"),
        ("wide_resnet_2_3_4_2", "ImageNet ones"),
        ("preresnet_2_3_4", "need their kind, basic or bottleneck"),
        ("preresnet_3_4_7_3", "need their kind, basic or bottleneck"),
        ("resnext_3_4_32x4d", "resnextN_CxWd \\(blocks for N, as _3_4_7_3\\)"),
        ("resnet_0_1_1", "depth1 must be at least 1, not 0"),
        ("wrn_1_1_1_2-l1000", "there is no network"),
        ("nobodysnet16", "archscope list shows"),
        ("resnext50", "did you mean resnext50_32x4d"),
        ("resnext29", "did you mean resnext29_8x64d"),
        ("wide_resnet50", "did you mean wide_resnet50_2"),
        ("wrn_28", "did you mean wrn_28_10"),
        ("resnt50", "did you mean resnet50"),
        ("vit_b_16", r"all others are spelled; .* timm:vit_b_16 or torchvision:vit_b_16$"),
        ("", "archscope list shows"),
    ],
)
def test_a_wrong_name_gets_the_rule_that_it_broke(name, rule):
    with pytest.raises(UsageError, match=rule):
        parse(name)


def test_the_stride_in_the_first_1x1_is_the_original_of_he_et_al():
    """Their Table 1 prints 3.8, 7.6 and 11.3 10^9 FLOPs, the first of them cut, not rounded."""
    for name, macs in (("resnet50", 3.86), ("resnet101", 7.6), ("resnet152", 11.3)):
        found = count(parse(f"{name}-stride1x1")).macs / 1e9
        assert found == pytest.approx(macs, abs=0.05)
    network, usual = parse("resnet50-stride1x1"), parse("resnet50")
    # In stages 3 to 5 of the first block conv1 makes 28x28, 14x14, 7x7 pixels, not four times so
    # many: 256 to 128 channels, 512 to 256, 1024 to 512, each 56 * 56 * 256 * 128 at full size.
    assert count(usual).macs - count(network).macs == 3 * (56 * 56 - 28 * 28) * 256 * 128
    assert count(network).params == count(usual).params
    assert network.tree == families.resnet(stride_in_1x1=True).tree


SUFFIXED = (
    r"(imagenet_|cifar_)?"
    r"((resnext|resnet|wrn_|preresnet|wide_resnet)[0-9_x.]{0,12}d?|inception_(v3|v4|resnet_v2))"
    r"(@[0-9.]{0,3}|-B\([0-9,]{0,5}\)|-l[0-9]{0,2}|-drop[0-9.]{0,3}|-(noshortcut|basic|aux|stride1x1)){0,3}"
)


@given(st.text(max_size=40) | st.from_regex(r"(cifar_)?(resnext|resnet|wrn)[0-9_x]{0,9}d?@?.{0,4}"))
@example("wrn_40_2-B(" + "3," * 500 + "3)")
@example("WRN-40-2-B(3,1,3")
@example("resnet50-B(\n)")
@example("wrn_40_2-drop\n1-drop2")
@example("imagenet_cifar_resnet50")
def test_any_string_is_a_network_or_one_sentence(name):
    try:
        network = parse(name)
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert parse(network.name) == network


@given(st.from_regex(SUFFIXED, fullmatch=True))
def test_any_suffixes_are_a_network_or_one_sentence(name):
    test_any_string_is_a_network_or_one_sentence.hypothesis.inner_test(name)


ABSURD = ["", "0", "1", "2", "3", "-1", "0.5", "1e-9", "nan", "x", "0.000000001", "1_2", "１"]
ABSURD += ["999999999", "9" * 10, "9" * 400]


def with_another_number(name, place, number):
    """A name with one of its numbers exchanged."""
    found = list(re.finditer(r"[0-9]+(\.[0-9]+)?", name)) or [re.search("$", name)]
    start, end = found[place % len(found)].span()
    return f"{name[:start]}{number}{name[end:]}"


@given(
    st.builds(
        with_another_number,
        st.sampled_from(well_known()),
        st.integers(0, 9),
        st.sampled_from(ABSURD),
    )
)
def test_any_number_in_any_familys_name_is_a_network_or_one_sentence(name):
    test_any_string_is_a_network_or_one_sentence.hypothesis.inner_test(name)


BEGINNINGS = sorted(
    {
        re.split(r"[\[{]", form)[0]
        for one in registry.families()
        for form in (one.names.form, *one.names.aliases)
    }
)


@given(
    st.sampled_from(["", "cifar_", "imagenet_"]),
    st.sampled_from(BEGINNINGS),
    st.from_regex(r"[0-9_.]{0,12}([xkwg]_?[0-9_]{0,8})?(d|mf|gf|_bn|_up)?(@0\.[0-9]{1,3})?"),
)
def test_any_ending_of_any_familys_name_is_a_network_or_one_sentence(prefix, beginning, ending):
    name = prefix + beginning + ending
    test_any_string_is_a_network_or_one_sentence.hypothesis.inner_test(name)


@given(
    depth=st.integers(1, 30).map(lambda n: 6 * n + 4),
    widen=st.integers(16, 64).map(lambda sixteenths: sixteenths / 16),
    block=st.lists(st.sampled_from([1, 3, 5]), min_size=1, max_size=4).map(tuple),
    dropout=st.sampled_from([0, 0.25, 0.3]),
)
def test_every_wide_network_made_by_numbers_has_a_name(depth, widen, block, dropout):
    dropout = dropout if len(block) > 1 else 0
    network = families.wrn(depth, widen, block=block, dropout=dropout)
    assert parse(network.name) == network
    assert parse(network.name.upper().replace("_", "-")) == network


NUMBERS = st.integers(1, 12)
SCALES = st.sampled_from([Fraction(1, 8), Fraction(1, 2), 1, Fraction(3, 2)])
FOUR, THREE = st.tuples(*[NUMBERS] * 4), st.tuples(*[NUMBERS] * 3)
EIGHTS = NUMBERS.map(lambda number: 8 * number)
KINDS = st.sampled_from(["basic", "bottleneck"])


@given(
    st.one_of(
        st.builds(families.resnext, FOUR, NUMBERS, EIGHTS, scale=SCALES, residual=st.booleans()),
        st.builds(families.wide_resnet, FOUR, NUMBERS, scale=SCALES),
        st.builds(
            families.resnet_basic, FOUR, widen=NUMBERS | st.just(1.5), residual=st.booleans()
        ),
        st.builds(families.preresnet, FOUR, KINDS, scale=SCALES, residual=st.booleans()),
        st.builds(families.cifar_resnext, THREE, NUMBERS, EIGHTS, scale=SCALES),
        st.builds(families.cifar_resnet, THREE, scale=SCALES, residual=st.booleans()),
        st.builds(families.cifar_preresnet, THREE, KINDS, scale=SCALES),
        st.builds(families.wrn, THREE, NUMBERS, deepening=NUMBERS, scale=SCALES),
    )
)
def test_every_network_made_of_blocks_has_a_name(network):
    assert parse(network.name) == network
    assert parse(network.name.upper().replace("_", "-")) == network


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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("resnex50_32x4d", "resnext50_32x4d"),
        ("resnet50_32x4d", "resnext50_32x4d"),
        ("efficientnet_b9", "efficientnet_b7"),
        ("regnetx_400m", "regnetx_400mf"),
        ("mobilenet_v4", "mobilenet_v2"),
        ("shufflenet", "shufflenet_v2_x2_0"),
        ("cifar_mobilenetv9", "cifar_mobilenet_v2"),
        ("efficientnet_2_s", "efficientnet_v2_s"),
        # Papers write the depth so; it is no number of blocks in each stage.
        ("densenet122", "densenet121"),
        ("DenseNet-122", "densenet121"),
        ("vgg20", "vgg19"),
    ],
)
def test_a_typo_is_suggested_its_own_family_first(typed, meant):
    with pytest.raises(UsageError, match=f"did you mean {meant} "):
        parse(typed)


def test_a_letter_left_out_is_suggested_the_name_or_its_family():
    """Of a member of each family, each letter of the word that it begins with."""
    for one in registry.families():
        name = one.names.known[0]
        for place, letter in enumerate(name):
            if not letter.isalpha():
                break
            try:
                parse(name[:place] + name[place + 1 :])
            except UsageError as error:
                first = str(error).partition("did you mean ")[2].partition(" or ")[0].rstrip("?")
                assert read(first).family is one, (name, place, first)
