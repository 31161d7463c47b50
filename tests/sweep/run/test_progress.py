from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from sweep_fixture import write_fake_sweep

from archscope.sweep.plan.estimate import (
    Images,
    duration,
    estimated_seconds,
    longest_first,
    trial_work,
)
from archscope.sweep.run.live import Bars, Lines, display
from archscope.sweep.run.messages import Event
from archscope.sweep.run.progress import Progress
from archscope.sweep.store.records import read_sweep
from archscope.testing.trials import FakeTrial, fake_trial

IMAGES = Images(train=1000, test=0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def started(
    folder: Path, statuses: dict[tuple[str, int], str]
) -> tuple[Progress, Clock, list[str]]:
    seeds = tuple(seed for _, seed in statuses)
    write_fake_sweep(folder, templates=("1x64d",), seeds=seeds, epochs=4, statuses=statuses)
    sweep, clock = read_sweep(folder), Clock()
    progress = Progress(sweep.trials, IMAGES, 2, clock)
    return progress, clock, [record.key for record in sweep.trials]


def line(epoch: int) -> dict[str, object]:
    return {"epoch": epoch, "test_error": 40.0, "images_per_second": 1234.5}


def test_time_left_is_what_is_left_at_the_rate_of_this_run(tmp_path: Path) -> None:
    # Four trials of 4 epochs: one done, one half done (2 epochs), two to begin: 10 of 16 are left.
    pending = {("1x64d", 1): "done", ("1x64d", 2): "running"}
    pending |= {("1x64d", 3): "pending", ("1x64d", 4): "pending"}
    progress, clock, keys = started(tmp_path, pending)
    assert progress.fraction == pytest.approx(6 / 16)
    assert progress.seconds_left is None
    clock.now = 30.0
    progress.take(Event("epoch", keys[1], line(3)))
    assert progress.seconds_left == pytest.approx(9 * 30)
    progress.take(Event("step", keys[2], {"done": 500, "total": 1000}))
    assert progress.seconds_left == pytest.approx(8.5 * 20)
    assert progress.running[keys[2]].part == 0.5
    progress.take(Event("epoch", keys[1], line(4)))
    progress.take(Event("finished", keys[1], {"status": "done", "test_error": 40.0}))
    assert progress.ended == 2
    assert progress.fraction == pytest.approx(8.5 / 16)
    assert list(progress.running) == [keys[2]]


def test_a_failed_trial_leaves_no_work_behind(tmp_path: Path) -> None:
    progress, _, keys = started(tmp_path, {("1x64d", 1): "pending"})
    progress.take(Event("started", keys[0]))
    progress.take(Event("failed", keys[0], {"reason": "why"}))
    assert progress.fraction == 1
    assert (progress.statuses, progress.reasons) == ({keys[0]: "failed"}, {keys[0]: "why"})


def test_lines_off_a_terminal(tmp_path: Path) -> None:
    progress, clock, keys = started(tmp_path, {("1x64d", 1): "pending", ("1x64d", 2): "pending"})
    stream = io.StringIO()
    shown = display(progress, stream)
    assert isinstance(shown, Lines)
    with shown:
        shown.event(Event("started", keys[0]))
        clock.now = 10.0
        shown.event(Event("epoch", keys[0], line(1)))
        clock.now = 11.0
        shown.event(Event("epoch", keys[0], line(2)))  # too soon after the last for a line
        shown.tick()
        shown.event(Event("finished", keys[0], {"status": "done", "test_error": 41.5}))
        shown.event(Event("failed", keys[1], {"reason": "out of memory"}))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert "1x64d seed 1: epoch 1/4, test error 40.00 %, 1,234 images/s" in lines[0]
    assert lines[0].startswith("[0/2 trials, 12 %, 70 s left]")
    assert lines[1].startswith("[1/2") and lines[1].endswith("done, test error 41.50 %")
    assert lines[2].startswith("[2/2") and lines[2].endswith("failed: out of memory")


def test_bars_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress, clock, keys = started(tmp_path, {("1x64d", 1): "pending", ("1x64d", 2): "pending"})
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, highlight=False)
    with Bars(progress, console) as shown:
        clock.now = 10.0
        shown.event(Event("started", keys[0]))
        shown.event(Event("epoch", keys[0], line(1)))
        shown.tick()
        shown._bars.refresh()
        during = stream.getvalue()
        shown.event(Event("finished", keys[0], {"status": "diverged"}))
    assert "1x64d seed 1" in during and "test error 40.00 %" in during
    assert "0/2 trials" in during and "left" in during
    assert "1x64d seed 1: diverged" in stream.getvalue()


def test_longest_first_counts_what_is_left() -> None:
    def trial(key: str, macs: int) -> FakeTrial:
        return fake_trial(key, epochs=10, work=macs)

    trials = [(trial("small", 10), 0), (trial("big", 30), 0), (trial("nearly done", 40), 9)]
    assert [t.key for t in longest_first(trials, IMAGES)] == ["big", "small", "nearly done"]
    assert trial_work(trial("a", 10), Images(0, 7), 4) == 10 * 7 * 6


def test_the_estimate_is_no_shorter_than_the_longest_trial() -> None:
    assert estimated_seconds([100e9] * 4, "bf16", 2) == pytest.approx(2)
    assert estimated_seconds([400e9, 100e9], "bf16", 2) == pytest.approx(4)
    assert estimated_seconds([100e9], "fp32", 1) == pytest.approx(2)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (7199, "2 h 0 min"),
        (12000, "3 h 20 min"),
        (190000, "2 days 4 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
