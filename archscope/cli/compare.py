"""`archscope compare`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from archscope.cli.options import NETWORK_HELP, ClassesOption, InputOption
from archscope.cli.output import Format, FormatOption, OutputOption, emit, resolve_format


class CounterName(StrEnum):
    """Who counts."""

    fvcore = "fvcore"
    formula = "formula"


def compare(
    names: Annotated[list[str], typer.Argument(metavar="NETWORK...", help=NETWORK_HELP)],
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    counter: Annotated[
        CounterName,
        typer.Option(help="fvcore: build each network and confirm the formula; formula: no torch."),
    ] = CounterName.fvcore,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Put networks side by side: Table 1 with parameters, FLOPs (multiply-adds), activations.

    Every count is exact. With fvcore (the default) each network is instantiated and traced in eval
    mode at batch 1, and must agree with the formula to the integer; a network from outside is
    counted by fvcore alone, an ONNX file by its own shapes.
    """
    from archscope.arch.quantities import parse_shape
    from archscope.explore.compare import compare as compare_networks

    shape = None if input_shape is None else parse_shape(input_shape)
    comparison = compare_networks(names, input_shape=shape, classes=classes, counter=counter.value)
    is_csv = resolve_format(format, output) is Format.csv
    table = comparison.csv_table() if is_csv else comparison.table()
    emit(table, document=comparison.document(), format=format, output=output)
