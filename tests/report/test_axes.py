from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.errors import UsageError
from archscope.report import costs_plot
from archscope.report.axes import Flip, error_distribution, flips, pareto
from archscope.report.costs import AXES, Costs, costs_of, costs_table
from archscope.report.plot import Heading
from archscope.sweep.records import read_sweep

ERRORS = {"thin": 10.0, "wide": 9.0, "grouped": 8.0}


def test_a_pair_whose_answer_depends_on_the_axis_is_a_flip():
    costs = {
        "params": {"thin": 1, "wide": 5, "grouped": 4},
        "seconds": {"thin": 1, "wide": 2, "grouped": 3},
    }
    assert flips(ERRORS, costs) == [Flip("grouped", "wide", ("params",), ("seconds",))]


def test_an_axis_without_a_network_says_nothing_of_it():
    costs = {"params": {"wide": 5, "grouped": 4}, "seconds": {"wide": 2}}
    assert flips(ERRORS, costs) == []


def test_equal_cost_is_no_more_cost_and_equal_errors_have_no_winner():
    costs = {"params": {"a": 1, "b": 1}, "macs": {"a": 2, "b": 1}}
    assert flips({"a": 1.0, "b": 2.0}, costs) == [Flip("a", "b", ("params",), ("macs",))]
    assert flips({"a": 1.0, "b": 1.0}, costs) == []


def test_the_front_leaves_out_who_is_beaten():
    assert pareto(ERRORS, {"thin": 1, "wide": 5, "grouped": 4}) == ["thin", "grouped"]
    assert pareto({"a": 1.0, "b": 1.0}, {"a": 2, "b": 2}) == ["a", "b"]


points = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=2),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    min_size=1,
    max_size=8,
)


@given(points)
def test_everyone_outside_the_front_is_beaten_by_one_on_it(found):
    errors = {name: float(error) for name, (error, _) in found.items()}
    cost = {name: float(value) for name, (_, value) in found.items()}
    front = pareto(errors, cost)
    assert front
    for name in found:
        better = [
            other
            for other in front
            if errors[other] <= errors[name]
            and cost[other] <= cost[name]
            and (errors[other] < errors[name] or cost[other] < cost[name])
        ]
        assert bool(better) == (name not in front)


def test_the_area_of_a_distribution_worked_out_by_hand():
    # Steps to 1/3 at 20, 2/3 at 40, 1 at 90; up to 60: (20 * 1/3 + 20 * 2/3) / 60 = 1/3.
    found = error_distribution([90.0, 20.0, 40.0], 60.0)
    assert found.area == pytest.approx(1 / 3)
    # The mean of 2/3, 1/3 and 0, whose standard error is 1/3 / sqrt(3); t at 2 degrees: 4.303.
    assert error_distribution([40.0, 20.0, 60.0], 60.0).area_interval == pytest.approx((0, 1))
    near = error_distribution([31.0, 29.0, 30.0], 60.0)
    assert near.area_interval == pytest.approx(
        (0.5 - 4.3027 / 60 / 3**0.5, 0.5 + 4.3027 / 60 / 3**0.5), rel=1e-4
    )
    assert error_distribution([30.0], 60.0).area_interval is None
    with pytest.raises(UsageError, match="at least one error"):
        error_distribution([], 60.0)


@pytest.mark.parametrize("networks", [4, 8, 20])
def test_the_interval_of_the_area_holds_that_of_the_space(networks):
    """Errors drawn evenly from 20 to 70 %: the area up to 90 % is half of 1."""
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        errors = generator.uniform(20, 70, networks).tolist()
        low, high = error_distribution(errors, 90.0).area_interval
        held += low <= 0.5 <= high
    assert held >= 270  # 95 % of 300 are 285


def test_each_cost_has_a_panel_with_its_front_filled_and_named(fake_sweep):
    found = costs_of(read_sweep(fake_sweep()))
    figure = costs_plot.draw(found)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        *("parameters", "multiply-adds", "activations"),
        "training time (s)",
    ]
    for axis, axes in zip(AXES, figure.axes, strict=True):
        marks = {line.get_gid(): line for line in axes.lines if line.get_gid()}
        assert len(marks) == 7
        front = pareto(found.errors, found.costs[axis])
        filled = [name for name, mark in marks.items() if mark.get_markerfacecolor() != "white"]
        assert sorted(filled) == sorted(costs_plot.gid(axis, name) for name in front)
        assert list(marks[costs_plot.gid(axis, "8x64d")].get_ydata()) == [found.errors["8x64d"]]
    # All made-up trainings took 50 s, so only the network of the least error is on that front.
    assert found.front("seconds") == [min(found.errors, key=lambda name: found.errors[name])]
    assert costs_plot.hover(found)["cost-seconds-8x64d"].endswith("%, 50.0 s of training time")


def test_flips_of_a_population_are_told_in_part():
    heading = Heading("")
    errors = {f"n{i}": float(i) for i in range(8)}
    up, down = ({name: step * (i + 9) for i, name in enumerate(errors)} for step in (1, -1))
    costs = {"params": up, "macs": down, "activations": up, "seconds": up}
    table = costs_table(Costs(heading, errors, dict.fromkeys(errors), costs))
    # 8 networks in reverse order by one cost: all 28 pairs flip, and 6 of them are told.
    assert "22 further pairs of networks change places like that." in table.notes
    assert (
        "n0 has less error than n1 at no more parameters, activations and training time"
        in (table.notes[0])
    )
