"""`archscope study`: a whole experiment of the papers, beside the published numbers."""

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
from archscope.cli.output import FormatOption, OutputOption, note, print_result, resolve_format


def study(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="A study, or a .toml file; without it, the list of studies."
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="P",
            help="Scale: quick (built-in data), proxy (CIFAR-10, small networks), paper (as "
            "published), none (published numbers and exact complexity alone).  [default: proxy, "
            "where the study has it]",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="N|LIST", help="Trainings of each network.", show_default=False),
    ] = None,
    resolve: Annotated[
        float,
        typer.Option(metavar="X", help="Difference (points) that the verdicts try to resolve."),
    ] = 0.5,
    gpus: Annotated[
        int | None, typer.Option(metavar="N", help="GPUs to use; 0 for the CPU.")
    ] = None,
    trials_per_gpu: TrialsPerGpuOption = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Trials at a time.")] = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the data set.")
    ] = None,
    data_label: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What records call the data.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Download nothing.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The study's folder; one that holds a part of it is continued.  "
            "[default: runs/study-NAME-PRESET]",
            show_default=False,
        ),
    ] = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Run an experiment of the ResNeXt and Wide ResNet papers and put it beside the published.

    Complexity is exact at paper scale, whatever is trained; published numbers are marked so. The
    verdicts compare the pairs that the study names: better, no difference shown, or how many more
    seeds would be needed. The folder is a sweep's, with study.json and study.md besides. Presets of
    the two timing studies measure times instead, on the device that the preset or --gpus names.

    Exit codes: 0 done, 1 failure, 2 usage, 3 some trials failed or diverged, 75 preempted
    (SIGUSR1), 130 or 143 interrupted (SIGINT, SIGTERM).
    """
    from archscope.explore.training import study as explore
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.run_plan import Console
    from archscope.sweep.plan.slots import Resources

    resolve_format(format, output)
    cluster = ray_cluster(executor, address)
    if name is None:
        print_result(explore.study_list(), format, output)
        return
    result = explore.study(
        name,
        preset,
        seeds=seeds,
        resources=Resources(gpus, workers, trials_per_gpu=trials_per_gpu, ray=cluster),
        source=Source(data_dir, data_label, offline),
        out=out,
        console=Console(note=note),
        command=["archscope", *sys.argv[1:]],
        resolve=resolve,
    )
    print_result(result, format, output)
    if result.folder is not None:
        note(
            f"Written to {result.folder}: report.html, study.json, study.md and what was measured."
        )
    raise typer.Exit(result.exit_code)
