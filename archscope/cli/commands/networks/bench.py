"""`archscope bench`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from archscope.cli.completion import modes as all_modes
from archscope.cli.completion import one_of, some_of
from archscope.cli.options.declared import option
from archscope.cli.options.machine import DEVICE, PRECISION, ThreadsOption
from archscope.cli.options.networks import AnyNetworksArgument, InputOption, networks_in
from archscope.cli.options.output import (
    FigureWidthOption,
    FormatOption,
    NoTitleOption,
    OutputOption,
    PlotOption,
    check_plot,
    figure_style,
)
from archscope.cli.output import (
    check_destination,
    note,
    print_result,
    resolve_format,
    save_with,
)
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.cost.workload import Mode
    from archscope.explore.clock.bench import Bench
    from archscope.explore.clock.fit_result import Fitted
    from archscope.reporting.figure.plot import Style

_QUICK_BATCH, _QUICK_ROUNDS = 4, 3


class PaperName(StrEnum):
    """The comparisons of times that the papers make."""

    resnext = "resnext"
    wrn = "wrn"


def _count(name: str, help: str, default: str) -> Any:
    return option(name, value="N", help=help, default=default, min=1, max=65_536)


def bench(
    names: AnyNetworksArgument = None,
    paper: Annotated[
        PaperName | None,
        option(
            "--paper",
            help="Repeat a paper's comparison instead. resnext: ResNet-101 and ResNeXt-101 of the "
            "same FLOPs; wrn: Wide ResNet's Figure 4, thin against wide.",
        ),
    ] = None,
    modes: Annotated[
        str | None,
        option(
            "--modes",
            value="LIST",
            complete=some_of(all_modes),
            help="latency (batch 1), throughput, step (forward, backward, SGD).",
            default="all; with --paper step, with --fit latency, of ONNX Runtime the first two",
        ),
    ] = None,
    batch: Annotated[
        int | None, _count("--batch", "Images of a forward pass or step.", "16; the paper's")
    ] = None,
    rounds: Annotated[
        int | None, _count("--rounds", "Timed rounds; the median counts.", "5")
    ] = None,
    threads: ThreadsOption = None,
    precision: Annotated[str, PRECISION] = "fp32",
    device: Annotated[str, DEVICE] = "cpu",
    engine: Annotated[
        str,
        option(
            "--engine",
            value="NAME",
            complete=one_of(lambda: ("torch", "compile", "onnxruntime")),
            help="What runs them: torch; compile: torch.compile, tens of seconds each at first; "
            "onnxruntime: forward passes, exported where no .onnx; needs archscope[onnx].",
        ),
    ] = "torch",
    input_shape: InputOption = None,
    quick: Annotated[
        bool, option("--quick", help="A batch of 4 (or what --paper has) and 3 rounds.")
    ] = False,
    memory: Annotated[
        bool,
        option("--memory/--no-memory", help="Measure peak memory, each in a fresh process."),
    ] = True,
    roofline: Annotated[
        bool,
        option("--roofline", help="Measure the machine's peak; predict times and ratios."),
    ] = False,
    layers: Annotated[
        bool, option("--layers", help="What limits each layer; includes --roofline.")
    ] = False,
    fit: Annotated[
        bool,
        option(
            "--fit",
            help="Measure this machine instead, and keep a model of one of --modes: what compare "
            "--costs predicts by.",
        ),
    ] = False,
    check: Annotated[
        bool,
        option(
            "--check",
            help="Measure again how fast this machine is (some seconds), and scale the model of "
            "--fit by it.",
        ),
    ] = False,
    seconds: Annotated[
        float | None,
        option("--seconds", value="S", help="With --fit: how long is measured.", default="200"),
    ] = None,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    no_title: NoTitleOption = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Time networks side by side on this machine: latency, throughput, training step, memory.

    Rounds are interleaved, so that a change of the machine's pace affects all networks; medians,
    quartiles and ratios to the first network are shown, with threads and precision. Devices other
    than cpu follow torch's documentation and were not run.

    With --fit, networks of all families are timed piece by piece, and a model of the seconds of any
    network is kept for this machine, device, precision, number of threads, and one of --modes
    (latency; throughput and step with their --batch). --check measures a few of them again, so that
    the model is of the machine as it is now.
    """
    from archscope.arch.inputs import parse_input
    from archscope.cost.workload import parse_modes
    from archscope.explore.clock.bench import Extras, Setting
    from archscope.explore.clock.bench import bench as run
    from archscope.explore.clock.bench import bench_paper as run_paper

    if fit or check or seconds is not None:
        others: dict[str, Any] = {
            "--paper": paper,
            "--rounds": rounds,
            "--input": input_shape,
        }
        others |= {"--quick": quick, "--plot": plot, "--no-memory": not memory}
        others |= {"--engine": engine != "torch"}
        others |= {"--figure-width": figure_width, "--no-title": no_title}
        others |= {"--roofline": roofline, "--layers": layers, "a network": names}
        if check:
            others |= {"--fit": fit, "--seconds": seconds, "--batch": batch}
        _check_fit("--check" if check else "--fit", fit or check, others, output)
        resolve_format(format, output)
        where = (threads, precision, device)
        fitted = _checked(where, modes) if check else _fit(where, (modes, batch), seconds)
        print_result(fitted, format, output)
        return
    _check(names, paper, plot, output)
    resolve_format(format, output)
    style = figure_style(figure_width, no_title, plot is not None)
    setting = Setting(
        modes=parse_modes(_usual_modes(paper, engine) if modes is None else modes),
        batch=batch or (_QUICK_BATCH if quick else Setting.batch),
        rounds=rounds or (_QUICK_ROUNDS if quick else Setting.rounds),
        threads=threads,
        precision=precision,
        device=device,
        engine=engine.strip().lower(),
    )
    shape = None if input_shape is None else parse_input(input_shape)
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
        found = run(networks_in(names or []), setting, input=shape, extras=extras, note=note)
    if plot is not None:
        _draw(found, plot, style)
    print_result(found, format, output)


