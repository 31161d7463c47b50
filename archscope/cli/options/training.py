"""Options that the training commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.cli.output import Format, check_destination, note, print_result, resolve_format

if TYPE_CHECKING:
    from archscope.explore.training.cifar_sweep import SweepResult

WHAT, HOW, WHERE = "What is trained", "How it is trained", "Where"


def option(
    name: str, help: str, panel: str, metavar: str | None = None, default: str | None = None
) -> typer.models.OptionInfo:
    """An option of a training command; `default` is told where the code's own is None."""
    made: typer.models.OptionInfo = typer.Option(
        name,
        help=help,
        metavar=metavar,
        rich_help_panel=panel,
        show_default=default or False,
    )
    return made


Samples = Annotated[
    int | None,
    option(
        "--samples",
        "Training images, a class-balanced subset; 0 for all. The test set stays whole.",
        WHAT,
        "N",
    ),
]
Holdout = Annotated[
    int | None,
    option(
        "--holdout",
        "Training images set aside for validation, as many of each class: 5000. Epochs are judged "
        "on them, and the test set is used once, at the end.",
        WHAT,
        "N",
        "0",
    ),
]
Whiten = Annotated[
    str | None,
    option(
        "--whiten",
        "zca: contrast normalisation and ZCA whitening, as Wide ResNet's Table 4. Takes 0.7 GB and "
        "about a minute at the start of each process.",
        WHAT,
        "zca",
    ),
]
Epochs = Annotated[
    int | None,
    option("--epochs", "Passes over the training images; schedules scale with it.", HOW, "N"),
]
Precision = Annotated[
    str | None,
    option(
        "--precision",
        "Number format: fp32, bf16 or fp16; without it, the fastest that the device has.",
        HOW,
        "P",
    ),
]
Threads = Annotated[
    int | None,
    option(
        "--threads",
        "CPU threads of each trial.",
        WHERE,
        "N",
        "1; before a sweep of over 20 minutes 1, 2 and a fair share are tried, the fastest taken",
    ),
]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Have torch compile each network: some tens of seconds at a trial's start, for faster "
        "steps on a GPU. On a CPU it is seldom worth it.",
        rich_help_panel=WHERE,
    ),
]
DataDir = Annotated[
    Path | None,
    option(
        "--data-dir",
        "Folder of the data set; downloaded into it where it is not there.",
        WHERE,
        "DIR",
    ),
]
DataLabel = Annotated[
    str | None, option("--data-label", "What titles and records call the data.", WHERE, "TEXT")
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Download nothing.", rich_help_panel=WHERE)
]
Tensorboard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="Write TensorBoard event files beside each trial's metrics.jsonl, after each epoch; "
        "needs archscope[tensorboard].",
        rich_help_panel=WHERE,
    ),
]


def check_output(format: Format | None, output: Path | None) -> None:
    """Refuse before hours of training what could not be written after them."""
    resolve_format(format, output)
    check_destination(output)


def show(result: SweepResult, format: Format | None, output: Path | None) -> None:
    """Print the table, and say what failed and what was written."""
    print_result(result, format, output)
    for record in (*result.failed, *result.diverged):
        note(f"{record.status}: {record.key}: {record.reason or 'unknown'}")
    if result.failed:
        note("The same command again tries what failed once more.")
    if result.diverged:
        note("What diverged would diverge again: choose a lower --lr, and another --out.")
    note(f"Written to {result.folder}: {', '.join(path.name for path in result.files)}.")
