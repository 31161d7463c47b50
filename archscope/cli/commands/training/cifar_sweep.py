"""`archscope cifar-sweep`: Figure 7 on your own data."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import typer

from archscope.cli.commands.training.outcome import check_output, conclude, show
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
    WorkerOption,
    WorkersOption,
    resources,
)
from archscope.cli.options.networks import networks_in
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.options.stopping import (
    AlphaOption,
    FirstLookOption,
    MaxSeedsOption,
    UntilDecidedOption,
    stopping_if,
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
    SeedsOption,
    TemplatesOption,
    TestClassesOption,
    TestCropOption,
    WhitenOption,
    scale_of,
)
from archscope.cli.output import note
from archscope.errors import UsageError


def cifar_sweep(
    preset: PresetOption = "proxy",
    templates: TemplatesOption = None,
    depth: DepthOption = None,
    scale: ScaleOption = None,
    dataset: DatasetOption = None,
    samples: SamplesOption = None,
    holdout: HoldoutOption = None,
    whiten: WhitenOption = None,
    test_crop: TestCropOption = None,
    test_classes: TestClassesOption = None,
    seeds: SeedsOption = None,
    until_decided: UntilDecidedOption = False,
    first_look: FirstLookOption = None,
    max_seeds: MaxSeedsOption = None,
    alpha: AlphaOption = None,
    resolve: ResolveOption = 0.5,
    recipe: RecipeOption = None,
    epochs: EpochsOption = None,
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
    worker: WorkerOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Train ResNeXt templates on CIFAR-10 and show what cardinality buys against width.

    Draws the two curves of the ResNeXt paper's Figure 7: more paths of the same width, and one
    path that grows wider (templates of cardinality 1); test error against parameters. The preset
    proxy was planned for under an hour on one data-centre GPU, which was not verified. Writes a
    folder with sweep.json, a folder for each training, results.csv, table.md, figure7.png and
    curves.png. Interrupted in any way, the same command continues and does only what is missing.
    Several at once on one folder, also from several machines, share the work: each trial is trained
    by one of them.

    A signal stops it at the next step, with everything kept; a second one at once. On a cluster,
    workers of a job array can be preempted and queued again:

      srun archscope cifar-sweep --worker DIR; code=$?;
      [ $code -ne 75 ] || scontrol requeue "$SLURM_JOB_ID"; exit $code

    with `sbatch --array=0-7 --requeue --open-mode=append --signal=USR1@120`, after one run of the
    full command.

    With --until-decided the same seeds of all networks are trained one after another, and it stops
    as soon as each pair of interest is decided: better, worse, or no difference that matters.

    With --executor ray the trials are tasks of a Ray cluster, as many at a time as it has room for;
    nodes may come and go. This process writes all files; what nodes train comes through the folder
    where they see it, else through Ray.

    Exit codes: 0 done, 1 failure, 2 usage, 3 some trials failed or diverged, 75 preempted
    (SIGUSR1), 130 or 143 interrupted (SIGINT, SIGTERM).
    """
    from archscope.explore.training import cifar_sweep as explore
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.run_plan import Console
    from archscope.sweep.plan.presets import Changes

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
    source = Source(data_dir, data_label, offline)
    console = Console(note=note, tensorboard=tensorboard)
    until = stopping_if(
        until_decided, resolve, first_look=first_look, max_seeds=max_seeds, alpha=alpha
    )
    named, words = _templates(templates, sys.argv[1:])
    changes: Changes = {
        "templates": named,
        "depth": depth,
        "scale": scale_of(scale),
        "dataset": dataset,
        "samples": samples,
        "holdout": holdout,
        "whiten": whiten,
        "test_crop": test_crop,
        "test_classes": test_classes,
        "seeds": seeds,
        "recipe": recipe,
        "epochs": epochs,
        "batch": batch,
        "lr": lr,
        "label_smoothing": label_smoothing,
        "drop_path": drop_path,
    }
    if worker is not None:
        planned: dict[str, object] = {
            **changes,
            "precision": precision,
            "threads": threads,
            "compile": compile or None,
            "until-decided": until,
            "out": out,
        }
        _refuse_a_plan(preset, planned)
        result = explore.join_sweep(worker, resources=asked, source=source, console=console)
    else:
        result = explore.cifar_sweep(
            preset,
            resources=asked,
            source=source,
            out=out,
            console=console,
            command=["archscope", *words],
            until=until,
            resolve=resolve,
            **changes,
        )
    show(result, format, output)
    conclude(result.answer(resolve), result.folder, result.files)
    raise typer.Exit(result.exit_code)


def _templates(given: str | None, words: list[str]) -> tuple[str | list[str] | None, list[str]]:
    """The templates, those of `@FILE` read, and the command with their names in its place."""
    if given is None or not given.startswith("@"):
        return given, words
    names = networks_in([given])
    listed = ",".join(names)
    return names, [
        f"--templates={listed}"
        if word == f"--templates={given}"
        else (listed if (ahead, word) == ("--templates", given) else word)
        for ahead, word in zip(["", *words], words, strict=False)
    ]


def _refuse_a_plan(preset: str, planned: Mapping[str, object]) -> None:
    given = ["preset"] * (preset != "proxy") + [n for n, v in planned.items() if v is not None]
    if given:
        raise UsageError(
            f"--worker trains the plan that its folder holds; leave out --{', --'.join(given)}."
        )
