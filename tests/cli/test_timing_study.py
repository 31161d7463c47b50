"""`archscope study` of times: measured once, kept, and told beside the published."""

from __future__ import annotations

import json

import pytest

from archscope.arch.names import parse
from archscope.cost import count

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


@pytest.mark.slow
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


@pytest.mark.usefixtures("undrawn")
def test_the_same_folder_is_not_measured_twice(run, own, tmp_path, monkeypatch):
    from archscope.explore.training import timing_study

    out = tmp_path / "out"
    assert run("study", own, "--preset", "quick", "--out", out).exit_code == 0
    monkeypatch.setattr(timing_study, "bench", lambda *_, **__: pytest.fail("measured again"))
    result = run("study", own, "--preset", "quick", "--out", out)
    assert result.exit_code == 0 and "to measure again, choose another --out" in result.stderr


def test_an_interrupted_measurement_says_so_at_the_top(run, own, tmp_path, monkeypatch):
    from archscope.errors import ArchscopeError
    from archscope.explore.training import timing_study

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
        (("--seeds", 2), "measures times and trains nothing; leave out --seeds"),
        (("--offline", "--workers", 1), "leave out --workers, --offline"),
        (("--executor", "ray"), "leave out --executor"),
        (("--executor", "ray", "--address", "auto"), "leave out --executor, --address"),
        (("--trials-per-gpu", 2), "leave out --trials-per-gpu"),
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


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_measurement_is_told(run, own, tmp_path):
    out = tmp_path / "out"
    assert run("study", own, "--preset", "quick", "--out", out).exit_code == 0
    (out / "bench.json").write_text("{}")
    result = run("report", out)
    assert result.exit_code == 1 and "remove it and run the study again" in result.stderr


@pytest.fixture(scope="module")
def bench_text():
    """A measurement as `bench` writes it."""
    from archscope.explore.clock.bench import Extras, Setting, bench

    names = ["cifar_resnet20@0.5", "wrn_10_1"]
    setting = Setting(modes=("step",), batch=1, rounds=1, threads=1)
    return json.dumps(bench(names, setting, extras=Extras(memory=False)).document())


@pytest.fixture
def measured(run, own, tmp_path):
    out = tmp_path / "out"
    assert run("study", own, "--preset", "quick", "--out", out).exit_code == 0
    return out


@pytest.mark.slow
def test_an_edited_study_is_not_put_beside_times_of_the_old_one(run, own, measured):
    before = (measured / "study.json").read_bytes()
    own.write_text(OWN.replace('reference = "thin"', 'reference = "wide"'))
    result = run("study", own, "--preset", "quick", "--out", measured)
    assert result.exit_code == 2 and "was changed since" in result.stderr
    assert result.stderr.count("\n") == 1 and (measured / "study.json").read_bytes() == before
    (measured / "bench.json").unlink()  # as the sentence says
    assert run("study", own, "--preset", "quick", "--out", measured).exit_code == 0
    rows = {row["label"]: row for row in json.loads((measured / "study.json").read_text())["rows"]}
    assert rows["wide"]["ratio"] == 1.0 and rows["thin"]["published_ratio"] == 4.0


@pytest.mark.slow
def test_the_times_of_another_preset_are_refused_where_study_json_is_lost(run, own, tmp_path):
    out = tmp_path / "out"
    own.write_text(OWN + OWN[OWN.index("[presets.quick]") :].replace("quick", "second"))
    assert run("study", own, "--preset", "quick", "--out", out).exit_code == 0
    (out / "study.json").unlink()
    result = run("study", own, "--preset", "second", "--out", out)
    assert result.exit_code == 2 and "preset quick" in result.stderr


def test_ratios_are_to_the_reference_wherever_it_stands(own):
    from archscope.reporting.folder.timing import timing_rows
    from archscope.studies.reader import read_study

    study = read_study(str(own))
    names = {row.label: study.network(row).name for row in study.rows}
    seconds = {"wide": [8.0, 6.0, 4.0], "thin": [2.0, 2.0, 2.0]}  # to thin: 4, 3 and 2
    results = [
        {"network": names[label], "seconds": times, "median": times[1], "ratio": 9.0}
        for label, times in seconds.items()
    ]
    rows = {row["label"]: row for row in timing_rows(study, {"results": results})}
    spans = [rows["wide"][key] for key in ("ratio_low", "ratio", "ratio_high")]
    assert spans == [2.0, 3.0, 4.0] and rows["thin"]["ratio"] == 1.0


@pytest.mark.slow
def test_a_damaged_study_json_is_mended_by_the_same_command(run, own, measured, monkeypatch):
    from archscope.explore.training import timing_study

    whole = (measured / "study.json").read_bytes()
    monkeypatch.setattr(timing_study, "bench", lambda *_, **__: pytest.fail("measured again"))
    (measured / "study.json").write_text("{")
    result = run("report", measured)
    assert result.exit_code == 1 and "run the study again with the same --out" in result.stderr
    result = run("study", own, "--preset", "quick", "--out", measured)
    assert result.exit_code == 0, result.output
    assert (measured / "study.json").read_bytes() == whole


@pytest.mark.parametrize(
    "path",
    [("schema",), ("machine",), ("results", 0, "seconds"), ("results", 1, "median"),
     ("machine", "cpus"), ("setting", "modes"), ("networks", 0, "input")],
)  # fmt: skip
@pytest.mark.parametrize("wrong", [None, "words"])
def test_a_measurement_with_wrong_content_is_told(tmp_path, path, wrong, bench_text):
    from archscope.errors import ArchscopeError
    from archscope.reporting.facts.bench_file import read_bench

    document = json.loads(bench_text)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    if wrong is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = wrong
    (tmp_path / "bench.json").write_text(json.dumps(document))
    with pytest.raises(ArchscopeError, match="remove it and run the study again"):
        read_bench(tmp_path)


def test_a_second_call_is_told_that_the_first_measures(run, own, tmp_path, monkeypatch):
    from archscope.explore.training import timing_study
    from archscope.sweep.store.locks import locked

    monkeypatch.setattr(timing_study, "_PATIENCE", 0.1, raising=False)
    out = tmp_path / "out"
    with locked(out):
        result = run("study", own, "--preset", "quick", "--out", out)
    assert result.exit_code == 1 and "archscope study has been measuring" in result.stderr


@pytest.mark.usefixtures("undrawn")
def test_the_classes_of_the_study_are_those_of_the_networks_that_are_timed(run, own, tmp_path):
    own.write_text(OWN.replace("measures =", "classes = 7\nmeasures ="))
    out = tmp_path / "out"
    assert run("study", own, "--preset", "quick", "--out", out).exit_code == 0
    document = json.loads((out / "study.json").read_text())
    printed = {row["network"]: row["params"] for row in document["rows"]}
    timed = {entry["name"]: entry["params"] for entry in document["bench"]["networks"]}
    # Three classes less than CIFAR-10's are 3 x (64 weights and a bias) less: WRN-10-1 ends at 64.
    assert timed["wrn_10_1"] == printed["wrn_10_1"] == count(parse("wrn_10_1")).params - 3 * 65
