"""`archscope cifar-sweep`: Figure 7 on your own data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.cli.output import FormatOption, OutputOption, emit, note, resolve_format
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.explore.cifar_sweep import SweepResult

_WHAT, _HOW, _WHERE = "What is trained", "How it is trained", "Where"


def _option(
    name: str, help: str, panel: str, metavar: str | None = None, default: str | None = None
) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name,
        help=help,
        metavar=metavar,
        rich_help_panel=panel,
        show_default=default or False,
    )
    return option


def cifar_sweep(
    preset: Annotated[
        str,
        _option(
            "--preset",
            "quick: a demo on built-in data, minutes on two cores. proxy: ResNeXt-29 at half its "
            "widths, 15 epochs, 3 seeds, CIFAR-10; planned for under an hour on one data-centre "
            "GPU, which was not verified. paper: Figure 7 as published, 300 epochs, 10 seeds. "
            "The other options change it.",
            _WHAT,
            "quick|proxy|paper",
            "proxy",
        ),
    ] = "proxy",
    templates: Annotated[
        str | None,
        _option(
            "--templates",
            "Templates CxWd (cardinality x bottleneck width), with commas: 1x64d,8x64d,1x256d. "
            "Those of cardinality 1 make the width curve, those of the most common width the "
            "cardinality curve. Whole network names, such as wrn_16_4, are trained as well.",
            _WHAT,
            "LIST",
        ),
    ] = None,
    depth: Annotated[
        int | None,
        _option("--depth", "Depth of the ResNeXt, 9n+2: 11, 20, 29, ...", _WHAT, "N"),
    ] = None,
    scale: Annotated[
        float | None,
        _option(
            "--scale",
            "Factor on the widths of stem, blocks and outputs (not on the cardinality): 0.25.",
            _WHAT,
            "S",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        _option(
            "--dataset",
            "cifar10, cifar100, or shapes (built-in, synthetic, not CIFAR).",
            _WHAT,
            "NAME",
        ),
    ] = None,
    samples: Annotated[
        int | None,
        _option(
            "--samples",
            "Training images, a class-balanced subset; 0 for all. The test set stays whole.",
            _WHAT,
            "N",
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        _option(
            "--seeds",
            "Trainings of each network: a number N (seeds 1 to N), or the seeds themselves, "
            "1,2,5. More of them extend an earlier sweep in the same --out.",
            _WHAT,
            "N|LIST",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        _option(
            "--recipe",
            "resnext or wrn (the papers'), or proxy (one cycle). Brings its own epochs.",
            _HOW,
            "NAME",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        _option("--epochs", "Passes over the training images; schedules scale with it.", _HOW, "N"),
    ] = None,
    batch: Annotated[
        int | None, _option("--batch", "Images of one step.", _HOW, "N", "the preset's, else 128")
    ] = None,
    lr: Annotated[
        float | None,
        _option("--lr", "Learning rate at its peak.", _HOW, "X", "the preset's or recipe's"),
    ] = None,
    precision: Annotated[
        str | None,
        _option(
            "--precision",
            "Number format: fp32, bf16 or fp16; without it, the fastest that the device has.",
            _HOW,
            "P",
        ),
    ] = None,
    gpus: Annotated[
        int | None,
        _option(
            "--gpus",
            "GPUs to use, a trial on each at a time; 0 for the CPU; without it, what there is.",
            _WHERE,
            "N",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        _option(
            "--workers",
            "Trials at a time; without it, one for each GPU, or on the CPU one for each core. "
            "More than GPUs share them.",
            _WHERE,
            "N",
        ),
    ] = None,
    threads: Annotated[
        int | None,
        _option("--threads", "CPU threads of each trial.", _WHERE, "N", "1"),
    ] = None,
    data_dir: Annotated[
        Path | None,
        _option(
            "--data-dir",
            "Folder of the data set; downloaded into it where it is not there.",
            _WHERE,
            "DIR",
        ),
    ] = None,
    data_label: Annotated[
        str | None,
        _option("--data-label", "What titles and records call the data.", _WHERE, "TEXT"),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Download nothing.", rich_help_panel=_WHERE)
    ] = False,
    out: Annotated[
        Path | None,
        _option(
            "--out",
            "The sweep's folder; one that holds a part of this sweep is continued.",
            _WHERE,
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

    resolve_format(format, output)
    if output is not None and not output.resolve().parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.parent}; make it first")

    result = explore.cifar_sweep(
        preset,
        resources=Resources(gpus, workers, threads, precision),
        source=explore.Source(data_dir, data_label, offline),
        out=out,
        console=explore.Console(note=note),
        command=["archscope", *sys.argv[1:]],
        templates=templates,
        depth=depth,
        scale=scale,
        dataset=dataset,
        samples=samples,
        seeds=seeds,
        recipe=recipe,
        epochs=epochs,
        batch=batch,
        lr=lr,
    )
    _show(result, format, output)
    raise typer.Exit(result.exit_code)


def _show(result: SweepResult, format: object, output: Path | None) -> None:
    emit(result.table(), document=result.document(), format=format, output=output)  # type: ignore[arg-type]
    for record in result.failed:
        reason = (record.result or {}).get("reason", "unknown")
        note(f"failed: {record.key}: {reason}")
    if result.failed:
        note("The same command again tries what failed once more.")
    note(f"Written to {result.folder}: {', '.join(path.name for path in result.files)}.")
