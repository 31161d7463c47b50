from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from archscope.errors import UsageError
from archscope.reporting.facts.wording import data_label, proxy_differences
from archscope.reporting.figure import figure7
from archscope.reporting.folder.folder import write
from archscope.reporting.folder.sweep import table7
from archscope.reporting.table.render import render
from archscope.sweep.store.records import read_sweep
from archscope.training.recipe import recipe as named_recipe

TABLES = ["results.csv", "table.md", "report.html", "captions.md"]
FILES = [
    *TABLES,
    "figure7.png",
    "figure7.svg",
    "curves.png",
    "curves.svg",
    "test-curves.png",
    "test-curves.svg",
    "costs.png",
    "costs.svg",
]


def change(folder, section, **changes):
    document = json.loads((folder / "sweep.json").read_text())
    document[section] |= changes
    (folder / "sweep.json").write_text(json.dumps(document))
    return read_sweep(folder)


def rows_of(folder):
    with (folder / "results.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.usefixtures("narrow_too")
def test_write_makes_all_files(written):
    folder, paths = written
    assert paths == [folder / name for name in FILES]
    assert all(path.read_bytes() for path in paths)
    assert not list(folder.glob(".*.tmp"))


@pytest.mark.slow
@pytest.mark.usefixtures("narrow_too")
def test_write_makes_the_same_files_again(written, fake_sweep):
    folder, paths = written
    before = [path.read_bytes() for path in paths]
    again = fake_sweep()
    assert [path.read_bytes() for path in write(again)] == before
    for one in (folder, again):
        assert not list(one.glob(".*.tmp"))


@pytest.mark.usefixtures("undrawn")
def test_results_have_a_row_for_every_trial(fake_sweep):
    statuses = {
        ("1x64d", 2): "diverged",
        ("1x64d", 3): "failed",
        ("2x64d", 1): "running",
        ("2x64d", 2): "pending",
    }
    folder = fake_sweep(templates=("1x64d", "2x64d"), epochs=4, statuses=statuses)
    write(folder)
    rows = rows_of(folder)
    header = (folder / "results.csv").read_text().splitlines()[0]
    assert header.startswith(
        "template,network,seed,params,macs,epochs,status,test_error,train_error,seconds,"
    )
    assert [(r["template"], r["seed"], r["status"], r["epochs"]) for r in rows] == [
        ("1x64d", "1", "done", "4"),
        ("1x64d", "2", "diverged", "2"),
        ("1x64d", "3", "failed", "2"),
        ("2x64d", "1", "running", "2"),
        ("2x64d", "2", "pending", "0"),
        ("2x64d", "3", "done", "4"),
    ]
    first, diverged, failed, running, pending, _ = rows
    assert (first["test_error"], first["train_error"]) == ("39.5", "35.55")
    assert (first["seconds"], running["seconds"], pending["seconds"]) == ("40.0", "20.0", "")
    assert [r["test_error"] for r in (diverged, failed, running, pending)] == [""] * 4
    assert failed["reason"] == "RuntimeError: made up for a test"


@pytest.mark.usefixtures("undrawn")
def test_table7_by_hand(fake_sweep):
    statuses = {("1x64d", 3): "diverged", ("1x128d", 1): "pending", ("1x128d", 2): "pending"}
    folder = fake_sweep(
        templates=("1x64d", "1x128d"), statuses=statuses | {("1x128d", 3): "failed"}
    )
    shown = (folder / "table.md", write(folder))[0].read_text()
    # Seeds 1 and 2: 39.5 and 40, mean 39.75, s = 0.3536, s / sqrt(2) = 0.25.
    assert "| 1x64d    | 55.2 k |                   2.48 M |     39.75 ± 0.25 | 2 of 3 |" in shown
    assert "|                – | 0 of 3 |" in shown
    for said in (
        "**CIFAR-10 (JPEG): ResNeXt-11 at scale 0.125, 20,000 training images, 5 epochs, "
        "2 of 3 seeds**",
        "Unfinished: 4 of 6 trials ended, 0 begun, 2 not begun.",
        "Diverged, left out of the means: 1x64d seed 3 (the training loss became NaN in epoch 3).",
        "Failed, left out of the means: 1x128d seed 3 (RuntimeError: made up for a test).",
        "This is a proxy",
        "Recipe proxy: 5 epochs, batch 128, learning rate 0.1",
        "Example CPU (device cpu, 1 thread a trial, 2 trials at a time), precision bf16",
        "torch 2.13.0+cpu, python 3.11.7, archscope 0.1.0",
        "sha256:" + "0" * 64,
    ):
        assert said in shown


def test_a_diverged_trial_counts_for_nothing_even_with_a_finite_error(fake_sweep):
    folder = fake_sweep(templates=("1x64d",), statuses={("1x64d", 3): "diverged"})
    (path,) = folder.glob("trials/1x64d-s3-*/result.json")
    result = json.loads(path.read_text())
    result["metrics"]["test_error"] = 12.0
    path.write_text(json.dumps(result))
    (row,) = table7(read_sweep(folder)).rows
    assert (row["test_error"], row["n"]) == (pytest.approx(39.75), 2)


def test_table7_in_json_has_raw_numbers_and_no_nan(fake_sweep):
    folder = fake_sweep(
        templates=("1x64d",), statuses={("1x64d", s): "diverged" for s in (1, 2, 3)}
    )
    shown = render(table7(read_sweep(folder)), "json")
    (row,) = json.loads(shown, parse_constant=pytest.fail)["tables"][0]["rows"]
    assert (row["params"], row["test_error"], row["n"], row["planned"]) == (55168, None, 0, 3)


def test_table7_fits_a_terminal_of_80_columns(fake_sweep):
    shown = render(table7(read_sweep(fake_sweep())), "table", width=80)
    assert max(map(len, shown.splitlines())) <= 80
    assert "template  params" in shown


def test_the_papers_own_setting_is_no_proxy(fake_sweep):
    folder = fake_sweep()
    recipe = named_recipe("resnext").to_dict()
    seeds = list(range(1, 11))
    change(folder, "machine", precision="fp32")
    change(folder, "settings", depth=29, scale=1.0, samples=None, recipe=recipe, seeds=seeds)
    sweep = change(folder, "dataset", label="CIFAR-10", official=True)
    assert proxy_differences(sweep) == []
    assert any("setting is that of the ResNeXt paper" in note for note in table7(sweep).notes)
    assert table7(sweep).title.startswith("CIFAR-10: ResNeXt-29, all training images, 300 epochs")
    assert proxy_differences(change(folder, "settings", scale=0.5)) == [
        "ResNeXt-29 at scale 0.5 instead of ResNeXt-29"
    ]
    slower = {**recipe, "sgd": {**recipe["sgd"], "lr": 0.01}}
    sweep = change(folder, "settings", recipe=slower, scale=1.0)
    assert proxy_differences(sweep) == ["lr 0.01 instead of 0.1"]
    sweep = change(folder, "machine", precision="bf16")
    assert "precision bf16 instead of fp32" in proxy_differences(sweep)


def test_the_label_of_the_built_in_set(fake_sweep):
    folder = fake_sweep()
    sweep = change(folder, "dataset", name="shapes", label="shapes (built-in)")
    assert data_label(sweep) == "shapes (built-in), not CIFAR"
    sweep = change(folder, "dataset", name="shapes", label="mine")
    assert data_label(sweep) == "mine (built-in data set), not CIFAR"


def test_a_folder_without_a_sweep(tmp_path):
    with pytest.raises(UsageError, match=r"sweep\.json"):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_tables_need_neither_torch_nor_matplotlib():
    program = (
        "import sys, archscope.reporting.folder.sweep\n"
        "print(sorted({'torch', 'matplotlib', 'pandas'} & set(sys.modules)))\n"
        "import archscope.reporting.figure.scatter, archscope.reporting.figure.curves\n"
        "print(sorted({'torch', 'matplotlib.pyplot'} & set(sys.modules)))\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("[]\n[]\n", "")


def test_a_network_at_chance_level_is_said_to_be_so(fake_sweep):
    sweep = read_sweep(fake_sweep(templates=("1x64d", "2x64d"), seeds=(1, 2)))
    assert "At chance level" not in "".join(table7(sweep).notes)
    for record in sweep.trials[:2]:
        record.result.metrics["test_error"] = 89.5
    # Guessing among ten classes is wrong nine times of ten.
    said = "of them by this training: 1x64d (89.5 %); guessing among 10 classes has 90.0 % error."
    assert said in "".join(table7(sweep).notes)


def test_one_seed_has_no_mean_over_seeds(fake_sweep):
    sweep = read_sweep(fake_sweep(templates=("1x64d", "2x64d"), seeds=(1,)))
    said = " ".join(table7(sweep).notes)
    assert "mean" not in said and "of one seed, so without a standard error; lower is" in said


def test_networks_of_ones_own_are_no_proxy_of_the_paper(fake_sweep):
    sweep = read_sweep(fake_sweep(templates=("resnet20", "wrn_16_1")))
    assert "proxy of the paper" not in " ".join(table7(sweep).notes)
    assert "proxy of the paper" not in " ".join(figure7.data(sweep).heading.subtitles)
