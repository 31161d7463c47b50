"""RegNets as arrays of designs: each is what it is alone, however many stages it has."""

from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import examples

import archscope
from archscope.arch import arrays, structure
from archscope.arch.families.regnet import ramps
from archscope.arch.families.regnet.ramps import ramp
from archscope.arch.nodes import Conv, Norm, Repeat, Seq
from archscope.arch.shape import output_shape
from archscope.cost import count
from archscope.errors import UsageError
from archscope.explore.design.limits import METRICS

ROWS = st.tuples(
    st.integers(4, 28),
    st.integers(1, 32).map(lambda n: 8 * n),
    st.decimals("0.5", "256", places=2).map(float),
    st.sampled_from([1.25, 1.5, 2.0, 2.25, 2.5, 3.0])
    | st.decimals("1.01", "3", places=2).map(float),
)


def as_published(depth, w0, wa, wm):
    """Section 3.3 of the paper, block by block: the stages' widths and blocks."""
    every = []
    for block in range(depth):
        step = round(log((w0 + wa * block) / w0) / log(wm))
        every.append(round(w0 * wm**step / 8) * 8)
    return [(width, every.count(width)) for width in sorted(set(every))]


@examples(40, 400, st.lists(ROWS, min_size=1, max_size=12))
def test_the_stages_of_arrays_are_those_of_each_design(rows):
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    blocks, widths = ramp(dict(zip(("depth", "w0", "wa", "wm"), columns, strict=True)))
    for design, row in enumerate(rows):
        wanted = as_published(*row)
        pairs = zip(widths, blocks, strict=True)
        found = [(width[design], number[design]) for width, number in pairs]
        assert found[: len(wanted)] == wanted
        assert all(pair == (wanted[-1][0], 0) for pair in found[len(wanted) :])
        numbers = dict(zip(("depth", "w0", "wa", "wm"), row, strict=True))
        assert list(zip(*reversed(ramp(numbers)), strict=True)) == wanted


@pytest.mark.parametrize("rounding", ["even", "up"])
@pytest.mark.parametrize("name", ["regnetx", "regnety"])
def test_arrays_of_every_axis_cost_what_each_design_costs(name, rounding):
    family, rng = getattr(archscope, name), np.random.default_rng(1)
    depth, w0 = rng.integers(4, 29, 40), 8 * rng.integers(1, 33, 40)
    wa, wm = rng.integers(10, 2560, 40) / 10, rng.integers(105, 300, 40) / 100
    group = 8 * rng.integers(1, 33, 40)
    every = count(family(depth, w0, wa, wm, group, rounding=rounding))
    for design in range(40):
        numbers = [column[design].item() for column in (depth, w0, wa, wm, group)]
        alone = count(family(*numbers, rounding=rounding))
        assert [getattr(alone, one) for one in METRICS] == [
            getattr(every, one)[design] for one in METRICS
        ]


def test_designs_are_the_same_in_blocks_of_any_size(monkeypatch):
    """A wm near 1 skips powers, and w0 of 8 has many stages: both stand apart in a block."""
    rng = np.random.default_rng(2)
    wm = np.where(rng.random(60) < 0.2, 1.1, 2.5)
    columns = rng.integers(4, 29, 60), 8 * rng.integers(1, 9, 60), rng.integers(4, 90, 60), wm
    group = 8 * rng.integers(1, 9, 60)
    whole = count(archscope.regnetx(*columns, group))
    for module in (arrays, ramps):
        monkeypatch.setattr(module, "_BLOCK", 7)
    cut = count(archscope.regnetx(*columns, group))
    for one in METRICS:
        assert getattr(whole, one).tolist() == getattr(cut, one).tolist()


def test_some_numbers_may_be_arrays_and_others_not():
    both = count(archscope.regnetx(13, 24, np.array([36.44, 20.0]), 2.49, 8))
    assert both.params[0] == count(archscope.network("regnetx_13_24_36.44_2.49_8")).params
    assert both.params[1] == count(archscope.regnetx(13, 24, Fraction(20), 2.49, 8)).params
    with pytest.raises(UsageError, match=r"wm 0\.9 must be above 1"):
        archscope.regnetx(13, 24, 36.44, np.array([2.5, 0.9]), 8)


def stages(first, second):
    """A stem and two stages of other widths, the first of which halves the map."""
    tree = [Conv(8, 3)]
    for number, out, stride in ((first, 16, 2), (second, 24, 1)):
        block = Seq(Conv(out, 3), Norm())
        tree.append(Repeat(number, Seq(Conv(out, 3, stride), Norm()), block))
    return Seq(*tree, Conv(5))


def without(number, stage):
    """The same tree, where the stage has no blocks."""
    children = list(stages(number, number).children)
    del children[1 + stage]
    return Seq(*children)


def test_a_stage_without_blocks_is_the_identity_in_an_array(monkeypatch):
    first, second = np.array([1, 0, 3, 2]), np.array([2, 3, 0, 1])
    alone = [stages(1, 2), without(3, 0), without(3, 1), stages(2, 1)]
    wanted = [[getattr(count(one, (3, 8, 8)), metric) for one in alone] for metric in METRICS]
    tree = stages(first, second)
    assert [getattr(count(tree, (3, 8, 8)), metric).tolist() for metric in METRICS] == wanted
    _, height, width = output_shape(tree, (3, 8, 8))
    assert height.tolist() == width.tolist() == [4, 8, 4, 4]
    # Designs with and without a stage may also stand in one pass.
    monkeypatch.setattr(structure, "_stage_blocks", lambda _: iter(()))
    assert [getattr(count(tree, (3, 8, 8)), metric).tolist() for metric in METRICS] == wanted
    nothing = np.array([0, 0])
    assert count(stages(nothing, nothing), (3, 8, 8)).params.tolist() == [256, 256]
    with pytest.raises(UsageError, match="must be at least 1, not 0"):
        stages(0, 1)
