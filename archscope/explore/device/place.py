"""Where a check of a device runs, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

State = Literal["passed", "failed", "not possible"]


@dataclass(frozen=True)
class Place:
    """Where: "cpu", "cuda:0" or "mps", and a folder that is removed afterwards.

    In the process of a check the device that was asked for is the only one of CUDA.
    """

    device: str
    folder: Path

    @property
    def kind(self) -> str:
        """ "cpu", "cuda" or "mps"."""
        return self.device.partition(":")[0]

    @property
    def accelerator(self) -> bool:
        """Whether it is no CPU."""
        return self.kind != "cpu"


@dataclass(frozen=True)
class Seen:
    """What a check saw: whether it passed, a figure, a sentence, and all numbers as JSON."""

    passed: bool
    figure: str
    sentence: str
    details: Mapping[str, Any] = field(default_factory=dict)


class NotPossible(Exception):
    """Raised by a check that cannot run there; the message is its sentence."""