def _check_fit(word: str, asked: bool, others: dict[str, Any], output: Path | None) -> None:
    if not asked:
        raise UsageError("--seconds is how long a fit measures; add --fit")
    for name, given in others.items():
        if given:
            raise UsageError(f"{word} measures the machine, and takes not {name}; leave it out")
    check_destination(output)


def _fit(
    setting: tuple[int | None, str, str],
    what: tuple[str | None, int | None],
    seconds: float | None,
) -> Fitted:
    from archscope.explore.clock.fit import SECONDS
    from archscope.explore.clock.fit_result import fit_latency

    limit = SECONDS if seconds is None else seconds
    modes, batch = what
    return fit_latency(*setting, mode=_one(modes), batch=batch, seconds=limit, note=note)


def _checked(setting: tuple[int | None, str, str], modes: str | None) -> Fitted:
    from archscope.explore.clock.check import check_latency
    from archscope.explore.latency.fitted import asked_for

    return check_latency(asked_for(*setting, _one(modes)), note)


def _one(modes: str | None) -> Mode:
    from archscope.cost.workload import parse_modes

    mode, *more = parse_modes("latency" if modes is None else modes)
    if more:
        raise UsageError("a model is of one of --modes: each is measured alone; name one")
    return mode


def _usual_modes(paper: PaperName | None, engine: str) -> str:
    if paper:
        return "step"
    forward = "latency,throughput"
    return forward if engine.strip().lower() == "onnxruntime" else f"{forward},step"


def _check(
    names: list[str] | None, paper: PaperName | None, plot: Path | None, output: Path | None
) -> None:
    """Whatever would only fail after minutes."""
    if bool(names) == bool(paper):
        raise UsageError(
            "bench takes either networks or a --paper; name networks, as resnet50 "
            "resnext50_32x4d, or a paper"
        )
    check_plot(plot)
    check_destination(plot, "--plot")
    check_destination(output)


def _draw(found: Bench, plot: Path, style: Style) -> None:
    from archscope.reporting.figure.bench_plot import draw_bench

    drawn = draw_bench(found.document(), plot.suffix.lower(), style)
    save_with(lambda file: file.write(drawn), plot, "--plot")
