"""The table that comes with the package: whole, of the networks as they are today, and replayed."""

from itertools import groupby

import pytest

import archscope as a
from archscope.arch.names import parse
from archscope.explore.searching.feasible import FeasibleSet
from archscope.explore.searching.replay import Curves
from archscope.explore.searching.table import SHIPPED, read_table
from archscope.sweep.plan.trial import network_digest


@pytest.fixture(scope="module")
def table():
    return read_table()


def test_it_is_small_and_every_design_has_both_seeds(table):
    assert SHIPPED.stat().st_size < 5_000_000
    by_network = {name: list(rows) for name, rows in groupby(table.rows, lambda row: row.network)}
    assert all([row.seed for row in rows] == [1, 2] for rows in by_network.values())
    assert len({row.family for row in table.rows}) >= 3
    assert Curves.of(table).errors.shape[1:] == (2, 5)
    settings = table.settings
    assert (settings.samples, settings.recipe.epochs, settings.view.test_samples) == (5000, 5, 2000)


def test_its_networks_are_those_of_these_names_today_and_inside_its_set(table):
    few = FeasibleSet.from_document(table.about["space"])
    for row in table.rows[::2]:
        network = parse(row.network, 10, (3, 32, 32))
        found = a.count(network)
        assert (found.params, found.macs, found.activations) == (
            row.params,
            row.macs,
            row.activations,
        )
        assert network_digest(network) == row.definition
        assert 15_000 <= row.params <= 250_000
        assert few.contains(network)


def test_it_names_no_place_of_the_machine_that_made_it(table):
    words = table.about["command"]
    assert words[:3] == ["archscope", "table", "make"]
    assert not any(word.startswith("/") for word in words)
    assert table.about["dataset"]["label"] == "CIFAR-10 (JPEG)"


def test_it_is_what_is_shown_and_replayed_without_a_file():
    shown = a.table_show()
    assert shown.file == SHIPPED
    designs, space = len(shown.designs()), shown.table.about["space"]
    part = f"The first {designs} of a draw of {space['n']}."
    assert (part in shown.tables()[0].notes) is (designs < space["n"])
    found = a.table_replay(method="random", repeats=50)
    assert found.file == SHIPPED
    assert found.rows[0]["regret"] > 0
