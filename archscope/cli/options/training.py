"""What is trained, and how: options of the training commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from archscope.cli.completion import (
    datasets,
    figure7,
    one_of,
    recipes,
    some_of,
    sweep_presets,
)
from archscope.cli.options.declared import HOW, WHAT, option
from archscope.errors import UsageError, shown

PresetOption = Annotated[
    str,
    option(
        "--preset",
        value="NAME",
        panel=WHAT,
        complete=one_of(sweep_presets),
        help="quick: built-in data, minutes on two cores. proxy: CIFAR-10, half the widths, 15 "
        "epochs, 3 seeds. paper: Figure 7, 300 epochs, 10 seeds. Other options change it.",
    ),
]
TemplatesOption = Annotated[
    str | None,
    option(
        "--templates",
        value="LIST",
        panel=WHAT,
        complete=some_of(figure7),
        help="Templates CxWd with commas, 1x64d,8x64d; or networks, as wrn_16_4, "
        "FILE.py:plainnet_2_32; @FILE (@-: standard input) has one a line, or is a CSV of "
        "archscope enumerate.",
    ),
]
DepthOption = Annotated[
    int | None,
    option("--depth", value="N", panel=WHAT, help="Depth of the ResNeXt, 9n+2: 11, 20, 29, ..."),
]
ScaleOption = Annotated[
    str | None,
    option(
        "--scale",
        value="S",
        panel=WHAT,
        help="Factor on the widths of stem, blocks and outputs (not on the cardinality): 0.25.",
    ),
]
DATASET = option(
    "--dataset",
    value="NAME",
    panel=WHAT,
    complete=one_of(datasets),
    help="{datasets} (shapes is built-in, synthetic, not CIFAR); or folder:DIR, which holds "
    "train/CLASS/*.jpg and val/CLASS/*.jpg.",
)
DatasetOption = Annotated[str | None, DATASET]
SAMPLES = option(
    "--samples",
    value="N",
    panel=WHAT,
    help="Training images, a class-balanced subset; 0 for all. It leaves the test set whole.",
)
SamplesOption = Annotated[int | None, SAMPLES]
HoldoutOption = Annotated[
    int | None,
    option(
        "--holdout",
        value="N",
        panel=WHAT,
        help="Training images held out, as many of each class: 5000; none without it. They judge "
        "the epochs, and the test set is used once, at the end.",
    ),
]
WhitenOption = Annotated[
    str | None,
    option(
        "--whiten",
        value="zca",
        panel=WHAT,
        complete=one_of(lambda: ("zca",)),
        help="zca: contrast normalisation and ZCA whitening, as Wide ResNet's Table 4. Takes "
        "0.7 GB and about a minute at the start of each process.",
    ),
]
TestCropOption = Annotated[
    int | None,
    option(
        "--test-crop",
        value="N",
        panel=WHAT,
        default="the network's input",
        help="Side of the centre crop of test images (folder): 224, of a resize to 256; 299; 320, "
        "of a resize to 320.",
    ),
]
TestClassesOption = Annotated[
    Path | None,
    option(
        "--test-classes",
        value="FILE",
        panel=WHAT,
        help="File that lists the classes of the test images (folder), one a line: the error is "
        "also given among these alone.",
    ),
]
SEEDS = option(
    "--seeds",
    value="N|LIST",
    panel=HOW,
    help="Trainings of each network: a number N (seeds 1 to N), or the seeds themselves, "
    "1,2,5. More of them extend what is in the same --out.",
)
SeedsOption = Annotated[str | None, SEEDS]
RECIPE = option(
    "--recipe",
    value="NAME",
    panel=HOW,
    complete=one_of(recipes),
    help="A paper's, with its epochs: resnext, wrn, ... (a wrong name lists them); family: the "
    "networks' own; proxy: one cycle.",
    default="the preset's or proxy; for folders resnext-imagenet",
)
RecipeOption = Annotated[str | None, RECIPE]
EPOCHS = option(
    "--epochs",
    value="N",
    panel=HOW,
    help="Passes over the training images; schedules scale with it.",
)
EpochsOption = Annotated[int | None, EPOCHS]
IterationsOption = Annotated[
    int | None,
    option(
        "--iterations",
        value="N",
        panel=HOW,
        help="Mini-batches instead of epochs: the nearest number of whole epochs.",
    ),
]
BATCH = option(
    "--batch",
    value="N",
    panel=HOW,
    default="the preset's or recipe's",
    help="Images of one step.",
)
BatchOption = Annotated[int | None, BATCH]
LR = option(
    "--lr",
    value="X",
    panel=HOW,
    default="the preset's or recipe's",
    help="Learning rate at its peak.",
)
LrOption = Annotated[float | None, LR]
LabelSmoothingOption = Annotated[
    float | None,
    option(
        "--label-smoothing",
        value="X",
        panel=HOW,
        default="the recipe's",
        help="Part of a training label that is spread evenly over all classes: 0.1; 0 for none.",
    ),
]
DropPathOption = Annotated[
    float | None,
    option(
        "--drop-path",
        value="X",
        panel=HOW,
        default="the recipe's",
        help="How often the last residual branch is left out in training (stochastic depth), those "
        "before it in proportion: 0.1; 0 for never.",
    ),
]
ResolveOption = Annotated[
    float,
    option(
        "--resolve",
        value="X",
        help="Difference in percentage points that the verdicts try to resolve.",
    ),
]


def scale_of(text: str | None) -> float | None:
    """The one factor of `--scale` where networks are trained; UsageError for several."""
    try:
        return None if text is None else float(text)
    except ValueError:
        raise UsageError(
            f"what is trained has one --scale, a number such as 0.25, not '{shown(text or '')}'; "
            "give one, and for others the command again"
        ) from None
