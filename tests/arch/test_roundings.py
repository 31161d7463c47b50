"""Where a family's rule rounded a number, against the rules of the papers worked out by hand."""

from __future__ import annotations

from dataclasses import fields

import pytest

from archscope.arch.families import registry
from archscope.arch.names import parse
from archscope.arch.rounded import Rule, rounded
from archscope.arch.roundings import roundings

EIGHTHS = ("multiple of 8",)


def told(name):
    """Part, what it is, the numbers from the first on, the rules."""
    return [
        (
            one.part,
            one.of,
            *(pytest.approx(value) for value in (one.steps[0].given, *(s.got for s in one.steps))),
            tuple(step.rule.short for step in one.steps),
        )
        for one in roundings(parse(name))
    ]


def test_a_width_multiplier_rounds_to_multiples_of_8():
    """0.35 of 32, 16, 24, 32, 64, 96 (Sandler et al., Table 2); 160 and 320 come out whole.

    Nearest to 33.6 is 32; 5.6 is nearer to 8 than to 0.
    """
    assert told("mobilenet_v2_0.35") == [
        ("conv1", "width", 11.2, 16, EIGHTHS),
        ("conv2", "width", 5.6, 8, EIGHTHS),
        ("conv3", "width", 8.4, 8, EIGHTHS),
        ("conv4", "width", 11.2, 16, EIGHTHS),
        ("conv5", "width", 22.4, 24, EIGHTHS),
        ("conv6", "width", 33.6, 32, EIGHTHS),
    ]


def test_a_depth_factor_rounds_up():
    """B3's 1.4 of the blocks 1, 2, 2, 3, 3, 4, 1 (Tan and Le, Table 1)."""
    blocks = [(found[0], *found[2:4]) for found in told("efficientnet_b3") if found[1] == "blocks"]
    assert blocks == [
        *(("conv2", 1.4, 2), ("conv3", 2.8, 3), ("conv4", 2.8, 3), ("conv5", 4.2, 5)),
        *(("conv6", 4.2, 5), ("conv7", 5.6, 6), ("conv8", 1.4, 2)),
    ]


@pytest.mark.parametrize(("name", "last"), [("regnetx_400mf", 384), ("regnet_x_400mf", 400)])
def test_a_width_of_regnet_was_a_power_before_it_was_a_multiple(name, last):
    """24 + 24.48 j on the line, 24 * 2.54^k on the ramp; stages begin at blocks 0, 1, 3 and 10.

    392 is 24.5 times the group width 16: pycls rounds to the even multiple, torchvision up.
    """
    group = f"multiple of {'' if last == 400 else 'group width '}16"
    ramp = "w0·wm^k"
    assert told(name) == [
        ("conv2", "width", 24, 32, (group,)),
        ("conv3", "width", 24 + 24.48, 24 * 2.54, 64, (ramp, *EIGHTHS)),
        ("conv4", "width", 24 + 3 * 24.48, 24 * 2.54**2, 152, 160, (ramp, *EIGHTHS, group)),
        ("conv5", "width", 24 + 10 * 24.48, 24 * 2.54**3, 392, last, (ramp, *EIGHTHS, group)),
    ]


def test_a_number_that_is_handed_on_is_told_once():
    """The second convolution of a squeeze has the width of its block."""
    assert [found[:2] for found in told("RegNetY-600MF")] == [
        *(("conv3", "width"), ("conv4", "width"), ("conv5", "width")),
    ]


def test_a_width_of_repvgg_is_cut_to_a_whole_number():
    """64, 128 and 256 times 0.3; 512 times 0.5 is whole (and the stem is as wide as the first)."""
    cut = ("down to a whole number",)
    assert told("repvgg_1_1_1_1_a0.3_b0.5") == [
        ("conv1", "width", 19.2, 19, cut),
        ("conv3", "width", 38.4, 38, cut),
        ("conv4", "width", 76.8, 76, cut),
    ]


def test_squeezes_and_transitions_are_told():
    # 16 channels times 0.75 are 12, rounded 16; a quarter of these are 4, rounded 8.
    squeezes = [found for found in told("mobilenet_v3_small_0.75") if found[1] == "squeeze"]
    assert squeezes[0] == ("conv2", "squeeze", 4, 8, EIGHTHS)
    # 10 channels and 3 layers of 5 more are 25, of which half go on.
    assert told("densenet_3_3_3_16_k5")[0][:4] == ("conv3", "width", 12.5, 12)


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "efficientnet_b0", "densenet121"])
def test_where_nothing_was_rounded_nothing_is_told(name):
    assert told(name) == []


def test_numbers_of_a_tree_are_plain_and_the_told_tree_is_the_same():
    for family in registry.families():
        for name in family.names.known[-1:]:
            network = parse(name)
            before = network.tree
            assert all(one.steps[-1].got > 0 for one in roundings(network))
            assert parse(name).tree == before
            assert types(before) <= {int}, name


def types(node):
    found = {type(getattr(node, one.name)) for one in fields(node) if one.name in ("out", "n")}
    return found.union(*(types(part) for part in node.parts()))


def test_outside_of_telling_a_rounded_number_is_plain():
    assert type(rounded(8, 7, Rule("up", "ours"))) is int
