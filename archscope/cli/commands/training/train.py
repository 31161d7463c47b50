"""`archscope train`: one network, from one seed or several."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.options.sweep import (
    AddressOption,
    ExecutorOption,
    TrialsPerGpuOption,
    ray_cluster,
)
from archscope.cli.options.training import (
    HOW,
    WHAT,
    WHERE,
    Compile,
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
from archscope.cli.output import FormatOption, OutputOption, note


def train(
    network: Annotated[
        str, typer.Argument(metavar="NAME", help="A whole network: resnext29_8x64d, wrn_28_10.")
    ],
    dataset: Annotated[
        str,
        option(
            "--dataset",
            "cifar10, cifar100, svhn, svhn+extra, shapes (built-in, synthetic), or folder:DIR, "
            "which holds train/CLASS/*.jpg and val/CLASS/*.jpg.",
            WHAT,
            "NAME",
            "cifar10",
        ),
    ] = "cifar10",
    samples: Samples = None,
    holdout: Holdout = None,
    whiten: Whiten = None,
    test_crop: Annotated[
        int | None,
        option(
            "--test-crop",
            "Side of the centre crop of test images (folder): 224, of a resize to 256; 299; 320, "
            "of a resize to 320.",
            WHAT,
            "N",
            "the network's input",
        ),
    ] = None,
    test_classes: Annotated[
        Path | None,
        option(
            "--test-classes",
            "File that lists the classes of the test images (folder), one a line; the test error "
            "is then told twice: among all classes, and among these alone.",
            WHAT,
            "FILE",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        option(
            "--recipe",
            "resnext, wrn, wrn-svhn, resnext-imagenet (the papers'), or proxy (one cycle).",
            HOW,
            "NAME",
            "proxy; resnext-imagenet for folder",
        ),
    ] = None,
    seeds: Annotated[
        str,
        option(
            "--seeds",
            "Trainings: a number N (seeds 1 to N), or the seeds themselves, 1,2,5. More of them "
            "extend what is in the same --out.",
            HOW,
            "N|LIST",
            "1",
        ),
    ] = "1",
    epochs: Epochs = None,
    iterations: Annotated[
        int | None,
        option(
            "--iterations",
            "Mini-batches instead of epochs: the nearest number of whole epochs.",
            HOW,
            "N",
        ),
    ] = None,
    batch: Annotated[
        int | None, option("--batch", "Images of one step.", HOW, "N", "the recipe's")
    ] = None,
    lr: Annotated[
        float | None, option("--lr", "Learning rate at its peak.", HOW, "X", "the recipe's")
    ] = None,
    precision: Precision = None,
    device: Annotated[
        str | None,
        option("--device", "cpu, cuda (a training on each GPU) or mps.", WHERE, "NAME", "the best"),
    ] = None,
    trials_per_gpu: TrialsPerGpuOption = None,
    workers: Annotated[
        int | None,
        option("--workers", "Trainings at a time; without it, as the machine has room.", WHERE),
    ] = None,
    threads: Threads = None,
    compile: Compile = False,
    loaders: Annotated[
        int | None,
        option(
            "--loaders",
            "Processes of each training that read images (folder); they change no result.",
            WHERE,
            "N",
            "1 on a CPU, else a share of the cores, up to 8",
        ),
    ] = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    data_dir: DataDir = None,
    data_label: DataLabel = None,
    offline: Offline = False,
    tensorboard: Tensorboard = False,
    out: Annotated[
        Path | None,
        option(
            "--out",
            "Folder of the trainings; one that holds a part of them is continued.",
            WHERE,
            "DIR",
            "runs/train-..., named after what was asked",
        ),
    ] = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Train one network by a recipe and show its error, the mean over the seeds.

    The recipes are those of the papers, with the augmentation that belongs to them. Writes a folder
    like that of a sweep: a folder for each seed, results.csv, table.md and curves.png. Interrupted
    in any way, the same command continues: at the step where it was stopped, after `kill -9` at the
    last finished epoch.

    Exit codes: 0 done, 1 failure, 2 usage, 3 some trainings failed or diverged, 75 preempted
    (SIGUSR1), 130 or 143 interrupted (SIGINT, SIGTERM).
    """
    from archscope.explore.training import train as explore
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.run_plan import Console
    from archscope.sweep.plan.slots import Resources
    from archscope.training.devices import inventory

    check_output(format, output)
    cluster = ray_cluster(executor, address)
    found = None if cluster else inventory()
    gpus = explore.on_device(device, found)
    result = explore.train(
        network,
        dataset,
        resources=Resources(
            gpus,
            workers,
            threads,
            precision,
            loaders,
            compile=compile or None,
            trials_per_gpu=trials_per_gpu,
            ray=cluster,
        ),
        source=Source(data_dir, data_label, offline),
        out=out,
        console=Console(note=note, tensorboard=tensorboard),
        inventory=found,
        command=["archscope", *sys.argv[1:]],
        recipe=recipe,
        seeds=seeds,
        epochs=epochs,
        iterations=iterations,
        batch=batch,
        lr=lr,
        samples=samples,
        holdout=holdout,
        whiten=whiten,
        test_crop=test_crop,
        test_classes=test_classes,
    )
    show(result, format, output)
    raise typer.Exit(result.exit_code)
