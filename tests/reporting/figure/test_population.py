"""The networks of a sweep as a population, and its error distribution on the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from sweep_fixture import fake_error

from archscope.reporting.figure.populations import population_plot
from archscope.reporting.figure.populations.population import LEAST, population, population_table
from archscope.reporting.folder.folder import contents
from archscope.reporting.judge.pairs import pairs_of_interest
from archscope.sweep.store.records import read_sweep

ONE = ("1x64d", "1x96d", "1x128d", "1x160d", "1x256d")
MORE = ("2x64d", "4x64d", "8x64d", "2x96d")


@pytest.fixture
def folder(fake_sweep):
    return fake_sweep(templates=ONE + MORE)


def test_networks_of_one_path_and_of_more_are_two_populations(folder):
    found = population(read_sweep(folder))
    assert [(group.name, len(group.members)) for group in found.groups] == [("one", 5), ("more", 4)]
    rows = {row["group"]: row for row in population_table(found).rows}
    more = rows["cardinality above 1"]
    # Ten classes: guessing is wrong in 90 %. The area up to there is the mean of (90 - e) / 90.
    errors = [fake_error(name, 2) for name in MORE]  # seed 2 is the mean of the three
    assert more["area"] == pytest.approx(sum(90 - error for error in errors) / 4 / 90)
    assert more["low"] < more["area"] < more["high"]
    assert "(95 %, t over the networks)" in population_table(found).notes[0]
    assert more["best"] == pytest.approx(min(errors)) and more["best_network"] == "8x64d"
    assert more["median"] == pytest.approx(sum(sorted(errors)[1:3]) / 2)


def test_too_few_of_a_kind_are_one_population_and_too_few_are_none(fake_sweep):
    assert LEAST == 8
    one = population(read_sweep(fake_sweep(templates=ONE + MORE[:3])))
    assert [(group.label, len(group.members)) for group in one.groups] == [("all networks", 8)]


def test_one_network_left_out_is_one_network(fake_sweep):
    named = fake_sweep(templates=(*ONE, *MORE, "4x96d"))
    plan = json.loads((named / "sweep.json").read_text())
    for part in (*plan["networks"], *plan["trials"]):
        part["network"] = part["network"].replace("resnext11_4x96d@0.125", "resnet20")
    (named / "sweep.json").write_text(json.dumps(plan))
    found = population(read_sweep(named))
    assert [len(group.members) for group in found.groups] == [5, 4]
    assert found.heading.subtitles[-1] == "1 network of a kind with fewer than 4 is left out."


def test_seven_finished_networks_have_no_distribution(fake_sweep):
    waiting = {("2x96d", seed): "pending" for seed in (1, 2, 3)}
    waiting |= {("8x64d", seed): "failed" for seed in (1, 2, 3)}
    folder = fake_sweep(templates=ONE + MORE, statuses=waiting)
    assert population(read_sweep(folder)) is None
    made = contents(folder)
    assert made.figures and "distribution" not in made.figures
    assert "Error distribution" not in made.texts["report.html"]()


def test_steps_rise_to_one_and_tell_their_network(folder):
    found = population(read_sweep(folder))
    more = found.groups[1]
    assert population_plot.shares_of(more) == [0.25, 0.5, 0.75, 1.0]
    assert [member.error for member in more.members] == sorted(m.error for m in more.members)
    figure = population_plot.draw(found)
    lines = [line for line in figure.axes[0].lines if not (line.get_gid() or "").startswith("step")]
    # The curve passes each network at its share: 4x64d is the second best of its group.
    assert [list(line.get_ydata())[1:-1] for line in lines][1] == [0.25, 0.5, 0.75, 1.0]
    assert list(lines[1].get_xdata())[1] == pytest.approx(fake_error("8x64d", 2))


@pytest.mark.slow
def test_the_distribution_stands_on_the_page_and_in_files(folder):
    made = contents(folder)
    assert [row["networks"] for row in made.document["distribution"]] == [5, 4]
    alone = replace(made, figures={"distribution": made.figures["distribution"]})
    names = [path.name for path in alone.write(folder, ("png", "svg", "pdf"))]
    assert {"distribution.png", "distribution.svg", "distribution.pdf"} <= set(names)
    page = (folder / "report.html").read_text()
    assert "<h2>Error distribution of the population</h2>" in page
    said = re.findall(r"<title>(8x64d: [^<]*have no more error)</title>", page)
    assert said == [
        f"8x64d: {fake_error('8x64d', 2):.2f} % test error (n = 3), "
        f"{read_sweep(folder).plan.networks[7].params:,} parameters; "
        "25% of cardinality above 1 have no more error"
    ]


def test_a_population_without_curves_has_no_pairs_that_nobody_asked_for(folder):
    plan = json.loads((folder / "sweep.json").read_text())
    for network in plan["networks"]:
        network["curves"] = []
    (folder / "sweep.json").write_text(json.dumps(plan))
    assert pairs_of_interest(read_sweep(folder)) == []
