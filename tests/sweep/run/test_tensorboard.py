"""TensorBoard event files: a view of metrics.jsonl."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sweep_fixture import write_fake_sweep
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.errors import ArchscopeError
from archscope.sweep.run import schedule, tensorboard
from archscope.sweep.run.live import Silent
from archscope.sweep.run.messages import Event
from archscope.sweep.store import lease as leases
from archscope.sweep.store.records import read_sweep

TINY = ["--preset", "quick", "--templates", "1x64d", "--samples", "320", "--seeds", "1"]


@pytest.fixture
def accumulate() -> Any:
    """Read event files with TensorBoard's own reader: {tag: [(step, value), ...]}."""
    pytest.importorskip("tensorboard", reason="event files need tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
        found = EventAccumulator(str(folder))
        found.Reload()
        tags = found.Tags()["scalars"]
        return {tag: [(s.step, s.value) for s in found.Scalars(tag)] for tag in tags}

    return read


def test_the_epochs_of_finished_and_of_running_trials(accumulate: Any, tmp_path: Path) -> None:
    folder = write_fake_sweep(
        tmp_path, templates=("1x64d", "2x64d"), seeds=(1,), statuses={("2x64d", 1): "running"}
    )
    done, running = read_sweep(folder).trials
    trial = folder / "trials" / running.key
    for _ in range(2):  # continued: made anew, and no epoch twice
        with tensorboard.EventFiles(Silent(), folder, [done, running]) as observer:
            observer.event(Event("started", running.key))
            first = accumulate(trial / "tensorboard")
            assert [step for step, _ in first["error/test"]] == [1, 2]
            line = {**running.epochs[-1], "epoch": 3, "test_error": 12.5}
            kept = (trial / "metrics.jsonl").read_text().splitlines()[:2]
            (trial / "metrics.jsonl").write_text("\n".join([*kept, json.dumps(line)]) + "\n")
            observer.event(Event("epoch", running.key, line))
            observer.tick()
        found = accumulate(trial / "tensorboard")
        assert [step for step, _ in found["error/test"]] == [1, 2, 3]
        assert found["error/test"][-1] == (3, 12.5)
        (trial / "metrics.jsonl").write_text("\n".join(kept) + "\n")
    whole = accumulate(folder / "trials" / done.key / "tensorboard")
    assert set(whole) == {
        *("loss/train", "error/train", "loss/test", "error/test", "lr", "images_per_second")
    }
    wanted = [(line["epoch"], pytest.approx(line["train_loss"])) for line in done.epochs]
    assert whole["loss/train"] == wanted


def test_errors_on_validation_images_and_among_listed_classes_have_tags(
    accumulate: Any, tmp_path: Path
) -> None:
    folder = write_fake_sweep(tmp_path, templates=("1x64d",), seeds=(1,))
    [record] = read_sweep(folder).trials
    path = folder / "trials" / record.key / "metrics.jsonl"
    lines = [
        {"epoch": 1, "validation_error": 50.0, "seconds": 5},
        {"epoch": 2, "validation_error": 40.0, "test_error_listed": 30.0, "seconds": 5},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with tensorboard.EventFiles(Silent(), folder, [record]):
        pass
    assert accumulate(path.parent / "tensorboard") == {
        "error/validation": [(1, 50.0), (2, 40.0)],
        "error/test_listed": [(2, 30.0)],
    }


def test_a_trial_that_has_ended_holds_no_writer(accumulate: Any, tmp_path: Path) -> None:
    seeds = tuple(range(1, 6))
    folder = write_fake_sweep(tmp_path, templates=("1x64d",), seeds=seeds)
    trials = read_sweep(folder).trials
    before = threading.active_count()  # an open writer is a thread

    def writers() -> int:
        return threading.active_count() - before

    with tensorboard.EventFiles(Silent(), folder, trials[:3]) as observer:
        assert writers() == 0  # for three that had ended before
        for ends, record in zip(("finished", "lost"), trials[3:], strict=True):
            observer.event(Event("started", record.key))
            assert writers() == 1
            observer.event(Event("started", record.key))  # its worker died: once more
            assert writers() == 1
            observer.event(Event(ends, record.key, {"status": "done"}))  # type: ignore[arg-type]
            assert writers() == 0
    for record in trials:
        found = accumulate(folder / "trials" / record.key / "tensorboard")
        assert [step for step, _ in found["error/test"]] == [1, 2, 3, 4, 5]


def test_what_another_process_trains_is_left_to_it(accumulate: Any, tmp_path: Path) -> None:
    """Its trial runs, then ends while its lease still stands: its files may grow at any time."""
    statuses = {("1x64d", 1): "running", ("1x64d", 2): "pending", ("1x64d", 3): "pending"}
    folder = write_fake_sweep(tmp_path, templates=("1x64d",), seeds=(1, 2, 3), statuses=statuses)
    theirs, without, ours = (folder / "trials" / r.key for r in read_sweep(folder).trials)
    file = theirs / "tensorboard/events.out.tfevents.1.host.1.0"
    file.parent.mkdir()
    file.write_text("theirs")
    os.utime(file, (1, 1))  # they have not written their last epochs yet
    lease = leases.acquire(theirs, 0)
    assert lease is not None
    with tensorboard.EventFiles(Silent(), folder, read_sweep(folder).trials) as observer:
        write_fake_sweep(folder, templates=("1x64d",), seeds=(1, 2), statuses={})
        for trial in (theirs, without):
            data = {"status": "done", "elsewhere": "another"}
            observer.event(Event("finished", trial.name, data))
    assert file.read_text() == "theirs" and list(file.parent.iterdir()) == [file]
    # One that wrote none is completed, and one that nobody has begun is not looked at.
    whole = accumulate(without / "tensorboard")
    assert [step for step, _ in whole["error/test"]] == [1, 2, 3, 4, 5]
    assert not ours.exists() and not list(folder.glob("trials/*/.*"))
    lease.discard()


def test_files_that_are_whole_are_left_and_others_made_anew(
    accumulate: Any, tmp_path: Path
) -> None:
    folder = write_fake_sweep(tmp_path, templates=("1x64d",), seeds=(1,))
    [record] = read_sweep(folder).trials

    def files() -> list[Path]:
        with tensorboard.EventFiles(Silent(), folder, [record]):
            return list((folder / "trials" / record.key / "tensorboard").iterdir())

    [first] = files()
    assert files() == [first]
    first.write_bytes(first.read_bytes()[:100])
    os.utime(first, (1, 1))  # a run without --tensorboard went on since
    [second] = files()
    assert [step for step, _ in accumulate(second.parent)["error/test"]] == [1, 2, 3, 4, 5]


def test_a_full_disk_is_told_as_such(
    accumulate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_fake_sweep(tmp_path, templates=("1x64d",), seeds=(1,))

    def full(into: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensorboard, "_writer", full)
    records = read_sweep(folder).trials
    with pytest.raises(ArchscopeError, match=r"cannot be written \(No space left"):
        tensorboard.EventFiles(Silent(), folder, records)
    with (
        pytest.raises(ArchscopeError, match=r"cannot be written \(No space left"),
        tensorboard.EventFiles(Silent(), folder, []) as observer,
    ):
        observer.event(Event("started", records[0].key))


def test_the_command_writes_them(
    accumulate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:run")
    out = ["--out", str(tmp_path / "s"), "--epochs", "2"]
    for options in ([], ["--tensorboard"]):  # asked for afterwards, of a finished sweep, as well
        result = CliRunner().invoke(app, ["cifar-sweep", *TINY, *out, *options])
        assert result.exit_code == 0, result.stderr
    [trial] = (tmp_path / "s/trials").iterdir()
    assert accumulate(trial / "tensorboard")["error/test"] == [(1, 50.0), (2, 25.0)]


def test_without_tensorboard_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    result = CliRunner().invoke(app, ["cifar-sweep", *TINY, "--tensorboard"])
    assert result.exit_code == 2 and result.stdout == ""
    assert "pip install 'archscope[tensorboard]'" in result.stderr
    assert result.stderr.count("\n") == 1 and list(tmp_path.iterdir()) == []
