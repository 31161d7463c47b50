"""Tables made, continued, and verified: really trained, on a few images of the built-in data."""

import re
from dataclasses import replace
from itertools import product

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import archscope as a
from archscope.cli.main import app
from archscope.errors import UsageError
from archscope.explore.searching.table import read_table, write_table
from archscope.explore.searching.table_make import USUAL
from archscope.explore.training.run_plan import Console
from archscope.sweep.plan.slots import Resources
from archscope.training.recipe import recipe

FEW = {"samples": 64, "test_samples": 20, "epochs": 2, "batch": 32, "seeds": 1}


def made(tmp_path, said=None):
    say = Console((said if said is not None else []).append, live=False)
    return a.table_make(
        a.FeasibleSet(["wrn_10"], "100kparams"),
        tmp_path / "t.csv.gz",
        n=1,
        dataset="shapes",
        resources=Resources(gpus=0, workers=1, threads=1),
        console=say,
        **FEW,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("quick_workers")
def test_a_table_is_made_continued_and_verified(tmp_path):
    result = made(tmp_path)
    assert result.exit_code == 0
    [row] = result.table.rows
    assert (row.network, row.params, row.seed) == ("wrn_10_1", a.count("wrn_10_1").params, 1)
    assert [len(one) for one in (row.train_error, row.test_error, row.seconds)] == [2, 2, 2]
    assert row.test_error[0] * 20 % 100 == 0  # of 20 images
    assert result.table.settings.view.test_samples == 20

    before = (tmp_path / "t.csv.gz").read_bytes()
    (tmp_path / "t.csv.gz").unlink()
    made(tmp_path)  # nothing is trained: the times of training are the same
    assert (tmp_path / "t.csv.gz").read_bytes() == before

    silent = Console(lambda text: None, live=False)
    verified = a.table_verify(tmp_path / "t.csv.gz", rows=1, console=silent)
    assert [one["outcome"] for one in verified.rows] == ["equal"]
    assert verified.exit_code == 0

    table = read_table(tmp_path / "t.csv.gz")
    wrong = replace(row, test_error=(row.test_error[0] + 5, row.test_error[1]))
    write_table(tmp_path / "t.csv.gz", replace(table, rows=[wrong]))
    verified = a.table_verify(tmp_path / "t.csv.gz", rows=1, console=silent)
    assert verified.exit_code == 1
    assert "test error of epoch 1" in verified.rows[0]["outcome"]


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        (["table"], "table is followed by make, verify, replay, show", 2),
        (["table", "mend", "x"], "table is followed by", 2),
        (["table", "make", "wrn_10", "--out", "t.txt"], "call it NAME.csv.gz, not t.txt", 2),
        (
            ["table", "make", "wrn_10", "--out", "t.csv", "--dataset", "shapes", "--params", ":1k"],
            "nearest is wrn_10_1",
            4,
        ),
        (["table", "make", "nonet", "--out", "t.csv"], "nonet", 2),
        (
            ["table", "make", "wrn_10", "--out", "t.csv", "--n", "2", "--first", "3"],
            "at most n = 2, not 3",
            2,
        ),
        (
            [
                "table",
                "make",
                "wrn_10",
                "--out",
                "t.csv",
                "--dataset",
                "shapes",
                "--known",
                "no.csv",
            ],
            "name a file that archscope table make",
            2,
        ),
        (["table", "replay", "none.csv"], "name a file that archscope table make", 2),
        (["table", "verify", "none.csv"], "name a file that archscope table make", 2),
        (["table", "show", "none.csv"], "name a file that archscope table make", 2),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, monkeypatch, words, message, code):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


class Planned(Exception):
    """Raised in place of training."""


def planned(monkeypatch, tmp_path, dataset="shapes", **changes):
    def take(order, *_):
        raise Planned(order.settings)

    monkeypatch.setattr("archscope.explore.searching.table_make.conduct", take)
    few = a.FeasibleSet(["wrn_10"], "100kparams")
    with pytest.raises(Planned) as raised:
        a.table_make(few, tmp_path / "t.csv", n=1, dataset=dataset, **changes)
    return raised.value.args[0]


def test_trainings_are_by_default_those_of_the_shipped_table(monkeypatch, tmp_path):
    found, shipped = planned(monkeypatch, tmp_path), read_table().settings
    assert found.recipe == shipped.recipe
    assert (found.samples, found.seeds, found.view) == (
        shipped.samples,
        shipped.seeds,
        shipped.view,
    )
    family = planned(monkeypatch, tmp_path, recipe="family").recipe
    assert (family.batch, family.epochs) == (128, 5)
    assert planned(monkeypatch, tmp_path, batch=64).recipe.batch == 64


def test_trainings_are_begun_in_the_order_of_the_draw(monkeypatch, tmp_path):
    def take(folder, trials, **_):
        raise Planned([(trial.network, trial.seed) for trial in trials])

    monkeypatch.setattr("archscope.explore.training.run_plan.Supply", take)
    few = a.FeasibleSet("wrn_10", given={"widen": [1, 2, 3, 4, 5, 6]})
    one, silent = Resources(gpus=0, workers=1, threads=1), Console(lambda text: None, live=False)
    with pytest.raises(Planned) as raised:
        how = {**FEW, "seeds": 2, "dataset": "shapes", "resources": one, "console": silent}
        a.table_make(few, tmp_path / "t.csv", n=6, seed=3, **how)
    drawn = [network.name for network in few.sample(6, 3)]
    assert drawn not in (sorted(drawn), sorted(drawn)[::-1])
    assert raised.value.args[0] == [(name, seed) for name in drawn for seed in (1, 2)]

    said: list[str] = []  # of a folder that was begun for more, what is asked alone is trained
    with pytest.raises(Planned) as raised:
        fewer = {**how, "seeds": 1, "console": Console(said.append, live=False)}
        a.table_make(few, tmp_path / "t.csv", n=6, seed=3, first=2, **fewer)
    assert raised.value.args[0] == [(name, 1) for name in drawn[:2]]
    assert said[-1].startswith("2 trials on") and not any("is continued" in one for one in said)


def test_folders_of_images_keep_the_batch_and_rate_of_their_recipe(monkeypatch, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path / "home"))
    for part, place in product(("train/a", "train/b", "val/a", "val/b"), "12"):
        path = tmp_path / part / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.new("RGB", (40, 40)).save(path)
    folder = f"folder:{tmp_path}"
    found = planned(monkeypatch, tmp_path, folder).recipe
    assert found == recipe("resnext-imagenet", epochs=USUAL["epochs"])
    asked = planned(monkeypatch, tmp_path, folder, batch=2, lr=0.5).recipe
    assert asked == recipe("resnext-imagenet", epochs=USUAL["epochs"], batch=2, lr=0.5)


def test_help_says_what_a_table_takes_where_nothing_is_asked():
    group = get_command(app)
    told = {one.name: str(one.show_default) for one in group.commands["table make"].params}
    for name, value in USUAL.items():
        assert re.match(rf"{value:g}(\D|$)", told[name]), name
    for name in ("batch", "lr"):
        assert "folders" in told[name] and "recipe's" in told[name]


def test_help_of_a_table():
    assert "table make" in CliRunner().invoke(app, ["table", "--help"]).stdout
    assert "--test-samples" in CliRunner().invoke(app, ["table", "make", "--help"]).stdout


def test_what_a_table_cannot_be(tmp_path):
    with pytest.raises(UsageError, match="leave one out"):
        a.table_make(a.FeasibleSet("wrn_10"), tmp_path / "t.csv", dataset="shapes", holdout=10)
