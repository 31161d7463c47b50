"""What is trained and what comes of it, as plain values; no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from archscope.arch.network import Network
from archscope.arch.nodes import has_residuals
from archscope.arch.shape import output_shape
from archscope.cost.formula import count
from archscope.errors import UsageError, plural
from archscope.training.devices import Precision
from archscope.training.recipe import Recipe

if TYPE_CHECKING:
    from archscope.data.dataset import Dataset, Part


@dataclass(frozen=True)
class Job:
    """One training: `network` by `recipe` from `seed`, on `device` ("cpu", "cuda:0", "mps").

    `loaders` processes read images that are files; how many changes nothing in the result.
    `compile` has torch compile the training step; that changes the last bits. `full_head` computes
    the logits in float32 where the precision is lower (see `archscope.training.heads`).
    """

    network: Network
    recipe: Recipe
    seed: int
    device: str = "cpu"
    precision: Precision = "fp32"
    loaders: int = 0
    compile: bool = False
    full_head: bool = True

    def identity(self, dataset: Dataset) -> str:
        """Return as JSON what makes it this training and no other: all but the device."""
        return json.dumps(
            {
                "network": [self.network.name, self.network.input, self.network.classes],
                "recipe": self.recipe.to_dict(),
                "seed": self.seed,
                "precision": self.precision,
                "data": [dataset.info.fingerprint, len(dataset.train), len(dataset.test)],
                **dataset.view.to_dict(),
                **({"compile": True} if self.compile else {}),
                **({"head": "fp32"} if self.full_head and self.precision != "fp32" else {}),
            }
        )


class Stopped(BaseException):
    """Raised by a callback to stop a training: what is done is kept, to the step, and it passes."""


class Paused(BaseException):
    """Raised by a training that has as many epochs as it was to have by now; they are kept."""


def check(network: Network, recipe: Recipe, dataset: Dataset) -> None:
    """Raise UsageError where the data do not fit the network or the recipe."""
    from archscope.data.dataset import Files  # and numpy, which worker processes start without

    outputs = output_shape(network.tree, network.input)
    if outputs[1:] != (1, 1):
        raise UsageError(
            f"what is trained ends in one number a class, and {network.name} ends in "
            f"{'x'.join(map(str, outputs))}: end its tree with Pool('global') and Linear(classes)"
        )
    shape, label = _shape(dataset.train, network), dataset.info.label
    if shape != tuple(network.input) or dataset.info.classes > network.classes:
        raise UsageError(
            f"{network.name} takes {'x'.join(map(str, network.input))} images of up to "
            f"{plural(network.classes, 'class')}, but those of {label} are "
            f"{'x'.join(map(str, shape))} of {dataset.info.classes}: give a network of that "
            "input"
        )
    if recipe.batch > len(dataset.train):
        raise UsageError(
            f"batch must be at most the {plural(len(dataset.train), 'training image')}, not "
            f"{recipe.batch}: give a smaller batch, or more samples"
        )
    files, crop = isinstance(dataset.train, Files), recipe.augmentation
    if files and crop.pad:
        raise UsageError(
            f"the recipe {recipe.name} crops padded images of one size, but those of {label} are "
            "of any size: give resnext-imagenet, or a recipe that pads nothing"
        )
    if not files and crop.area is not None:
        raise UsageError(
            f"the recipe {recipe.name} crops parts of larger images, but those of {label} have the "
            "network's size: give another recipe, or an image folder"
        )
    if recipe.drop_path and not has_residuals(network.tree):
        raise UsageError(
            f"drop path leaves residual branches out, and {network.name} has none: give "
            "--drop-path 0, or another recipe"
        )
    if dataset.view.test_crop is not None:
        _check_crop(network, dataset.view.test_crop)


def _shape(train: Part, network: Network) -> tuple[int, ...]:
    """Return the shape of an image in a batch: files are cropped to squares."""
    from archscope.data.dataset import Files

    if isinstance(train, Files):
        return (3, network.input[1], network.input[1])
    return tuple(train.images.shape[1:])


def _check_crop(network: Network, crop: int) -> None:
    """Raise UsageError where the network, with its weights, cannot take squares of that side."""
    try:
        same = count(replace(network, input=(3, crop, crop))).params == count(network).params
    except UsageError:
        same = False
    if not same:
        raise UsageError(
            f"{network.name}, trained at {network.input[1]}, cannot take test crops of "
            f"{crop}: give another crop, or leave it out"
        )


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        status: "done", or "diverged" where a loss was not a finite number.
        metrics: what is deterministic. `epochs` (done), under `per_epoch` the lists `train_loss`,
            `train_error`, `test_loss`, `test_error` and `lr` (an item an epoch, errors in %), and
            the last epoch's `test_error` and `train_error`: never the best. Where it diverged these
            two are None, the lists end before, and `diverged_in_epoch` says when. With images held
            out, the lists are of `validation_loss` and `validation_error` instead of the test's,
            and the last `validation_error` is given too. `test_error_listed` where classes were
            listed: among these alone.
        timing: `seconds` in all; `epoch_seconds` and `images_per_second`, an item an epoch.
    """

    status: Literal["done", "diverged"]
    metrics: dict[str, Any]
    timing: dict[str, Any]


_BESIDE = ("validation_error", "test_error_listed")


def outcome(history: list[dict[str, Any]], epochs: int) -> Outcome:
    """Return what came of a job of so many epochs from the lines of those that it finished."""
    done = len(history) == epochs
    judged = "validation" if history and "validation_error" in history[0] else "test"
    kept = ["train_loss", "train_error", f"{judged}_loss", f"{judged}_error", "lr"]
    metrics: dict[str, Any] = {
        "epochs": len(history),
        "test_error": history[-1]["test_error"] if done else None,
        "train_error": history[-1]["train_error"] if done else None,
        **{name: history[-1][name] for name in _BESIDE if done and name in history[-1]},
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
