"""The report of a search from a made-up folder: JSON `archscope.search/1`, tables, page."""

import json
import shutil
from dataclasses import replace

import pytest
from sweep_fixture import fake_error, write_fake_sweep

from archscope.errors import ArchscopeError
from archscope.explore.training.until_decided import Stopping
from archscope.reporting.facts.searches import stands
from archscope.reporting.folder.folder import contents
from archscope.sweep.store.search import Asked, Decision, Round, Search, record

TRIED = ("1x64d", "2x64d", "4x64d", "8x64d")
ASKED = Asked(
    *(("cifar_resnext11",), ("1Mparams",), "halving", 4, None, 1, ("random",), ("1/8",)),
    *(3, 16, 0.05, 0.5),
)

ROUND = Round(
    *(TRIED, (2, 5), (4, 2)),
    (
        Decision(("4x64d", "8x64d"), (), 50.0, 80.0, 8),
        Decision(("8x64d",), (), 30.0, 140.0, 14),
    ),
)


@pytest.fixture
def folder(tmp_path):
    """Two designs stopped after two epochs, two trained to the end, and a decision begun."""
    where = write_fake_sweep(tmp_path / "search", templates=TRIED, seeds=(0,))
    for trial in (where / "trials").iterdir():
        lines = [json.loads(line) for line in (trial / "metrics.jsonl").read_text().splitlines()]
        stopped = any(name in trial.name for name in TRIED[:2])
        for line in lines:
            line["validation_error"] = line["test_error"] + 1
        if stopped:
            (trial / "result.json").unlink()
        told = "".join(json.dumps(line) + "\n" for line in (lines[:2] if stopped else lines))
        (trial / "metrics.jsonl").write_text(told)
    made = Search(ASKED, rounds=(ROUND,), winner="8x64d", random=TRIED[:2])
    record(where, lambda there: made)
    plan = write_fake_sweep(where / "decision", templates=("8x64d", "2x64d")) / "sweep.json"
    rule = Stopping(first_look=3, max_seeds=16).rule([("8x64d", "2x64d")], drop=False)
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "rule": rule.document()}))
    return where


def test_random_designs_are_spoken_of_where_there_are_some(folder):
    def notes():
        return " ".join(contents(folder).tables[-1].notes)

    assert "random designs" in notes()
    (folder / "search.json").unlink()
    asked = replace(ASKED, baselines=())
    record(folder, lambda there: Search(asked, rounds=(ROUND,), winner="8x64d"))
    assert "Seconds are" in notes() and "random designs" not in notes()


def test_a_baseline_that_is_the_winner_is_called_so(folder):
    def said(**changes):
        (folder / "search.json").unlink()
        record(folder, lambda there: replace(made, **changes))
        return " ".join(note for one in contents(folder).tables for note in one.notes)

    made = Search(ASKED, rounds=(ROUND,), winner="8x64d", random=TRIED[:2], largest="8x64d")
    assert "The largest that fits: 8x64d, the winner itself." in said()
    assert "same training: not known yet, of the first 2 designs" in said()
    assert "same training: 8x64d, the winner itself, of the" in said(best_of_random="8x64d")
    assert "same training: 2x64d, of the first 2" in said(best_of_random="2x64d")


def test_the_document_has_winner_verdicts_trials_and_what_was_spent(folder):
    found = contents(folder).document
    assert found["schema"] == "archscope.search/1"
    assert {"convention", "families", "at_most", "method", "seed", "verdicts"} <= found.keys()
    winner = found["winner"]
    entry = next(row for row in found["trials"] if row["template"] == "8x64d")
    assert {name: winner[name] for name in ("network", "params", "macs", "activations")} == {
        name: entry[name] for name in ("network", "params", "macs", "activations")
    }
    assert winner["held_out_error"] == pytest.approx(fake_error("8x64d", 0) + 1)
    assert [one["network"] for one in found["incumbents"]] == ["4x64d", "8x64d"]
    assert [one["seconds"] for one in found["incumbents"]] == [80.0, 140.0]
    assert found["rounds"] == [{"designs": [4, 2], "epochs": [2, 5], "drawn": list(TRIED)}]
    spent = {row["on"]: (row["epochs"], row["seconds"]) for row in found["spent"]}
    assert spent["search"] == (14, 140.0)
    assert spent["decision on fresh seeds"] == (2 * 3 * 5, 2 * 3 * 5 * 10.0 / 2)  # two at a time
    errors = {row["template"]: row["held_out_error"] for row in found["trials"]}
    assert errors["1x64d"] > errors["8x64d"]
    (verdict,) = found["verdicts"]
    assert verdict["difference"] == pytest.approx(fake_error("8x64d", 1) - fake_error("2x64d", 1))
    assert json.loads(json.dumps(found)) == found


def test_the_page_names_held_out_errors_as_what_they_are(folder):
    page = contents(folder).texts["report.html"]()
    assert "Search over: 8x64d is the best of 4 designs" in page
    assert "held-out error (%)" in page.split("<svg", 1)[1]


def test_designs_that_the_search_has_paused_are_called_so(folder):
    def caption():
        return contents(folder).figures["curves"].heading.subtitles[0]

    (folder / "search.json").unlink()
    record(folder, lambda there: Search(ASKED, rounds=(ROUND,), winner="8x64d"))
    assert caption().endswith(" 2 networks paused by the search, without a panel.")
    (folder / "search.json").unlink()  # as designs of a baseline they are to go on, and run
    record(folder, lambda there: Search(ASKED, rounds=(ROUND,), winner="8x64d", random=TRIED[:2]))
    assert "paused" not in caption()
    [trial] = (folder / "trials").glob("1x64d*")
    shutil.rmtree(trial)
    assert caption().endswith(" 1 network not begun, or without a run that counts.")


def test_a_search_whose_time_ran_out_in_a_rung_does_not_say_that_held_out_images_chose():
    first = Decision(("4x64d", "8x64d"), (), 50.0, 80.0, 8)
    one = Round(TRIED, (2, 5), (4, 2), (first,))
    cut = stands(Search(ASKED, rounds=(one,), winner="4x64d"))
    assert "the best of 4 designs when time ran out at epoch 2" in cut
    whole = replace(one, decisions=(first, Decision(("8x64d",), (), 30.0, 140.0, 14)))
    assert "of 4 designs on held-out images" in stands(
        Search(ASKED, rounds=(whole,), winner="8x64d")
    )


def test_every_figure_of_the_page_has_one_for_narrow_screens(folder, monkeypatch):
    def narrow(_draw, name, _heading, _hover):
        return f"[{name} of a telephone]"

    monkeypatch.setattr("archscope.reporting.folder.page_figures.narrow", narrow)
    page = contents(folder).texts["report.html"]()
    assert page.count('class="figure wide"') == page.count("of a telephone]") == 2
    assert "[costs of a telephone]" in page and '<div class="figure"><svg ' not in page


def test_a_decision_that_is_another_sweep_is_told_in_a_sentence(folder):
    write_fake_sweep(folder / "decision", templates=("8x64d", "2x64d"))
    with pytest.raises(ArchscopeError, match="is not the decision of a search: move it away"):
        contents(folder)
