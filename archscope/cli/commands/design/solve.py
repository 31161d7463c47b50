"""`archscope solve`: Eq. 4 for a block, and with --network whole networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.cli.options.spaces import (
    DeepeningOption,
    DepthOption,
    Numbers,
    ScaleOption,
    WidenOption,
)
from archscope.cli.options.task import ClassesOption, InputOption
from archscope.cli.output import FormatOption, OutputOption, note, print_result
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.arch.papers.eq4 import Rounding
    from archscope.explore.design.answer import Inverse
    from archscope.explore.design.inverse import Options
    from archscope.explore.design.solve import Solution

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
        list[str] | None,
        typer.Option(
            metavar="N",
            help="Parameters of a block's convolutions, as 70k (instead of a reference). With "
            "--network: 4.1GMACs, '25M params', '11M activations', several at once.",
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
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Design a whole network: resnext50, resnet101, wide_resnet50, resnext29, wrn_28, "
            "imagenet_wrn_34, preresnet-basic, any other residual one.",
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="NAME[:COST]",
            help="Keep the params and multiply-adds of this network, or one: resnet50:macs; "
            "'2x resnet101:macs' is twice that.",
        ),
    ] = None,
    free: Annotated[
        str | None,
        typer.Option(
            metavar="WORD[,WORD]",
            help="What is sought: cardinality, width, depth (or depth3), widen, deepening, scale.  "
            "[default: what the name leaves open]",
            show_default=False,
        ),
    ] = None,
    depth: DepthOption = None,
    widen: WidenOption = None,
    deepening: DeepeningOption = None,
    scale: ScaleOption = None,
    nearest: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="How many designs are listed.")
    ] = 5,
    tolerance: Annotated[
        str | None,
        typer.Option(metavar="P%", help="Exit code 4 where the nearest design is further off."),
    ] = None,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Solve Eq. 4 of the ResNeXt paper: templates CxWd that keep a block's budget (Table 2).

    C * (in*d + k*k*d*d + d*out) = budget, for the width d at each cardinality, or for the
    cardinality C at each width. Ends with exit code 4 where one of them has no answer (the others
    are shown).

    With --network, whole networks: the designs whose exact costs come nearest to a budget, as in
    --network resnext50 --cardinality 32 --budget 4.1GMACs, and the proof that none is nearer.
    """
    from archscope.arch.papers.eq4 import parse_rounding

    numbers = Numbers(cardinality, width, depth, widen, deepening, scale)
    rule = parse_rounding(rounding)
    solution: Solution | Inverse
    if network is None:
        words = {"as": like, "free": free, "depth": depth, "widen": widen, "deepening": deepening}
        others = {"tolerance": tolerance, "input": input_shape, "classes": classes, "scale": scale}
        _only_without(words | others, "needs a whole network; add --network resnext50, or drop it")
        block = (w_in, w_out, kernel, resolution)
        solution = _solve_block(numbers, budget or [], reference, block, rule)
    else:
        one = {"reference": reference, "in": w_in != 256, "out": w_out, "kernel": kernel != 3}
        one["resolution"] = resolution != 56
        _only_without(one, "describes one block; drop it, or --network")
        options = _options(rule, nearest, tolerance, classes, input_shape)
        solution = _solve_network(network, budget or [], like or [], numbers, free, options)
    print_result(solution, format, output)
    for reason in solution.infeasible:
        note(f"archscope: {reason}")
    if solution.infeasible:
        raise typer.Exit(4)


def _solve_block(
    numbers: Numbers,
    budgets: list[str],
    reference: str | None,
    block: tuple[int, int | None, int, int],
    rule: Rounding,
) -> Solution:
    """Eq. 4 for a block."""
    from archscope.arch.papers.eq4 import Block
    from archscope.arch.quantities import parse_budget, parse_numbers
    from archscope.explore.design.solve import solve_block

    w_in, w_out, kernel, resolution = block
    if len(budgets) > 1:
        raise UsageError(
            f"{len(budgets)} budgets were asked for, but a block has one, of parameters; drop the "
            "others, or add --network resnext50"
        )
    cardinality, width = numbers.cardinality, numbers.width
    return solve_block(
        cardinalities=() if cardinality is None else parse_numbers(cardinality, "cardinality"),
        widths=() if width is None else parse_numbers(width, "width"),
        budget=parse_budget(budgets[0]) if budgets else None,
        reference=reference,
        block=Block(w_in, w_in if w_out is None else w_out, kernel, resolution),
        rounding=rule,
    )


def _solve_network(
    network: str,
    budgets: list[str],
    like: list[str],
    numbers: Numbers,
    free: str | None,
    options: Options,
) -> Inverse:
    """The designs of a whole network."""
    from archscope.explore.design.inverse import inverse
    from archscope.explore.design.limits import read_limits

    return inverse(
        network,
        read_limits(budgets, like, options.input_shape),
        given=numbers.given(),
        free=() if free is None else free.split(","),
        options=options,
    )


def _options(
    rule: Rounding,
    nearest: int,
    tolerance: str | None,
    classes: int | None,
    input_shape: str | None,
) -> Options:
    from archscope.arch.quantities import parse_percent, parse_shape
    from archscope.explore.design.inverse import Options

    percent = None if tolerance is None else parse_percent(tolerance)
    shape = None if input_shape is None else parse_shape(input_shape)
    return Options(rule, nearest, percent, classes, shape)


def _only_without(options: dict[str, Any], rule: str) -> None:
    for name, value in options.items():
        if value:
            raise UsageError(f"--{name} was given, but it {rule}")
