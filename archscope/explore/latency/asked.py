"""For what a model of times is asked: threads, precision, device and mode, on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.arch.times import LATENCY
from archscope.cost.workload import MODES, Mode, batch_of
from archscope.errors import UsageError, shown

BATCH = 16  # images of a call, of the modes that take several
MOST_IMAGES = 65_536


@dataclass(frozen=True)
class Asked:
    """For what a model is asked: it holds for no other setting.

    `batch` is what is measured; a model that is kept has its own.
    """

    threads: int
    precision: str = "fp32"
    device: str = "cpu"
    mode: Mode = LATENCY
    batch: int = 1

    @property
    def file(self) -> Path:
        """Where it is kept."""
        from archscope.data.fetch.locate import home

        device = self.device.replace(":", "")
        mode = "" if self.mode == LATENCY else f"-{self.mode}"
        return home() / "latency" / f"{device}-{self.precision}-{self.threads}{mode}.json"

    @property
    def command(self) -> str:
        """What fits it."""
        batch = "" if self.batch == _usual(self.mode) else f" --batch {self.batch}"
        return self._bench("--fit", batch)

    @property
    def check(self) -> str:
        """What scales the model by the machine's pace."""
        return self._bench("--check")

    def _bench(self, what: str, batch: str = "") -> str:
        device = "" if self.device == "cpu" else f" --device {self.device}"
        precision = "" if self.precision == "fp32" else f" --precision {self.precision}"
        mode = "" if self.mode == LATENCY else f" --modes {self.mode}"
        return f"archscope bench {what}{mode}{batch}{device}{precision} --threads {self.threads}"


def _usual(mode: Mode) -> int:
    """The images of a call."""
    return batch_of(mode, BATCH)


def asked_for(
    threads: int | None,
    precision: str,
    device: str,
    mode: Mode = LATENCY,
    batch: int | None = None,
) -> Asked:
    """The setting with every choice made: all processors, where no threads are given.

    The batch is of throughput and training steps, `BATCH` where none is given.

    Raises:
        UsageError: for a device, precision, mode or number that cannot be.
    """
    from archscope.training.devices import check_device, check_precision, inventory

    if mode not in MODES:
        raise UsageError(f"a model is of {', '.join(MODES)}, not '{shown(str(mode))}'; name one")
    found = inventory()
    if threads is not None and not (isinstance(threads, int) and 1 <= threads <= 65_536):
        raise UsageError(f"--threads must be a number from 1 to 65,536, not {shown(repr(threads))}")
    least = {LATENCY: 1, "throughput": 1, "step": 2}[mode]  # batch norm takes a mean over images
    most = 1 if mode == LATENCY else MOST_IMAGES
    images = _usual(mode) if batch is None else batch
    if not least <= images <= most:
        raise UsageError(
            f"a model of {mode} takes --batch {least}"
            + (f" to {most:,}, not {images}" if most > 1 else f" alone, not {images}")
        )
    on = check_device(device, found)
    return Asked(threads or found.cpus, check_precision(precision, on), on, mode, images)


def this_machine(asked: Asked) -> dict[str, Any]:
    """What latency depends on; no torch is imported on a machine without an accelerator."""
    from archscope.sweep.store.environment import environment
    from archscope.training.devices import inventory

    found = inventory()
    gpu = asked.device.startswith("cuda:") and int(asked.device[5:]) < len(found.gpus)
    return {
        **environment(),
        "device": asked.device,
        "device_name": found.gpus[int(asked.device[5:])] if gpu else None,
        "cpus": found.cpus,
        "threads": asked.threads,
        "precision": asked.precision,
    }
