"""`archscope list` and `archscope show`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from archscope.arch.quantities import COSTS
from archscope.arch.times import LATENCY
from archscope.cli.completion import networks, one_of
from archscope.cli.options.declared import option
from archscope.cli.options.latency import (
    CostsOption,
    LatencyModelOption,
    LatencyOption,
    Setting,
    latency_range,
    wants_latency,
)
from archscope.cli.options.machine import DEVICE, PRECISION, ThreadsOption
from archscope.cli.options.networks import (
    ClassesOption,
    InputOption,
    NetworkArgument,
    network_in,
)
from archscope.cli.options.output import (
    DiagramOption,
    FigureWidthOption,
    FormatOption,
    NoTitleOption,
    OutputOption,
    check_plot,
    figure_style,
)
from archscope.cli.options.spaces import (
    ActivationsOption,
    MacsOption,
    MemoryOption,
    ParamsOption,
    ranges_of,
)
from archscope.cli.output import print_result, save_with
from archscope.errors import UsageError, shown


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
    params: ParamsOption = None,
    macs: MacsOption = None,
    activations: ActivationsOption = None,
    memory: MemoryOption = None,
    latency: LatencyOption = None,
    sort: Annotated[
        str,
        option(
            "--sort",
            value="KEY",
            complete=one_of(
                lambda: ("params", "-params", "macs", "-macs", "memory", LATENCY, "error")
            ),
            default="as families come",
            help="params, macs, activations, memory (the peak in fp32), latency (predicted) or "
            "error (the published one); -macs: largest first.",
        ),
    ] = "",
    plot: Annotated[
        str | None,
        option(
            "--plot",
            value="error,COST",
            complete=one_of(lambda: [f"error,{cost}" for cost in (*COSTS, LATENCY)]),
            help="Draw published errors against params, macs, activations or predicted latency, "
            "into --output FILE.png, .svg or .pdf.",
        ),
    ] = None,
    costs: CostsOption = None,
    threads: ThreadsOption = None,
    precision: Annotated[str, PRECISION] = "fp32",
    device: Annotated[str, DEVICE] = "cpu",
    model: LatencyModelOption = None,
    figure_width: FigureWidthOption = None,
    no_title: NoTitleOption = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List the named networks of the papers with their costs (other templates have names too).

      archscope list --params :5M --macs :1G --sort error

    With --plot, published top-1 errors against a cost, as a picture; --format json has its numbers:

      archscope list --plot error,macs --output errors.png

    With --costs latency, --latency :20ms or --plot error,latency, the predicted time of one image
    on this machine.
    """
    from archscope.explore.networks.listing import list_networks as found

    style = figure_style(figure_width, no_title, plot is not None, "--plot error,macs --output")
    ranges, sort = ranges_of(params, macs, activations, memory), sort.strip().lower()
    ranges |= latency_range(latency)
    listed = partial(found, ranges=ranges, sort=sort)
    setting = Setting(threads, precision, device, model)
    asked = wants_latency(costs) or LATENCY in (sort.removeprefix("-"), *ranges)
    if plot is None:
        print_result(listed(pattern, latency=setting.model(asked)), format, output)
        return
    cost = _drawn_cost(plot)
    if format is not None:
        raise UsageError("a picture has no --format; drop it, or drop --plot for the numbers")
    if output is None:
        raise UsageError("--plot draws into a file; add --output FILE.png, .svg or .pdf")
    check_plot(output, "--output")
    fitted = setting.model(asked or cost == LATENCY, "--plot error,latency")
    drawn = listed(pattern, latency=fitted).draw(output.suffix.lower(), cost, style)
    save_with(lambda file: file.write(drawn), output)


def _drawn_cost(plot: str) -> str:
    """The cost of `error,COST`, in either order."""
    words = [word.strip().lower() for word in plot.split(",")]
    costs = [word for word in words if word in (*COSTS, LATENCY)]
    if len(words) != 2 or "error" not in words or not costs:
        raise UsageError(
            "--plot takes error and a cost (params, macs, activations, latency), not "
            f"{shown(plot)}; write --plot error,macs --output FILE.png"
        )
    return costs[0]


def show(
    name: NetworkArgument,
    layers: Annotated[
        bool, option("--layers", help="A row for each layer instead of each stage.")
    ] = False,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    diagram: DiagramOption = None,
    figure_width: FigureWidthOption = None,
    no_title: NoTitleOption = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show one network: its stages or layers, and what each costs."""
    from archscope.arch.inputs import parse_input
    from archscope.explore.networks.show import show as show_network

    shape = None if input_shape is None else parse_input(input_shape)
    check_plot(diagram, "--diagram")
    style = figure_style(figure_width, no_title, diagram is not None, "--diagram")
    found = show_network(network_in(name), layers=layers, input=shape, classes=classes)
    if diagram is not None:
        drawn = found.draw(diagram.suffix.lower(), style)
        save_with(lambda file: file.write(drawn), diagram, "--diagram")
    print_result(found, format, output)
