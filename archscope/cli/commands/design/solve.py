"""`archscope solve`: Eq. 4 for a block, and with --network whole networks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.arch.times import LATENCY
from archscope.cli.commands.design.solve_block import solve_one_block
from archscope.cli.commands.design.solve_rule import Asked, scale_network
from archscope.cli.completion import designs, networks, one_of, some_of
from archscope.cli.options.caps import (
    AllOption,
    AtMostOption,
    Caps,
    FlashOption,
    FoldOption,
    MaximiseOption,
    SramOption,
)
from archscope.cli.options.declared import BLOCK, NETWORK, option
from archscope.cli.options.latency import LatencyModelOption, MeasureOption, Setting
from archscope.cli.options.machine import DEVICE, PRECISION, ThreadsOption
from archscope.cli.options.networks import ClassesOption, InputOption, networks_in
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.options.solving import BlockOption, RuleOption, SplitsOption
from archscope.cli.options.spaces import (
    AxisOption,
    CardinalityOption,
    DeepeningOption,
    DepthOption,
    Numbers,
    ScaleOption,
    WidenOption,
    WidthOption,
)
from archscope.cli.output import note, print_result
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.arch.papers.eq4 import Rounding
    from archscope.arch.windows import Shape
    from archscope.explore.design.answer import Inverse
    from archscope.explore.design.inverse import Options
    from archscope.explore.design.scaling.solve import Scalings
    from archscope.explore.design.templates.bottleneck import Solution
    from archscope.explore.design.templates.solve import Templates

MOST = 1_000_000  # channels, pixels: far above any network, far below what overflows a float


_FREE = ("cardinality", "width", "depth", "widen", "deepening", "scale")


def _size(name: str, help: str, default: str | None = None) -> Any:
    return option(name, value="N", panel=BLOCK, help=help, default=default, min=1, max=MOST)


def solve(
    cardinality: CardinalityOption = None,
    width: WidthOption = None,
    reference: Annotated[
        str | None,
        option(
            "--reference",
            value="CxWd",
            panel=BLOCK,
            help="Keep the budget of this template.",
            default="1x64d",
        ),
    ] = None,
    budget: Annotated[
        list[str] | None,
        option(
            "--budget",
            value="N[UNIT]",
            help="Parameters of a block's convolutions, as 70k (instead of a reference). With "
            "--network: 4.1GMACs, '25M params', '11M activations', several at once.",
        ),
    ] = None,
    kind: BlockOption = None,
    splits: SplitsOption = None,
    w_in: Annotated[int, _size("--in", "Channels in.")] = 256,
    w_out: Annotated[int | None, _size("--out", "Channels out.", "as --in")] = None,
    kernel: Annotated[
        int | None, _size("--kernel", "Kernel size of the grouped convolution.", "3")
    ] = None,
    resolution: Annotated[
        int, _size("--resolution", "Height and width of the stage, for the multiply-adds.")
    ] = 56,
    rounding: Annotated[
        str,
        option(
            "--rounding",
            value="RULE",
            help="nearest, floor, ceil, or multiple-of:K.",
            complete=one_of(lambda: ("nearest", "floor", "ceil", "multiple-of:8")),
        ),
    ] = "nearest",
    network: Annotated[
        str | None,
        option(
            "--network",
            value="NAME",
            panel=NETWORK,
            complete=one_of(designs),
            help="Design a whole network: resnext50, resnet101, wrn_28, preresnet-basic and the "
            "like, or FILE.py:NAME of your own; of the families {families}.",
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        option(
            "--as",
            value="NAME[:COST]",
            panel=NETWORK,
            complete=one_of(networks),
            help="Keep the params and multiply-adds of this network, ours or from outside, or one: "
            "resnet50:macs, timm:resnet50:macs; '2x resnet101:macs' is twice that.",
        ),
    ] = None,
    free: Annotated[
        str | None,
        option(
            "--free",
            value="WORD[,WORD]",
            panel=NETWORK,
            default="what the name leaves open",
            complete=some_of(lambda: _FREE),
            help="What is solved for: cardinality, width, depth (or depth3), widen, deepening, "
            "scale, or another number of the family.",
        ),
    ] = None,
    depth: DepthOption = None,
    widen: WidenOption = None,
    deepening: DeepeningOption = None,
    scale: ScaleOption = None,
    axis: AxisOption = None,
    at_most: AtMostOption = None,
    flash: FlashOption = None,
    sram: SramOption = None,
    fold: FoldOption = False,
    maximise: MaximiseOption = None,
    every: AllOption = False,
    nearest: Annotated[
        int,
        option(
            "--nearest",
            value="N",
            panel=NETWORK,
            help="How many designs are listed.",
            min=1,
            max=1000,
        ),
    ] = 5,
    tolerance: Annotated[
        str | None,
        option(
            "--tolerance",
            value="P%",
            panel=NETWORK,
            help="Exit code 4 where the nearest design is further off.",
        ),
    ] = None,
    scaling: RuleOption = None,
    measure: MeasureOption = None,
    threads: ThreadsOption = None,
    precision: Annotated[str, PRECISION] = "fp32",
    device: Annotated[str, DEVICE] = "cpu",
    model: LatencyModelOption = None,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Solve Eq. 4 of the ResNeXt paper: templates CxWd that keep a block's budget (Table 2).

    C * (in*d + k*k*d*d + d*out) = budget, for the width d at each cardinality, or for the
    cardinality C at each width; without either, Table 2 itself. Ends with exit code 4 where one of
    them has no answer (the others are shown). With --block, the same question of another block, by
    the costs of its tree:

      archscope solve --block res2net --splits 2,4,8

    With --network, whole networks: the designs whose exact costs come nearest to a budget, and the
    proof that none is nearer; or the largest within hard caps, and the proof that none is larger:

      archscope solve --network resnext50 --cardinality 32 --budget 4.1GMACs
      archscope solve --network mobilenet_v2 --at-most 5Mparams --at-most 600MMACs

    With --rule, a network as it is, scaled to the budget:

      archscope solve --network efficientnet_b0 --rule all --budget 1GMACs
    """
    from archscope.arch.papers.eq4 import parse_rounding

    setting = Setting(threads, precision, device, model)
    numbers = Numbers(cardinality, width, depth, widen, deepening, scale, axis, input_shape)
    caps = Caps(at_most, flash, sram, maximise)
    rule = parse_rounding(rounding)
    solution: Solution | Templates | Inverse | Scalings
    if network is None:
        words = {"as": like, "free": free, "depth": depth, "widen": widen, "deepening": deepening}
        others = {
            "tolerance": tolerance,
            "input": input_shape,
            "classes": classes,
            "scale": scale,
            "axis": axis,
            "rule": scaling,
            "at-most": at_most,
            "flash": flash,
            "sram": sram,
            "fold": fold,
            "maximise": maximise,
            "all": every,
            "measure": measure,
        }
        _only_without(words | others, "needs a whole network; add --network resnext50, or drop it")
        block = (w_in, w_out, kernel, resolution)
        setting.model(False, "--network NAME --at-most 20ms")
        solution = solve_one_block(numbers, budget or [], reference, block, rule, kind, splits)
    else:
        one = {"reference": reference, "in": w_in != 256, "out": w_out, "kernel": kernel}
        one |= {"block": kind, "splits": splits}
        one["resolution"] = resolution != 56
        _only_without(one, "describes one block; drop it, or --network")
        if scaling is None:
            options = _options(rule, nearest, tolerance, classes, numbers.input_shape)
            options = replace(options, maximise=caps.cost, every=every, fold=fold)
            limits = budget or [], like or [], caps
            timed = setting, measure
            solution = _solve_network(network, limits, numbers, free, options, timed)
        else:
            refused = {**vars(numbers), "sides": None, "free": free, "at-most": at_most}
            refused |= {"flash": flash, "sram": sram, "maximise": maximise}
            refused |= {"fold": fold or None, "measure": measure}
            refused |= {"nearest": nearest != 5 or None, "all": every or None}
            setting.model(False, "--at-most 20ms, without --rule")
            asked = Asked(scaling, rule, tolerance, classes, input_shape)
            solution = scale_network(network, budget or [], networks_in(like or []), refused, asked)
    print_result(solution, format, output)
    for reason in solution.infeasible:
        note(f"archscope: {reason}")
    if solution.infeasible:
        raise typer.Exit(4)


