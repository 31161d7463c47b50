"""Figures 3 and 4 as trees: there, back, and what each form costs."""

import numpy as np
import pytest
from forms_strategies import basic_networks, bottleneck_networks
from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.arch import families
from archscope.arch.names import parse
from archscope.arch.nodes import (
    Act,
    Cat,
    Conv,
    Dropout,
    Norm,
    Repeat,
    Seq,
    Shortcut,
    Sum,
)
from archscope.arch.rewrite import Cut, blocks, cuts, to_form
from archscope.arch.shape import walk
from archscope.cost import count
from archscope.errors import UsageError


def figure_3c():
    """256-d in, 32x4d, 256-d out, as the figure has it."""
    body = (
        *(Conv(128, 1, label="conv1"), Norm(label="bn1"), Act()),
        *(Conv(128, 3, 2, 32, label="conv2"), Norm(label="bn2"), Act()),
        *(Conv(256, 1, label="conv3"), Norm(label="bn3")),
    )
    return Seq(Sum(Seq(*body), Shortcut(256, 2, label="downsample")), Act())


def path(index, *end):
    narrow = (
        *(Conv(4, 1, label="conv1"), Norm(label="bn1"), Act()),
        *(Conv(4, 3, 2, label="conv2"), Norm(label="bn2"), Act()),
    )
    return Seq(*narrow, *end, label=str(index))


def figure_3b():
    paths = Cat(*(path(index) for index in range(32)), label="paths")
    body = Seq(paths, Conv(256, 1, label="conv3"), Norm(label="bn3"))
    return Seq(Sum(body, Shortcut(256, 2, label="downsample")), Act())


def figure_3a():
    paths = [path(index, Conv(256, 1, label="conv3")) for index in range(32)]
    body = Seq(Sum(*paths, label="paths"), Norm(label="bn3"))
    return Seq(Sum(body, Shortcut(256, 2, label="downsample")), Act())


FIGURE_3 = {"a": figure_3a(), "b": figure_3b(), "c": figure_3c()}


@pytest.mark.parametrize("start", FIGURE_3)
@pytest.mark.parametrize("end", FIGURE_3)
def test_figure_3_is_three_trees_and_each_leads_to_each(start, end):
    assert to_form(FIGURE_3[start], end) == FIGURE_3[end]


def test_what_the_forms_of_figure_3_cost():
    """By hand, on 256 channels of 56x56; the stride of 2 stands in the 3x3."""
    convolutions = 32 * (256 * 4 + 3 * 3 * 4 * 4 + 4 * 256)  # Eq. 4: 70,144
    projection = 256 * 256
    params = convolutions + projection + 2 * (128 + 128 + 256 + 256)
    macs = 256 * 128 * 56 * 56 + (128 * 9 * 4 + 128 * 256 + projection) * 28 * 28
    grouped = 128 * 56 * 56 + (128 + 256 + 256) * 28 * 28
    summed = 128 * 56 * 56 + (128 + 32 * 256 + 256) * 28 * 28
    assert convolutions == 70_144
    for form, activations in (("a", summed), ("b", grouped), ("c", grouped)):
        cost = count(FIGURE_3[form], (256, 56, 56))
        assert (cost.params, cost.macs, cost.activations) == (params, macs, activations)


def figure_4():
    """64-d in, 32 paths of 4, 64-d out: left, and the wide dense block on the right."""
    between = Norm(label="bn1"), Act()
    paths = [
        Seq(Conv(4, 3, label="conv1"), *between, Conv(64, 3, label="conv2"), label=str(index))
        for index in range(32)
    ]
    left = Seq(Sum(*paths, label="paths"), Norm(label="bn2"))
    right = Seq(
        Conv(128, 3, label="conv1"), *between, Conv(64, 3, label="conv2"), Norm(label="bn2")
    )
    return left, right


def test_figure_4_is_a_wide_dense_block():
    left, right = figure_4()
    assert to_form(right, "a", 32) == left
    assert to_form(left, "c") == right
    for tree in (left, right):
        cost = count(tree, (64, 56, 56))
        assert cost.params == 2 * 64 * 128 * 9 + 2 * (128 + 64)
        assert cost.macs == 2 * 64 * 128 * 9 * 56 * 56


@settings(max_examples=40)
@given(bottleneck_networks().map(lambda network: (network, None)) | basic_networks())
def test_the_way_back_is_the_inverse_and_keeps_what_it_must(case):
    network, paths = case
    tree, cost = network.tree, count(network)
    early = to_form(tree, "b", paths)
    summed = to_form(early, "a", paths)
    assert summed == to_form(tree, "a", paths)
    assert to_form(summed, "b", paths) == early
    assert to_form(summed, "c") == to_form(early, "c") == to_form(tree, "c") == tree
    assert to_form(early, "b", paths) == early and to_form(summed, "a", paths) == summed
    assert tree not in (early, summed)
    for form in (early, summed):
        rewritten = count(form, network.input)
        assert (rewritten.params, rewritten.macs) == (cost.params, cost.macs)
    assert count(early, network.input).activations == cost.activations
    assert count(summed, network.input).activations == cost.activations + extra(network, paths)


