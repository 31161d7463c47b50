import numpy as np
import pytest

from archscope.arch.names import parse
from archscope.arch.network import stages
from archscope.arch.nodes import Aux, Cat, Conv, Linear, Norm, Pool, Repeat, Seq, Shortcut, Sum
from archscope.arch.shape import output_shape, walk
from archscope.errors import UsageError


@pytest.mark.parametrize(
    ("node", "shape", "expected"),
    [
        (Conv(64, 7, 2), (3, 224, 224), (64, 112, 112)),
        (Conv(64, 3, 2), (3, 7, 7), (64, 4, 4)),
        (Conv(32, 3, 2, padding=0), (3, 299, 299), (32, 149, 149)),  # Inception-v3's first layer
        (Conv(128, (1, 7)), (64, 17, 17), (128, 17, 17)),
        (Pool("max", 3, 2, 1), (64, 112, 112), (64, 56, 56)),
        (Pool("global"), (64, 7, 7), (64, 1, 1)),
        (Seq(), (5, 6, 7), (5, 6, 7)),
        (Cat(Conv(64), Conv(32, 3)), (3, 8, 8), (96, 8, 8)),
        (Seq(Pool("global"), Linear(10)), (64, 7, 7), (10, 1, 1)),
        (Aux(Conv(7), Linear(3)), (2, 8, 8), (7, 8, 8)),
        (Repeat(4, Conv(8, 3, 2), Conv(8, 3)), (3, 32, 32), (8, 16, 16)),
    ],
)
def test_output_shapes(node, shape, expected):
    assert output_shape(node, shape) == expected


@pytest.mark.parametrize(
    ("node", "shape", "rule"),
    [
        (Conv(6, 3, groups=4), (8, 4, 4), "cannot split .* groups; use a divisor of both"),
        (Conv(8, 3, groups=3), (8, 4, 4), "cannot split .* groups; use a divisor of both"),
        (Pool("max", 7), (8, 4, 4), "larger input"),
        (Sum(Conv(8), Conv(9)), (3, 4, 4), "must be equal"),
        (Sum(Conv(8, 3, 2), Seq()), (8, 4, 4), "must be equal"),
        (Cat(Conv(8), Conv(8, 3, 2)), (3, 4, 4), "height and width"),
        (Repeat(2, Conv(8), Conv(9)), (3, 4, 4), "keep their input's shape"),
        (
            Conv(np.array([8, 9]), groups=np.array([4, 4])),
            (8, 4, 4),
            "cannot split .* groups; use a divisor of both",
        ),
    ],
)
def test_layers_that_do_not_fit_name_the_rule(node, shape, rule):
    with pytest.raises(UsageError, match=rule):
        output_shape(node, shape)


def test_shortcut_is_the_identity_where_the_shape_is_kept_else_a_projection():
    assert list(walk(Shortcut(64), (64, 8, 8))) == []
    visits = list(walk(Shortcut(64, 2, label="downsample"), (64, 8, 8)))
    assert [(visit.path, type(visit.node)) for visit in visits] == [
        ("downsample.0", Conv),
        ("downsample.1", Norm),
    ]
    assert visits[-1].output == (64, 4, 4)


def test_shortcuts_of_arrays_are_masked_element_by_element():
    visits = list(walk(Shortcut(np.array([64, 32, 64])), (np.array([64, 64, 32]), 8, 8)))
    assert visits[0].times.tolist() == [0, 1, 1]


def test_rows_of_table_1():
    """Table 1 of the ResNeXt paper: names and output sizes; the max pool belongs to conv2."""
    rows = stages(parse("resnext50_32x4d"))
    assert [(row.name, row.output[1]) for row in rows] == [
        ("conv1", 112),
        ("conv2", 56),
        ("conv3", 28),
        ("conv4", 14),
        ("conv5", 7),
        ("head", 1),
    ]
    assert [row.repeat.n for row in rows if row.repeat] == [3, 4, 6, 3]
    assert isinstance(rows[1].nodes.children[0], Pool)
    assert [row.name for row in stages(parse("wrn_28_10"))] == [
        *("conv1", "conv2", "conv3", "conv4", "head")
    ]
