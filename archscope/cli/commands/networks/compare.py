"""`archscope compare`."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

from archscope.arch.inputs import GivenInput
from archscope.cli.commands.networks.difference import DiffOption, OnOption, print_difference
from archscope.cli.completion import counters as all_counters
from archscope.cli.completion import some_of
from archscope.cli.options.declared import option
from archscope.cli.options.latency import (
    LatencyModelOption,
    Setting,
    TimesOption,
)
from archscope.cli.options.machine import DEVICE, PRECISION, ThreadsOption
from archscope.cli.options.networks import (
    ClassesOption,
    InputOption,
    NetworksArgument,
    networks_in,
)
from archscope.cli.options.output import (
    FigureWidthOption,
    FormatOption,
    NoTitleOption,
    OutputOption,
    PlotOption,
    figure_style,
)
from archscope.cli.output import Format, on_terminal, print_result, progress
from archscope.errors import UsageError


class CounterName(StrEnum):
    """Who counts."""

    fvcore = "fvcore"
    formula = "formula"


def compare(
    names: NetworksArgument,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    counter: Annotated[
        CounterName | None,
        option(
            "--counter",
            help="fvcore: build each network and confirm the formula; formula: no torch.",
            default="fvcore",
        ),
    ] = None,
    diff: DiffOption = False,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    no_title: NoTitleOption = False,
    on: OnOption = None,
    counters: Annotated[
        str | None,
        option(
            "--counters",
            value="NAMES",
            complete=some_of(all_counters),
            help="{counters}, some with commas: what each reports, and why they differ.",
        ),
    ] = None,
    costs: TimesOption = None,
    threads: ThreadsOption = None,
    precision: Annotated[str, PRECISION] = "fp32",
    device: Annotated[str, DEVICE] = "cpu",
    model: LatencyModelOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Put networks side by side: Table 1 with parameters, FLOPs (multiply-adds), activations.

    Every count is exact, or is shown as a lower bound (≥). With fvcore (the default) each network
    is instantiated and traced in eval mode at batch 1, and must agree with the formula to the
    integer; a network from outside is counted by its trace alone, an ONNX file by its own shapes.
    On a terminal the formula's table is there at once, and fvcore's totals follow.

    With --diff, why two networks differ: the gap split by stage, and by choice, where the first
    network is turned into the second one choice after the other; --plot draws both as waterfalls.
    """
    from archscope.arch.inputs import parse_input
    from archscope.explore.networks.compare import compare as compare_networks
    from archscope.explore.networks.opened import is_outside

    names = networks_in(names)
    shape = None if input_shape is None else parse_input(input_shape)
    if (counter is not None and (diff or counters is not None)) or (diff and counters is not None):
        raise UsageError(
            "--diff, --counters and --counter are three ways to compare; give one of them"
        )
    if (diff or counters is not None) and costs is not None:
        raise UsageError("--costs is a row of the comparison; leave --diff and --counters out")
    if diff:
        style = figure_style(figure_width, no_title, plot is not None)
        print_difference(names, (shape, classes), (plot, on, style), (format, output))
        return
    figure_style(figure_width, no_title, False, "--diff --plot")
    if plot is not None or on is not None:
        raise UsageError("--plot and --on draw a difference; add --diff")
    if counters is not None:
        return _compare_counters(names, counters, shape, classes, (format, output))
    chosen = counter or CounterName.fvcore
    fitted = Setting(threads, precision, device, model).models(costs)
    by = partial(compare_networks, names, input=shape, classes=classes, latency=fitted)
    outside = any(is_outside(name) for name in names)
    if chosen is CounterName.fvcore and not outside and on_terminal(format, output):
        known = by(counter="formula")
        print_result(known)
        with progress() as say:
            comparison = known.confirmed(say)
        print_result(comparison.confirmation())
        return
    with progress() as say:
        comparison = by(counter=chosen.value, note=say)
    print_result(comparison, format, output)


def _compare_counters(
    names: list[str],
    counters: str,
    shape: GivenInput,
    classes: int | None,
    where: tuple[Format | None, Path | None],
) -> None:
    from archscope.errors import ArchscopeError
    from archscope.explore.networks.counters import compare_counters

    found = compare_counters(names, counters, input=shape, classes=classes)
    print_result(found, *where)
    if unexplained := found.unexplained():
        raise ArchscopeError(unexplained)
