from __future__ import annotations

import json
from pathlib import Path

import pytest
from sweep_fixture import fake_error, write_fake_sweep

from archscope.errors import ArchscopeError, UsageError
from archscope.sweep.store.records import read_epochs, read_sweep
from archscope.sweep.store.result import DamagedResult


def test_reads_every_trial_of_a_finished_sweep_in_the_plan_s_order(tmp_path: Path) -> None:
    sweep = read_sweep(write_fake_sweep(tmp_path, templates=("1x64d", "8x64d"), seeds=(1, 2)))
    pairs = [(record.trial.template, record.trial.seed) for record in sweep.trials]
    assert pairs == [("1x64d", 1), ("1x64d", 2), ("8x64d", 1), ("8x64d", 2)]
    assert {record.status for record in sweep.trials} == {"done"}
    last = sweep.trials[3]
    assert last.result is not None
    assert last.result.metrics["test_error"] == fake_error("8x64d", 2)
    assert [line["epoch"] for line in last.epochs] == [1, 2, 3, 4, 5]
    assert sweep.trials[0].trial.entry.curves == ("cardinality", "width")


def test_what_sweep_json_says_of_a_trial_is_its_trial_json(tmp_path: Path) -> None:
    sweep = read_sweep(write_fake_sweep(tmp_path))
    for record in sweep.trials:
        path = tmp_path / "trials" / record.key / "trial.json"
        assert record.trial.document() == json.loads(path.read_text())


def test_reads_a_sweep_that_is_not_finished(tmp_path: Path) -> None:
    statuses = {("1x64d", 1): "running", ("1x64d", 2): "failed", ("1x64d", 3): "diverged"}
    statuses["2x64d", 1] = "pending"
    write_fake_sweep(tmp_path, templates=("1x64d", "2x64d"), statuses=statuses)
    sweep = read_sweep(tmp_path)
    found = [record.status for record in sweep.trials]
    assert found == ["running", "failed", "diverged", "pending", "done", "done"]
    assert len(sweep.trials[0].epochs) == 2  # the torn third line does not count


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_a_result_cut_short_is_told_not_left_out(tmp_path: Path, cut: int) -> None:
    write_fake_sweep(tmp_path, templates=("1x64d",), seeds=(1,))
    [path] = tmp_path.glob("trials/*/result.json")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DamagedResult, match=r"result\.json is damaged .* trains it anew"):
        read_sweep(tmp_path)


def test_the_later_line_of_an_epoch_counts_and_torn_lines_do_not(tmp_path: Path) -> None:
    lines = [
        '{"epoch": 1, "a": 1}',
        '{"epoch": 2, "a": 1}',
        '{"epo',
        "",
        "7",
        '{"epoch": 2, "a": 2}',
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + '\n{"epoch": 3, "a')
    assert read_epochs(tmp_path) == [{"epoch": 1, "a": 1}, {"epoch": 2, "a": 2}]


def test_epochs_after_a_torn_line_do_not_count(tmp_path: Path) -> None:
    """Their errors would stand beside those of other epochs in a mean."""
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 1}\n\0\0\n{"epoch": 3}\n{"epoch": 4}\n')
    assert read_epochs(tmp_path) == [{"epoch": 1}]


def test_a_folder_without_a_sweep_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no sweep\.json"):
        read_sweep(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "archscope.sweep/9"}'])
def test_a_damaged_or_foreign_sweep_json_is_an_error_in_a_sentence(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ArchscopeError, match=r"sweep\.json"):
        read_sweep(tmp_path)
