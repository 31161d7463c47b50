"""The checks of a device that train: resuming, a sweep side by side, no waiting, equal errors."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Unpack

from archscope.arch.names import parse
from archscope.data.load import load, prepare
from archscope.data.view import View
from archscope.explore.device.place import NotPossible, Place, Seen
from archscope.explore.training.cifar_sweep import SweepResult, cifar_sweep
from archscope.explore.training.run_plan import Console
from archscope.explore.training.verify_resume import verify_resume
from archscope.reporting.judge.verdicts import verdicts
from archscope.sweep.plan.presets import Changes
from archscope.sweep.plan.slots import Resources
from archscope.training.job import Job
from archscope.training.recipe import recipe

_KILLS, _RANDOM = 2, 7
_EIGHT: Changes = {"templates": "1x64d,2x64d", "seeds": 4, "epochs": 1, "samples": 640}
_JUDGED: Changes = {"templates": "1x64d", "seeds": 5, "epochs": 2, "samples": 1280}
BESIDE = (1, 2, 4)
_RESOLVE = 5.0  # points, of so short trainings
_WATCHED = "cifar_resnext11_2x64d@0.125"


def resume(on: Place, precision: str) -> Seen:
    """A small sweep that is killed ends with the same metrics, bit for bit: `verify-resume`."""
    found = verify_resume(
        _KILLS,
        options=[
            *("--preset", "quick", "--templates", "1x64d", "--seeds", "1", "--samples", "640"),
            *("--epochs", "3", "--precision", precision, "--threads", "1"),
            *("--gpus", str(int(on.accelerator)), "--scale", str(_scale(on))),
        ],
        seed=_RANDOM,
        note=lambda _: None,
    )
    same = "identical" if found.identical else "NOT identical"
    return Seen(
        found.identical,
        f"{len(found.kills)} kills",
        f"Metrics of a killed and continued training are {same} to an undisturbed one's.",
        found.document(),
    )


def sweep(on: Place) -> Seen:
    """Eight trials, one, two and four at a time, have the same metrics."""
    metrics: list[dict[str, Any]] = []
    seconds: dict[int, float] = {}
    for beside in BESIDE:
        began = time.monotonic()
        ran = _swept(on, str(beside), _resources(on, beside), **_EIGHT)
        seconds[beside] = round(time.monotonic() - began, 2)
        metrics.append({one.key: one.result and one.result.metrics for one in ran.records})
    alone = metrics[0]
    complete = len(alone) == 8 and all(alone.values())
    return Seen(
        complete and all(one == alone for one in metrics),
        ", ".join(f"{each}: {taken:.0f} s" for each, taken in seconds.items()),
        "Eight trials, one, two and four at a time on the device, report included: the same "
        "metrics to the bit.",
        {"seconds": seconds, "metrics": metrics},
    )


def waiting(on: Place) -> Seen:
    """No step of a training waits for the host."""
    if on.kind != "cuda":
        raise NotPossible("Only CUDA can tell where a step waits for the device.")
    from archscope.training.on_device import without_waiting

    chosen = recipe("proxy", epochs=2, batch=32)
    job = Job(parse(_WATCHED), chosen, 1, device=on.device, precision="bf16")
    dataset = load(prepare("shapes"), View(samples=640))
    steps = without_waiting(job, dataset)
    return Seen(
        steps == 2 * 19,
        f"{steps} steps",
        "Between the first step of an epoch and the last nothing waited for the device.",
        {"steps": steps},
    )


def errors(on: Place) -> Seen:
    """bf16 on the device and fp32 on the CPU end with test errors that differ by chance alone."""
    here = Resources(0, threads=1, precision="fp32")
    there = _resources(on, 4, "bf16") if on.accelerator else Resources(0, precision="bf16")
    found: dict[str, dict[int, float]] = {}
    for name, resources in (("CPU fp32", here), (f"{on.device} bf16", there)):
        ran = _swept(on, name.replace(":", ""), resources, **_JUDGED)
        found[name] = {
            one.trial.seed: one.result.metrics["test_error"] for one in ran.records if one.result
        }
    first, second = found
    (verdict,) = verdicts(found, [(second, first)], resolve=_RESOLVE)
    return Seen(
        verdict.kind not in ("better", "worse"),
        f"{verdict.difference:+.2f} points",
        f"{verdict.sentence()}; of such comparisons 5 % differ by chance.",
        {"test_error": found, "kind": verdict.kind, "interval": verdict.interval},
    )


def _scale(on: Place) -> float:
    """Of the widths: a CPU may have to emulate bf16, and is there to see the command work."""
    return 0.25 if on.accelerator else 0.0625


def _resources(on: Place, beside: int, precision: str | None = None) -> Resources:
    """So many trials at a time: on the device, or of the processor's."""
    if on.kind == "cuda":
        return Resources(1, threads=1, precision=precision, trials_per_gpu=beside)
    return Resources(int(on.accelerator), beside, 1, precision)


def _swept(on: Place, name: str, resources: Resources, **asked: Unpack[Changes]) -> SweepResult:
    console = Console(lambda _: None, live=False)
    asked["scale"] = _scale(on)
    return cifar_sweep("quick", resources=resources, out=on.folder / name, console=console, **asked)


RESUMES = {
    f"resume-{precision}": partial(resume, precision=precision) for precision in ("fp32", "bf16")
}
