"""What is trained and what comes of it, as plain values; no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from archscope.arch.network import Network
from archscope.data.dataset import Dataset
from archscope.train.devices import Precision
from archscope.train.recipe import Recipe


@dataclass(frozen=True)
class Job:
    """One training: `network` by `recipe` from `seed`, on `device` ("cpu", "cuda:0", "mps")."""

    network: Network
    recipe: Recipe
    seed: int
    device: str = "cpu"
    precision: Precision = "fp32"

    def identity(self, dataset: Dataset) -> str:
        """Return as JSON what makes it this training and no other: all but the device."""
        return json.dumps(
            {
                "network": [self.network.name, self.network.input, self.network.classes],
                "recipe": self.recipe.to_dict(),
                "seed": self.seed,
                "precision": self.precision,
                "data": [dataset.info.fingerprint, len(dataset.train), len(dataset.test)],
            }
        )


class Stopped(BaseException):
    """Raised by a callback to stop a training: what is done is kept, to the step, and it passes."""


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        status: "done", or "diverged" where a loss was not a finite number.
        metrics: what is deterministic. `epochs` (done), under `per_epoch` the lists `train_loss`,
            `train_error`, `test_loss`, `test_error` and `lr` (an item an epoch, errors in %), and
            the last epoch's `test_error` and `train_error`: never the best. Where it diverged these
            two are None, the lists end before, and `diverged_in_epoch` says when.
        timing: `seconds` in all; `epoch_seconds` and `images_per_second`, an item an epoch.
    """

    status: Literal["done", "diverged"]
    metrics: dict[str, Any]
    timing: dict[str, Any]


def outcome(history: list[dict[str, Any]], epochs: int) -> Outcome:
    """Return what came of a job of so many epochs from the lines of those that it finished."""
    done = len(history) == epochs
    kept = ("train_loss", "train_error", "test_loss", "test_error", "lr")
    metrics: dict[str, Any] = {
        "epochs": len(history),
        "test_error": history[-1]["test_error"] if done else None,
        "train_error": history[-1]["train_error"] if done else None,
        "per_epoch": {key: [line[key] for line in history] for key in kept},
    }
    if not done:
        metrics["diverged_in_epoch"] = len(history) + 1
    timing = {
        "seconds": round(sum(line["seconds"] for line in history), 3),
        "epoch_seconds": [line["seconds"] for line in history],
        "images_per_second": [line["images_per_second"] for line in history],
    }
    return Outcome("done" if done else "diverged", metrics, timing)
