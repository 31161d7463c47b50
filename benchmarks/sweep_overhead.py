"""What a sweep costs beside its trainings: start-up, scheduling, recording, the report.

    python benchmarks/sweep_overhead.py    # 8 trials of about a minute; 5 minutes on 2 cores

A training is what the lines of metrics.jsonl say of its epochs, tests included. All else of the
slots' time (wall time of the command, times the trials at a time) is overhead, told in four parts
by when the files of the sweep were written: until all slots train (the start of Python, plan, data,
a process a slot, torch), per trial after that, the report, and what slots idle because the last
trials end at different times; that last part depends on the plan alone and is left out of the sum.
As start and report come once, the share is told for this sweep and for one of 24 such trials.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETWORK = "cifar_resnext11_4x64d@0.125"
GOAL = 0.02
SAMPLES = 10_000
MANY = 24


def sweep(folder: Path, epochs: int, seeds: int) -> tuple[float, float]:
    """Run the command; return when it began and ended."""
    command = [
        *(sys.executable, "-m", "archscope", "cifar-sweep", "--preset", "quick", "--gpus", "0"),
        *("--templates", NETWORK, "--samples", str(SAMPLES), "--batch", "128"),
        *("--epochs", str(epochs), "--seeds", str(seeds), "--threads", "1"),
        *("--out", str(folder)),
    ]
    began = time.time()
    subprocess.run(command, check=True, capture_output=True)
    return began, time.time()


def trials(folder: Path) -> list[tuple[float, float, float]]:
    """Of each trial, in the order of their ends: when it was taken, when it ended, its training."""
    found = []
    for path in folder.glob("trials/*"):
        seconds = json.loads((path / "result.json").read_text())["timing"]["seconds"]
        taken, ended = ((path / name).stat().st_mtime for name in ("trial.json", "result.json"))
        found.append((taken, ended, seconds))
    return sorted(found, key=lambda trial: trial[1])


def main() -> int:
    """Measure, print, and return 1 where the goal is missed."""
    from pairs import machine

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0, help="of a trial, about")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        sweep(Path(name) / "first", 3, 2)
        lines = (Path(name) / "first").glob("trials/*/metrics.jsonl")
        epoch = max(json.loads(path.read_text().splitlines()[-1])["seconds"] for path in lines)
        folder = Path(name) / "sweep"
        began, ended = sweep(folder, math.ceil(given.seconds / epoch), given.trials)
        found = trials(folder)
        slots = json.loads((folder / "sweep.json").read_text())["machine"]["workers"]
    trained = sum(seconds for _, _, seconds in found)
    last = found[-1][1]
    # The first trial of each slot: from the command's start to its first step.
    first = sorted(found)[:slots]
    start = sum(end - seconds - began for _, end, seconds in first)
    report = slots * (ended - last)
    idle = sum(last - end for _, end, _ in found[-slots:])
    each = slots * (ended - began) - trained - start - report - idle
    print(
        f"{len(found)} trials of {trained / len(found):.0f} s, {slots} at a time, "
        f"{ended - began:.1f} s of wall time; {machine()}\n"
        f"  slots' seconds: training {trained:.1f}, start {start:.1f}, trials {each:.1f}, "
        f"report {report:.1f}; idle at the end {idle:.1f}"
    )
    shares = [
        (start + report + each * n / len(found)) / (trained * n / len(found))
        for n in (len(found), MANY)
    ]
    print(
        f"  overhead {shares[0]:.2%}; of a sweep of {MANY} such trials {shares[1]:.2%} "
        f"(goal: under {GOAL:.0%})"
    )
    return int(shares[1] >= GOAL)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    raise SystemExit(main())
