"""Options of what is searched, and of tables of trained designs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.cli.completion import designs, some_of
from archscope.cli.options.declared import HOW, option, otherwise
from archscope.cli.options.training import BATCH, EPOCHS, LR, RECIPE, SAMPLES, SEEDS

if TYPE_CHECKING:
    from archscope.cli.options.spaces import Numbers
    from archscope.explore.design.caps.conditions import Range
    from archscope.explore.searching.feasible import FeasibleSet

SpaceArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SPACE...",
        help="Families, as enumerate takes them, with spaces or commas between: "
        "cifar_resnext,wrn,cifar_regnetx; or FILE.py:NAME of your own.",
        autocompletion=some_of(designs),
        show_default=False,
    ),
]
TestSamplesOption = Annotated[
    int | None,
    option(
        "--test-samples",
        value="N",
        panel=HOW,
        default="2000",
        help="Test images that epochs before the last are judged on, as many of each class; the "
        "last is judged on all.",
    ),
]
# What `table make` takes where nothing is asked: `USUAL` of its function.
TableSamplesOption = Annotated[int | None, otherwise(SAMPLES, "5000")]
TableSeedsOption = Annotated[str | None, otherwise(SEEDS, "2")]
TableRecipeOption = Annotated[str | None, otherwise(RECIPE, "proxy; for folders resnext-imagenet")]
TableEpochsOption = Annotated[int | None, otherwise(EPOCHS, "5, of any recipe")]
TableBatchOption = Annotated[
    int | None, otherwise(BATCH, "32; of folders, or with --recipe, the recipe's")
]
TableLrOption = Annotated[
    float | None, otherwise(LR, "0.1; of folders, or with --recipe, the recipe's")
]
TableArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        help="A file of archscope table make: NAME.csv.gz; without it, the table that comes with "
        "the package.",
        show_default=False,
    ),
]


def feasible_set(
    families: list[str], at_most: list[str] | None, ranges: dict[str, Range], numbers: Numbers
) -> FeasibleSet:
    """The set that the options say; UsageError for what cannot be."""
    from archscope.explore.searching.feasible import FeasibleSet
    from archscope.sweep.plan.subjects import separated

    named = [name for text in families for name in separated(text)]
    return FeasibleSet(named, at_most or (), ranges, numbers.given())
