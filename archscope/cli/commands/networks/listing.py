"""`archscope list` and `archscope show`."""

from __future__ import annotations

from typing import Annotated

import typer

from archscope.cli.completion import networks, one_of
from archscope.cli.options.declared import option
from archscope.cli.options.networks import (
    ClassesOption,
    InputOption,
    NetworkArgument,
    network_in,
)
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.output import print_result


def list_networks(
    pattern: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="Only names with this text in them.",
            show_default=False,
            autocompletion=one_of(networks),
        ),
    ] = "",
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List the named networks of the papers with their costs (other templates have names too)."""
    from archscope.explore.networks.listing import list_networks as found

    print_result(found(pattern), format, output)


def show(
    name: NetworkArgument,
    layers: Annotated[
        bool, option("--layers", help="A row for each layer instead of each stage.")
    ] = False,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show one network: its stages or layers, and what each costs."""
    from archscope.arch.inputs import parse_input
    from archscope.explore.networks.listing import show as show_network

    shape = None if input_shape is None else parse_input(input_shape)
    found = show_network(network_in(name), layers=layers, input=shape, classes=classes)
    print_result(found, format, output)
