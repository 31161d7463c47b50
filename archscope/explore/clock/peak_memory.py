"""Peak memory of one network in one mode, measured in a process of its own.

On the CPU it is the high-water mark of the resident set, less what the process held before the
network was built: weights, activations, gradients, and what the libraries keep for themselves. On
CUDA it is torch's own peak of allocated memory (not run on such a device yet); on other devices
nothing is measured.

`python -m archscope.explore.clock.peak_memory` is the other process: a pickled task on its
standard input, a number on its standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Linear, Norm, Pool, Seq
from archscope.cost.workload import Mode, batch_of, measuring, most_allocated, place, workload
from archscope.documents import json_value
from archscope.errors import ArchscopeError, plural
from archscope.explore.networks.opened import Outside

METHODS = {
    "cpu": "high-water mark of the resident set of a fresh process, less what it held before the "
    "network was built",
    "cuda": "torch.cuda.max_memory_allocated of a fresh process",
}
_SMALL = Network("small", Seq(Conv(8, 3), Norm(), Act(), Pool("global"), Linear(2)), (3, 8, 8))
_CALLS = 2  # the second step has the optimizer's buffers
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Task:
    """What the process runs."""

    network: Network | Outside
    mode: Mode
    batch: int
    precision: str
    device: str
    threads: int


def method(device: str) -> str | None:
    """How the peak is measured on a device; None where it is not."""
    return METHODS.get(device.partition(":")[0])


def peak_memory(task: Task) -> int | None:
    """The peak in bytes; None on a device that reports none.

    Raises:
        ArchscopeError: where the process fails.
    """
    if method(task.device) is None:
        return None
    threads = str(task.threads)
    # As a sweep's workers: the same modules are found, and the libraries read the threads at start.
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": threads}
    found = subprocess.run(
        [sys.executable, "-P", "-m", "archscope.explore.clock.peak_memory"],
        input=pickle.dumps(task),
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )
    if found.returncode != 0:
        raise ArchscopeError(
            f"the process that measures the memory of {task.network.name} ({task.mode}, "
            f"{plural(batch_of(task.mode, task.batch), 'image')}) {_end(found)}; use a "
            "smaller --batch, or --no-memory"
        )
    peak: int = json_value(found.stdout)
    return peak


def main() -> None:
    """Run the task on the standard input and print its peak."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback
    task: Task = pickle.load(sys.stdin.buffer)
    print(json.dumps(measure(task)))


def measure(task: Task) -> int:
    """The peak of this process while it builds and runs the task's network."""
    with measuring(task.threads):
        _run(_SMALL, task, 2)  # what the libraries load and keep is there before
        _start_anew()
        before = _resident()
        _run(task.network, task, batch_of(task.mode, task.batch), anew=True)
        if task.device.startswith("cuda"):
            return most_allocated(task.device)
        return max(0, _high_water() - before)


def _run(network: Network | Outside, task: Task, batch: int, *, anew: bool = False) -> None:
    from archscope.explore.networks.outside import image_shape, runnable

    module = runnable(network)
    place(module, task.device)
    if anew:
        _start_anew()  # what making the module took beside its weights is given back
    images = (batch, *image_shape(network))
    call = workload(module, task.mode, images, task.precision, task.device)
    for _ in range(_CALLS):
        call()


def _start_anew() -> None:
    """Linux: the high-water mark is what is held now."""
    with contextlib.suppress(OSError):
        _RESET.write_text("5")


def _resident() -> int:
    return _status("VmRSS") or _high_water()


def _high_water() -> int:
    """The most that this process held: since it began as this program, not as a copy of another."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _status("VmHWM") or (most if sys.platform == "darwin" else 1024 * most)


def _status(key: str) -> int | None:
    """A line of Linux's account of this process, in bytes."""
    try:
        found = re.search(rf"{key}:\s+([0-9]+) kB", _STATUS.read_text())
    except OSError:
        return None
    return 1024 * int(found[1]) if found else None


def _end(found: subprocess.CompletedProcess[bytes]) -> str:
    code = found.returncode
    if code < 0:
        name = signal.Signals(-code).name
        likely = " (as when the system runs out of memory)" if name == "SIGKILL" else ""
        return f"was ended by {name}{likely}"
    lines = found.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"failed: {lines[-1]}" if lines else f"ended with exit code {code}"


if __name__ == "__main__":
    main()
