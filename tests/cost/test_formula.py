"""Counts against sources that are not ours: published tables, torchvision's metadata, hand sums."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.arch import families, shape
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Grow,
    Linear,
    Norm,
    Repeat,
    Seq,
    Shortcut,
    Sum,
    array_fields,
)
from archscope.arch.rebuild import rebuild
from archscope.cost import count
from archscope.cost.formula import BLOCK, count_stages
from archscope.cost.memory import memory
from archscope.errors import UsageError

# torchvision 0.29, weights metadata: num_params, and _ops in GMACs to three decimals.
TORCHVISION = {
    "resnet18": (11_689_512, 1.814),
    "resnet34": (21_797_672, 3.664),
    "resnet50": (25_557_032, 4.089),
    "resnet101": (44_549_160, 7.801),
    "resnet152": (60_192_808, 11.514),
    "resnext50_32x4d": (25_028_904, 4.23),
    "resnext101_32x8d": (88_791_336, 16.414),
    "resnext101_64x4d": (83_455_272, 15.46),
    "wide_resnet50_2": (68_883_240, 11.398),
    "wide_resnet101_2": (126_886_696, 22.753),
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_published_numbers(name):
    cost = count(parse(name))
    assert (cost.params, round(cost.macs / 1e9, 3)) == TORCHVISION[name]


@pytest.mark.parametrize(
    ("name", "params", "macs", "activations"),
    [
        ("resnet50", 25_557_032, 4_089_184_256, 11_114_984),
        ("resnext50_32x4d", 25_028_904, 4_230_479_872, 14_401_512),
    ],
)
def test_figures_measured_with_fvcore_elsewhere(name, params, macs, activations):
    cost = count(parse(name))
    assert (cost.params, cost.macs, cost.activations) == (params, macs, activations)


@pytest.mark.parametrize(
    ("name", "millions"),
    # Wide ResNet, Tables 4 and 5, as printed.
    [
        *(("wrn_40_1", 0.6), ("wrn_40_2", 2.2), ("wrn_40_4", 8.9), ("wrn_40_8", 35.7)),
        *(("wrn_28_10", 36.5), ("wrn_28_12", 52.5), ("wrn_22_8", 17.2), ("wrn_22_10", 26.8)),
        *(("wrn_16_8", 11.0), ("wrn_16_10", 17.1), ("resnet110", 1.7)),
        # ResNeXt, Table 7.
        ("resnext29_8x64d", 34.4),
    ],
)
def test_published_parameter_counts(name, millions):
    assert round(count(parse(name)).params / 1e6, 1) == pytest.approx(millions, abs=0.051)


@pytest.mark.parametrize(
    ("template", "millions"),
    [("1x64d", 4.894), ("2x64d", 9.105), ("16x64d", 68.054), ("1x384d", 95.621)],
)
def test_abscissae_of_figure_7(template, millions):
    """The paper's counts leave batch norm out: convolutions and classifier."""
    rows = count(parse(f"resnext29_{template}")).nodes
    params = sum(row.params for row in rows if not isinstance(row.node, Norm))
    assert params / 1e6 == pytest.approx(millions, abs=0.0008)


def test_block_sums_worked_by_hand_in_a_lecture():
    """conv2's first block on 64 channels, convolutions only and without the projection."""
    for cardinality, width, expected in ((1, 64, 57_344), (32, 4, 45_568)):
        out = cardinality * width
        block = Seq(Conv(out), Conv(out, 3, groups=cardinality), Conv(256))
        assert count(block, (64, 56, 56)).params == expected


def test_every_node_by_hand():
    tree = Seq(
        Conv(8, 3, 2, bias=True),  # 3*8*9 + 8 = 224; 8x4x4 = 128 outputs of 27 macs
        Norm(),  # 16
        Repeat(3, Conv(6, 1), Conv(6, (1, 3), groups=2)),  # 48; 2 * 6*3*3 = 108
        Cat(Conv(2), Seq()),  # 12
        Sum(Conv(8, 1), Shortcut(8), Shortcut(4 * 2, norm=False)),  # 64, identity, identity
        Aux(Linear(5), Linear(7)),  # 128*5 + 5 = 645; side: 128*7 + 7 = 903
    )
    cost = count(tree, (3, 8, 8))
    assert cost.params == 224 + 16 + 48 + 2 * 54 + 12 + 64 + 645 + 903
    assert cost.macs == 16 * (8 * 27 + 48 + 2 * 54 + 12 + 64) + 640
    assert cost.activations == 16 * (8 + 6 + 2 * 6 + 2 + 8) + 5


