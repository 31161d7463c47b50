"""Factors of widths and depths: one rule for a number and for an array of them."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import examples

import archscope
from archscope.arch.families.blocks import divisible
from archscope.arch.nodes import Repeat, Sum
from archscope.arch.scaling import Fractions, exact, rounded_up, times
from archscope.cost import count
from archscope.errors import UsageError
from archscope.explore.design.inverse import inverse
from archscope.explore.design.limits import METRICS

DECIMALS = st.decimals("0.01", "40", places=2).map(lambda value: Fraction(str(value)))


def made_divisible(width: Fraction, divisor: int) -> int:
    """The rule as TensorFlow's models have it, in exact numbers."""
    nearest = max(divisor, floor(width + Fraction(divisor, 2)) // divisor * divisor)
    return nearest + divisor if nearest < Fraction(9, 10) * width else nearest


@examples(
    50, 500, st.lists(DECIMALS, min_size=1, max_size=20), st.integers(1, 700), st.integers(1, 32)
)
def test_arrays_are_rounded_as_each_of_them_alone(factors, planes, divisor):
    wanted = [made_divisible(planes * factor, divisor) for factor in factors]
    array = exact(np.array([float(factor) for factor in factors]), "width")
    assert divisible(planes * array, divisor).tolist() == wanted
    assert [divisible(planes * factor, divisor) for factor in factors] == wanted
    assert rounded_up(planes * array).tolist() == [rounded_up(planes * one) for one in factors]
    channels = np.arange(planes, planes + len(factors))
    by_one = [made_divisible(one * factors[0], divisor) for one in channels.tolist()]
    assert divisible(times(channels, factors[0]), divisor).tolist() == by_one


def test_the_decimals_of_floats_are_those_that_were_written():
    array = exact(np.array([0.1, 0.35, 1.4, 3.0]), "width")
    assert array.denominator == 100 and array.numerator.tolist() == [10, 35, 140, 300]
    assert exact(np.array([3, 5]), "width").denominator == 1 and exact(array) is array
    assert (np.arange(2, 6) * array).numerator.tolist() == [20, 105, 560, 1500]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([0.5, 0.0], "above 0"),
        ([1 / 3], "nine behind it"),
        ([1e7], "at most six digits"),
        ([float("nan")], "above 0"),
        (["a"], "array of numbers"),
        ([0], "must be at least 1, not 0"),
    ],
)
def test_no_factors(values, says):
    with pytest.raises(UsageError, match=says):
        exact(np.array(values), "width")


def test_a_width_past_64_bits_is_refused():
    with pytest.raises(UsageError, match="more than a 64-bit integer holds"):
        divisible(10**6 * Fractions(np.array([10**12]), 1))


def costs(network):
    total = count(network)
    return [np.broadcast_to(getattr(total, metric), 1).tolist()[0] for metric in METRICS]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mobilenet_v2", ("width", "depth", "expansion", "channels")),
        ("mobilenet_v3_large", ("width",)),
        ("mobilenet_v3_small", ("width",)),
        ("mnasnet", ("width",)),
        ("efficientnet", ("width", "depth", "resolution")),
        ("efficientnet_v2", ("width",)),
    ],
)
def test_arrays_of_every_axis_at_once_cost_what_each_design_costs(name, words):
    """Widths from where all channels are 8 on, and blocks with and without a first 1x1."""
    family, rng = getattr(archscope, name), np.random.default_rng(0)
    draws = {
        "width": lambda: rng.integers(2, 250, 12) / 100,
        "depth": lambda: rng.integers(5, 31, 12) / 10,
        "resolution": lambda: 32 * rng.integers(1, 9, 12),
    }
    if name == "mobilenet_v2":
        most = {"depth": 4, "expansion": 3, "channels": 40}
        for word, end in most.items():
            draws[word] = lambda end=end: [rng.integers(1, end + 1, 12) for _ in range(7)]
        draws["channels"] = lambda: [8 * rng.integers(1, 6, 12) for _ in range(7)]
    arrays = {word: draws[word]() for word in words}
    every = count(family(**arrays))
    for design in range(12):
        single = {
            word: [stage[design].item() for stage in value]
            if isinstance(value, list)
            else value[design].item()
            for word, value in arrays.items()
        }
        wanted = [getattr(every, metric)[design] for metric in METRICS]
        assert costs(family(**single)) == wanted, single


def sums(node, design):
    """How many shortcuts a design of an array has."""
    if isinstance(node, Repeat):
        number = node.n[design] if np.ndim(node.n) else node.n
        blocks = [sums(part, design) for part in node.parts()]
        return blocks[0] + (number - 1) * blocks[1] if number else 0
    return isinstance(node, Sum) + sum(sums(part, design) for part in node.parts())


@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3_large", "mnasnet", "efficientnet"])
def test_a_design_of_an_array_has_the_shortcuts_that_it_has_alone(name):
    """At a small width more blocks keep their channels."""
    family, widths = getattr(archscope, name), np.array([0.05, 0.2, 0.3, 1.0])
    every = family(widths).tree
    alone = [sums(family(width).tree, 0) for width in widths.tolist()]
    assert [sums(every, design) for design in range(4)] == alone and len(set(alone)) > 1


@pytest.mark.parametrize(
    ("name", "free"),
    [("efficientnet", ["width"]), ("mobilenet_v2", ["width"]), ("efficientnet_v2", ["width"])],
)
def test_a_family_alone_leaves_its_main_axis_free(name, free):
    found = inverse(name, "1GMACs")
    assert found.answers[0].space.free == free
    assert "Proof by monotone bisection" in found.document()["answers"][0]["proof"]["statement"]


def test_members_with_stages_of_their_own_have_names():
    name = "mobilenet_v2_0.5_d1_2_3_1_3_3_1_e1_6_6_4_6_6_6"
    network = archscope.network(name)
    assert network.name == name
    stages = [child for child in network.tree.children if isinstance(child, Repeat)]
    assert [stage.n for stage in stages] == [1, 2, 3, 1, 3, 3, 1]
    assert archscope.mobilenet_v2(0.5, depth=(1, 2, 3, 4, 3, 3, 1)).name == "mobilenet_v2_0.5"
