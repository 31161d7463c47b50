"""`archscope study` of times: measured once, kept, and told beside the published."""

from __future__ import annotations

import json

import pytest

OWN = """schema = "archscope.study/1"
name = "clock"
title = "Thin or wide"
source = "nobody, Table 1"
question = "Which is faster?"
measures = ["times faster than the thin one"]
timing = { reference = "thin", published = "speed" }
rows = [
    { label = "wide", network = "wrn_10_1", published = [4] },
    { label = "thin", network = "cifar_resnet20@0.5", published = [1.0] },
    { label = "other", network = "cifar_resnet8", published = ["-"] },
]

[presets.quick]
kind = "timing"
device = "cpu"
rows = ["wide", "thin"]
batch = 2
rounds = 3
threads = 1
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    return path


def test_times_are_measured_once_and_told_beside_the_published(run, own, tmp_path):
    out = tmp_path / "out"
    result = run("study", own, "--preset", "quick", "--out", out)
    assert result.exit_code == 0, result.output
    assert "times faster than the thin one" in result.stdout and "(published)" in result.stdout
    document = json.loads((out / "study.json").read_text())
    assert document["schema"] == "archscope.study_result/1" and document["preset"] == "quick"
    rows = {row["label"]: row for row in document["rows"]}
    # Four times faster is a quarter of the time.
    assert rows["wide"]["published_ratio"] == 0.25 and rows["other"]["published_ratio"] is None
    assert rows["thin"]["ratio"] == 1.0 and rows["other"]["ratio"] is None
    bench = document["bench"]
    assert [entry["network"] for entry in bench["results"]] == [
        rows["thin"]["network"],
        rows["wide"]["network"],
    ]
    thin, wide = (entry["seconds"] for entry in bench["results"])
    ratios = sorted(b / a for a, b in zip(thin, wide, strict=True))
    assert [rows["wide"][key] for key in ("ratio_low", "ratio", "ratio_high")] == ratios
    assert bench["results"][1]["published_ratio"] == 0.25 and bench["machine"]["threads"] == 1

    page = (out / "report.html").read_text()
    assert page.index("<h2>Verdict</h2>") < page.index("<h2>Times</h2>")
    assert f"wide takes {ratios[1]:.2f} times as long as thin here" in page
    assert "published: 0.25" in page and "<title>wrn_10_1: " in page
    assert (out / "times.png").is_file() and "whiskers" in (out / "captions.md").read_text()

    own.unlink()  # the folder has its text
    kept = (out / "bench.json").read_bytes()
    (out / "report.html").unlink()
    again = run("report", out, "--format", "json", "--figures", "svg")
    assert json.loads(again.stdout)["rows"] == document["rows"]
    assert (out / "report.html").read_text() == page
    assert (out / "bench.json").read_bytes() == kept


def test_the_same_folder_is_not_measured_twice(run, own, tmp_path, monkeypatch):
    from archscope.explore import timing_study

    out = tmp_path / "out"
    assert run("study", own, "--preset", "quick", "--out", out).exit_code == 0
    monkeypatch.setattr(timing_study, "bench", lambda *_, **__: pytest.fail("measured again"))
    result = run("study", own, "--preset", "quick", "--out", out)
    assert result.exit_code == 0 and "another --out measures again" in result.stderr


def test_an_interrupted_measurement_says_so_at_the_top(run, own, tmp_path, monkeypatch):
    from archscope.errors import ArchscopeError
    from archscope.explore import timing_study

    def die(*_, **__):
        raise ArchscopeError("killed")

    monkeypatch.setattr(timing_study, "bench", die)
    out = tmp_path / "out"
    assert run("study", own, "--preset", "quick", "--out", out).exit_code == 1
    assert run("report", out).exit_code == 0
    page = (out / "report.html").read_text()
    assert "Unfinished: nothing is measured yet" in page[: page.index("<h2>")]
    assert (out / "study.md").read_text().startswith("> **Unfinished")


def test_what_a_measurement_has_no_use_for_is_refused(run, own, tmp_path):
    out = tmp_path / "out"
    for options, said in (
        (("--seeds", 2), "measures times and trains nothing, but --seeds was given"),
        (("--offline", "--workers", 1), "--workers, --offline was given"),
        (("--executor", "ray"), "but --executor was given"),
        (("--executor", "ray", "--address", "auto"), "--executor, --address was given"),
        (("--trials-per-gpu", 2), "but --trials-per-gpu was given"),
    ):
        result = run("study", own, "--preset", "quick", "--out", out, *options)
        assert result.exit_code == 2 and said in result.stderr
        assert not out.exists()
    own.write_text(OWN.replace('"cpu"', '"cuda:7"'))
    result = run("study", own, "--preset", "quick", "--out", out)
    assert result.exit_code == 2 and "cuda:7" in result.stderr and not out.exists()
    own.write_text(OWN)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    result = run("study", own, "--preset", "quick", "--out", tmp_path / "full")
    assert result.exit_code == 2 and "is not empty and holds no timing study" in result.stderr


def test_a_damaged_measurement_is_told(run, own, tmp_path):
    out = tmp_path / "out"
    assert run("study", own, "--preset", "quick", "--out", out).exit_code == 0
    (out / "bench.json").write_text("{}")
    result = run("report", out)
    assert result.exit_code == 1 and "remove it and run the study again" in result.stderr
