"""Numbers that nobody means well, for every registered family: one sentence, and in time."""

import re
from fractions import Fraction
from inspect import signature

import numpy as np
import pytest

from archscope.arch.families.registry import families
from archscope.arch.names import parse
from archscope.cost.formula import count
from archscope.errors import UsageError

FAMILIES = families()
each = pytest.mark.parametrize("one", FAMILIES, ids=lambda one: one.name)
NOTHING = [0, -1, -0.5, float("nan"), float("inf"), 1e-9, "x", "", None, [], (1,), object(), 1j]
ODD = [True, 10**30, 10**400, 0.5, Fraction(1, 3), 1e300, np.int64(3), np.float64(2)]
ODD += [np.array([1.5]), np.array([])]
ARRAYS = [np.array([0, 1]), np.array([[0]]), np.array(["a"])]


def usual(one):
    """The numbers of a member, and those of them that are axes."""
    return dict(parse(one.names.known[0]).design.numbers), {axis.name for axis in one.axes}


def sentence(error):
    """Of one line, and not without end."""
    assert str(error) and "\n" not in str(error) and len(str(error)) < 300
    return str(error)


@each
def test_no_number_is_taken_that_is_none(one):
    numbers, axes = usual(one)
    for name in axes:
        if numbers[name] is None:
            continue  # other numbers leave it nothing to act on
        for value in [*NOTHING, *ARRAYS]:
            if value is None and signature(one.function).parameters[name].default is None:
                continue  # as if it were not given
            with pytest.raises(UsageError) as caught:
                one(**{**numbers, name: value})
            sentence(caught.value)


@each
def test_an_odd_number_is_a_network_or_one_sentence(one):
    numbers, axes = usual(one)
    for name in numbers:
        for value in [*ODD, *([] if name in axes else [*NOTHING, *ARRAYS])]:
            try:
                count(one(**{**numbers, name: value}))
            except UsageError as error:
                sentence(error)


@each
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (7, 7)])
def test_an_input_too_small_for_the_strides_is_told_so(one, size):
    """Where windows are padded by half of them a pixel is enough, as for torch.

    Branches may halve an odd side in two ways.
    """
    try:
        assert count(parse(one.names.known[0], input_shape=(3, *size))).macs > 0
    except UsageError as error:
        said = sentence(error)
        unequal = "the branches of the sum" in said and "they must be equal" in said
        assert unequal or re.search("padded input is only [0-6] wide; use a larger input$", said)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("mobilenet_v2_0.000000001", "width must be at least 0.01, not 0.000000001"),
        ("mobilenet_v3_large_0", "width must be at least 0.01, not 0; write 0.01 or more"),
        (
            "mobilenet_v2_-1",
            "the numbers of a name are above 0, not -1; write it without the minus",
        ),
        ("regnetx_10_24_-0.5_2_8", "the numbers of a name are above 0, not -0.5"),
        ("mobilenet_v2_99.01", "width must be at most 99, not 99.01"),
        ("efficientnet_1_0.001_224", "depth must be at least 0.01, not 0.001"),
        ("efficientnet_1_1_1", "resolution must be at least 32, not 1"),
        ("resnet50@0.001", "scale must be at least 0.015625, not 0.001; write 0.015625 or more"),
        ("regnetx_3_24_36.44_2.49_8", "depth must be at least 4, not 3"),
        ("regnety_999999999_24_36.44_2.49_8", "depth must be at most 10,000, not 999999999"),
        ("regnetx_13_0_36.44_2.49_8", "w0 must be at least 8, not 0"),
        ("regnetx_13_24_36.44_1_8", "wm must be at least 1.01, not 1"),
        ("anynet_1_2_0_12_w_32_64_160_384", "depth must be at least 1, not 0"),
        ("anynet_1_2_7_12_w_32_64_160_384_g_0", "group must be at least 1, not 0"),
        ("shufflenet_v2_47", "width must be even"),
        ("seresnext50_32x0d", "width must be at least 1, not 0"),
        ("convnext_3_3_9_3_w0", "width must be at least 1, not 0"),
        # One number for all stages would be a depth: these have none of their own.
        ("vgg12", r"spelled vgg_DEPTH_wWIDTH \(DEPTH as 3_4_7_3_3\); did you mean vgg19"),
        ("densenet120", r"\(DEPTH as 3_4_7_3\); did you mean densenet201 or densenet121"),
        # A family that shares its file, or names its members otherwise than itself.
        ("regnetx_1_2gf", "spelled regnetx_DEPTH_W0_WA_WM_GROUP; did you mean regnetx_12gf"),
        ("seresnet1000", "spelled seresnextN_CxWd, .* did you mean seresnet101"),
        ("anynet_1_2_3", "spelled anynet_DEPTH_w_WIDTH_g_GROUP"),
        ("vgg_" + "9" * 30, "a number in a name has at most nine digits"),
    ],
)
def test_the_rule_and_what_to_do(name, rule):
    with pytest.raises(UsageError, match=rule) as caught:
        parse(name)
    sentence(caught.value)


def test_an_array_that_the_family_cannot_take_and_words_that_it_has_not():
    named = {one.name: one for one in FAMILIES}
    with pytest.raises(UsageError, match="scale takes one number at a time, not an array"):
        named["resnet"]((1, 1, 1, 1), scale=np.array([1, 2]))
    with pytest.raises(UsageError, match="version must be one of 1_0, 1_1, not 2_0"):
        named["squeezenet"]("2_0")
    with pytest.raises(UsageError, match=r"cifar must be True or False, not \[0 1\]"):
        named["vgg"]((1, 1, 1, 1, 1), cifar=np.array([0, 1]))
    with pytest.raises(UsageError, match="resnext needs a number for width; give it"):
        named["resnext"]((1, 1, 1, 1), 32, None)
