"""Interleaved pairs of whole processes: ratios that hold when the machine's speed drifts."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from archscope.errors import ArchscopeError

# Modules are compiled by the first run, as they are in use: libraries are so already, and without
# this a checkout would be compiled anew in every run.
_COMPILED = {key: os.environ[key] for key in os.environ if key != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: Sequence[str]) -> float:
    """Wall time of one run; its output is thrown away, its failure is not."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=_COMPILED)
    return time.perf_counter() - started


def ratio(ours: Sequence[str], baseline: Sequence[str], pairs: int) -> tuple[float, float, float]:
    """Medians over `pairs` runs in turn, after one of each: both times, and the pairs' ratio."""
    seconds(ours), seconds(baseline)
    times = [(seconds(ours), seconds(baseline)) for _ in range(pairs)]
    mine, theirs = zip(*times, strict=True)
    ratios = [one / other for one, other in times]
    return statistics.median(mine), statistics.median(theirs), statistics.median(ratios)


def machine() -> str:
    """One line about where this was measured."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as stream:  # noqa: PTH123
            lines = [line for line in stream if line.startswith("model name")]
        name = lines[0].split(":")[1].strip()
    except (OSError, IndexError):
        pass
    load = os.getloadavg()[0]
    return f"{name}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"


def report(what: str, goal: float, result: tuple[float, float, float], pairs: int) -> None:
    """Print the figure, its goal and the machine."""
    mine, theirs, median = result
    print(f"{what}: {median:.2f}x (goal: at most {goal}x), median of {pairs} interleaved pairs")
    print(f"  {mine * 1000:.0f} ms against {theirs * 1000:.0f} ms; {machine()}")


def python(code: str) -> list[str]:
    """The command that runs `code`."""
    return [sys.executable, "-c", code]


def told(main: Callable[[], None]) -> None:
    """Run a benchmark; what its user must mend is said in a sentence."""
    try:
        main()
    except ArchscopeError as error:
        sys.exit(str(error))
