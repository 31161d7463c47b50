"""`archscope enumerate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.arch.quantities import COSTS, STORED
from archscope.cli.completion import designs, one_of, some_of
from archscope.cli.options.caps import FoldOption
from archscope.cli.options.declared import GENERAL, LISTED, NETWORK, option
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
from archscope.cli.output import RAW, note, print_result, save_with, write
from archscope.errors import UsageError, plural

if TYPE_CHECKING:
    from archscope.cost.stored import Storage
    from archscope.explore.design.caps.conditions import Range
    from archscope.explore.design.enumerate import Enumeration, Order, Query

CAPPED = (*COSTS, *STORED)
SHOWN = 20  # rows of a table for people, where no --limit says otherwise


class DesignFormat(StrEnum):
    """The formats of a list of designs."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    latex = "latex"
    parquet = "parquet"


STREAMED = (DesignFormat.json, DesignFormat.csv, DesignFormat.parquet)


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
            help="params, macs, width, ...; -macs: largest first.",
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
            help="Only the front of two costs: params,macs; -macs: more.",
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

    chosen = _format(format, output)
    check_plot(plot)
    style = figure_style(figure_width, no_title, plot is not None)
    stored, storage = Bytes(weights, memory, fold).read()
    ranges = {**ranges_of(params, macs, activations), **stored}
    numbers = Numbers(cardinality, width, depth, widen, deepening, scale, axis, input_shape)
    query = _query(families, numbers, ranges, divisible, classes, storage)
    shown = limit if limit is not None or sample or chosen in STREAMED else SHOWN
    order = _order(sort, shown, pareto, (sample, seed))
    kept = 20_000 if plot else 0
    found = go_through(query, order, sampled=kept, exhaustive=exhaustive, note=note)
    if instantiate:
        found = found.confirmed()
    if plot is not None:
        drawn = found.draw(plot.suffix.lower(), style)
        save_with(lambda file: file.write(drawn), plot, "--plot")
    _print(found, chosen, output)
    most = found.matches if found.front is None else found.front
    if sample is not None and len(found) < sample:
        note(f"archscope: {_fewer(found, sample)}")
    if shown and len(found) == shown < most and sample is None and chosen not in STREAMED:
        note(f"archscope: {len(found):,} of {plural(most, 'design')} listed; --limit lists more")


def _fewer(found: Enumeration, sample: int) -> str:
    if found.drawn is None:
        return f"{len(found):,} networks, all there are, not {sample:,}"
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


def _format(format: DesignFormat | None, output: Path | None) -> DesignFormat:
    from archscope.cli.output import resolve_format
    from archscope.reporting.table.rows import require_parquet

    suffix = output.suffix.lower() if output is not None else ""
    if format is None and suffix == ".parquet":
        format = DesignFormat.parquet
    if format is None:
        format = DesignFormat(resolve_format(None, output).value)
    if format is DesignFormat.parquet:
        if output is None or str(output) == "-":
            raise UsageError(
                "Parquet is not text, so it is not written to the standard output; add "
                "--output FILE"
            )
        require_parquet()
    return format


def _print(found: Enumeration, chosen: DesignFormat, output: Path | None) -> None:
    """A result as any other, or written row by row: there may be millions of them."""
    import json

    from archscope.cli.output import Format
    from archscope.reporting.networks.designs import enumeration_table
    from archscope.reporting.table import rows as streams

    if chosen not in STREAMED:
        print_result(found, Format(chosen.value), output)
        return
    head, steady = found.head(), found.rows()
    first = next(steady, None)
    columns = enumeration_table(head, [first] if first else []).columns
    every = chain([first] if first else [], steady)
    if chosen is DesignFormat.parquet:
        assert output is not None
        about = json.dumps(head)
        numbers = found.types
        save_with(lambda file: streams.write_parquet(file, columns, every, numbers, about), output)
        return
    is_csv = chosen is DesignFormat.csv
    pieces = (
        streams.csv_pieces(columns, every, raw=RAW.get())
        if is_csv
        else streams.json_pieces(head, "designs", every)
    )
    if output is not None and str(output) != "-":
        save_with(lambda file: file.writelines(piece.encode() for piece in pieces), output)
        return
    for piece in pieces:
        write(piece, sys.stdout)
