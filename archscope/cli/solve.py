"""`archscope solve`."""

from __future__ import annotations

from typing import Annotated

import typer

from archscope.cli.output import FormatOption, OutputOption, emit, note

MOST = 1_000_000  # channels, pixels: far above any network, far below what overflows a float


def solve(
    cardinality: Annotated[
        str | None,
        typer.Option(
            "--cardinality",
            "-C",
            metavar="C[,C...]",
            help="Cardinalities to solve the width for: 32, or 1,2,4,8,32, or 1:64.",
        ),
    ] = None,
    width: Annotated[
        str | None,
        typer.Option(
            "--width",
            "-d",
            metavar="D[,D...]",
            help="Bottleneck widths to solve the cardinality for (the reverse question).",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="CxWd",
            help="Keep the budget of this template.  [default: 1x64d]",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Parameters of a block's convolutions, as 70k (instead of a reference).",
        ),
    ] = None,
    w_in: Annotated[int, typer.Option("--in", min=1, max=MOST, help="Channels in.")] = 256,
    w_out: Annotated[
        int | None,
        typer.Option("--out", min=1, max=MOST, help="Channels out.  [default: as --in]"),
    ] = None,
    kernel: Annotated[
        int, typer.Option(min=1, max=MOST, help="Kernel size of the grouped convolution.")
    ] = 3,
    resolution: Annotated[
        int,
        typer.Option(min=1, max=MOST, help="Height and width of the stage, for the multiply-adds."),
    ] = 56,
    rounding: Annotated[
        str,
        typer.Option(metavar="RULE", help="nearest, floor, ceil, or multiple-of:K."),
    ] = "nearest",
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Solve Eq. 4 of the ResNeXt paper: templates CxWd that keep a block's budget (Table 2).

    C * (in*d + k*k*d*d + d*out) = budget, for the width d at each cardinality, or for the
    cardinality C at each width. Ends with exit code 4 where one of them has no answer (the others
    are shown).
    """
    from archscope.arch.eq4 import Block, parse_rounding
    from archscope.arch.quantities import parse_budget, parse_numbers
    from archscope.explore.solve import solve as solve_eq4

    solution = solve_eq4(
        cardinalities=() if cardinality is None else parse_numbers(cardinality, "cardinality"),
        widths=() if width is None else parse_numbers(width, "width"),
        budget=None if budget is None else parse_budget(budget),
        reference=reference,
        block=Block(w_in, w_in if w_out is None else w_out, kernel, resolution),
        rounding=parse_rounding(rounding),
    )
    emit(solution.table(), document=solution.document(), format=format, output=output)
    for reason in solution.infeasible:
        note(f"archscope: {reason}")
    if solution.infeasible:
        raise typer.Exit(4)
