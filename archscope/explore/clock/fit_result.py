"""`bench --fit`: a machine is measured, and its model kept; as JSON and as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.arch.times import LATENCY
from archscope.cost.workload import MODE_HELP, Mode, measuring
from archscope.errors import UsageError, plural
from archscope.explore.clock.fit import SECONDS, fit_machine
from archscope.explore.latency.fitted import LatencyModel, asked_for
from archscope.plain_text import say
from archscope.reporting.table.formats import text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table
from archscope.training.devices import tune_malloc

NOISY = 0.1  # rounds that differ by more are said to
_NOTES = {
    "latency": "Latency is of one image, in eval mode, as archscope bench times it.",
    "throughput": "Throughput is of this batch, in eval mode, as archscope bench times it.",
    "step": "A step is of this batch, as archscope bench times it; a piece has its forward and "
    "backward pass, and by its weights its part of the update.",
}
_SHORTEST, _LONGEST = 1.0, 86_400.0


@dataclass(frozen=True, repr=False)
class Fitted(Result):
    """A model that was fitted, and the file in which it is kept."""

    model: LatencyModel
    path: Path

    def document(self) -> dict[str, Any]:
        """The model as JSON, schema `archscope.latency/1`."""
        return self.model.document()

    def tables(self) -> list[Table]:
        """How it was measured, and how near it comes to networks that it had not seen."""
        about, machine = self.model.about, self.model.machine
        facts = {
            "device": machine.get("device_name") or machine.get("processor"),
            "mode": f"{self.model.mode}: {MODE_HELP[self.model.mode]}, batch {self.model.batch}",
            "setting": f"{machine['device']}, {machine['precision']}, threads {machine['threads']}",
            "networks": f"{len(about['networks'])}, {about['pieces']:,} pieces",
            "rounds": f"{about['rounds']}, which differ by {100 * about['disagreement']:.0f} %",
            "within 10 %": f"{100 * about['within_10_percent']:.0f} % of networks kept out",
            "pace": f"times are {self.model.pace:.2f} of the fit's mean, when last measured",
            "90 % interval": f"a factor of {self.model.reach:.2f} to each side",
            "kept in": str(self.path),
        }
        rows = [{"fact": fact, "value": value} for fact, value in facts.items()]
        columns = [Column("fact", "", text, "left"), Column("value", "model", text, "left")]
        notes = [_NOTES[self.model.mode]]
        if about.get("clock") == "process_time":
            notes.append(
                "Of one thread processor time is measured: what other programs take does not count."
            )
        if about["disagreement"] > NOISY:
            notes.append("The machine was busy: fit again when nothing else runs.")
        if self.model.anchors:
            notes.append(
                f"{plural(len(self.model.anchors), 'anchor')} tell the pace of the machine; "
                f"{self.model.setting.check} measures them again, in seconds."
            )
        title = f"{self.model.mode.capitalize()} of networks on this machine"
        return [Table(title, columns, rows, notes)]


def fit_latency(
    threads: int | None = None,
    precision: str = "fp32",
    device: str = "cpu",
    *,
    mode: Mode = LATENCY,
    batch: int | None = None,
    seconds: float = SECONDS,
    note: Callable[[str], None] = say,
) -> Fitted:
    """Measure this machine for so many seconds, fit a model of a mode, and keep it in the cache.

    Args:
        threads: of the CPU; None: as many as there are processors.
        precision, device: as `bench` takes them.
        mode: "latency" (one image), "throughput" or "step" (of training).
        batch: images of a call, of the latter two; None: 16.
        seconds: that measuring takes, about, but for three rounds at least; networks are built
            besides.
        note: called with the progress, a line at a time.

    Raises:
        UsageError: for a device, precision or number that cannot be.
        ArchscopeError: where the file cannot be written.
    """
    if not _SHORTEST <= seconds <= _LONGEST:
        raise UsageError(f"--seconds must be a number from 1 to 86,400, not {seconds:g}")
    asked = asked_for(threads, precision, device, mode, batch)
    if asked.device == "cpu":
        tune_malloc()
    with measuring(asked.threads):
        model = fit_machine(asked, limit=seconds, note=note)
    model.write(asked.file)
    return Fitted(model, asked.file)
