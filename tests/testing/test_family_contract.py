"""A family that lies is caught, with the sentence that says where."""

import pytest

from archscope.arch.families.axis import COSTS, Axis
from archscope.arch.families.family import family
from archscope.arch.families.spelling import Names
from archscope.arch.nodes import Cat, Conv, Seq
from archscope.testing import check_family


def made(tree, *, names="own[_{width}]", known=("own_3",), **axis):
    """A family of one axis; `tree` gives its layers."""

    @family(
        Names(names, known=known), Axis("width", range(1, 9), **axis), input=(3, 8, 8), classes=2
    )
    def own(width: int, *, classes: int) -> Seq:
        return tree(width, classes)

    return own


def honest(width, classes):
    return Seq(Conv(20 + width, 3), Conv(classes, 1))


def falling(width, classes):
    return Seq(Conv(20 - 2 * width, 3), Conv(classes, 1))


def not_of_arrays(width, classes):
    return honest(3 if getattr(width, "ndim", 0) else width, classes)


def looped(width, classes):
    return Seq(*(Conv(4, 3) for _ in range(width)), Conv(classes, 1))


def twice_below(width, classes):
    """The same label in two blocks without one: both are parts of the network itself."""
    return Seq(*(Seq(Conv(20 + width, 3, label="a")) for _ in range(2)), Conv(classes, 1))


def fewer_biases(width, classes):
    """As many params, more multiply-adds; but fewer biases, which have 4 bytes in int8."""
    parts = Cat(Conv(5 * (9 - width), bias=True), Conv(6 * width))
    return Seq(parts, Conv(classes, 1))


def test_an_honest_family_passes_wherever_it_stands():
    check_family(made(honest))
    check_family(made(falling, grows=()))
    check_family(made(looped, arrays=False, most=9))


@pytest.mark.parametrize(
    ("own", "says"),
    [
        (made(falling), "activations was seen to fall while width grows"),
        (made(falling, grows=("params",)), "params was seen to fall while width grows"),
        (made(honest, grows=COSTS[1:]), "params was never seen to fall while width grows"),
        (made(lambda width, _: honest(width, 5)), "asked for 7 classes, it has 5"),
        (made(honest, known=("own_x",)), "lists own_x as known, but cannot read it"),
        (made(honest, spelled="[1-3]"), "is not read by its own family"),
        (made(not_of_arrays), "an array of width gives other params"),
        (made(looped), "own takes no array of width .* declare arrays=False"),
        (made(looped, arrays=False), "width is taken one number at a time, .* give its axis most"),
        (made(twice_below), "the label a is used twice in one part of own_"),
        (made(fewer_biases), "weights with batch norm folded fell while width grew"),
    ],
)
def test_one_that_lies_is_caught(own, says):
    with pytest.raises(AssertionError, match=says):
        check_family(own)


def test_one_that_makes_another_network_each_time_is_caught():
    seen = []

    def forgetful(width, classes):
        seen.append(width)
        return honest(width + len(seen), classes)

    with pytest.raises(AssertionError, match="another network"):
        check_family(made(forgetful))
