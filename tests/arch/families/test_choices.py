"""A residual network's choices, as its family made them, and networks between two."""

import re
from dataclasses import replace

import pytest

from archscope.arch.families.residual.choices import Stride, aligned, choices_of
from archscope.arch.names import parse, well_known
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Linear, Pool, Seq
from archscope.errors import UsageError

OTHERS = [
    *("resnet18-noshortcut", "preresnet34", "preresnet164-noshortcut", "resnext29_8x64d@0.25"),
    *("wrn_28_10@0.5-noshortcut", "wrn_40_2-B(3)", "wrn_40_2-B(5,1,3,7)", "resnext50_3x21d"),
]
RESIDUAL = re.compile("(imagenet_)?(pre|wide_)?(resnet|resnext|wrn)")


@pytest.mark.parametrize("name", [*well_known(), *OTHERS])
def test_every_residual_network_is_made_of_its_choices_to_the_layer(name):
    if choices_of(parse(name)) is None:
        assert not RESIDUAL.match(name)
        return
    network = parse(name, classes=7, input_shape=(3, 64, 64))
    choices = choices_of(network)
    assert choices is not None
    assert choices.network(name) == replace(network, init="fan_out", template=None)


@pytest.mark.parametrize("name", [name for name in well_known() if name.startswith("inception")])
def test_inception_is_not_made_of_such_choices(name):
    assert choices_of(parse(name)) is None


def test_a_network_without_stages_is_not_either():
    tree = Seq(Conv(8, 3), Pool("global"), Linear(10))
    assert choices_of(Network("small", tree, (3, 32, 32))) is None


@pytest.mark.parametrize(
    ("one", "other", "taken", "result"),
    [
        ("resnet50", "wide_resnet50_2", ["width"], "wide_resnet50_2"),
        ("resnet50", "resnext50_32x4d", ["cardinality"], "resnext50_32x2d"),
        ("resnext50_32x4d", "resnet50", ["cardinality"], "wide_resnet50_2"),
        ("resnet18", "resnet34", ["depth"], "resnet34"),
        ("resnet50", "resnet101-noshortcut", ["shortcut"], "resnet50-noshortcut"),
        ("wrn_28_10", "wrn_40_2", ["width", "output"], "wrn_28_2"),
        ("preresnet164", "wrn_28_10", ["head"], "preresnet164"),
    ],
)
def test_choices_of_another_network_make_the_one_between(one, other, taken, result):
    start, end = aligned(choices_of(parse(one)), choices_of(parse(other)))
    between = replace(start, **{name: getattr(end, name) for name in taken})
    assert between.network(result).tree == parse(result).tree


def test_the_strides_stand_where_the_papers_put_them():
    assert choices_of(parse("resnet50")).stride == Stride((1, 2, 2, 2), 1)  # in the 3x3
    assert choices_of(parse("resnet18")).stride == Stride((1, 2, 2, 2), 0)
    assert choices_of(parse("preresnet164")).stride == Stride((1, 2, 2), 0)


def test_a_network_of_three_stages_takes_the_fourth_from_the_other():
    start, end = aligned(choices_of(parse("resnext29_8x64d")), choices_of(parse("resnext50_32x4d")))
    assert start.width == (512, 1024, 2048, 1024) and start.output == (256, 512, 1024, 2048)
    assert start.depth == (3, 3, 3) and len(end.width) == 4
    assert start.network("x").tree == parse("resnext29_8x64d").tree
    deeper = replace(start, depth=end.depth).network("x")
    assert [child.n for child in deeper.tree.children if hasattr(child, "n")] == [3, 4, 6, 3]


def test_choices_that_do_not_go_together_are_refused():
    choices = choices_of(parse("resnext50_32x4d"))
    with pytest.raises(UsageError, match=r"cannot split .* groups; use a divisor of both"):
        replace(choices, width=(63, 126, 252, 504)).network("x")