@pytest.mark.parametrize("name", ["resnext50_32x4d", "wrn_16_1", "resnet20", "resnet50-noshortcut"])
def test_stages_and_nodes_add_up_to_the_whole(name):
    network = parse(name)
    whole = count(network)
    for key in ("params", "macs", "activations"):
        assert sum(getattr(cost, key) for _, cost in count_stages(network)) == getattr(whole, key)
        assert sum(getattr(row, key) for row in whole.nodes) == getattr(whole, key)


def test_without_shortcuts_only_projections_go():
    whole, bare = count(parse("resnet50")), count(parse("resnet50-noshortcut"))
    # 1x1 projections with batch norm: 64->256, 256->512, 512->1024, 1024->2048.
    projections = 64 * 256 + 256 * 512 + 512 * 1024 + 1024 * 2048 + 2 * (256 + 512 + 1024 + 2048)
    assert whole.params - bare.params == projections


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_an_array_of_designs_counts_as_each_alone(seed):
    rng = np.random.default_rng(seed)
    cardinality, width = rng.integers(1, 65, 5), rng.integers(1, 65, 5)
    blocks = [rng.integers(1, 9, 5) for _ in range(4)]
    together = count(families.resnext(blocks, cardinality, width))
    widen = rng.integers(1, 5, 5)
    wide = count(families.wrn(16, widen))
    for index in range(5):
        alone = count(
            families.resnext(
                [int(row[index]) for row in blocks], int(cardinality[index]), int(width[index])
            )
        )
        thin = count(families.wrn(16, int(widen[index])))
        for key in ("params", "macs", "activations"):
            assert getattr(together, key)[index] == getattr(alone, key)
            assert getattr(wide, key)[index] == getattr(thin, key)
    assert together.params.dtype == np.int64 and together.nodes == ()


def test_arrays_are_cut_into_blocks_without_a_seam():
    width = np.arange(1, 2 * BLOCK + 4)
    together = count(families.resnext((1, 1, 1, 1), 2, width))
    for index in (0, BLOCK - 1, BLOCK, 2 * BLOCK, 2 * BLOCK + 2):
        alone = count(families.resnext((1, 1, 1, 1), 2, int(width[index])))
        assert together.macs[index] == alone.macs


def test_an_overflow_is_an_error_that_names_the_design():
    huge = np.array([4, 10**6, 10**7])
    with pytest.raises(UsageError, match=r"design 2 of the array comes to .* more than a 64-bit"):
        count(families.resnext((3, 4, 6, 3), np.array([1, 1, 10**5]), huge))


def test_a_loose_bound_alone_is_no_overflow():
    """Cardinality and width are large in different designs: each of them fits."""
    cardinality, width = np.array([1, 10**6]), np.array([10**6, 1])
    together = count(families.resnext((3, 4, 6, 3), cardinality, width))
    alone = count(families.resnext((3, 4, 6, 3), 10**6, 1))
    assert together.macs[1] == alone.macs


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint64"])
def test_narrow_numbers_do_not_wrap(dtype):
    """resnet50 by its own numbers, whatever integers NumPy keeps them in."""
    one, width = np.array([1], dtype), np.array([64], dtype)
    assert count(families.resnext(cardinality=one, width=width)).params.tolist() == [25_557_032]
    cost = count(families.resnext(cardinality=one[0], width=width[0]))
    assert (cost.params, cost.macs) == (25_557_032, 4_089_184_256)
    assert type(cost.params) is int


def test_a_product_that_wraps_is_an_error_and_not_a_small_number():
    huge = np.array([2**32])
    with pytest.raises(UsageError, match="more than a 64-bit"):
        count(families.resnext(cardinality=huge, width=huge))
    with pytest.raises(UsageError, match="more than a 64-bit"):
        Conv(np.array([2**63 + 5], dtype="uint64"))


@pytest.mark.parametrize(
    "make",
    [
        *(lambda n=n: Repeat(n, Conv(8), Conv(8)) for n in (0, -1, np.array([-1, 1]))),
        *(lambda out=out: Conv(out) for out in (0, -8, 4.5, "8", np.array([1, 0]))),
        *(lambda groups=groups: Conv(8, groups=groups) for groups in (0, np.array([0, 2]))),
        *(lambda stride=stride: Shortcut(8, stride) for stride in (0, 1.0)),
        *(lambda kernel=kernel: Conv(8, kernel) for kernel in (0, (1, 0), np.array([3, 5]))),
        lambda: Linear(0),
    ],
)
def test_numbers_below_one_or_not_whole_are_no_node(make):
    with pytest.raises(UsageError):
        make()


