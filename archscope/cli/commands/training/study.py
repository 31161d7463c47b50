"""`archscope study`: a whole experiment of the papers, beside the published numbers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from archscope.cli.completion import one_of, studies, study_presets
from archscope.cli.options.declared import option
from archscope.cli.options.machine import (
    AddressOption,
    DataDirOption,
    DataLabelOption,
    DeviceOption,
    ExecutorOption,
    GpusOption,
    OfflineOption,
    OutOption,
    TrialsPerGpuOption,
    WorkersOption,
    resources,
)
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.options.stopping import (
    AlphaOption,
    FirstLookOption,
    MaxSeedsOption,
    UntilDecidedOption,
    stopping_if,
)
from archscope.cli.options.training import DatasetOption, ResolveOption, SeedsOption
from archscope.cli.output import note, print_result, resolve_format


def study(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="A study, or a .toml file; without it, the list of studies.",
            show_default=False,
            autocompletion=one_of(studies),
        ),
    ] = None,
    preset: Annotated[
        str | None,
        option(
            "--preset",
            value="P",
            complete=one_of(study_presets),
            help="Scale: quick (built-in data), proxy (CIFAR-10, small networks), paper (as "
            "published), none (published numbers and exact complexity alone).",
            default="proxy, where the study has it",
        ),
    ] = None,
    seeds: SeedsOption = None,
    dataset: DatasetOption = None,
    resolve: ResolveOption = 0.5,
    until_decided: UntilDecidedOption = False,
    first_look: FirstLookOption = None,
    max_seeds: MaxSeedsOption = None,
    alpha: AlphaOption = None,
    gpus: GpusOption = None,
    device: DeviceOption = None,
    trials_per_gpu: TrialsPerGpuOption = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    data_dir: DataDirOption = None,
    data_label: DataLabelOption = None,
    offline: OfflineOption = False,
    out: OutOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Run an experiment of the ResNeXt and Wide ResNet papers beside the published numbers.

    Complexity is exact at paper scale, whatever is trained; published numbers are marked so. The
    verdicts compare the pairs that the study names: better, no difference shown, or how many more
    seeds would be needed. The folder is a sweep's, with study.json and study.md besides. Presets of
    the two timing studies measure times instead, on the device that the preset, --device or
    --gpus names. With --until-decided seeds are trained only until the study's pairs are decided.

    Exit codes: 0 done, 1 failure, 2 usage, 3 some trials failed or diverged, 75 preempted
    (SIGUSR1), 130 or 143 interrupted (SIGINT, SIGTERM).
    """
    from archscope.explore.training import study as explore
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.run_plan import Console

    resolve_format(format, output)
    until = stopping_if(
        until_decided, resolve, first_look=first_look, max_seeds=max_seeds, alpha=alpha
    )
    asked = resources(
        *(executor, address, gpus, device), workers=workers, trials_per_gpu=trials_per_gpu
    )
    if name is None:
        print_result(explore.study_list(), format, output)
        return
    result = explore.study(
        name,
        preset,
        seeds=seeds,
        dataset=dataset,
        resources=asked,
        source=Source(data_dir, data_label, offline),
        out=out,
        console=Console(note=note),
        command=["archscope", *sys.argv[1:]],
        resolve=resolve,
        until=until,
    )
    print_result(result, format, output)
    if result.folder is not None and result.files:
        note(
            f"Written to {result.folder}: report.html, study.json, study.md and what was measured."
        )
    raise typer.Exit(result.exit_code)
