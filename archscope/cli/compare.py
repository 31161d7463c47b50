"""`archscope compare`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from archscope.cli.difference import DiffOption, OnOption, PlotOption, print_difference
from archscope.cli.options import ClassesOption, InputOption
from archscope.cli.output import Format, FormatOption, OutputOption, emit, resolve_format
from archscope.errors import UsageError


class CounterName(StrEnum):
    """Who counts."""

    fvcore = "fvcore"
    formula = "formula"


def compare(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Networks, as resnet50.")],
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    counter: Annotated[
        CounterName,
        typer.Option(help="fvcore: build each network and confirm the formula; formula: no torch."),
    ] = CounterName.fvcore,
    diff: DiffOption = False,
    plot: PlotOption = None,
    on: OnOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Put networks side by side: Table 1 with parameters, FLOPs (multiply-adds), activations.

    Every count is exact. With fvcore (the default) each network is instantiated and traced in eval
    mode at batch 1, and must agree with the formula to the integer.

    With --diff, why two networks differ: the gap split by stage, and by choice, where the first
    network is turned into the second one choice after the other.
    """
    from archscope.arch.quantities import parse_shape
    from archscope.explore.compare import compare as compare_networks

    shape = None if input_shape is None else parse_shape(input_shape)
    if diff:
        print_difference(names, (shape, classes), (plot, on), format, output)
        return
    if plot is not None or on is not None:
        raise UsageError("--plot and --on draw a difference, which was not asked for; add --diff")
    comparison = compare_networks(names, input_shape=shape, classes=classes, counter=counter.value)
    is_csv = resolve_format(format, output) is Format.csv
    table = comparison.csv_table() if is_csv else comparison.table()
    emit(table, document=comparison.document(), format=format, output=output)
