"""Options of the commands that plan sweeps: what is trained, how, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_WHAT, _HOW, _WHERE = "What is trained", "How it is trained", "Where"


def _option(
    name: str, help: str, panel: str, metavar: str | None = None, default: str | None = None
) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name,
        help=help,
        metavar=metavar,
        rich_help_panel=panel,
        show_default=default or False,
    )
    return option


PresetOption = Annotated[
    str,
    _option(
        "--preset",
        "quick: a demo on built-in data, minutes on two cores. proxy: ResNeXt-29 at half its "
        "widths, 15 epochs, 3 seeds, CIFAR-10; planned for under an hour on one data-centre "
        "GPU, which was not verified. paper: Figure 7 as published, 300 epochs, 10 seeds. "
        "The other options change it.",
        _WHAT,
        "quick|proxy|paper",
        "proxy",
    ),
]
TemplatesOption = Annotated[
    str | None,
    _option(
        "--templates",
        "Templates CxWd (cardinality x bottleneck width), with commas: 1x64d,8x64d,1x256d. "
        "Those of cardinality 1 make the width curve, those of the most common width the "
        "cardinality curve. Whole network names, such as wrn_16_4, are trained as well.",
        _WHAT,
        "LIST",
    ),
]
DepthOption = Annotated[
    int | None,
    _option("--depth", "Depth of the ResNeXt, 9n+2: 11, 20, 29, ...", _WHAT, "N"),
]
ScaleOption = Annotated[
    float | None,
    _option(
        "--scale",
        "Factor on the widths of stem, blocks and outputs (not on the cardinality): 0.25.",
        _WHAT,
        "S",
    ),
]
DatasetOption = Annotated[
    str | None,
    _option(
        "--dataset",
        "cifar10, cifar100, or shapes (built-in, synthetic, not CIFAR).",
        _WHAT,
        "NAME",
    ),
]
SamplesOption = Annotated[
    int | None,
    _option(
        "--samples",
        "Training images, a class-balanced subset; 0 for all. The test set stays whole.",
        _WHAT,
        "N",
    ),
]
SeedsOption = Annotated[
    str | None,
    _option(
        "--seeds",
        "Trainings of each network: a number N (seeds 1 to N), or the seeds themselves, "
        "1,2,5. More of them extend an earlier sweep in the same --out.",
        _WHAT,
        "N|LIST",
    ),
]
RecipeOption = Annotated[
    str | None,
    _option(
        "--recipe",
        "resnext or wrn (the papers'), or proxy (one cycle). Brings its own epochs.",
        _HOW,
        "NAME",
    ),
]
EpochsOption = Annotated[
    int | None,
    _option("--epochs", "Passes over the training images; schedules scale with it.", _HOW, "N"),
]
BatchOption = Annotated[
    int | None, _option("--batch", "Images of one step.", _HOW, "N", "the preset's, else 128")
]
LrOption = Annotated[
    float | None,
    _option("--lr", "Learning rate at its peak.", _HOW, "X", "the preset's or recipe's"),
]
PrecisionOption = Annotated[
    str | None,
    _option(
        "--precision",
        "Number format: fp32, bf16 or fp16; without it, the fastest that the device has.",
        _HOW,
        "P",
    ),
]
GpusOption = Annotated[
    int | None,
    _option(
        "--gpus",
        "GPUs to use, a trial on each at a time; 0 for the CPU; without it, what there is.",
        _WHERE,
        "N",
    ),
]
WorkersOption = Annotated[
    int | None,
    _option(
        "--workers",
        "Trials at a time; without it, one for each GPU, or on the CPU one for each core. "
        "More than GPUs share them.",
        _WHERE,
        "N",
    ),
]
ThreadsOption = Annotated[
    int | None,
    _option("--threads", "CPU threads of each trial.", _WHERE, "N", "1"),
]
DataDirOption = Annotated[
    Path | None,
    _option(
        "--data-dir",
        "Folder of the data set; downloaded into it where it is not there.",
        _WHERE,
        "DIR",
    ),
]
DataLabelOption = Annotated[
    str | None,
    _option("--data-label", "What titles and records call the data.", _WHERE, "TEXT"),
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Download nothing.", rich_help_panel=_WHERE)
]
OutOption = Annotated[
    Path | None,
    _option(
        "--out",
        "The sweep's folder; one that holds a part of this sweep is continued.",
        _WHERE,
        "DIR",
        "runs/cifar-sweep-..., named after what was asked",
    ),
]
WorkerOption = Annotated[
    Path | None,
    _option(
        "--worker",
        "Join the sweep in DIR, as its plan stands, and work it off beside any others: for more "
        "machines on a shared folder. Goes with --gpus, --workers and --data-dir, not with a plan.",
        _WHERE,
        "DIR",
    ),
]
