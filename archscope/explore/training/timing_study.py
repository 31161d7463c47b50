"""A study that measures times: the networks of a preset, side by side on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archscope.arch.network import Network
from archscope.arch.papers.timings import PublishedTime, TimingExample
from archscope.arch.quantities import parse_shape
from archscope.errors import UsageError
from archscope.explore.clock.bench import Extras, Setting, bench
from archscope.explore.training.run_plan import Console, reported
from archscope.files import read_ours, write_json
from archscope.reporting.facts.bench_file import BENCH_FILE, read_bench
from archscope.reporting.folder.folder import write as write_report
from archscope.reporting.folder.study_contents import STUDY_FILE, Kept, keep
from archscope.reporting.folder.timing import order_of, published_ratio, timing_document
from archscope.studies.study import Study
from archscope.sweep.plan.slots import Resources
from archscope.sweep.store.locks import cannot_write, explained, holds_something, locked
from archscope.sweep.store.records import SWEEP_FILE
from archscope.training.devices import check_device, inventory

_PATIENCE = 5.0  # a measurement takes minutes: waiting for one helps nobody


@dataclass(frozen=True)
class TimingOrder:
    """A preset to be measured in a folder; `command` is what the user typed, for the record."""

    kept: Kept
    folder: Path
    command: Sequence[str] = ()


def measure(order: TimingOrder, resources: Resources, console: Console) -> tuple[Path, ...]:
    """Measure the preset's networks, unless the folder has it already; write the report.

    Returns the files of the report: none where the folder may only be read.

    Raises:
        UsageError: for a device or number that cannot be, or a folder that holds something else.
    """
    kept, folder = order.kept, order.folder
    networks, setting, shape = timing_setting(kept, resources)
    check_device(setting.device, inventory())
    _check_folder(folder)
    with locked(folder, _PATIENCE, "archscope study has been measuring") as refused:
        found = read_bench(folder)
        if found is not None:
            _refuse_other_times(kept, folder, found)
            console.note(
                f"{folder} holds this measurement already; to measure again, choose another --out."
            )
        if found is None and refused is not None:
            raise cannot_write(folder, refused)
        if refused is None:
            with explained(folder):
                keep(folder, kept, timing_document(kept.study, kept.preset, found, folder))
        if found is None:
            measured = bench(
                networks, setting, input=shape, extras=Extras(memory=False), note=console.note
            )
            example = published(kept.study, setting.batch)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            found = {
                **replace(measured, example=example).document(),
                "preset": kept.preset,
                "created": now,
                "command": list(order.command),
            }
            with explained(folder):
                write_json(folder / BENCH_FILE, found)
        return reported(folder, write_report, console)


def timing_setting(
    kept: Kept, resources: Resources
) -> tuple[list[Network], Setting, tuple[int, int, int] | None]:
    """What a preset measures: the networks, the reference first, how, and on which input."""
    study, preset = kept.study, kept.study.presets[kept.preset]
    assert study.timing is not None
    rows = order_of(study.rows_of(kept.preset), study.timing["reference"])
    networks = [network for row in rows if (network := study.network(row)) is not None]
    setting = Setting(
        modes=("step",),
        batch=preset["batch"],
        rounds=preset["rounds"],
        threads=resources.threads or preset.get("threads"),
        precision=resources.precision or preset.get("precision", "fp32"),
        device=_device(preset["device"], resources.gpus),
    )
    return networks, setting, parse_shape(preset["input"]) if "input" in preset else None


def published(study: Study, batch: int) -> TimingExample:
    """The study's published times, in the form that a measurement is put beside."""
    assert study.timing is not None
    times = []
    for row in order_of(study.rows, study.timing["reference"]):
        network, value = study.network(row), row.published[0]
        assert network is not None
        seconds = value if study.timing["published"] == "time" else None
        known = float(seconds) if isinstance(seconds, (int, float)) else None
        times.append(PublishedTime(network.name, "", known, published_ratio(study, row)))
    return TimingExample(
        study.name, tuple(times), study.source, study.measures[0], batch, batch, batch
    )


def _device(planned: str, gpus: int | None) -> str:
    """The preset's device, or the one that --gpus asks for: times are those of one."""
    if gpus is None:
        return planned
    return "cuda:0" if gpus else "cpu"


def _check_folder(folder: Path) -> None:
    try:
        taken = holds_something(folder)
    except OSError as error:
        raise UsageError(
            f"--out {folder} cannot be used ({error.strerror}): name a folder"
        ) from None
    # A study.json that cannot be read is written anew, so it is not asked.
    if taken and ((folder / SWEEP_FILE).exists() or not (folder / STUDY_FILE).is_file()):
        raise UsageError(
            f"--out {folder} is not empty and holds no timing study: choose an empty or new folder"
        )


def _refuse_other_times(kept: Kept, folder: Path, found: Mapping[str, Any]) -> None:
    """Times are kept with the study and preset that they were measured for."""
    instead = f"choose another --out, or remove {folder / BENCH_FILE} to measure again in its place"
    if (preset := found.get("preset", kept.preset)) != kept.preset:
        raise UsageError(
            f"{folder} holds the times of {kept.study.name} at preset {preset}, not "
            f"{kept.preset}; {instead}"
        )
    text = (read_ours(folder / STUDY_FILE) or b"").decode("utf-8", errors="replace")
    if text != kept.study.source_text:
        raise UsageError(
            f"study {kept.study.name} was changed since its times in {folder} were measured, "
            f"so they do not belong together; {instead}"
        )
