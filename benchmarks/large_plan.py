"""A plan of 100,000 trials: the time to plan it and to ask for its status, and the memory of both.

python benchmarks/large_plan.py [TRIALS]

Status is asked of the plan alone, and with every trial ended (15 epochs each). The
first look at 100,000 results may have to wait for the disk; the second does not.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from archscope.sweep.store.result import write

TEMPLATES = tuple(f"{c}x{8 * w}d" for c in (1, 2, 4, 8, 16) for w in (1, 2))
EPOCHS = 15

PLAN = """
import sys, pathlib
from archscope.sweep.plan import settings as asked
from archscope.sweep.plan import subjects
from archscope.sweep.plan.trial import Machine
from archscope.data.dataset import DatasetInfo
from archscope.sweep.store import folder
from archscope.sweep.store.scan import scan
from archscope.sweep.run.supply import Supply
chosen = asked.settings("paper", templates=sys.argv[2].split(","), seeds=int(sys.argv[3]))
data = DatasetInfo("cifar10", "CIFAR-10", None, 10, "sha256:0", True)
networks = subjects.networks(chosen.subjects, 10)
machine = Machine("cpu", "bf16", 1, 2)
out = pathlib.Path(sys.argv[1])
plan = folder.open_folder(out, chosen, networks, machine, data).plan
supply = Supply(out, [brief.trial for brief in scan(out, plan)])
"""


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of the processor, and MB at the peak of a process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    assert code == 0, command
    seconds = time.perf_counter() - started
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def end_all(folder: Path) -> None:
    """A result for every trial, as a worker writes it."""
    document = json.loads((folder / "sweep.json").read_text())
    names = ("train_loss", "train_error", "test_loss", "test_error", "lr")
    metrics = {"epochs": EPOCHS, "test_error": 4.25, "train_error": 1.5}
    metrics["per_epoch"] = {name: [1.2345678901234567] * EPOCHS for name in names}
    result = {"schema": "archscope.result/1", "key": "KEY", "status": "done", "metrics": metrics}
    result |= {"timing": {"seconds": 1.0}, "environment": {}}
    for trial in document["trials"]:
        path = folder / "trials" / trial["key"]
        path.mkdir(parents=True)
        write(path, result | {"key": trial["key"]})


def report(what: str, seconds: float, busy: float, memory: float) -> None:
    print(
        f"{what:<32} {seconds:6.2f} s, {busy:6.2f} s of a processor, {memory:4.0f} MB", flush=True
    )


def main(trials: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "sweep"
        python, seeds = sys.executable, trials // len(TEMPLATES)
        nothing = [python, "-c", "import archscope.sweep.store.folder, archscope.sweep.run.supply"]
        plan = [python, "-c", PLAN, str(folder), ",".join(TEMPLATES), str(seeds)]
        status = [python, "-m", "archscope", "status", str(folder)]
        report("imports alone", *measured(nothing))
        report(f"plan {seeds * len(TEMPLATES):,} trials", *measured(plan))
        report("open the same plan again", *measured(plan))
        report("status, none begun", *measured(status))
        with mock.patch("os.fsync"):  # a minute less
            end_all(folder)
        report("status, all ended", *measured(status))
        report("status, all ended, once more", *measured(status))
        report("open it again, all ended", *measured(plan))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
