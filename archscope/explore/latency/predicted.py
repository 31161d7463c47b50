"""What a fitted model predicts of a network: seconds of one call, as its mode is told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archscope.arch.times import LATENCY
from archscope.cost.workload import Mode
from archscope.reporting.table.formats import brief


@dataclass(frozen=True)
class Predicted:
    """The seconds of one call that a model predicts, and the interval around them.

    Attributes:
        seconds: of one image, of a batch's forward pass, or of a training step of a batch.
        interval: its ends.
        mode: "latency", "throughput" or "step".
        batch: the images of a call.
    """

    seconds: float
    interval: tuple[float, float]
    mode: Mode = LATENCY
    batch: int = 1

    @property
    def key(self) -> str:
        """The prediction's entry of a JSON; `KEY_interval` has its ends."""
        return {"latency": "latency_ms", "throughput": "throughput", "step": "step_ms"}[self.mode]

    @property
    def label(self) -> str:
        """The row of a table."""
        of = {"latency": "latency", "throughput": "throughput", "step": "training step"}[self.mode]
        return f"{of}, predicted" + ("" if self.mode == LATENCY else f" (batch {self.batch})")

    def document(self) -> dict[str, Any]:
        """As entries of a JSON: milliseconds, of throughput images a second."""
        value, low, high = self._values()
        found: dict[str, Any] = {self.key: value, f"{self.key}_interval": [low, high]}
        return found if self.mode == LATENCY else {**found, f"{self.mode}_batch": self.batch}

    def text(self) -> str:
        """As a table has it."""
        value, low, high = map(brief, self._values())
        unit = "images/s" if self.mode == "throughput" else "ms"
        return f"{value} {unit} ({low} to {high})"

    def _values(self) -> tuple[float, float, float]:
        """What is told, and its ends, the lower first."""
        low, high = self.interval
        if self.mode == "throughput":
            return self.batch / self.seconds, self.batch / high, self.batch / low
        return 1000 * self.seconds, 1000 * low, 1000 * high