def extra(network, paths):
    """Every path of a block ends in all of the block's outputs, of which one form has one set."""
    by_path = {visit.path: visit for visit in walk(network.tree, network.input)}
    total = 0
    for place, block in blocks(network.tree):
        number = block.paths(paths)
        stage, _, index = place.partition(".")
        visit = by_path[f"{stage}.{min(int(index), 1)}.{block.last.label}"]
        _, height, width = visit.output
        total += (number - 1) * block.last.out * height * width
    return total


@given(st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_cuts_name_every_weight_of_the_other_form(cardinality, width, residual):
    network = families.cifar_resnext(11, cardinality, 16 * width, scale=1 / 16, residual=residual)
    for form in ("a", "b"):
        table = cuts(network.tree, form)
        rewritten = to_form(network.tree, form)
        leaves = [visit.path for visit in walk(rewritten, network.input) if weighted(visit.node)]
        kept = [visit.path for visit in walk(network.tree, network.input) if weighted(visit.node)]
        made = [
            leaf for place in kept for leaf in (table[place].leaves if place in table else [place])
        ]
        assert sorted(made) == sorted(leaves)
        assert cuts(network.tree, "c") == {}


def weighted(node):
    return isinstance(node, Conv | Norm) or type(node).__name__ == "Linear"


def test_cuts_are_by_output_channels_but_for_the_last_convolution():
    tree = Seq(figure_3c())
    both = {"conv1", "bn1", "conv2", "bn2"}
    assert set(cuts(tree, "b")) == both and {cut.axis for cut in cuts(tree, "b").values()} == {0}
    summed = cuts(tree, "a")
    assert set(summed) == {*both, "conv3"}
    assert summed["conv3"] == Cut(tuple(f"paths.{index}.conv3" for index in range(32)), 1)
    assert summed["conv2"] == Cut(tuple(f"paths.{index}.conv2" for index in range(32)), 0)


ALONE = {
    "dropout": Seq(Conv(8, 3, label="a"), Norm(label="b"), Dropout(0.3), Conv(8, 3, label="c")),
    "bias at the end": Seq(
        Conv(8, 3, label="a"), Norm(label="b"), Conv(8, 3, bias=True, label="c")
    ),
    "no label": Seq(Conv(8, 3), Norm(label="b"), Act(), Conv(8, 3, label="c")),
    "one convolution": Seq(Conv(8, 3, label="a"), Norm(label="b")),
    "four convolutions": Seq(*(Conv(8, 3, label=name) for name in "abcd")),
    "grouped at an end": Seq(Conv(8, 3, groups=2, label="a"), Conv(8, 3, label="b")),
    "a sum between": Seq(Conv(8, label="a"), Sum(Seq(), Seq()), Conv(8, label="c")),
    "unequal paths": Seq(Cat(Seq(Conv(8), label="0"), Seq(Conv(4), label="1"), label="paths")),
}


@pytest.mark.parametrize("tree", ALONE.values(), ids=ALONE)
def test_what_has_no_other_form_is_left_alone(tree):
    for form in "abc":
        assert to_form(tree, form, 2) is tree
    assert blocks(tree) == []


@pytest.mark.parametrize(
    "name", ["inception_v3-aux", "inception_v4", "inception_resnet_v2", "wrn_16_4-drop0.3"]
)
def test_networks_that_have_no_other_form(name):
    assert blocks(parse(name).tree) == []


def test_a_stage_has_the_blocks_that_it_repeats():
    places = [place for place, _ in blocks(parse("resnext50_32x4d").tree)]
    expected = [(1, 3), (2, 4), (3, 6), (4, 3)]
    assert places == [f"layer{n}.{index}" for n, number in expected for index in range(number)]
    tree = Seq(Repeat(2, figure_3c(), figure_3c(), label="layer1"))
    assert [place for place, _ in blocks(tree)] == ["layer1.0", "layer1.1"]


def test_what_cannot_be_rewritten_is_one_sentence():
    with pytest.raises(UsageError, match="can only be counted"):
        to_form(families.resnext(cardinality=np.array([1, 2]), width=np.array([64, 40])).tree, "a")
    basic = parse("resnet20").tree
    with pytest.raises(
        UsageError, match=r"must divide its inner width 16, and 3 does not; use a divisor, as 16"
    ):
        to_form(basic, "a", 3)
    with pytest.raises(UsageError, match="must divide its inner width 16; use a divisor, as 16"):
        cuts(basic, "a")
