"""`archscope list` and `archscope show`."""

from __future__ import annotations

from typing import Annotated

import typer

from archscope.cli.options.task import ClassesOption, InputOption
from archscope.cli.output import FormatOption, OutputOption, print_result


def list_networks(
    pattern: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Only names with this text in them.")
    ] = "",
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List the named networks of the papers with their costs (any template has a name besides)."""
    from archscope.explore.networks.listing import list_networks as found

    print_result(found(pattern), format, output)


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
    from archscope.explore.networks.listing import show as show_network

    shape = None if input_shape is None else parse_shape(input_shape)
    print_result(show_network(parse(name, classes, shape), layers=layers), format, output)
