"""Eq. 4 for any block: the tree's counts against sums written out here, and the nearest width."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties import examples

import archscope as a
from archscope.arch.nodes import Conv, Seq
from archscope.arch.papers.eq4 import Block, solve_width
from archscope.errors import InfeasibleError, UsageError
from archscope.explore.design.templates.kinds import KINDS, Paths
from archscope.explore.design.templates.solve import solve_templates

# Weights of each block on s.w_in channels, norms and shortcut left out; n are its numbers.
SUMS = {
    "bottleneck": lambda s, n, w: (
        n.cardinality * w * (s.w_in + s.w_out) + n.cardinality * s.kernel**2 * w * w
    ),
    "basic": lambda s, n, w: s.kernel**2 * w * (s.w_in + s.w_out),
    # 2 layers of the gate, with bias, on out / 16 channels.
    "se": lambda s, n, w: (
        n.cardinality * w * (s.w_in + s.w_out)
        + n.cardinality * s.kernel**2 * w * w
        + (2 * s.w_out + 1) * max(1, s.w_out // 16)
        + s.w_out
    ),
    # A 3x3 on each split but the last, grouped by the cardinality.
    "res2net": lambda s, n, w: (
        n.cardinality * n.splits * w * (s.w_in + s.w_out)
        + max(1, n.splits - 1) * n.cardinality * s.kernel**2 * w * w
    ),
    "depthwise": lambda s, n, w: w * (s.w_in + s.kernel**2 + s.w_out),
    "inverted": lambda s, n, w: w * (s.w_in + s.kernel**2 + s.w_out),
    # The gate's inner channels are a quarter of the block's input.
    "mbconv": lambda s, n, w: (
        w * (s.w_in + s.kernel**2 + s.w_out)
        + (2 * w + 1) * max(1, s.w_in // 4)
        + w
    ),
    "fused": lambda s, n, w: w * (s.w_in * s.kernel**2 + s.w_out),
    "shuffle": lambda s, n, w: w * (2 * (s.w_in // 2) + s.kernel**2),
    "dense": lambda s, n, w: 4 * w * s.w_in + s.kernel**2 * 4 * w * w,
    # Depthwise convolution, two 1x1, all with bias; the learned factor.
    "convnext": lambda s, n, w: (
        s.w_in * s.kernel**2 + s.w_in + s.w_in * w + w + w * s.w_in + s.w_in + s.w_in
    ),
}  # fmt: skip
BUDGET = 69_632  # 256*64 + 9*64*64 + 64*256


def sized(kind, w_in=256, w_out=None, kernel=None):
    return kind.sized(w_in, None if kind.keeps else w_out, kernel, 56)


def test_every_block_has_its_sum():
    assert SUMS.keys() == KINDS.keys()


@pytest.mark.parametrize(
    ("name", "number", "width", "params"),
    [
        # Table 2 of ResNeXt; section 4.2 of Res2Net, but for its 26; DenseNet-BC's k = 32.
        *(("bottleneck", 1, 64, 69_632), ("bottleneck", 8, 14, 71_456)),
        *(("bottleneck", 32, 4, 70_144), ("res2net", 1, 64, 69_632)),
        *(("res2net", (1, 2), 48, 69_888), ("res2net", (1, 4), 25, 68_075)),
        *(("res2net", (1, 8), 14, 69_692), ("res2net", (8, 4), 4, 68_992)),
        *(("dense", 1, 32, 69_632), ("basic", 1, 15, 69_120), ("se", 1, 59, 70_001)),
        *(("depthwise", 1, 134, 69_814), ("inverted", 1, 134, 69_814), ("mbconv", 1, 107, 69_614)),
        *(("fused", 1, 27, 69_120), ("shuffle", 1, 263, 69_695), ("convnext", 1, 110, 69_742)),
    ],
)
def test_the_width_at_the_papers_budget(name, number, width, params):
    kind = KINDS[name]
    size = sized(kind)
    paths = number if isinstance(number, tuple) else (number,)
    (found,) = solve_templates(kind, [number := Paths(*paths)], size=size).templates
    assert (found.width, found.params) == (width, params)
    assert SUMS[name](size, number, width) == params
    off = {w: abs(SUMS[name](size, number, w) - BUDGET) for w in range(1, 300)}
    assert min(off, key=off.get) == width


def test_the_papers_even_width_is_told():
    found = a.solve(block="res2net", splits=[2, 4, 8])
    assert [one.width for one in found.templates] == [48, 25, 14]
    assert found.notes()[1] == "At 4 splits the Res2Net paper has 26, the nearest even width."
    even = a.solve(block="res2net", splits=4, rounding=2)
    assert even.templates[0].width == 26
    assert even.notes() == ["At 4 splits the width is that of the Res2Net paper."]
    grouped = a.solve(block="res2net", cardinality=8, splits=[4, 2])
    assert [one.name for one in grouped.templates] == ["8c4w4s", "8c8w2s"]
    assert grouped.notes() == [
        "At cardinality 8 and 4 splits the width is that of the Res2Net paper."
    ]
    other = a.solve(block="res2net", splits=4, w_in=128)
    assert other.notes() == [] and other.document()["templates"][0]["published_width"] is None


CHANNELS = st.integers(1, 600)


@examples(
    60,
    400,
    st.sampled_from(sorted(KINDS)),
    st.tuples(st.integers(1, 12), st.integers(1, 9)),
    st.tuples(CHANNELS, CHANNELS, st.sampled_from([1, 3, 5, 7])),
    st.integers(1, 10**7),
)
def test_the_width_found_is_the_nearest(name, number, channels, budget):
    kind = KINDS[name]
    cardinality, splits = number
    number = Paths(
        cardinality if "cardinality" in kind.words else 1, splits if "splits" in kind.words else 1
    )
    w_in, w_out, kernel = channels
    size = sized(kind, w_in + w_in % 2, w_out, kernel)

    def total(width):
        return SUMS[name](size, number, width)

    def solved(rounding):
        (one,) = solve_templates(
            kind, [number], size=size, budget=budget, rounding=rounding
        ).templates
        return one

    if total(1) > budget:
        with pytest.raises(InfeasibleError, match="its narrowest"):
            solved("nearest")
        return
    nearest, floor, ceil = map(solved, ("nearest", "floor", "ceil"))
    assert total(floor.width) == floor.params <= budget < total(floor.width + 1)
    assert ceil.width == floor.width + (floor.params < budget)
    half = floor.width + Fraction(1, 2)
    assert nearest.width == floor.width + (total(half) <= budget)
    assert floor.width <= nearest.exact < floor.width + 1
    assert total(nearest.exact) == pytest.approx(budget)
    even = solved(2).width
    assert even % 2 == 0 and total(even + 1) > budget and (even == 2 or total(even - 1) <= budget)


@settings(max_examples=30)
@given(st.integers(1, 400), st.integers(1, 10**6), CHANNELS, CHANNELS, st.sampled_from([1, 3]))
def test_the_bottlenecks_tree_gives_eq_4(cardinality, budget, w_in, w_out, kernel):
    block = Block(w_in, w_out, kernel)
    try:
        one = solve_width(cardinality, budget=budget, block=block)
    except InfeasibleError:
        return
    (other,) = solve_templates(
        KINDS["bottleneck"], [Paths(cardinality)], size=block, budget=budget
    ).templates
    assert (other.name, other.params, other.macs) == (one.name, one.params, one.macs)
    assert other.exact == pytest.approx(one.exact)


def test_a_block_of_ones_own():
    found = a.solve(block=lambda width: Seq(Conv(width, 5), Conv(256)), budget="70k")
    assert [(one.name, one.width) for one in found.templates] == [("w11", 11)]  # 6,400 + 256 each
    with pytest.raises(UsageError, match="must grow with its width"):
        a.solve(block=lambda width: Seq(Conv(8)))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"block": "bottlneck"}, "a block is one of bottleneck, basic"),
        ({"block": "inverted", "cardinality": 2}, "inverted block has no cardinality"),
        ({"block": "se", "splits": 2}, "se block has no splits"),
        ({"block": "se", "width": 2}, "is what is solved for"),
        ({"block": "dense", "w_out": 9}, "follow from its input and width"),
        ({"block": "shuffle", "w_in": 9}, "even --in"),
        ({"block": "se", "kernel": 4}, "odd kernel"),
        ({"block": "res2net", "splits": 1001}, "at most 1,000"),
        ({"block": "res2net", "splits": 0}, "at least 1"),
        ({"block": "se", "cardinality": list(range(1, 1002))}, "at most 1,000 templates"),
        ({"block": "se", "reference": "1x64d", "budget": 9}, "decides the budget"),
        ({"block": "se", "rounding": "up"}, "nearest, floor, ceil"),
    ],
)
def test_a_mistake_is_told(asked, words):
    with pytest.raises(UsageError, match=words):
        a.solve(**asked)


@pytest.mark.parametrize(
    ("name", "weights"), [("inverted", 256 + 9 + 256), ("fused", 9 * 256 + 256)]
)
def test_a_block_that_widens_nothing_is_no_exception(name, weights):
    """Families leave the first 1x1 out where it would keep the channels: Eq. 4 does not."""
    (found,) = a.solve(block=name, budget=256 * weights).templates
    assert (found.width, found.params) == (256, 256 * weights)