def _solve_network(
    network: str,
    limits: tuple[list[str], list[str], Caps],
    numbers: Numbers,
    free: str | None,
    options: Options,
    timed: tuple[Setting, int | None],
) -> Inverse:
    """The designs of a whole network, under budgets, networks to be like, and caps."""
    from archscope.explore.design.inverse import inverse
    from archscope.explore.design.limits import read_limits

    budgets, like, caps = limits
    found = caps.limits(options.input_shape)
    if budgets or like or not found:
        found = [*read_limits(budgets, networks_in(like), options.input_shape), *found]
    words = () if free is None else free.split(",")
    setting, measure = timed
    by_time = LATENCY in (options.maximise, *(limit.metric for limit in found))
    if measure is not None and LATENCY not in (limit.metric for limit in found):
        raise UsageError("--measure corrects an order by latency; add --at-most 20ms")
    fitted = setting.model(by_time, "--at-most 20ms", fold=options.fold, now=measure is not None)
    nearest = max(options.nearest, measure or 0)
    options = replace(options, latency=fitted, nearest=nearest)
    answers = inverse(network, found, given=numbers.given(), free=words, options=options)
    if measure is None:
        return answers
    from archscope.explore.clock.measured import measured

    return measured(answers, measure, setting.asked(), note)


def _options(
    rule: Rounding,
    nearest: int,
    tolerance: str | None,
    classes: int | None,
    input_shape: Shape | None,
) -> Options:
    from archscope.arch.quantities import parse_percent
    from archscope.explore.design.inverse import Options

    percent = None if tolerance is None else parse_percent(tolerance)
    return Options(rule, nearest, percent, classes, input_shape)


def _only_without(options: dict[str, Any], rule: str) -> None:
    for name, value in options.items():
        if value:
            raise UsageError(f"--{name} {rule}")