@pytest.mark.parametrize(
    "tree",
    [
        Sum(Seq(Conv(4, 3, np.array([1, 2])), Conv(4, 3, np.array([2, 1]))), Conv(4, 1, 2)),
        Sum(Cat(Conv(np.array([1, 3])), Conv(np.array([3, 1]))), Conv(4)),
    ],
)
def test_designs_whose_largest_numbers_fit_no_network_together(tree):
    """The bound against overflow mixes designs; where it is no network, each is looked at."""
    together = count(tree, (3, 8, 8))
    for index in (0, 1):
        alone = count(_design(tree, index), (3, 8, 8))
        assert (together.params[index], together.macs[index]) == (alone.params, alone.macs)


def _design(tree, index):
    def pick(node):
        found = array_fields(node)
        return replace(node, **{key: int(value[index]) for key, value in found.items()})

    return rebuild(tree, lambda node: pick(node) if array_fields(node) else node)


@pytest.mark.parametrize(
    ("arrays", "rule"),
    [
        ((np.array([1.5, 2.0]), 4), "whole numbers"),
        ((np.array([[1, 2]]), 4), "one-dimensional"),
        ((np.array([1, 2]), np.array([1, 2, 3])), "equally long"),
    ],
)
def test_arrays_are_checked(arrays, rule):
    with pytest.raises(UsageError, match=rule):
        count(Seq(Conv(arrays[0]), Conv(arrays[1])), (3, 8, 8))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.integers(1, 5)] * 4), min_size=2, max_size=4))
def test_repeats_within_repeats_and_side_heads_count_as_each_alone(rows):
    def tree(inner, outer, groups, width):
        block = Seq(Conv(groups * width, 3, groups=groups), Norm(), Shortcut(groups * width))
        stage = Repeat(inner, Seq(Conv(groups * width)), block)
        return Seq(Repeat(outer, stage, stage), Aux(Conv(4), Repeat(inner, Linear(9), Linear(9))))

    together = count(tree(*map(np.array, zip(*rows, strict=True))), (6, 5, 5))
    for index, row in enumerate(rows):
        alone = count(tree(*row), (6, 5, 5))
        for key in ("params", "macs", "activations"):
            assert getattr(together, key)[index] == getattr(alone, key)


def test_one_array_in_two_places_counts_as_two_equal_ones():
    """The walk skips what it need not check twice, so the first place must be checked."""
    width, groups = np.array([8, 12, 20]), np.array([4, 4, 4])
    shared = Seq(Conv(width), Conv(width, 3, groups=groups))
    apart = Seq(Conv(width), Conv(width.copy(), 3, groups=groups))
    assert (count(shared, (3, 8, 8)).macs == count(apart, (3, 8, 8)).macs).all()
    width[1] = 13
    for tree in (shared, apart):
        with pytest.raises(UsageError, match=r"cannot split .* groups; use a divisor of both"):
            count(tree, (3, 8, 8))


def test_an_array_that_was_changed_in_place_is_checked_anew():
    width = np.array([64, 8])
    families.resnext((1, 1, 1, 1), 1, width)
    width[1] = 0
    with pytest.raises(UsageError, match="must be at least 1, not 0"):
        families.resnext((1, 1, 1, 1), 1, width)


def test_no_design_is_no_count():
    assert count(Conv(np.array([], dtype=int)), (3, 8, 8)).params.shape == (0,)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9])
def test_what_grows_costs_in_closed_form_what_it_costs_one_by_one(monkeypatch, n):
    body = Seq(Norm(), Act(), Conv(8, bias=True), Norm(), Conv(3, 3))
    tree = Seq(Conv(5, 3), Grow(n, body), Conv(4))
    one_by_one = count(tree, (3, 7, 7))
    monkeypatch.setattr(shape, "MOST_VISITED", 0)
    closed = count(tree, (3, 7, 7))
    found = (closed.params, closed.macs, closed.activations)
    assert found == (one_by_one.params, one_by_one.macs, one_by_one.activations)


@pytest.mark.parametrize("body", [Act(), Cat(Conv(2), Norm())])
def test_what_grows_by_ever_more_is_refused_where_it_has_no_closed_form(body):
    with pytest.raises(UsageError, match="must give as many channels each time"):
        count(Seq(Grow(np.array([1, 2, 3]), body), Conv(2)), (4, 5, 5))


def test_what_grows_a_great_many_times_is_counted_at_once_and_not_built():
    """By hand: layer i of 10^9 reads 2 + i channels."""
    n = 10**9
    network = Network("great", Seq(Conv(2), Grow(n, Conv(1))), (1, 1, 1))
    assert count(network).params == 2 + 2 * n + n * (n - 1) // 2
    with pytest.raises(UsageError, match="can be built, and its memory told, up to 1,000 times"):
        memory(network)
