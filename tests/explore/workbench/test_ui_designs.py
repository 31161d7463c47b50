"""What the page of `archscope ui` shows, without a browser: the same designs as enumerate's."""

import csv
import io
import shlex
from math import prod

import numpy as np
import pytest
from typer.testing import CliRunner

import archscope as a
from archscope.cli import app
from archscope.explore.design.collect import Order
from archscope.explore.design.enumerate import enumerate_designs, spaces
from archscope.explore.design.enumeration import Query
from archscope.explore.workbench.gathered import MOST, _grid, gathered, numbers_in
from archscope.explore.workbench.known import known
from archscope.explore.workbench.pinned import details
from archscope.explore.workbench.view import View, costs_of, ends_of, range_at
from archscope.explore.workbench.window import CELLS, Window, around

FAMILIES = ("wrn", "cifar_resnet", "mobilenet_v2")
RANGES = {"params": (0, 2_500_000), "memory": (200_000, None)}


@pytest.fixture(scope="module")
def designs():
    return gathered(Query(FAMILIES))


def names(text):
    return [row["network"] for row in csv.DictReader(io.StringIO(text))]


def test_every_column_is_the_cost_of_its_network(designs):
    found = designs.found
    assert len(found) == sum(len(enumerate_designs(name)) for name in FAMILIES)
    for index in np.random.default_rng(0).choice(len(found), 12, replace=False):
        network = found.network(int(index))
        counted = a.count(network)
        for cost in ("params", "macs", "activations"):
            assert found.columns[cost][index] == getattr(counted, cost), network.name
        assert found.columns["weights"][index] == 4 * counted.params
        assert found.columns["memory"][index] == a.memory(network).peak_activation_bytes


def test_numbers_that_are_typed_go_into_the_command_and_the_python():
    given = numbers_in("cardinality=1,2,4 width=4:64 depth=2")
    found = gathered(Query(("resnext", "wide_resnet"), given))
    assert found.looked == (3 * 61, 16) and not found.notes()
    view = View(found, {"params": (0, 10_000_000)}, ("params", "-macs"))
    listed = CliRunner().invoke(app, [*shlex.split(view.command())[1:], "--format", "csv"])
    exec(view.python(), scope := {})
    shown = sorted(names(view.csv(view.on_front)))
    assert len(shown) > 5
    assert sorted(names(listed.stdout)) == shown
    assert sorted(row["network"] for row in scope["found"].rows()) == shown


@pytest.mark.parametrize("text", ["width", "width=", "width=a:b", "width=1:2 width=3", "=3"])
def test_numbers_that_cannot_be_are_refused(text):
    with pytest.raises(a.UsageError):
        gathered(Query(("resnext50",), numbers_in(text)))


@pytest.mark.parametrize("front", [("params", "-macs"), ("activations", "macs")])
def test_budgets_and_front_are_those_of_enumerate(designs, front):
    view = View(designs, RANGES, front)
    query = Query(FAMILIES, ranges=RANGES)
    assert len(view.rows) == len(enumerate_designs(query)) < len(designs.found)
    expected = [row["network"] for row in enumerate_designs(query, Order(pareto=front)).rows()]
    assert sorted(names(view.csv(view.on_front))) == sorted(expected)
    assert len(names(view.csv(view.rows))) == len(view.rows)


def test_the_command_and_the_python_give_the_front_that_is_shown(designs):
    view = View(designs, RANGES, ("params", "-macs"))
    words = shlex.split(view.command())
    assert words[0] == "archscope" and "--params" in words and "--memory" in words
    listed = CliRunner().invoke(app, [*words[1:], "--format", "csv"])
    scope = {}
    exec(view.python(), scope)
    shown = sorted(names(view.csv(view.on_front)))
    assert sorted(names(listed.stdout)) == shown
    assert sorted(row["network"] for row in scope["found"].rows()) == shown


def test_no_design_within_the_budgets_is_an_empty_view(designs):
    view = View(designs, {"params": (0, 1)})
    assert len(view.rows) == len(view.on_front) == 0
    assert names(view.csv(view.rows)) == []


def test_of_a_large_box_an_even_grid_is_shown_and_said():
    found = gathered(Query(("resnext",)))
    [some], [box] = found.looked, found.boxes
    assert some == len(found.found) <= MOST < box
    widths = found.found.columns["width"]
    assert (widths.min(), widths.max()) == (1, 128)
    assert found.notes() == [f"resnext: an even grid of {some:,} of its {box:,} designs"]


def test_many_numbers_of_two_values_each_are_thinned_too():
    words = [
        f"{word}{stage}" for word in ("depth", "channels", "expansion") for stage in range(1, 8)
    ]
    [box] = spaces(Query(("mobilenet_v2",), {word: [16, 24] for word in words}))
    assert box.size >= 2**21 > MOST
    grid = _grid(box)
    assert MOST / 2 < prod(map(len, grid.values())) <= MOST
    assert {tuple(grid[word]) for word in words} == {(16, 24), (16,)}


def test_the_ends_of_a_slider_are_no_budget(designs):
    for cost in costs_of(designs):
        low, high = ends_of(designs, cost)
        assert range_at((low, high), (low, high)) is None
        column = designs.found.columns[cost]
        middle = (low + high) / 2
        least, most = range_at((low, middle), (low, high))
        assert least == 0 and column.min() <= most <= column.max()
        assert range_at((middle, high), (low, high)) == (most, None)
        assert most == float(f"{most:.2e}")


def test_what_is_copied_of_a_design_is_one_word_whatever_its_file_is_called(monkeypatch):
    name = "my models/it's.py:net_8"
    _, copied = details({"network": name}, None)
    assert shlex.split(copied["command"]) == ["archscope", "show", name]
    opened = []
    monkeypatch.setattr(a, "network", opened.append)
    exec(copied["Python"])
    assert opened == [copied["name"]] == [name]


def test_published_networks_have_the_costs_of_their_names():
    spaces = gathered(Query(("cifar_resnext29",))).found.spaces
    marks = {one.name: one for one in known(spaces, None)}
    assert marks["resnext29_8x64d"].dataset == "CIFAR-10"
    for name, one in marks.items():
        assert one.costs["params"] == a.count(name).params
        assert one.costs["memory"] == a.memory(name).peak_activation_bytes


@pytest.mark.parametrize("log", [True, False])
def test_of_dots_that_cannot_be_told_apart_one_is_drawn(log):
    rng = np.random.default_rng(1)
    x, y = np.exp(rng.normal(20, 0.01, 5000)), np.exp(rng.normal(10, 0.01, 5000))
    whole = around(x, y, log)
    assert len(np.unique(whole.first(x, y))) <= len(x)
    close = Window((x.min(), np.median(x)), (y.min(), np.median(y)), log)
    seen = (x <= np.median(x)) & (y <= np.median(y))
    kept = close.first(x, y)
    assert seen[kept].all() and len(kept) <= seen.sum()

    def cell(values, ends, number):
        low, high = np.log(ends) if log else ends
        return np.floor(((np.log(values) if log else values) - low) / (high - low) * number)

    cells = np.stack([cell(x, close.x, CELLS[0]), cell(y, close.y, CELLS[1])], axis=1)
    drawn, every = cells[kept], np.unique(cells[seen], axis=0)
    assert len(np.unique(drawn, axis=0)) == len(drawn) == len(every)


def test_without_the_extra_the_fix_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bokeh", None)
    result = CliRunner().invoke(app, ["ui"])
    assert result.exit_code == 2
    assert result.stderr == (
        'archscope: the page needs Bokeh, which is not installed; run pip install "archscope[ui]"\n'
    )
