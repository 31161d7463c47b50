"""`archscope enumerate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.arch.quantities import COSTS, STORED
from archscope.arch.times import LATENCY
from archscope.cli.commands.design.listed import (
    STREAMED,
    DesignFormat,
    design_format,
    print_designs,
)
from archscope.cli.completion import designs, one_of, some_of
from archscope.cli.options.caps import FoldOption
from archscope.cli.options.declared import GENERAL, LISTED, NETWORK, option
from archscope.cli.options.latency import (
    LatencyModelOption,
    LatencyOption,
    Setting,
    latency_range,
)
from archscope.cli.options.machine import DEVICE, PRECISION, ThreadsOption
from archscope.cli.options.networks import ClassesOption, InputOption
from archscope.cli.options.output import (
    FORMAT_HELP,
    FigureWidthOption,
    NoTitleOption,
    OutputOption,
    PlotOption,
    check_plot,
    figure_style,
)
from archscope.cli.options.spaces import (
    ActivationsOption,
    AxisOption,
    Bytes,
    CardinalityOption,
    DeepeningOption,
    DepthOption,
    MacsOption,
    Numbers,
    ParamsOption,
    ScaleOption,
    StoredMemoryOption,
    WeightsOption,
    WidenOption,
    WidthOption,
    ranges_of,
)
from archscope.cli.output import note, save_with
from archscope.errors import plural

if TYPE_CHECKING:
    from archscope.cost.stored import Storage
    from archscope.explore.design.caps.conditions import Range
    from archscope.explore.design.enumerate import Enumeration, Order, Query

CAPPED = (*COSTS, *STORED, LATENCY)
SHOWN = 20  # rows of a table for people, where no --limit says otherwise


def enumerate_designs(
    families: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FAMILY...",
            help="{families}, imagenet_wrn; preresnet-basic, 'wrn-B(3,1,3)' and the like; or "
            "FILE.py:NAME of your own, all with free depths; resnext50, wrn_28 and the like with "
            "their own.",
            show_default="resnext",
            autocompletion=one_of(designs),
        ),
    ] = None,
    params: ParamsOption = None,
    macs: MacsOption = None,
    activations: ActivationsOption = None,
    weights: WeightsOption = None,
    memory: StoredMemoryOption = None,
    fold: FoldOption = False,
    latency: LatencyOption = None,
    cardinality: CardinalityOption = None,
    width: WidthOption = None,
    depth: DepthOption = None,
    widen: WidenOption = None,
    deepening: DeepeningOption = None,
    scale: ScaleOption = None,
    axis: AxisOption = None,
    divisible: Annotated[
        int,
        option(
            "--divisible",
            value="K",
            panel=NETWORK,
            help="Only group widths C*d that are multiples of K.",
            min=1,
        ),
    ] = 1,
    sort: Annotated[
        str | None,
        option(
            "--sort",
            value="KEY",
            panel=LISTED,
            complete=one_of(lambda: (*CAPPED, "width", *(f"-{cost}" for cost in CAPPED))),
            default="under an upper bound alone that cost, largest first; else params",
            help="params, macs, latency, width, ...; -macs: largest first.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        option(
            "--limit",
            value="N",
            panel=LISTED,
            help="List the first N.",
            default="20 in tables",
            min=1,
        ),
    ] = None,
    pareto: Annotated[
        str | None,
        option(
            "--pareto",
            value="A,B",
            panel=LISTED,
            complete=some_of(lambda: CAPPED),
            help="Only the front of two costs: params,macs or latency,params; -macs: more.",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        option(
            "--sample",
            value="N",
            panel=LISTED,
            help="N different networks drawn at random, each as likely as any other.",
            min=1,
        ),
    ] = None,
    seed: Annotated[
        int, option("--seed", value="S", panel=LISTED, help="Of --sample's draw.", min=0)
    ] = 1,
    exhaustive: Annotated[
        bool,
        option("--exhaustive", panel=LISTED, help="Go through more than 10^9 as well."),
    ] = False,
    instantiate: Annotated[
        bool,
        option(
            "--instantiate", panel=LISTED, help="Build the listed ones; fvcore must confirm each."
        ),
    ] = False,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    no_title: NoTitleOption = False,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    threads: ThreadsOption = None,
    precision: Annotated[str, PRECISION] = "fp32",
    device: Annotated[str, DEVICE] = "cpu",
    model: LatencyModelOption = None,
    format: Annotated[
        DesignFormat | None,
        option("--format", value="FORMAT", panel=GENERAL, help=f"{FORMAT_HELP} Or parquet."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """List all designs of a family within ranges of cost.

    Every design of the box is checked: 10 million take seconds. More than 10^9 are refused
    without --exhaustive. The list is sorted, may be cut to a Pareto front, and is written as a
    table, CSV, JSON or Parquet. --sample draws from a box of any size, uniformly from the
    different networks in it: designs whose numbers give the same layers count once. A sample can
    be trained as a population:

      archscope enumerate cifar_resnext11 --params 50k:500k --sample 12 --format csv |
        archscope cifar-sweep --preset quick --templates @-
    """
    from archscope.explore.design.enumerate import enumerate_designs as go_through

    chosen = design_format(format, output)
    check_plot(plot)
    style = figure_style(figure_width, no_title, plot is not None)
    stored, storage = Bytes(weights, memory, fold).read()
    ranges = {**ranges_of(params, macs, activations), **stored, **latency_range(latency)}
    numbers = Numbers(cardinality, width, depth, widen, deepening, scale, axis, input_shape)
    timed = latency is not None or LATENCY in f"{pareto} {sort}".lower()
    fitted = Setting(threads, precision, device, model).model(timed, "--latency :20ms", fold=fold)
    query = _query(families, numbers, ranges, divisible, classes, storage)
    query = replace(query, latency=fitted)
    shown = limit if limit is not None or sample or chosen in STREAMED else SHOWN
    order = _order(sort, shown, pareto, (sample, seed))
    kept = 20_000 if plot else 0
    found = go_through(query, order, sampled=kept, exhaustive=exhaustive, note=note)
    if instantiate:
        found = found.confirmed()
    if plot is not None:
        drawn = found.draw(plot.suffix.lower(), style)
        save_with(lambda file: file.write(drawn), plot, "--plot")
    print_designs(found, chosen, output)
    most = found.matches if found.front is None else found.front
    if sample is not None and len(found) < sample:
        note(f"archscope: {_fewer(found, sample)}")
    if shown and len(found) == shown < most and sample is None and chosen not in STREAMED:
        note(f"archscope: {len(found):,} of {plural(most, 'design')} listed; --limit lists more")


def _fewer(found: Enumeration, sample: int) -> str:
    if found.drawn is None or found.again:
        sure = "all there seem to be" if found.again else "all there are"
        return f"{len(found):,} networks, {sure}, not {sample:,}"
    return (
        f"{len(found):,} networks, not {sample:,}: {found.matches:,} of {found.drawn:,} designs "
        "looked at meet the conditions; widen them, or the box"
    )


def _query(
    families: list[str] | None,
    numbers: Numbers,
    ranges: Mapping[str, Range],
    divisible: int,
    classes: int | None,
    storage: Storage,
) -> Query:
    from archscope.explore.design.enumerate import FAMILIES, Query

    return Query(
        families or FAMILIES,
        numbers.given(),
        ranges,
        divisible,
        classes,
        numbers.input_shape,
        storage,
    )


def _order(
    sort: str | None, limit: int | None, pareto: str | None, sample: tuple[int | None, int]
) -> Order:
    from archscope.explore.design.collect import Order, parse_pareto

    front = None if pareto is None else parse_pareto(pareto)
    return Order((sort or "").strip().lower(), limit, front, *sample)
