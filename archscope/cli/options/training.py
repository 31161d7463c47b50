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

PresetOption = Annotated[
    str,
    option(
        "--preset",
        value="quick|proxy|paper",
        panel=WHAT,
        complete=one_of(sweep_presets),
        help="quick: a demo on built-in data, minutes on two cores. proxy: ResNeXt-29 at half its "
        "widths, 15 epochs, 3 seeds, CIFAR-10; planned for under an hour on one data-centre "
        "GPU, which was not verified. paper: Figure 7 as published, 300 epochs, 10 seeds. "
        "The other options change it.",
    ),
]
TemplatesOption = Annotated[
    str | None,
    option(
        "--templates",
        value="LIST",
        panel=WHAT,
        complete=some_of(figure7),
        help="Templates CxWd (cardinality x bottleneck width), with commas: 1x64d,8x64d,1x256d. "
        "Those of cardinality 1 make the width curve, those of the most common width the "
        "cardinality curve. Whole network names, such as wrn_16_4, are trained as well, and "
        "members of a family of your own, as FILE.py:plainnet_2_32. @FILE "
        "(@- for the standard input) has one on each line, or is the CSV of archscope enumerate.",
    ),
]
DepthOption = Annotated[
    int | None,
    option("--depth", value="N", panel=WHAT, help="Depth of the ResNeXt, 9n+2: 11, 20, 29, ..."),
]
ScaleOption = Annotated[
    float | None,
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
    help="cifar10, cifar100, svhn, svhn+extra, shapes (built-in, synthetic, not CIFAR), "
    "or folder:DIR, which holds train/CLASS/*.jpg and val/CLASS/*.jpg.",
)
DatasetOption = Annotated[str | None, DATASET]
SamplesOption = Annotated[
    int | None,
    option(
        "--samples",
        value="N",
        panel=WHAT,
        help="Training images, a class-balanced subset; 0 for all. The test set is always used in "
        "full.",
    ),
]
HoldoutOption = Annotated[
    int | None,
    option(
        "--holdout",
        value="N",
        panel=WHAT,
        help="Training images held out for validation, as many of each class: 5000; none "
        "without it. Epochs are judged on them, and the test set is used once, at the end.",
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
        help="File that lists the classes of the test images (folder), one a line; the test "
        "error is then given twice: among all classes, and among these alone.",
    ),
]
SEEDS = option(
    "--seeds",
    value="N|LIST",
    panel=HOW,
    help="Trainings of each network: a number N (seeds 1 to N), or the seeds themselves, "
    "1,2,5. More of them extend what is in the same --out, of the networks that are named.",
)
SeedsOption = Annotated[str | None, SEEDS]
RecipeOption = Annotated[
    str | None,
    option(
        "--recipe",
        value="NAME",
        panel=HOW,
        complete=one_of(recipes),
        help="Of the papers: resnext, wrn, wrn-svhn, resnet, regnet, mobilenet-v2, efficientnet, "
        "convnext, ... (regnet-imagenet and the like for folders; a wrong name lists them); family "
        "(that of the networks' family), or proxy (one cycle). Brings its own epochs. Without it "
        "the preset's, or proxy; resnext-imagenet for a folder.",
    ),
]
EpochsOption = Annotated[
    int | None,
    option(
        "--epochs",
        value="N",
        panel=HOW,
        help="Passes over the training images; schedules scale with it.",
    ),
]
IterationsOption = Annotated[
    int | None,
    option(
        "--iterations",
        value="N",
        panel=HOW,
        help="Mini-batches instead of epochs: the nearest number of whole epochs.",
    ),
]
BatchOption = Annotated[
    int | None,
    option(
        "--batch",
        value="N",
        panel=HOW,
        default="the preset's or recipe's",
        help="Images of one step.",
    ),
]
LrOption = Annotated[
    float | None,
    option(
        "--lr",
        value="X",
        panel=HOW,
        default="the preset's or recipe's",
        help="Learning rate at its peak.",
    ),
]
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
