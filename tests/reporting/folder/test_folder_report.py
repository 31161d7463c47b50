"""What a folder's report is: decided in one place, the same while it runs and after."""

from __future__ import annotations

import json

import pytest
from sweep_fixture import write_fake_sweep

from archscope.errors import ArchscopeError, UsageError
from archscope.explore.training.study import load_study
from archscope.reporting.folder.folder import contents, write
from archscope.reporting.folder.study_contents import Kept, keep
from archscope.reporting.table.json_csv import json_text
from archscope.studies.reader import read_study

UNFINISHED = "Unfinished: 20 of 21 trials ended, 0 begun, 1 not begun."
FAILED = "Failed, left out of the means: 4x64d seed 2"


@pytest.fixture
def study_folder(fake_sweep):
    """A study's folder as it is from the start: its text, and a study.json without results."""
    folder = fake_sweep(statuses={("8x64d", 1): "pending", ("4x64d", 2): "failed"})
    keep(folder, Kept(read_study("resnext-fig7"), "proxy"), {"preset": "proxy"})
    return folder


@pytest.mark.slow
def test_an_unfinished_study_is_a_study_and_says_so_at_the_top(study_folder):
    write(study_folder, ())
    page = (study_folder / "report.html").read_text()
    assert "<h1>Cardinality against width on CIFAR-10</h1>" in page
    assert "(published)" in page
    top = page[: page.index("<h2>")]
    assert UNFINISHED in top and FAILED in top
    assert page.count(UNFINISHED) == 1
    markdown = (study_folder / "study.md").read_text()
    first, second = markdown.split("\n\n")[:2]
    assert first == f"> **{UNFINISHED}**" and second.startswith(f"> **{FAILED}")
    rows = json.loads((study_folder / "study.json").read_text())["rows"]
    assert {row["label"]: row["n"] for row in rows}["8x64d"] == 2


def test_a_study_that_was_kept_before_its_first_trial_has_a_report(fake_sweep):
    names = ("1x64d", "2x64d", "1x96d")
    statuses = {(name, seed): "pending" for name in names for seed in (1, 2)}
    folder = fake_sweep(templates=names, seeds=(1, 2), statuses=statuses)
    keep(folder, Kept(read_study("resnext-fig7"), "proxy"), {"preset": "proxy"})
    made = contents(folder)
    assert made.document["schema"] == "archscope.study_result/1"
    assert made.document["verdicts"] == [] and made.document["honesty"] == []
    assert "0 of 6 trainings done" in made.texts["report.html"]()


def test_a_training_of_one_network_has_a_page_without_a_plot_of_one_point(fake_sweep):
    folder = fake_sweep(templates=("1x64d",))
    plan = json.loads((folder / "sweep.json").read_text())
    plan["settings"]["preset"] = "train"
    (folder / "sweep.json").write_text(json.dumps(plan))
    names = [path.name for path in write(folder)]
    assert names == [
        *("results.csv", "table.md", "report.html", "captions.md"),
        *("curves.png", "curves.svg"),
    ]
    page = (folder / "report.html").read_text()
    # The made-up errors of 1x64d: 39.5, 40, 40.5.
    assert "test 40.00 ± 0.29 %" in page and "<h2>Seeds</h2>" in page
    assert "Test error against parameters" not in page
    assert contents(folder).document["schema"] == "archscope.train/1"


def test_the_table_of_an_unfinished_training_says_so_at_its_top(fake_sweep):
    folder = fake_sweep(templates=("1x64d",), statuses={("1x64d", 2): "pending"})
    plan = json.loads((folder / "sweep.json").read_text())
    plan["settings"]["preset"] = "train"
    (folder / "sweep.json").write_text(json.dumps(plan))
    text = contents(folder).texts["table.md"]()
    said = "Unfinished: 2 of 3 trials ended, 0 begun, 1 not begun."
    assert text.startswith(f"> **{said}**\n\n") and text.count(said) == 1


@pytest.mark.slow
def test_the_page_of_a_plain_sweep_resolves_what_was_asked(fake_sweep):
    folder = fake_sweep(templates=("1x64d", "2x64d", "1x96d"), noise=2.0)
    for resolve in (0.5, 0.05):
        write(folder, (), resolve)
        assert f"resolve {resolve:g} points" in (folder / "report.html").read_text()


