"""`archscope train`: one network, from one seed or several."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from archscope.cli.commands.training.outcome import check_output, show
from archscope.cli.options.machine import (
    AddressOption,
    CompileOption,
    DataDirOption,
    DataLabelOption,
    DeviceOption,
    ExecutorOption,
    GpusOption,
    LoadersOption,
    OfflineOption,
    OutOption,
    PrecisionOption,
    TensorboardOption,
    ThreadsOption,
    TrialsPerGpuOption,
    WorkersOption,
    resources,
)
from archscope.cli.options.networks import OwnNetworkArgument, network_in
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.options.training import (
    DATASET,
    SEEDS,
    BatchOption,
    DropPathOption,
    EpochsOption,
    HoldoutOption,
    IterationsOption,
    LabelSmoothingOption,
    LrOption,
    RecipeOption,
    SamplesOption,
    TestClassesOption,
    TestCropOption,
    WhitenOption,
)
from archscope.cli.output import note


def train(
    network: OwnNetworkArgument,
    dataset: Annotated[str, DATASET] = "cifar10",
    samples: SamplesOption = None,
    holdout: HoldoutOption = None,
    whiten: WhitenOption = None,
    test_crop: TestCropOption = None,
    test_classes: TestClassesOption = None,
    recipe: RecipeOption = None,
    seeds: Annotated[str, SEEDS] = "1",
    epochs: EpochsOption = None,
    iterations: IterationsOption = None,
    batch: BatchOption = None,
    lr: LrOption = None,
    label_smoothing: LabelSmoothingOption = None,
    drop_path: DropPathOption = None,
    precision: PrecisionOption = None,
    gpus: GpusOption = None,
    device: DeviceOption = None,
    trials_per_gpu: TrialsPerGpuOption = None,
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    compile: CompileOption = False,
    loaders: LoadersOption = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    data_dir: DataDirOption = None,
    data_label: DataLabelOption = None,
    offline: OfflineOption = False,
    tensorboard: TensorboardOption = False,
    out: OutOption = None,
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

    check_output(format, output)
    asked = resources(
        *(executor, address, gpus, device),
        workers=workers,
        threads=threads,
        precision=precision,
        loaders=loaders,
        compile=compile,
        trials_per_gpu=trials_per_gpu,
    )
    result = explore.train(
        network_in(network),
        dataset,
        resources=asked,
        source=Source(data_dir, data_label, offline),
        out=out,
        console=Console(note=note, tensorboard=tensorboard),
        command=["archscope", *sys.argv[1:]],
        recipe=recipe,
        seeds=seeds,
        epochs=epochs,
        iterations=iterations,
        batch=batch,
        lr=lr,
        label_smoothing=label_smoothing,
        drop_path=drop_path,
        samples=samples,
        holdout=holdout,
        whiten=whiten,
        test_crop=test_crop,
        test_classes=test_classes,
    )
    show(result, format, output)
    raise typer.Exit(result.exit_code)
