"""`archscope bench`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.cli.options.task import InputOption
from archscope.cli.output import (
    FormatOption,
    OutputOption,
    check_destination,
    note,
    print_result,
    resolve_format,
    save_with,
)
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.explore.clock.bench import Bench

_QUICK_BATCH, _QUICK_ROUNDS = 4, 3


class PaperName(StrEnum):
    """The comparisons of times that the papers make."""

    resnext = "resnext"
    wrn = "wrn"


class PrecisionName(StrEnum):
    """Number formats."""

    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


def _count(name: str, help: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name, metavar="N", min=1, max=65_536, help=help, show_default=False
    )
    return option


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help="Networks, as resnet50; times are told against the first.",
            show_default=False,
        ),
    ] = None,
    paper: Annotated[
        PaperName | None,
        typer.Option(
            help="Repeat a paper's comparison instead. resnext: ResNet-101 and ResNeXt-101 of the "
            "same FLOPs; wrn: Wide ResNet's Figure 4, thin against wide.",
            show_default=False,
        ),
    ] = None,
    modes: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="latency (batch 1), throughput, step (forward, backward, SGD).  [default: all; "
            "with --paper step]",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        _count("--batch", "Images of a forward pass or step.  [default: 16; the paper's]"),
    ] = None,
    rounds: Annotated[
        int | None, _count("--rounds", "Timed rounds; the median counts.  [default: 5]")
    ] = None,
    threads: Annotated[
        int | None, _count("--threads", "CPU threads.  [default: all processors]")
    ] = None,
    precision: Annotated[PrecisionName, typer.Option(help="Number format.")] = PrecisionName.fp32,
    device: Annotated[
        str,
        typer.Option(
            "--device", metavar="NAME", help="cpu, cuda:0, mps (the last two were not run)."
        ),
    ] = "cpu",
    input_shape: InputOption = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A batch of 4 (or what --paper has) and 3 rounds.")
    ] = False,
    memory: Annotated[
        bool, typer.Option(help="Measure peak memory, each in a fresh process.")
    ] = True,
    roofline: Annotated[
        bool,
        typer.Option("--roofline", help="Measure the machine's peak; predict times and ratios."),
    ] = False,
    layers: Annotated[
        bool, typer.Option("--layers", help="What limits each layer; includes --roofline.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw the times: .png, .svg or .pdf.", show_default=False
        ),
    ] = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Time networks side by side on this machine: latency, throughput, training step, memory.

    Rounds are interleaved, so that a change of the machine's pace meets all networks; medians,
    quartiles and ratios to the first network are told, with threads and precision.
    """
    from archscope.arch.quantities import parse_shape
    from archscope.explore.clock.bench import Extras, Setting, parse_modes
    from archscope.explore.clock.bench import bench as run
    from archscope.explore.clock.bench import bench_paper as run_paper

    _check(names, paper, plot, output)
    resolve_format(format, output)
    setting = Setting(
        modes=parse_modes(_usual_modes(paper) if modes is None else modes),
        batch=batch or (_QUICK_BATCH if quick else Setting.batch),
        rounds=rounds or (_QUICK_ROUNDS if quick else Setting.rounds),
        threads=threads,
        precision=precision.value,
        device=device,
    )
    shape = None if input_shape is None else parse_shape(input_shape)
    extras = Extras(memory, roofline, layers)
    if paper:
        found = run_paper(
            paper.value,
            setting,
            batch=batch,
            quick=quick,
            input=shape,
            extras=extras,
            note=note,
        )
    else:
        found = run(names or [], setting, input=shape, extras=extras, note=note)
    if plot is not None:
        _draw(found, plot)
    print_result(found, format, output)


def _usual_modes(paper: PaperName | None) -> str:
    return "step" if paper else "latency,throughput,step"


def _check(
    names: list[str] | None, paper: PaperName | None, plot: Path | None, output: Path | None
) -> None:
    """Whatever would only fail after minutes."""
    if bool(names) == bool(paper):
        raise UsageError(
            "networks to time or a --paper were to be given, and only one of them; name networks, "
            "as resnet50 resnext50_32x4d, or a paper"
        )
    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(
            f"--plot {plot} was asked for, but a plot is a .png, .svg or .pdf file; name one"
        )
    check_destination(plot, "--plot")
    check_destination(output)


def _draw(found: Bench, plot: Path) -> None:
    from archscope.reporting.figure.bench_plot import draw_bench

    drawn = draw_bench(found.document(), plot.suffix.lower())
    save_with(lambda file: file.write(drawn), plot, "--plot")
