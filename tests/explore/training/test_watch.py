"""`status --watch` on a terminal: what changes in a folder, shown as the sweep shows itself."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from sweep_fixture import fake_error, write_fake_sweep

from archscope.explore.training.watch import Watched, watch
from archscope.files import write_json
from archscope.sweep.run.live import Bars
from archscope.sweep.run.messages import Event
from archscope.sweep.run.progress import Progress
from archscope.sweep.store import lease as leases

NOT_YET = {("1x64d", 1): "running", ("1x64d", 2): "pending", ("1x64d", 3): "done"}


def sweep(folder: Path, statuses: dict[tuple[str, int], str]) -> Path:
    return write_fake_sweep(folder, templates=("1x64d",), epochs=4, statuses=statuses)


class Told:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.fractions: list[float] = []

    def __call__(self, progress: Progress) -> Told:
        self.progress = progress
        return self

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def event(self, event: Event) -> None:
        self.progress.take(event)
        self.events.append(event)

    def tick(self) -> None:
        self.fractions.append(self.progress.fraction)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sweep(tmp_path / "sweep", NOT_YET)


def test_what_changes_is_told_once_until_all_has_ended(folder: Path) -> None:
    [first] = folder.glob("trials/1x64d-s1-*")
    lease = leases.acquire(first, 0)
    assert lease is not None
    told, later = (
        Told(),
        [
            lambda: None,
            lambda: sweep(folder, {("1x64d", 2): "failed"}) and lease.release(),
            lambda: sweep(folder, {}),
        ],
    )
    found = watch(folder, told, lambda: later.pop(0)())
    kinds = [(event.kind, event.key.split("-")[1]) for event in told.events]
    # the one that was done at first is no news; a failed one is tried again by the next command
    assert kinds == [("epoch", "s1"), ("finished", "s1"), ("failed", "s2")]
    assert told.events[0].data["epoch"] == 2 and told.events[0].data["images_per_second"] > 0
    assert told.events[1].data == {"status": "done", "test_error": fake_error("1x64d", 1)}
    assert told.fractions == [pytest.approx(6 / 12)] * 2 + [1.0]
    assert found.finished and len(later) == 1


def test_a_trial_that_no_process_holds_any_more_is_said_to_be_interrupted(folder: Path) -> None:
    [first] = folder.glob("trials/1x64d-s1-*")
    lease = leases.acquire(first, 0)
    assert lease is not None
    told, later = Told(), [lease.release, lambda: sweep(folder, {})]
    watch(folder, told, lambda: later.pop(0)())
    assert [event.kind for event in told.events] == ["epoch", "lost", "finished", "finished"]
    assert told.events[1].data["text"] == "interrupted: no process holds it"


def test_trials_that_are_planned_on_the_way_are_shown_too(folder: Path) -> None:
    told, shows, seeds = Told(), [], (1, 2, 3, 4)

    def shown(progress: Progress) -> Told:
        shows.append(progress.total)
        return told(progress)

    def more() -> None:
        left = {("1x64d", 4): "pending"} if len(shows) == 1 else {}
        write_fake_sweep(folder, templates=("1x64d",), seeds=seeds, epochs=4, statuses=left)

    watch(folder, shown, more)
    assert shows == [3, 4]
    assert [(event.kind, event.key.split("-")[1]) for event in told.events] == [
        ("finished", "s1"),
        ("finished", "s2"),
        ("finished", "s4"),
    ]


def test_the_screen_is_not_cleared_and_the_bars_say_rate_and_time_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, highlight=False)
    [first] = folder.glob("trials/1x64d-s1-*")
    lease = leases.acquire(first, 0)
    assert lease is not None
    during = []

    def shown(progress: Progress) -> Bars:
        assert isinstance(progress, Watched)
        during.append(Bars(progress, console))
        return during[0]

    def wait() -> None:
        during[0]._bars.refresh()
        during.append(stream.getvalue())  # type: ignore[arg-type]
        sweep(folder, {})
        lease.release()

    watch(folder, shown, wait)
    text = during[1]
    assert isinstance(text, str)
    assert "1x64d seed 1" in text and "epoch 2/4" in text and "images/s" in text
    assert "1/3 trials" in text and "left" in text
    assert "\x1b[2J" not in stream.getvalue() and "\x1b[H" not in stream.getvalue()
    assert f"1x64d seed 1: done, test error {fake_error('1x64d', 1):.2f} %" in stream.getvalue()


def test_a_damaged_sweep_is_a_sentence(tmp_path: Path) -> None:
    from archscope.errors import ArchscopeError

    write_json(tmp_path / "sweep.json", {})
    with pytest.raises(ArchscopeError):
        watch(tmp_path, Told())
