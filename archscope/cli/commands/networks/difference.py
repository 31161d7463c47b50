"""`archscope compare A B --diff`: why two networks cost what they do."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from archscope.arch.inputs import GivenInput
from archscope.cli.options.declared import option
from archscope.cli.options.output import check_plot
from archscope.cli.output import Format, print_result, save_with
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.reporting.figure.plot import Style


class Cost(StrEnum):
    """What is drawn."""

    params = "params"
    macs = "macs"
    activations = "activations"


DiffOption = Annotated[
    bool,
    option(
        "--diff",
        help="Split the gap between two networks by stage and by choice (width, depth, ...), all "
        "counted by the formula; with one from outside, by their submodules.",
    ),
]
OnOption = Annotated[
    Cost | None, option("--on", help="With --plot: draw this cost alone.", default="all three")
]


def print_difference(
    names: Sequence[str],
    task: tuple[GivenInput, int | None],
    figure: tuple[Path | None, Cost | None, Style],
    where: tuple[Format | None, Path | None],
) -> None:
    """Print the splits of two networks for a task (input, classes), and draw them."""
    from archscope.explore.networks.difference import difference

    plot, on, style = figure
    if len(names) != 2:
        raise UsageError(
            f"--diff takes two networks, not {len(names)}; name two, as resnet50 resnext50_32x4d"
        )
    if on is not None and plot is None:
        raise UsageError(f"--on {on.value} chooses the cost that --plot draws; add --plot FILE")
    check_plot(plot)
    shape, classes = task
    found = difference(*names, input=shape, classes=classes)
    print_result(found, *where)
    if plot is not None:
        costs = [cost.value for cost in Cost] if on is None else [on.value]
        drawn = found.draw(plot.suffix.lower(), costs, style)
        save_with(lambda file: file.write(drawn), plot, "--plot")
