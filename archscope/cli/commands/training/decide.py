"""`archscope decide`: which network is better, with as few trainings as that takes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.commands.training.outcome import check_output, show
from archscope.cli.completion import figure7, one_of
from archscope.cli.options.declared import option
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
from archscope.cli.options.stopping import (
    STOP,
    AlphaOption,
    FirstLookOption,
    MaxSeedsOption,
    stopping,
)
from archscope.cli.options.training import (
    BatchOption,
    DatasetOption,
    DepthOption,
    DropPathOption,
    EpochsOption,
    HoldoutOption,
    LabelSmoothingOption,
    LrOption,
    PresetOption,
    RecipeOption,
    ResolveOption,
    SamplesOption,
    ScaleOption,
    TestClassesOption,
    TestCropOption,
    WhitenOption,
    scale_of,
)
from archscope.cli.output import note, print_result
from archscope.errors import UsageError

NetworksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NETWORKS...",
        help="Two or more: templates CxWd, or whole names. Each is compared with each.",
        show_default=False,
        autocompletion=one_of(figure7),
    ),
]
PlanOption = Annotated[
    bool,
    option(
        "--plan",
        panel=STOP,
        help="Train nothing: show the chance to decide, and the seeds that it takes.",
    ),
]
LikeOption = Annotated[
    Path | None,
    option(
        "--like",
        value="DIR",
        panel=STOP,
        help="With --plan: a sweep whose runs vary as these will.",
    ),
]
SpreadOption = Annotated[
    float | None,
    option(
        "--spread",
        value="X",
        panel=STOP,
        help="With --plan, instead: standard deviation of one run's error, in points.",
    ),
]


def decide(
    networks: NetworksArgument = None,
    preset: PresetOption = "proxy",
    depth: DepthOption = None,
    scale: ScaleOption = None,
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
    plan: PlanOption = False,
    like: LikeOption = None,
    spread: SpreadOption = None,
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
    """Train networks until it is known which is better, and no longer.

    All are trained from the same seeds, one more a round. After each round every pair is looked at,
    and it ends as better, worse, no difference of --resolve points or more, or undecided at
    --max-seeds. A network that is worse than another is trained no longer. The intervals hold at
    the stop, whenever that is, and a false difference has a chance of --alpha over all looks and
    pairs. The folder is a sweep's: killed, continued, or shared by several machines, it comes to
    the same decision.

    Exit codes: 0 done, 1 failure, 2 usage, 3 some trials failed or diverged, 75 preempted
    (SIGUSR1), 130 or 143 interrupted (SIGINT, SIGTERM).
    """
    from archscope.explore.training import decide as explore
    from archscope.explore.training.decide_plan import decide_plan
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.run_plan import Console

    check_output(format, output)
    rule = stopping(first_look, max_seeds, alpha, resolve)
    named = networks or []
    if plan:
        found = decide_plan(rule, networks=len(dict.fromkeys(named)) or 2, like=like, spread=spread)
        print_result(found, format, output)
        return
    if like is not None or spread is not None:
        raise UsageError("--like and --spread are of --plan; give that as well, or leave them out")
    result = explore.decide(
        named,
        preset,
        stopping=rule,
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
        depth=depth,
        scale=scale_of(scale),
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
