"""Proof that a killed sweep loses nothing: a small plan, undisturbed and killed, hash by hash."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from archscope.errors import ArchscopeError, UsageError, plural
from archscope.plain_text import say
from archscope.reporting.table.formats import text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import Sweep, read_plan, read_sweep
from archscope.sweep.store.result import TrialResult

MOST_KILLS = 10_000
_LOOK = 0.02  # seconds between two looks for an epoch


@dataclass(frozen=True)
class Kill:
    """A kill: in which run of the plan, how long after a start, at how many finished epochs."""

    run: int
    after_seconds: float
    epochs: int


class Instant(NamedTuple):
    """When to kill: seconds after the start, or after an epoch was finished since."""

    seconds: float
    after_an_epoch: bool


@dataclass(frozen=True)
class Compared:
    """A trial: the SHA-256 of its metrics in the undisturbed run, and in each killed one."""

    key: str
    template: str
    seed: int
    undisturbed: str
    killed: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether all are the same."""
        return set(self.killed) == {self.undisturbed}


@dataclass(frozen=True, repr=False)
class Verification(Result):
    """What came of it; `folder` holds all runs where they differ, and is `None` otherwise."""

    trials: tuple[Compared, ...]
    kills: tuple[Kill, ...]
    seed: int
    folder: Path | None

    @property
    def identical(self) -> bool:
        """Whether every trial of every killed run ended with the undisturbed run's metrics."""
        return all(trial.identical for trial in self.trials)

    @property
    def runs(self) -> int:
        """Runs of the plan that were killed."""
        return len({kill.run for kill in self.kills})

    def tables(self) -> list[Table]:
        """A row for each trial; the verdict below."""
        rows = [
            {
                **asdict(trial),
                "killed": " ".join(dict.fromkeys(digest[:12] for digest in trial.killed)),
                "undisturbed": trial.undisturbed[:12],
                "identical": "yes" if trial.identical else "NO",
            }
            for trial in self.trials
        ]
        columns = [
            Column("template", "template", text, "left"),
            Column("seed", "seed"),
            Column("undisturbed", "metrics, undisturbed", text, "left"),
            Column("killed", "metrics, killed and continued", text, "left"),
            Column("identical", "identical", text, "left"),
            Column("key", "key", text, "left", shown=False),
        ]
        title = (
            f"A sweep killed {plural(len(self.kills), 'time')}, against one that ran undisturbed"
        )
        return [Table(title, columns, rows, [self._verdict(), self._when()])]

    def document(self) -> dict[str, Any]:
        """The same as JSON: schema `archscope.verify_resume/1`."""
        return {
            "schema": "archscope.verify_resume/1",
            "convention": "SHA-256 of the metrics of result.json, as JSON with sorted keys",
            "identical": self.identical,
            "random_seed": self.seed,
            "kills": [asdict(kill) for kill in self.kills],
            "trials": [
                {**asdict(trial), "killed": list(trial.killed), "identical": trial.identical}
                for trial in self.trials
            ],
        }

    def _verdict(self) -> str:
        if self.identical:
            return "Identical: every metric of every trial is the same, to the last bit."
        return f"NOT identical: resuming is broken here. Both runs are kept in {self.folder}."

    def _when(self) -> str:
        moments = ", ".join(
            f"{k.after_seconds:.1f} s ({plural(k.epochs, 'epoch')})" for k in self.kills
        )
        several = f" in {self.runs} runs" if self.runs > 1 else ""
        return (
            f"SIGKILL to all processes{several}, this long after a start (epochs finished by "
            f"then): {moments}. Random seed {self.seed}."
        )


