"""The presets of `cifar-sweep`, Figure 7's templates, and what may be asked otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from archscope.errors import UsageError

RECIPE_NUMBERS = ("epochs", "batch", "lr", "label_smoothing", "drop_path")
"""What may be asked of a recipe besides its name."""


class TrainingChanges(TypedDict, total=False):
    """What is asked of trainings; `None` leaves what there is without it.

    `samples` 0 is all of them. `seeds` is a number of seeds, or a list (see `parse_seeds`).
    `recipe` is a recipe's name, or `family`: that of the networks' family. `epochs`, `batch`, `lr`,
    `label_smoothing` and `drop_path` change it. The others are those of `archscope.data.view.View`;
    `test_classes` may be a file that lists them.
    """

    recipe: str | None
    seeds: int | str | Sequence[int] | None
    epochs: int | None
    batch: int | None
    lr: float | None
    label_smoothing: float | None
    drop_path: float | None
    samples: int | None
    holdout: int | None
    whiten: str | None
    test_crop: int | None
    test_classes: Sequence[str] | Path | None
    test_samples: int | None


class Changes(TrainingChanges, total=False):
    """What is asked of a sweep: other `templates` (a sequence, or a string with commas), ..."""

    dataset: str | None
    depth: int | None
    scale: float | None
    templates: str | Sequence[str] | None


def check_names(changes: Mapping[str, object], known: type, what: str) -> None:
    """Raise `UsageError` for a change that is no field of `known`, `Changes` or another."""
    has = known.__annotations__
    if unknown := sorted(set(changes) - set(has)):
        raise UsageError(
            f"{what} has {', '.join(sorted(has))}, not {', '.join(unknown)}: give one of these."
        )


# ResNeXt paper, Figure 7 (ResNeXt-29 on CIFAR-10): all thirteen networks, 1x64d on both curves.
FIGURE7 = tuple(f"{c}x64d" for c in (1, 2, 3, 4, 6, 8, 16)) + tuple(
    f"1x{width}d" for width in (96, 128, 160, 192, 256, 384)
)
# Four on each curve, about equal in parameters pair by pair.
FOUR_AND_FOUR = tuple(f"{c}x64d" for c in (1, 2, 4, 8)) + tuple(f"1x{w}d" for w in (96, 160, 256))

FILES_RECIPE = "resnext-imagenet"
"""The recipe for image folders where none is asked for: others crop padded images of one size."""

PRESETS: dict[str, Changes] = {
    # The paper's experiment: Figure 7 with its recipe. 130 trainings of 300 epochs.
    "paper": {
        "dataset": "cifar10",
        "samples": None,
        "depth": 29,
        "scale": 1.0,
        "templates": FIGURE7,
        "seeds": 10,
        "recipe": "resnext",
        "epochs": 300,
    },
    # Half the widths, a short schedule: planned for under an hour on one data-centre GPU, by
    # arithmetic (3.6e16 multiply-adds at 30 % of an A100's bf16 peak is 13 minutes; small
    # convolutions reach less). Not verified on a GPU.
    "proxy": {
        "dataset": "cifar10",
        "samples": None,
        "depth": 29,
        "scale": 0.5,
        "templates": FOUR_AND_FOUR,
        "seeds": 3,
        "recipe": "proxy",
        "epochs": 15,
    },
    # The demo on built-in data: 10 trainings, 120 seconds of one AVX512_BF16 core (measured), so
    # about a minute on two of them and two or three on slow ones. Small batches, as there are few
    # images: with 128 the networks do not get far in three epochs.
    "quick": {
        "dataset": "shapes",
        "samples": 2500,
        "depth": 11,
        "scale": 0.125,
        "templates": ("1x64d", "2x64d", "4x64d", "1x96d", "1x160d"),
        "seeds": 2,
        "recipe": "proxy",
        "epochs": 3,
        "batch": 32,
        "lr": 0.1,
    },
}
