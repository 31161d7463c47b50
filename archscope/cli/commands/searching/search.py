"""`archscope search`: the best network that a budget of training can find."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from archscope.cli.commands.training.outcome import check_output, show
from archscope.cli.options.caps import AtMostOption
from archscope.cli.options.latency import (
    LatencyDeviceOption,
    LatencyModelOption,
    LatencyPrecisionOption,
    LatencyThreadsOption,
    Setting,
)
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
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.options.search import (
    BaselinesOption,
    DrawSeedOption,
    MethodOption,
    TimeOption,
    TrialsOption,
    WidthScaleOption,
    baselines_of,
    seconds_of,
)
from archscope.cli.options.spaces import scales_of
from archscope.cli.options.stopping import AlphaOption, FirstLookOption, MaxSeedsOption, stopping
from archscope.cli.options.training import (
    BatchOption,
    DatasetOption,
    DropPathOption,
    EpochsOption,
    HoldoutOption,
    LabelSmoothingOption,
    LrOption,
    PresetOption,
    RecipeOption,
    ResolveOption,
    SamplesOption,
    TestClassesOption,
    TestCropOption,
    WhitenOption,
)
from archscope.cli.output import note


def search(
    families: Annotated[
        str,
        typer.Argument(
            metavar="FAMILIES",
            help="Families to draw from, with commas: resnext,wrn,regnetx, or FILE.py:NAME. "
            "For 32x32 images those that have a form for them are taken in it.",
        ),
    ],
    at_most: AtMostOption = None,
    trials: TrialsOption = None,
    time: TimeOption = None,
    method: MethodOption = "halving",
    seed: DrawSeedOption = 1,
    baselines: BaselinesOption = "largest,random",
    preset: PresetOption = "proxy",
    scale: WidthScaleOption = None,
    dataset: DatasetOption = None,
    samples: SamplesOption = None,
    holdout: HoldoutOption = None,
    whiten: WhitenOption = None,
    test_crop: TestCropOption = None,
    test_classes: TestClassesOption = None,
    recipe: RecipeOption = None,
    epochs: EpochsOption = None,
    batch: BatchOption = None,
    lr: LrOption = None,
    label_smoothing: LabelSmoothingOption = None,
    drop_path: DropPathOption = None,
    first_look: FirstLookOption = None,
    max_seeds: MaxSeedsOption = None,
    alpha: AlphaOption = None,
    resolve: ResolveOption = 0.5,
    precision: PrecisionOption = None,
    gpus: GpusOption = None,
    device: DeviceOption = None,
    trials_per_gpu: TrialsPerGpuOption = None,
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    latency_threads: LatencyThreadsOption = None,
    latency_precision: LatencyPrecisionOption = "fp32",
    latency_device: LatencyDeviceOption = "cpu",
    latency_model: LatencyModelOption = None,
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
    """Find the best network within caps that so many trainings, or so much time, can find.

    Designs are drawn from those alone that keep every cap, and trained in rungs: after each the
    best go on from their checkpoints, and held-out images choose among those trained to the end (a
    tenth of the training images, unless --holdout says otherwise; the test set chooses nothing).
    The winner is then trained from fresh seeds beside the largest that fits and the best of random
    search at as many epochs of training, until it is decided which is better. A cap may be a time,
    as 20ms: that of one image as the model of archscope bench --fit predicts it for
    --latency-threads, -precision and -device. The folder is a sweep's: killed and continued, or
    shared by several machines that give the same command, it is the same search.

    Exit codes: 0 done, 1 failure, 2 usage, 3 some trials failed or diverged, 4 nothing keeps the
    caps, 75 preempted (SIGUSR1), 130 or 143 interrupted (SIGINT, SIGTERM).
    """
    from archscope.explore.searching import search as explore
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.run_plan import Console

    check_output(format, output)
    timed = latency_threads, latency_precision, latency_device, latency_model
    goal = explore.Goal(
        [name.strip() for name in families.split(",") if name.strip()],
        at_most or [],
        trials=trials,
        seconds=seconds_of(time),
        method=method,
        seed=seed,
        baselines=baselines_of(baselines),
        scale=[] if scale is None else scales_of(scale),
        latency=Setting(*timed, "--latency-").kept(at_most or []),
    )
    result = explore.search(
        goal,
        preset,
        stopping=stopping(first_look, max_seeds, alpha, resolve),
        resources=resources(
            *(executor, address, gpus, device),
            workers=workers,
            threads=threads,
            precision=precision,
            loaders=loaders,
            compile=compile,
            trials_per_gpu=trials_per_gpu,
        ),
        source=Source(data_dir, data_label, offline),
        out=out,
        console=Console(note=note, tensorboard=tensorboard),
        command=["archscope", *sys.argv[1:]],
        dataset=dataset,
        samples=samples,
        holdout=holdout,
        whiten=whiten,
        test_crop=test_crop,
        test_classes=test_classes,
        recipe=recipe,
        epochs=epochs,
        batch=batch,
        lr=lr,
        label_smoothing=label_smoothing,
        drop_path=drop_path,
    )
    show(result, format, output)
    raise typer.Exit(result.exit_code)
