"""`archscope verify-resume`: does a killed sweep end with the same numbers here?"""

from __future__ import annotations

from typing import Annotated

import typer

from archscope.cli.options.declared import option
from archscope.cli.options.machine import (
    DataDirOption,
    DeviceOption,
    GpusOption,
    OfflineOption,
    PrecisionOption,
    ThreadsOption,
    WorkersOption,
    gpus_of,
)
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.options.training import (
    BatchOption,
    DatasetOption,
    DepthOption,
    DropPathOption,
    EpochsOption,
    LabelSmoothingOption,
    LrOption,
    RecipeOption,
    SamplesOption,
    ScaleOption,
    SeedsOption,
    TemplatesOption,
    scale_of,
)
from archscope.cli.output import note, print_result, resolve_format

KillsOption = Annotated[
    int, option("--kills", value="N", help="How many times it is killed, at random instants.")
]
RandomOption = Annotated[
    int | None,
    option(
        "--random-seed",
        value="S",
        help="Seed of the instants; without it, one is drawn and shown.",
    ),
]


def verify_resume(
    kills: KillsOption = 3,
    random_seed: RandomOption = None,
    templates: TemplatesOption = "1x64d,2x64d",
    depth: DepthOption = None,
    scale: ScaleOption = None,
    dataset: DatasetOption = None,
    samples: SamplesOption = None,
    seeds: SeedsOption = "1",
    recipe: RecipeOption = None,
    epochs: EpochsOption = None,
    batch: BatchOption = None,
    lr: LrOption = None,
    label_smoothing: LabelSmoothingOption = None,
    drop_path: DropPathOption = None,
    precision: PrecisionOption = None,
    gpus: GpusOption = None,
    device: DeviceOption = None,
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    data_dir: DataDirOption = None,
    offline: OfflineOption = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Prove that a killed sweep ends with the same numbers, to the last bit, on this machine.

    Runs a small sweep undisturbed (preset quick, two networks, one seed; the options change it),
    then again while killing all of its processes (kill -9) at random instants and starting the
    same command anew; then compares the hashes of all metrics.

    Exit codes: 0 identical, 1 not identical or a run failed, 2 usage.
    """
    from archscope.explore.training import verify_resume as explore

    resolve_format(format, output)
    changes = {
        "--templates": templates,
        "--depth": depth,
        "--scale": scale_of(scale),
        "--dataset": dataset,
        "--samples": samples,
        "--seeds": seeds,
        "--recipe": recipe,
        "--epochs": epochs,
        "--batch": batch,
        "--lr": lr,
        "--label-smoothing": label_smoothing,
        "--drop-path": drop_path,
        "--precision": precision,
        "--gpus": gpus_of(gpus, device, None),
        "--workers": workers,
        "--threads": threads,
        "--data-dir": data_dir and data_dir.resolve(),
    }
    given = [(name, str(value)) for name, value in changes.items() if value is not None]
    options = ["--preset", "quick", *(part for pair in given for part in pair)]
    if offline:
        options.append("--offline")
    found = explore.verify_resume(kills, options=options, seed=random_seed, note=note)
    print_result(found, format, output)
    raise typer.Exit(0 if found.identical else 1)
