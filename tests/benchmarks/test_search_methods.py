"""The benchmark of search methods on a small table: its figures, its picture, and Optuna."""

import sys

import pytest
import search
from search import Point
from small_table import small_table

from archscope.explore.searching.table import write_table


@pytest.fixture
def file(tmp_path):
    write_table(tmp_path / "t.csv.gz", small_table(designs=16))
    return tmp_path / "t.csv.gz"


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["search.py", *map(str, words)])
    search.main()
    return capsys.readouterr().out.splitlines()


def test_it_prints_the_regrets_and_draws_them(file, tmp_path, monkeypatch, capsys):
    picture = tmp_path / "r.svg"
    words = ["--repeats", 50, "--tpe", 0, "--gp", 0, "--output", picture]
    said = run(monkeypatch, capsys, file, *words)
    assert "regret on 8 designs" in said[0]
    assert said[2].split() == ["epochs", "halving", "random", "one-epoch"]
    # All trainings that cost no more than the eight designs are worth: 3, 6, ... epochs.
    assert [line.split()[0] for line in said[3:7]] == ["3", "6", "9", "12"]
    assert said[-3].startswith("halving against random: less regret at ")
    assert picture.read_text().count("one-epoch") == 1


def test_a_method_is_better_where_bands_are_apart():
    low, middle, high = (Point(1, at, at - 1, at + 1) for at in (1, 2.5, 5))
    found = {"halving": {3: low, 6: low, 9: high, 12: low}, "TPE": {3: high, 6: middle, 9: low}}
    assert search.apart(found, "halving", "TPE") == (1, 1, 3)
    assert search.lines(found)[-1].startswith(
        "halving against TPE: less regret at 1 of 3 budgets, more at 1"
    )


def test_tpe_is_asked_inside_the_half_that_is_reported(file):
    optuna = pytest.importorskip("optuna")
    found = search.asked(
        small_table(designs=16), lambda seed: optuna.samplers.TPESampler(seed=seed), [3, 12, 24], 5
    )
    assert found[3].regret > found[12].regret > found[24].regret == 0  # all eight were tried


@pytest.mark.slow
def test_a_line_for_each_sampler(file, monkeypatch, capsys):
    pytest.importorskip("optuna")
    said = run(monkeypatch, capsys, file, "--repeats", 50, "--tpe", 2, "--gp", 2)
    assert said[2].split() == ["epochs", "halving", "random", "one-epoch", "TPE", "GP"]
    assert "2 repeats of TPE" in said[1] and "2 repeats of GP" in said[1]
