from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.arch.papers.eq4 import (
    Block,
    parse_rounding,
    parse_template,
    solve_cardinality,
    solve_width,
)
from archscope.errors import InfeasibleError, UsageError

CARDINALITIES = st.integers(1, 5000)
BUDGETS = st.integers(1, 10**12)
BLOCKS = st.builds(Block, st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 9))


def eq4(block, cardinality, width):
    """Eq. 4 as the paper writes it, in exact fractions."""
    return cardinality * (block.w_in * width + block.kernel**2 * width**2 + width * block.w_out)


def test_table_2_of_the_paper():
    solved = [solve_width(cardinality) for cardinality in (1, 2, 4, 8, 32)]
    assert [template.width for template in solved] == [64, 40, 24, 14, 4]
    assert [template.group_width for template in solved] == [64, 80, 96, 112, 128]
    assert all(round(template.params, -4) == 70_000 for template in solved)
    assert all(round(template.macs / 1e9, 2) == 0.22 for template in solved)


def test_the_designs_own_example():
    template = solve_width(32)
    assert (template.name, template.params, template.macs) == ("32x4d", 70_144, 219_971_584)
    assert round(template.exact, 2) == 3.97
    assert round(template.deviation, 4) == 0.0074


def test_the_papers_twice_as_wide_resnet_101():
    """Table 4's 1x100d keeps the budget of 64x4d: the exact width is 99.6."""
    template = solve_width(1, reference="64x4d")
    assert (template.width, round(template.exact, 1)) == (100, 99.6)


@given(CARDINALITIES, BUDGETS, BLOCKS)
def test_rounding_is_exact_on_both_sides_of_the_budget(cardinality, budget, block):
    try:
        floor = solve_width(cardinality, budget=budget, block=block, rounding="floor").width
    except InfeasibleError:
        assert eq4(block, cardinality, 1) > budget
        return
    assert eq4(block, cardinality, floor) <= budget < eq4(block, cardinality, floor + 1)
    ceil = solve_width(cardinality, budget=budget, block=block, rounding="ceil").width
    assert ceil == floor + (eq4(block, cardinality, floor) < budget)
    half = Fraction(2 * floor + 1, 2)
    nearest = solve_width(cardinality, budget=budget, block=block).width
    assert nearest == floor + (eq4(block, cardinality, half) <= budget)


@given(CARDINALITIES, BUDGETS, BLOCKS, st.integers(1, 64))
def test_multiples_are_the_nearest_ones(cardinality, budget, block, multiple):
    try:
        width = solve_width(cardinality, budget=budget, block=block, rounding=multiple).width
    except InfeasibleError:
        return
    half = Fraction(multiple, 2)
    assert width % multiple == 0 and width >= multiple
    assert eq4(block, cardinality, width + half) > budget
    assert width == multiple or eq4(block, cardinality, width - half) <= budget


@given(st.integers(1, 5000), BUDGETS, BLOCKS)
def test_the_reverse_question_is_a_division(width, budget, block):
    path = eq4(block, 1, width)
    if path > budget:
        with pytest.raises(InfeasibleError, match="below 1"):
            solve_cardinality(width, budget=budget, block=block)
        return
    for rounding, expected in (
        ("floor", budget // path),
        ("ceil", -(-budget // path)),
        ("nearest", (2 * budget + path) // (2 * path)),
    ):
        solved = solve_cardinality(width, budget=budget, block=block, rounding=rounding)
        assert solved.cardinality == expected


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_templates_own_budget_gives_it_back(cardinality, width):
    reference = f"{cardinality}x{width}d"
    assert solve_width(cardinality, reference=reference).width == width
    assert solve_cardinality(width, reference=reference).cardinality == cardinality


@pytest.mark.parametrize("rounding", ["nearest", "floor", "ceil", 8])
def test_infeasible_whatever_the_rounding(rounding):
    with pytest.raises(InfeasibleError, match=r"d = 0\.9\d+, below 1; use a cardinality up to 133"):
        solve_width(134, rounding=rounding)


def test_a_half_is_rounded_up():
    """2 d + 4 d^2 = 12 at d = 1.5 exactly."""
    template = solve_width(1, budget=12, block=Block(1, 1, 2))
    assert (template.exact, template.width) == (1.5, 2)


def test_advice_at_the_edge_is_no_number_below_one():
    """4 (256 + 9 + 256) weights of 4x1d; 256*4 + 9*16 + 4*256 of 1x4d."""
    for call, nearest in ((solve_width, "2,084.*4x1d"), (solve_cardinality, "2,192.*1x4d")):
        with pytest.raises(InfeasibleError, match=f"use a budget of at least {nearest}"):
            call(4, budget=100)


def test_an_unknown_rounding_is_refused_and_not_the_nearest():
    for rounding in ("up", "multiple-of:8", 0):
        with pytest.raises(UsageError):
            solve_width(32, rounding=rounding)


@pytest.mark.parametrize("text", ["", "32x4", "0x4d", "32x0d", "32x-4d", "x4d", "4" * 10 + "x4d"])
def test_templates_are_checked(text):
    with pytest.raises(UsageError, match="CxWd"):
        parse_template(text)


def test_roundings_are_parsed():
    assert parse_rounding("Ceil") == "ceil"
    assert {parse_rounding(f"multiple-of{mark}8") for mark in (" ", "-", ":", "=")} == {8}
    for wrong in ("up", "multiple-of", "multiple-of:0"):
        with pytest.raises(UsageError, match="nearest, floor, ceil"):
            parse_rounding(wrong)


def test_numbers_below_one_are_refused():
    for arguments in ({"cardinality": 0}, {"cardinality": 1, "budget": 0}):
        with pytest.raises(UsageError, match="at least 1"):
            solve_width(**arguments)
    with pytest.raises(UsageError, match="kernel must be at least 1, not 0"):
        Block(kernel=0)
