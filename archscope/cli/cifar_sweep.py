"""`archscope cifar-sweep`: Figure 7 on your own data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.cli.output import FormatOption, OutputOption, note
from archscope.cli.training import (
    HOW,
    WHAT,
    WHERE,
    DataDir,
    DataLabel,
    Epochs,
    Holdout,
    Offline,
    Precision,
    Samples,
    Tensorboard,
    Threads,
    Whiten,
    check_output,
    option,
    show,
)

if TYPE_CHECKING:
    pass


def cifar_sweep(
    preset: Annotated[
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
    ] = "proxy",
    templates: Annotated[
        str | None,
        option(
            "--templates",
            "Templates CxWd (cardinality x bottleneck width), with commas: 1x64d,8x64d,1x256d. "
            "Those of cardinality 1 make the width curve, those of the most common width the "
            "cardinality curve. Whole network names, such as wrn_16_4, are trained as well.",
            WHAT,
            "LIST",
        ),
    ] = None,
    depth: Annotated[
        int | None,
        option("--depth", "Depth of the ResNeXt, 9n+2: 11, 20, 29, ...", WHAT, "N"),
    ] = None,
    scale: Annotated[
        float | None,
        option(
            "--scale",
            "Factor on the widths of stem, blocks and outputs (not on the cardinality): 0.25.",
            WHAT,
            "S",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        option(
            "--dataset",
            "cifar10, cifar100, svhn, svhn+extra, or shapes (built-in, synthetic, not CIFAR).",
            WHAT,
            "NAME",
        ),
    ] = None,
    samples: Samples = None,
    holdout: Holdout = None,
    whiten: Whiten = None,
    seeds: Annotated[
        str | None,
        option(
            "--seeds",
            "Trainings of each network: a number N (seeds 1 to N), or the seeds themselves, "
            "1,2,5. More of them extend an earlier sweep in the same --out.",
            WHAT,
            "N|LIST",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        option(
            "--recipe",
            "resnext, wrn or wrn-svhn (the papers'), or proxy (one cycle). Brings its own epochs.",
            HOW,
            "NAME",
        ),
    ] = None,
    epochs: Epochs = None,
    batch: Annotated[
        int | None, option("--batch", "Images of one step.", HOW, "N", "the preset's, else 128")
    ] = None,
    lr: Annotated[
        float | None,
        option("--lr", "Learning rate at its peak.", HOW, "X", "the preset's or recipe's"),
    ] = None,
    precision: Precision = None,
    gpus: Annotated[
        int | None,
        option(
            "--gpus",
            "GPUs to use, a trial on each at a time; 0 for the CPU; without it, what there is.",
            WHERE,
            "N",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        option(
            "--workers",
            "Trials at a time; without it, one for each GPU, or on the CPU one for each core. "
            "More than GPUs share them.",
            WHERE,
            "N",
        ),
    ] = None,
    threads: Threads = None,
    data_dir: DataDir = None,
    data_label: DataLabel = None,
    offline: Offline = False,
    tensorboard: Tensorboard = False,
    out: Annotated[
        Path | None,
        option(
            "--out",
            "The sweep's folder; one that holds a part of this sweep is continued.",
            WHERE,
            "DIR",
            "runs/cifar-sweep-..., named after what was asked",
        ),
    ] = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Train ResNeXt templates on CIFAR-10 and show what cardinality buys against width.

    Draws the two curves of the ResNeXt paper's Figure 7: more paths of the same width, and one
    path that grows wider; test error against parameters. Writes a folder with sweep.json, a folder
    for each training, results.csv, table.md, figure7.png and curves.png. Interrupted in any way,
    the same command continues at the last finished epoch and does only what is missing.

    Exit codes: 0 done, 1 failure, 2 usage, 3 some trials failed, 130 or 143 interrupted.
    """
    from archscope.explore import cifar_sweep as explore
    from archscope.sweep.machine import Resources

    check_output(format, output)
    result = explore.cifar_sweep(
        preset,
        resources=Resources(gpus, workers, threads, precision),
        source=explore.Source(data_dir, data_label, offline),
        out=out,
        console=explore.Console(note=note, tensorboard=tensorboard),
        command=["archscope", *sys.argv[1:]],
        templates=templates,
        depth=depth,
        scale=scale,
        dataset=dataset,
        samples=samples,
        holdout=holdout,
        whiten=whiten,
        seeds=seeds,
        recipe=recipe,
        epochs=epochs,
        batch=batch,
        lr=lr,
    )
    show(result, format, output)
    raise typer.Exit(result.exit_code)