@pytest.mark.slow
def test_captions_stand_beside_the_figures_and_explain_the_bars(fake_sweep):
    folder = fake_sweep(templates=("1x64d", "2x64d"))
    assert not any(path.suffix in (".png", ".svg") for path in write(folder, ("pdf",)))
    text = (folder / "captions.md").read_text()
    assert text.startswith("**figure7.** Test error against parameters: CIFAR-10 (JPEG)")
    assert "Bars: ± one standard error." in text and "**curves.**" in text
    assert (folder / "figure7.pdf").is_file()


def test_a_damaged_or_foreign_folder_is_told(study_folder, tmp_path):
    (study_folder / "study.json").write_text('{"preset": "gone"}')
    with pytest.raises(ArchscopeError, match=r"study\.json is missing or damaged.*same --out"):
        contents(study_folder)
    with pytest.raises(UsageError, match=r"is not a sweep's folder"):
        contents(tmp_path)


@pytest.mark.slow
def test_the_order_of_a_longer_sweep_is_compared_beside_the_baselines(tmp_path, study_folder):
    longer = write_fake_sweep(tmp_path / "longer", epochs=20)
    made = contents(study_folder, against=longer)
    table = next(t for t in made.tables if t.title.startswith("Does it order the networks"))
    assert [(row["order"], row["networks"]) for row in table.rows] == [
        ("our errors", 7),
        ("more parameters", 7),
        ("more multiply-adds", 7),
    ]
    against = json.loads(json_text(made.document))["against"]
    assert [(one["order"], one["n"]) for one in against["orders"]] == [
        ("our errors", 7),
        ("params", 7),
        ("macs", 7),
    ]
    assert against["orders"][0]["interval"] == [table.rows[0]["low"], table.rows[0]["high"]]
    assert "20 epochs, 3 seeds" in against["target"]
    # The made-up errors do not depend on the epochs; the failed seed moves 4x64d by a little.
    assert table.rows[0]["tau"] == 1.0
    assert "(ResNeXt-11 at scale 0.125, CIFAR-10 (JPEG), 20,000" in table.notes[0]
    assert "20 epochs, 3 seeds; networks matched by label)" in table.notes[0]
    assert "over the noise of both sweeps' seeds" in table.notes[0]
    assert table.title in made.texts["report.html"]()
    plain = write_fake_sweep(tmp_path / "plain")
    assert contents(plain).document["against"] is None
    assert contents(plain, against=longer).document["against"]["orders"][0]["tau"] == 1.0
    assert "20 epochs, 3 seeds" in contents(plain, against=longer).texts["report.html"]()
    few = write_fake_sweep(tmp_path / "few", templates=("1x64d", "2x64d"))
    with pytest.raises(UsageError, match="needs three networks or more, not 2"):
        contents(plain, against=few)


def test_a_longer_sweep_of_one_seed_tells_no_interval(tmp_path, fake_sweep):
    longer = write_fake_sweep(tmp_path / "longer", epochs=20, seeds=(1,))
    made = contents(fake_sweep(), against=longer)
    table = next(t for t in made.tables if t.title.startswith("Does it order the networks"))
    assert (table.rows[0]["tau"], table.rows[0]["low"]) == (1.0, None)
    assert "There is no interval" in table.notes[0]


def test_pairs_that_change_places_are_objects_in_json(study_folder):
    """The made-up costs: 2x64d has 90,336 parameters, 1x96d 97,328; 2.96 M and 2.72 M
    multiply-adds; 132,000 and 124,000 activations."""
    flips = json.loads(json_text(contents(study_folder).document))["flips"]
    assert {
        "winner": "2x64d",
        "loser": "1x96d",
        "on": ["params"],
        "against": ["macs", "activations"],
    } in flips
    assert all(flip.keys() == flips[0].keys() for flip in flips)


def test_medians_stand_beside_means(fake_sweep):
    folder = fake_sweep(templates=("1x64d", "2x64d"), noise=0.3)
    made = contents(folder)
    row = next(row for row in made.document["networks"] if row["template"] == "2x64d")
    errors = sorted(
        json.loads(path.read_text())["metrics"]["test_error"]
        for path in folder.glob("trials/2x64d-*/result.json")
    )
    assert row["test_error_median"] == errors[1] != row["test_error"]
    page = made.texts["report.html"]()
    assert "median (%) ↓" in page and f'data-value="{errors[1]!r}"' in page


def test_a_kept_study_is_a_frame_in_one_line(study_folder, tmp_path):
    frame = load_study(study_folder).to_frame()
    row = frame.set_index("label").loc["1x64d"]
    assert row["CIFAR-10 test error (%)"] == 4.394 and row["test_error"] == pytest.approx(40.0)
    with pytest.raises(UsageError, match="is not a study's folder"):
        load_study(tmp_path)
