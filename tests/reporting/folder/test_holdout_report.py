"""What the tables and curves of a sweep say where training images were held out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sweep_fixture import fake_error, write_fake_sweep

from archscope.reporting.facts.points import learning_curves
from archscope.reporting.facts.wording import proxy_differences
from archscope.reporting.figure import curves
from archscope.reporting.folder.sweep import results, table7
from archscope.reporting.table.render import render
from archscope.sweep.store.records import Sweep, read_sweep


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """A fake sweep whose epochs were judged on validation images, 2 % worse than the test set."""
    folder = write_fake_sweep(
        tmp_path, templates=("1x64d", "2x64d"), statuses={("2x64d", 3): "running"}
    )
    path = folder / "sweep.json"
    document = json.loads(path.read_text())
    document["settings"] |= {"holdout": 5000, "whiten": "zca"}
    path.write_text(json.dumps(document))
    for trial in (folder / "trials").iterdir():
        lines = [json.loads(x) for x in (trial / "metrics.jsonl").read_text().splitlines()[:-1]]
        for line in lines:
            line["validation_error"] = line.pop("test_error") + 2
        (trial / "metrics.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
        if (trial / "result.json").exists():
            result = json.loads((trial / "result.json").read_text())
            per_epoch = result["metrics"]["per_epoch"]
            per_epoch["validation_error"] = [e + 2 for e in per_epoch.pop("test_error")]
            result["metrics"]["validation_error"] = result["metrics"]["test_error"] + 2
            (trial / "result.json").write_text(json.dumps(result))
    return read_sweep(folder)


def test_the_table_has_both_errors(sweep: Sweep) -> None:
    table = table7(sweep)
    mean = sum(fake_error("1x64d", seed) for seed in (1, 2, 3)) / 3
    assert table.rows[0]["test_error"] == pytest.approx(mean)
    assert table.rows[0]["validation_error"] == pytest.approx(mean + 2)
    shown = render(table, "table")
    assert "validation" in shown and "used once, after the last epoch" in shown
    assert "ZCA" in shown
    header = render(results(sweep), "csv").splitlines()[0]
    assert header.endswith(",validation_error")
    assert "5,000 training images held out" in proxy_differences(sweep)


def test_the_curves_are_of_validation_errors_and_say_so(sweep: Sweep) -> None:
    done, _ = learning_curves(sweep)
    assert done.judged == "validation" and len(done.epochs) == 5
    mean = sum(fake_error("1x64d", seed) for seed in (1, 2, 3)) / 3
    assert done.test[-1] == pytest.approx(mean + 2)
    [legend] = curves.draw(curves.data(sweep)).legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "validation error",
        "training error",
    ]
    assert "validation error ± one standard error" in curves.data(sweep).heading.subtitles[0]


def test_without_images_held_out_nothing_is_said_of_validation(tmp_path: Path) -> None:
    sweep = read_sweep(write_fake_sweep(tmp_path, templates=("1x64d",)))
    text = render(table7(sweep), "table") + render(results(sweep), "csv")
    assert "validation" not in text and "held out" not in text
    assert learning_curves(sweep)[0].judged == "test"
