"""`verify-device`: every check in a process of its own, one table, one document."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.documents import json_value
from archscope.errors import UsageError, shown
from archscope.explore.device.result import Checked, DeviceReport
from archscope.files import read_ours
from archscope.plain_text import say
from archscope.sweep.store.environment import environment
from archscope.training.devices import check_device, inventory

if TYPE_CHECKING:
    from archscope.training.devices import Inventory

# The most seconds of each; all together have SECONDS. A CPU, there to see it work, has more.
LIMITS: Mapping[str, float] = {
    "device": 60,
    "arithmetic": 60,
    "counts": 60,
    "resume-fp32": 90,
    "resume-bf16": 90,
    "sweep": 150,
    "waiting": 60,
    "errors": 150,
    "times": 90,
    "latency-model": 120,
}
SECONDS = 470.0
_PATIENCE = {"cpu": 3.0}
_PROCESS = "archscope.explore.device.one_check"
_GRACE = 10.0  # seconds in which an interrupted check ends what it has begun


def verify_device(
    device: str | None = None,
    *,
    checks: Sequence[str] = (),
    note: Callable[[str], None] = say,
    found: Inventory | None = None,
) -> DeviceReport:
    """Run every check on a device, each in a process of its own, in under 8 minutes together.

    On the CPU it may take three times as long.

    Args:
        device: "cuda:0", "mps" or "cpu"; None: the first accelerator.
        checks: names out of `LIMITS`; empty: all.
        note: takes a sentence after each.
        found: what the machine has; for tests.

    Returns:
        what each check saw: one that fails, hangs or ends its process leaves the others alone.

    Raises:
        UsageError: for a device or a check that is not there.
    """
    machine = found or inventory()
    on = _chosen(device, machine)
    names = _named(checks)
    patience = _PATIENCE.get(on, 1.0)
    began = time.monotonic()
    done: list[Checked] = []
    with tempfile.TemporaryDirectory(
        prefix="archscope-device-", ignore_cleanup_errors=True
    ) as place:
        for name in names:
            left = patience * SECONDS - (time.monotonic() - began)
            folder = Path(place) / name
            folder.mkdir()
            done.append(_run(name, on, folder, min(patience * LIMITS[name], left)))
            note(f"{done[-1].name}: {done[-1].state} ({done[-1].seconds:.0f} s)")
    gpu = on.startswith("cuda")
    about = {
        **environment(),
        "device": on,
        "device_name": machine.gpus[int(on[5:])] if gpu else None,
        "processor": machine.cpu_name,
        "cpus": machine.cpus,
    }
    return DeviceReport(about, tuple(done), round(time.monotonic() - began, 1))


def _chosen(device: str | None, machine: Inventory) -> str:
    if device is not None:
        return check_device(device, machine)
    if machine.gpus:
        return "cuda:0"
    if machine.mps:
        return "mps"
    raise UsageError(
        "verify-device needs an accelerator, and torch finds none here (CUDA or MPS); name cpu to "
        "see it work"
    )


def _named(checks: Sequence[str]) -> list[str]:
    for name in checks:
        if name not in LIMITS:
            raise UsageError(f"the checks are {', '.join(LIMITS)}, not '{shown(name)}'; name these")
    return [name for name in LIMITS if not checks or name in checks]


def _run(name: str, device: str, folder: Path, limit: float) -> Checked:
    """A check in a process of its own."""
    if limit <= 0:
        why = f"The time of all checks was over; run it alone: --checks {name}."
        return Checked(name, "not possible", "", why, 0.0, {})
    environ, there = _environment(device)
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", _PROCESS, name, there, str(folder)],
            stdin=subprocess.PIPE,  # whose end tells it that this process is gone
            stdout=said,
            stderr=said,
            env=environ,
            start_new_session=True,  # so that all of its processes can be ended together
        )
        late = False
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            late = True
        finally:
            _end(process)
        seconds = round(time.monotonic() - began, 1)
        said.seek(0)
        lines = said.read().strip().splitlines()
    content = None if late else read_ours(folder / "seen.json")
    if content is not None:
        seen: dict[str, Any] = json_value(content)
        return Checked(name, **seen, seconds=seconds)
    last = f": {lines[-1]}" if lines else ""
    why = f"It was not done after {limit:.0f} s." if late else f"{_how(process.returncode)}{last}"
    return Checked(name, "failed", "", why, seconds, {"said": lines[-50:]})


def _environment(device: str) -> tuple[dict[str, str], str]:
    """Of the process of a check: there the device is the only one of CUDA, and so "cuda:0"."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if not device.startswith("cuda:"):
        return environ, device
    number = int(device[5:])
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    environ["CUDA_VISIBLE_DEVICES"] = seen.split(",")[number] if seen else str(number)
    return environ, "cuda:0"


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Interrupt what still runs, so that it ends what it has begun; then kill it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()


def _how(code: int) -> str:
    if code < 0:
        return f"Its process was ended by {signal.Signals(-code).name}"
    return f"Its process ended with exit code {code}"
