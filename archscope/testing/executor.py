"""What must hold of every executor, seen on trials that train nothing."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from archscope.errors import plural
from archscope.files import read_text
from archscope.sweep.plan.slots import Slot
from archscope.sweep.plan.trial import Trial
from archscope.sweep.run.messages import Event
from archscope.sweep.run.outcomes import Observer
from archscope.sweep.run.signals import Interrupted
from archscope.sweep.run.supply import Leased, Supply
from archscope.sweep.store import lease
from archscope.sweep.store import result as results
from archscope.sweep.store.records import TRIAL_FILE, trial_folder
from archscope.testing import runner
from archscope.testing.trials import fake_trial

EPOCHS = 3
TWO = (Slot("cpu", 1), Slot("cpu", 1))


class Runs(Protocol):
    """The half of `archscope.sweep.executor.Executor` that is checked."""

    def run(self, supply: Supply, slots: Sequence[Slot], observer: Observer, runner: str) -> None:
        """Have every trial trained."""


def check_executor(executor: Runs, folder: Path, slots: Sequence[Slot] = TWO) -> None:
    """Check what has trials trained: all of them, once, and nothing lost when something goes wrong.

    Every trial gets a result, good or bad, and the observer is notified; no more are held at a time
    than there are slots; one that fails stops no other; one whose worker dies goes on from its
    checkpoint; what is done is not done again; a signal stops all, nothing is written off, and the
    next run goes on. Call it in the main thread, as a signal (SIGINT) is sent to this process.

        from archscope.testing import check_executor
        from my_executor import OnMyMachines

        def test_my_executor(tmp_path):
            check_executor(OnMyMachines(workers=2), tmp_path)

    Args:
        executor: its `run(supply, slots, observer, runner)` has trials trained by the function that
            `runner` names, as `archscope.sweep.executor.Executor` says.
        folder: an empty one; sweeps are made in it.
        slots: where; as many as the executor has room for.

    Raises:
        AssertionError: with what does not hold.
    """
    _check_outcomes(executor, folder / "outcomes", slots)
    _check_signal(executor, folder / "signal", slots)


class _Supply(Supply):
    """Notes how many trials were held at a time."""

    def __init__(self, folder: Path, trials: Sequence[Trial]) -> None:
        super().__init__(folder, trials)
        self.most = 0
        self._out: set[str] = set()

    def take(self) -> Leased | None:
        taken = super().take()
        if taken:
            self._out.add(taken.key)
            self.most = max(self.most, len(self._out))
        return taken

    def ended(self, leased: Leased, *, over: bool) -> None:
        self._out.discard(leased.key)
        super().ended(leased, over=over)

    def again(self, leased: Leased) -> None:
        self._out.discard(leased.key)
        super().again(leased)

    def lost(self, leased: Leased) -> None:
        self._out.discard(leased.key)
        super().lost(leased)


class _Observer:
    """Keeps the events it gets; `hook` is called with each event."""

    def __init__(self, hook: Callable[[Event], None] | None = None) -> None:
        self.events: list[Event] = []
        self.ticks = 0
        self._hook = hook

    def event(self, event: Event) -> None:
        self.events.append(event)
        if self._hook:
            self._hook(event)

    def tick(self) -> None:
        self.ticks += 1

    def count(self, *kinds: str) -> Counter[str]:
        return Counter(event.key for event in self.events if event.kind in kinds)

    def epochs(self, key: str) -> list[int]:
        every = (event for event in self.events if (event.kind, event.key) == ("epoch", key))
        return [event.data["epoch"] for event in every]


def _trial(key: str, behaviour: str = "") -> Trial:
    return fake_trial(key, behaviour, EPOCHS)


def _result(folder: Path, key: str) -> results.TrialResult:
    found = results.read_whole(trial_folder(folder, key))
    assert found, f"the trial {key} has no complete result.json, though run has returned"
    return found


def _check_outcomes(executor: Runs, folder: Path, slots: Sequence[Slot]) -> None:
    good = [f"good{number}" for number in range(2 * len(slots) + 1)]
    trials = [_trial("raises", "raises"), _trial("dies", "dies"), _trial("once", "dies once")]
    trials += [_trial(key) for key in good]
    supply, observer = _Supply(folder, trials), _Observer()
    executor.run(supply, slots, observer, runner.NAME)
    assert supply.most <= len(slots), (
        f"{supply.most} trials were held at a time, but there are {len(slots)} slots"
    )
    for key in good:
        _check_done(folder, key, slots)
    for key in good:
        told = observer.epochs(key)
        assert told == [1, 2, 3], (
            f"of {key} the epochs {told} were reported, not 1, 2 and 3, each once"
        )
        times = observer.count("started")[key]
        assert times == 1, (
            f"the trial {key} was reported to have started {plural(times, 'time')}, not once"
        )
    # It dies again wherever it is begun anew.
    assert _result(folder, "once").status == "done", (
        "a trial whose worker died once did not continue from what it had kept in its folder"
    )
    _check_done(folder, "once", slots)
    _check_failed(folder, "raises", "made to fail")
    _check_failed(folder, "dies", "")
    ends = observer.count("finished", "failed")
    assert ends == Counter(trial.key for trial in trials), (
        f"each trial's end is to be reported once, but the reports are {dict(ends)}"
    )
    assert set(observer.count("failed")) == {"raises", "dies"}, (
        "the trials that fail, and no others, are to be reported as failed"
    )
    assert observer.ticks, "the observer was never notified that time passes (tick)"
    _check_free(folder, trials)
    _check_nothing_is_done_again(executor, folder, slots, trials)


def _check_done(folder: Path, key: str, slots: Sequence[Slot]) -> None:
    found = _result(folder, key)
    metrics, made = found.metrics, found.environment
    assert found.status == "done", f"the trial {key} has failed: {found.reason}"
    assert metrics["state"] == [1, 2, 3], f"the trial {key} has trained {metrics['state']}"
    assert metrics["odd"] is None, f"the result.json of {key} has a NaN, which is not JSON"
    assert made["threads"] in {slot.threads for slot in slots}, (
        f"the trial {key} trained with {made['threads']} threads, which no slot has"
    )
    kept = json.loads(read_text(trial_folder(folder, key) / TRIAL_FILE))
    assert kept == _trial(key, kept["behaviour"]).document(), (
        f"the trial.json of {key} is not what was given"
    )


def _check_failed(folder: Path, key: str, reason: str) -> None:
    found = _result(folder, key)
    said = found.reason or ""
    assert found.status == "failed", f"the trial {key} fails, but its result says otherwise"
    assert said and "\n" not in said and reason in said, (
        f"the trial {key} failed for the reason {said!r}, which is not its own on one line"
    )


def _check_free(folder: Path, trials: Sequence[Trial]) -> None:
    for trial in trials:
        place = trial_folder(folder, trial.key)
        assert lease.is_free(place, lease.newest(place)), (
            f"the trial {trial.key} is still leased, though run has ended: close the supply"
        )


def _check_nothing_is_done_again(
    executor: Runs, folder: Path, slots: Sequence[Slot], trials: Sequence[Trial]
) -> None:
    observer = _Observer()
    executor.run(_Supply(folder, trials), slots, observer, runner.NAME)
    again = sorted(observer.count("started"))
    assert not again, f"{', '.join(again)} had a result, and trained again"


def _check_signal(executor: Runs, folder: Path, slots: Sequence[Slot]) -> None:
    held = [f"held{number}" for number in range(len(slots))]
    trials = [*(_trial(key, "holds") for key in held), _trial("next")]

    def stop(event: Event) -> None:
        if event.kind == "epoch" and all(observer.epochs(key) == [1] for key in held):
            os.kill(os.getpid(), signal.SIGINT)

    before, observer = signal.getsignal(signal.SIGINT), _Observer(stop)
    try:
        executor.run(_Supply(folder, trials), slots, observer, runner.NAME)
    except Interrupted as caught:
        assert caught.exit_code == 130, f"SIGINT gave the exit code {caught.exit_code}, not 130"
    else:
        raise AssertionError("after SIGINT, run returned as if all was done; raise Interrupted")
    assert signal.getsignal(signal.SIGINT) is before, "run left its own handler of SIGINT behind"
    ended = sorted(path.parent.name for path in folder.glob(f"trials/*/{results.RESULT_FILE}"))
    assert not ended, f"{', '.join(ended)} got a result, though a signal stopped the training"
    _check_free(folder, trials)
    executor.run(_Supply(folder, trials), slots, _Observer(), runner.NAME)
    for trial in trials:
        _check_done(folder, trial.key, slots)
    for key in held:
        begun_from = _result(folder, key).metrics["begun_from"]
        assert begun_from == 1, f"{key} went on from epoch {begun_from} after a signal, not from 1"
