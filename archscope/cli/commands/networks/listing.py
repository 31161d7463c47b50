"""`archscope list` and `archscope show`."""

from __future__ import annotations

from typing import Annotated

import typer

from archscope.cli.options.task import ClassesOption, InputOption
from archscope.cli.output import Format, FormatOption, OutputOption, emit, resolve_format


def list_networks(
    pattern: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Only names with this text in them.")
    ] = "",
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List the named networks of the papers with their costs (any template has a name besides)."""
    from archscope.arch.names import forms
    from archscope.cost.formula import CONVENTION
    from archscope.explore.networks.listing import list_networks as rows_of
    from archscope.reporting.networks.architectures import network_list

    rows = rows_of(pattern)
    document = {"schema": "archscope.list/1", "convention": CONVENTION, "networks": rows}
    emit(network_list(rows, forms()), document=document, format=format, output=output)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A network, as resnext50_32x4d.")],
    layers: Annotated[
        bool, typer.Option("--layers", help="A row for every layer rather than every stage.")
    ] = False,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show one network: its stages or layers, and what each costs."""
    from archscope.arch.names import parse
    from archscope.arch.quantities import parse_shape
    from archscope.explore.networks.listing import show_csv, show_document, show_table

    shape = None if input_shape is None else parse_shape(input_shape)
    document = show_document(parse(name, classes, shape))
    is_csv = resolve_format(format, output) is Format.csv
    table = show_csv(document, layers) if is_csv else show_table(document, layers)
    emit(table, document=document, format=format, output=output)
