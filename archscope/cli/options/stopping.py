"""Options of trainings that stop as soon as a comparison is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from archscope.cli.options.declared import option
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.explore.training.until_decided import Stopping

STOP = "When it stops"

UntilDecidedOption = Annotated[
    bool,
    option(
        "--until-decided",
        panel=STOP,
        help="Train seed after seed, and stop as soon as the comparisons are decided.",
    ),
]
FirstLookOption = Annotated[
    int | None,
    option(
        "--first-look",
        value="N",
        panel=STOP,
        default="3",
        help="Seeds of each network at the first look; then one more a look.",
    ),
]
MaxSeedsOption = Annotated[
    int | None,
    option(
        "--max-seeds",
        value="N",
        panel=STOP,
        default="16",
        help="Seeds of each network at the last look, up to 64.",
    ),
]
AlphaOption = Annotated[
    float | None,
    option(
        "--alpha",
        value="P",
        panel=STOP,
        default="0.05",
        help="Chance of any false difference, over all comparisons and looks.",
    ),
]


def stopping(
    first_look: int | None,
    max_seeds: int | None,
    alpha: float | None,
    resolve: float,
) -> Stopping:
    """The rule of these options."""
    from archscope.explore.training.until_decided import Stopping

    given = {
        "first_look": first_look,
        "max_seeds": max_seeds,
        "alpha": alpha,
        "resolve": resolve,
    }
    return Stopping(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def stopping_if(until_decided: bool, resolve: float, **given: float | None) -> Stopping | None:
    """The rule, where it is asked for; its own options mean nothing without it."""
    if until_decided:
        return stopping(resolve=resolve, **given)  # type: ignore[arg-type]
    if alone := [name.replace("_", "-") for name, value in given.items() if value is not None]:
        raise UsageError(f"--{alone[0]} is of --until-decided; give that as well")
    return None
