"""Options of the commands that plan sweeps: what is trained, how, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from archscope.cli.options.training import HOW, WHAT, WHERE, option
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from archscope.sweep.plan.slots import Ray

PresetOption = Annotated[
    str,
    option(
        "--preset",
        "quick: a demo on built-in data, minutes on two cores. proxy: ResNeXt-29 at half its "
        "widths, 15 epochs, 3 seeds, CIFAR-10; planned for under an hour on one data-centre "
        "GPU, which was not verified. paper: Figure 7 as published, 300 epochs, 10 seeds. "
        "The other options change it.",
        WHAT,
        "quick|proxy|paper",
        "proxy",
    ),
]
TemplatesOption = Annotated[
    str | None,
    option(
        "--templates",
        "Templates CxWd (cardinality x bottleneck width), with commas: 1x64d,8x64d,1x256d. "
        "Those of cardinality 1 make the width curve, those of the most common width the "
        "cardinality curve. Whole network names, such as wrn_16_4, are trained as well, and "
        "members of a family of your own, as FILE.py:plainnet_2_32. @FILE "
        "(@- for the standard input) has one on each line, or is the CSV of archscope enumerate.",
        WHAT,
        "LIST",
    ),
]
DepthOption = Annotated[
    int | None,
    option("--depth", "Depth of the ResNeXt, 9n+2: 11, 20, 29, ...", WHAT, "N"),
]
ScaleOption = Annotated[
    float | None,
    option(
        "--scale",
        "Factor on the widths of stem, blocks and outputs (not on the cardinality): 0.25.",
        WHAT,
        "S",
    ),
]
DatasetOption = Annotated[
    str | None,
    option(
        "--dataset",
        "cifar10, cifar100, svhn, svhn+extra, or shapes (built-in, synthetic, not CIFAR).",
        WHAT,
        "NAME",
    ),
]
SeedsOption = Annotated[
    str | None,
    option(
        "--seeds",
        "Trainings of each network: a number N (seeds 1 to N), or the seeds themselves, "
        "1,2,5. More of them extend an earlier sweep in the same --out.",
        WHAT,
        "N|LIST",
    ),
]
RecipeOption = Annotated[
    str | None,
    option(
        "--recipe",
        "resnext, wrn or wrn-svhn (the papers'), or proxy (one cycle). Brings its own epochs.",
        HOW,
        "NAME",
    ),
]
BatchOption = Annotated[
    int | None, option("--batch", "Images of one step.", HOW, "N", "the preset's, else 128")
]
LrOption = Annotated[
    float | None,
    option("--lr", "Learning rate at its peak.", HOW, "X", "the preset's or recipe's"),
]
GpusOption = Annotated[
    int | None,
    option(
        "--gpus",
        "GPUs to use; 0 for the CPU; without it, what there is.",
        WHERE,
        "N",
    ),
]
WorkersOption = Annotated[
    int | None,
    option(
        "--workers",
        "Trials at a time; without it, one for each GPU, or on the CPU one for each core. "
        "More than GPUs share them.",
        WHERE,
        "N",
    ),
]
OutOption = Annotated[
    Path | None,
    option(
        "--out",
        "The sweep's folder; one that holds a part of this sweep is continued.",
        WHERE,
        "DIR",
        "runs/cifar-sweep-..., named after what was asked",
    ),
]
WorkerOption = Annotated[
    Path | None,
    option(
        "--worker",
        "Join the sweep in DIR, as its plan stands, and work it off beside any others: for more "
        "machines on a shared folder. Goes with --gpus, --workers and --data-dir, not with a plan.",
        WHERE,
        "DIR",
    ),
]
TrialsPerGpuOption = Annotated[
    int | None,
    option(
        "--trials-per-gpu",
        "Trials on each GPU at a time; several small ones use more of it than one.",
        WHERE,
        "K",
        "1",
    ),
]
ExecutorOption = Annotated[
    str,
    option(
        "--executor",
        "local: processes of this machine. ray: tasks of a Ray cluster, as many as it has room "
        "for; a trial whose node is lost goes on elsewhere. Nodes need archscope and no shared "
        "folder; ray needs archscope[ray].",
        WHERE,
        "local|ray",
        "local",
    ),
]
AddressOption = Annotated[
    str | None,
    option(
        "--address",
        "Ray cluster, as ray start --head prints it.",
        WHERE,
        "HOST:PORT",
        "$RAY_ADDRESS, else a cluster of this machine alone, for this run",
    ),
]


def ray_cluster(executor: str, address: str | None) -> Ray | None:
    """The cluster that the options name, or None for this machine; UsageError for nonsense."""
    from archscope.sweep.plan.slots import Ray

    if executor not in ("local", "ray"):
        raise UsageError(f"--executor {shown(executor)} was asked for: give local or ray")
    if executor == "ray":
        return Ray(address)
    if address is not None:
        raise UsageError(
            f"--address {shown(address)} names a Ray cluster, but the executor is local: give "
            "--executor ray as well, or leave out --address"
        )
    return None