def verify_resume(
    kills: int = 3,
    *,
    options: Sequence[str] = (),
    seed: int | None = None,
    note: Callable[[str], None] = say,
) -> Verification:
    """Run a small plan undisturbed, then while killing it `kills` times, and compare.

    Args:
        kills: SIGKILLs to all of its processes: by turns at a random instant of the time that the
            undisturbed run took, and at one soon after an epoch was finished, as a small plan
            spends much of its time on starting. A run that ends before its kill is compared, and
            another begun.
        options: of `archscope cifar-sweep`, but for --out.
        seed: of the instants; without it, one is drawn.
        note: takes a sentence now and then.

    Raises:
        UsageError: for an impossible number of kills; ArchscopeError: where a run fails of itself.
    """
    if not 1 <= kills <= MOST_KILLS:
        raise UsageError(f"--kills must be a number from 1 to {MOST_KILLS:,}, not {kills}.")
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    place = Path(tempfile.mkdtemp(prefix="archscope-verify-"))
    kept = False
    try:
        began = time.monotonic()
        undisturbed = place / "undisturbed"
        _run(options, undisturbed, None)
        took = time.monotonic() - began
        if "--threads" not in options:  # or each run of a long plan would choose by trying
            threads = read_plan(undisturbed).machine.threads
            options = [*options, "--threads", str(threads)]
        note(f"The undisturbed run took {took:.1f} s; now it is killed {plural(kills, 'time')}.")
        struck, folders = _killed(kills, options, place, random.Random(seed), took)
        found = _compare(read_sweep(undisturbed), [read_sweep(folder) for folder in folders])
        kept = not all(trial.identical for trial in found)
        return Verification(tuple(found), tuple(struck), seed, place if kept else None)
    finally:
        if not kept:
            shutil.rmtree(place, ignore_errors=True)


def _killed(
    kills: int, options: Sequence[str], place: Path, draw: random.Random, took: float
) -> tuple[list[Kill], list[Path]]:
    """The kills that struck, and the folders of the runs, each worked off to its end."""
    struck: list[Kill] = []
    folders: list[Path] = []
    while len(struck) < kills:
        folder = place / f"killed-{len(folders) + 1}"
        folders.append(folder)
        while True:
            in_training = len(struck) % 2 == 1
            seconds = draw.uniform(0, took / 4 if in_training else took)
            instant = Instant(seconds, in_training) if len(struck) < kills else None
            elapsed = _run(options, folder, instant)
            if elapsed is None:
                break
            struck.append(Kill(len(folders), round(elapsed, 3), _epochs(folder)))
    return struck, folders


def _run(options: Sequence[str], folder: Path, kill: Instant | None) -> float | None:
    """Run the plan in `folder`; the seconds until it was killed, `None` if it ended before."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "archscope", "cifar-sweep", *options, "--out", folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,  # so that all of its processes can be killed together
        )
        try:
            if kill and kill.after_an_epoch:
                before = _epochs(folder)
                while process.poll() is None and _epochs(folder) == before:
                    time.sleep(_LOOK)
            process.wait(kill.seconds if kill else None)
        except subprocess.TimeoutExpired:
            return time.monotonic() - began
        finally:
            _kill(process)
        if process.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines() or ["it said nothing"]
            raise _failed(process.returncode, lines[-1])
    return None


def _failed(code: int, last: str) -> ArchscopeError:
    error = ArchscopeError(
        f"the plan could not be run (exit code {code}): {last.removeprefix('archscope: ')}"
    )
    error.exit_code = 2 if code == 2 else 1
    return error


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _epochs(folder: Path) -> int:
    try:
        return sum(len(record.epochs) for record in read_sweep(folder).trials)
    except ArchscopeError:  # killed before it had a plan
        return 0


def _compare(undisturbed: Sweep, killed: Sequence[Sweep]) -> list[Compared]:
    others = [{record.key: record.result for record in sweep.trials} for sweep in killed]
    return [
        Compared(
            record.key,
            record.trial.template,
            record.trial.seed,
            _digest(record.result),
            tuple(_digest(other.get(record.key)) for other in others),
        )
        for record in undisturbed.trials
    ]


def _digest(result: TrialResult | None) -> str:
    metrics = None if result is None else result.metrics
    return hashlib.sha256(json.dumps(metrics, sort_keys=True).encode("utf-8")).hexdigest()
