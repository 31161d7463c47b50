from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.transforms import Bbox

from archscope.errors import UsageError
from archscope.reporting.facts.fronts import Flip, error_distribution, flips, pareto
from archscope.reporting.figure import costs_plot
from archscope.reporting.figure.costs import AXES, Costs, costs_of, costs_table
from archscope.reporting.figure.plot import Heading
from archscope.reporting.folder.sweep import results
from archscope.sweep.store.records import read_sweep

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


@pytest.mark.parametrize(("networks", "at_least"), [(8, 0.80), (50, 0.87)])
def test_the_interval_of_the_area_is_narrow_where_a_few_networks_fail_by_far(networks, at_least):
    """As its note says: of log-normal errors it holds in 83 to 90 % of draws."""
    generator = np.random.default_rng(5)

    def draw(number):
        return 20 + 5 * np.exp(generator.normal(0, 1, number))

    area = float(np.maximum(0, 90 - draw(1_000_000)).mean() / 90)
    held = 0
    for _ in range(1000):
        low, high = error_distribution(draw(networks).tolist(), 90.0).area_interval
        held += low <= area <= high
    assert at_least < held / 1000 < 0.93


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
        table.notes[0]
        == "n0 has less error than n1 at no more parameters and activations, but needs more "
        "multiply-adds."
    )


def test_times_that_differ_by_chance_flip_no_answer():
    errors = {"thin": 9.0, "wide": 8.0}
    exact = {"thin": 1.0, "wide": 2.0}
    costs = {**dict.fromkeys(("params", "macs", "activations"), exact)}
    costs["seconds"] = {"thin": 10.002, "wide": 10.001}
    found = Costs(Heading(""), errors, dict.fromkeys(errors), costs)
    assert found.flips == []
    table = costs_table(found)
    assert table.notes[0] == "No answer depends on which of the exact costs is meant."
    assert table.rows[-1] == {"axis": "training time", "front": "wide"}


def edit(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


SIDE_BY_SIDE = "Training time was measured while trials ran side by side."


def test_trials_that_ran_one_at_a_time_are_not_said_to_have_run_side_by_side(fake_sweep):
    folder = fake_sweep()
    found = costs_of(read_sweep(folder))
    assert SIDE_BY_SIDE in costs_table(found).notes
    assert found.heading.subtitles[-1] == SIDE_BY_SIDE
    edit(folder / "sweep.json", lambda plan: plan["machine"].update(workers=1))
    found = costs_of(read_sweep(folder))
    assert not any("side by side" in line for line in costs_table(found).notes)
    assert not any("Training time" in line for line in found.heading.subtitles)


def test_times_of_different_machines_are_said_to_be(fake_sweep):
    folder = fake_sweep()
    for path in folder.glob("trials/8x64d-s*/result.json"):
        other = {"host": "other", "processor": "Slow CPU"}
        edit(path, lambda result, other=other: result["environment"].update(other))
    found = costs_of(read_sweep(folder))
    said = (
        "Training times are from different machines (processors Example CPU and Slow CPU; hosts "
        "example and other): a difference may be the machine's, not the network's."
    )
    assert said in costs_table(found).notes and said in found.heading.subtitles[-1]


def written(figure, prefix):
    """The artists with a name (gid) that begins so."""
    return figure.findobj(lambda artist: str(artist.get_gid() or "").startswith(prefix))


@pytest.mark.parametrize("networks", [8, 9])
def test_few_networks_are_all_named_and_of_many_the_front(networks):
    generator = np.random.default_rng(7)
    names = [f"net{i}" for i in range(networks)]
    errors = {name: 30 - i + generator.normal(0, 4) for i, name in enumerate(names)}
    costs = {axis: {n: 1e5 * 1.5**i for i, n in enumerate(names)} for axis in AXES}
    found = Costs(Heading("Title"), errors, dict.fromkeys(names, 1.2), costs)
    figure = costs_plot.draw(found)
    figure.draw_without_rendering()
    labels = [(a.get_text(), a.get_window_extent()) for a in written(figure, "label-")]
    front = found.front("params")
    assert 1 < len(front) < networks
    wanted = names if networks == 8 else front
    assert sorted(text for text, _ in labels) == sorted(4 * wanted)
    for axes, (name, error) in itertools.product(figure.axes, errors.items()):
        ends = [(costs["params"][name], error + bar) for bar in (-1.2, 1.2)]
        bar = Bbox(axes.transData.transform(ends))
        assert not [text for text, box in labels if box.overlaps(bar)], f"on the bar of {name}"
    colours = {a.get_text(): a.get_color() for a in written(figure, "label-")}
    assert {colours[name] for name in front}.isdisjoint(
        colours[n] for n in wanted if n not in front
    )


def test_what_leads_to_a_name_is_no_error_bar_and_a_name_without_room_is_counted():
    names = [f"{i}x64d" + 25 * "o" for i in range(8)]
    errors = {name: 30.0 + (i % 2) / 10 for i, name in enumerate(names)}
    costs = {axis: {name: 1e5 + 1e3 * i for i, name in enumerate(names)} for axis in AXES}
    figure = costs_plot.draw(Costs(Heading("Title"), errors, dict.fromkeys(names, 0.5), costs))
    figure.draw_without_rendering()
    leaders = written(figure, "leader-")
    assert leaders and {line.get_linestyle() for line in leaders} == {":"}
    for axis, axes in zip(AXES, figure.axes, strict=True):
        missing = len(names) - len(written(figure, f"label-{axis}-"))
        said = f"; {missing} without room for a label" if missing else ""
        assert axes.get_xlabel() == costs_plot.UNITS.get(axis, AXES[axis]) + said
        assert written(figure, f"label-{axis}-{names[0]}"), "the front goes first"
    assert len(written(figure, "label-")) < 4 * len(names)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (10.6e6, 12.1e6, ["10 M", "11 M", "12 M", "13 M"]),
        (68.5e3, 80e3, ["60 k", "70 k", "80 k", "90 k"]),
        (1e5, 1e6, ["100 k", "200 k", "500 k", "1 M"]),
    ],
)
def test_a_narrow_range_of_costs_has_ticks_too(low, high, ticks):
    costs = {axis: {"a": low, "b": high} for axis in AXES}
    errors = {"a": 30.0, "b": 25.0}
    figure = costs_plot.draw(Costs(Heading(""), errors, dict.fromkeys(errors), costs))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    first, last = axes.get_xlim()
    shown = [
        label.get_text()
        for at, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        if first <= at <= last
    ]
    assert shown == ticks


@pytest.mark.parametrize("seconds", [None, 0, -1.5, True, "ten"])
def test_a_time_that_is_none_is_left_out(fake_sweep, seconds):
    folder = fake_sweep(templates=("1x64d", "2x64d"))
    first = folder / "trials/1x64d-s1-0123456789ab/result.json"
    paths = [*folder.glob("trials/2x64d-s*/result.json"), first]
    for path in paths:
        edit(path, lambda result: result["timing"].update(seconds=seconds))
    found = costs_of(read_sweep(folder))
    assert found.costs["seconds"] == {"1x64d": 50.0}  # of its other two seeds
    assert found.front("seconds") == ["1x64d"]
    assert len(costs_plot.draw(found).axes) == 4
    # The table of trials adds up the epochs instead: 5 of 10 s.
    assert {row["seconds"] for row in results(read_sweep(folder)).rows} == {50.0}
