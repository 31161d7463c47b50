"""What a sweep costs beside its trainings: start, scheduling, recording, testing left aside.

    python benchmarks/sweep_overhead.py    # 8 trials of about a minute; 5 minutes on 2 cores

The overhead is the part of the slots' time (wall time of the whole command, times the trials at a
time) in which none of the trials' epochs ran: from the start of Python to the report's last file.
The last trials end at different times; what a slot idles there is told apart, as it depends on the
number of trials alone. Trials are told to last about a minute each by a first, short one.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

NETWORK = "cifar_resnext11_4x64d@0.125"
GOAL = 0.02
SAMPLES = 10_000


def sweep(folder: Path, epochs: int, seeds: int) -> float:
    """Run the command; return its wall time."""
    command = [
        *(sys.executable, "-m", "archscope", "cifar-sweep", "--preset", "quick", "--gpus", "0"),
        *("--templates", NETWORK, "--samples", str(SAMPLES), "--batch", "128"),
        *("--epochs", str(epochs), "--seeds", str(seeds), "--threads", "1"),
        *("--out", str(folder)),
    ]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def results(folder: Path) -> list[dict]:
    """Every trial's result."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("trials/*/result.json"))]


def main() -> int:
    """Measure, print, and return 1 where the goal is missed."""
    from pairs import machine

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0, help="of a trial, about")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        sweep(Path(name) / "first", 2, 2)
        epoch = max(max(one["timing"]["epoch_seconds"]) for one in results(Path(name) / "first"))
        epochs = math.ceil(given.seconds / epoch)
        folder = Path(name) / "sweep"
        wall = sweep(folder, epochs, given.trials)
        found = results(folder)
        slots = json.loads((folder / "sweep.json").read_text())["machine"]["workers"]
    trained = [one["timing"]["seconds"] for one in found]
    # To the second: the last end of each slot, and how long the others idled after theirs.
    ends = sorted(datetime.fromisoformat(one["environment"]["finished"]) for one in found)[-slots:]
    idle = sum((ends[-1] - end).total_seconds() for end in ends)
    overhead = wall * slots - sum(trained) - idle
    share, each = overhead / sum(trained), sum(trained) / len(found)
    print(
        f"{len(found)} trials of {each:.0f} s, {slots} at a time: {wall:.1f} s of wall time, "
        f"{sum(trained):.1f} s of training, {idle:.0f} s idle at the end, "
        f"{overhead:.1f} s of overhead: {share:.2%} (goal: under {GOAL:.0%})\n  {machine()}"
    )
    return int(share >= GOAL)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    raise SystemExit(main())
