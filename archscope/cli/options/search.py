"""What a search looks for, and what it may spend."""

from __future__ import annotations

import re
from typing import Annotated

from archscope.cli.completion import one_of
from archscope.cli.options.declared import WHAT, option
from archscope.errors import UsageError, shown

SEARCH = "Search"
_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}

TrialsOption = Annotated[
    int | None,
    option("--trials", value="N", panel=SEARCH, help="Designs that are begun: 64."),
]
TimeOption = Annotated[
    str | None,
    option(
        "--time",
        value="T",
        panel=SEARCH,
        help="Instead: how long to search: 90s, 30min, 1h. On top come the end of what is begun "
        "then, with the best two designs to the end, the baselines and the decision.",
    ),
]
METHOD_NAMES = one_of(lambda: ("halving", "random", "one-epoch"))
MethodOption = Annotated[
    str,
    option(
        "--method",
        value="NAME",
        panel=SEARCH,
        complete=METHOD_NAMES,
        help="halving: all for a fifth of the epochs, the better half, by training error, for "
        "three fifths, half of those to the end. random: all to the end. one-epoch: all for one, "
        "half to the end.",
    ),
]
DrawSeedOption = Annotated[
    int, option("--seed", value="N", panel=SEARCH, help="Seed of the drawing.", min=0)
]
BaselinesOption = Annotated[
    str,
    option(
        "--baselines",
        value="LIST",
        panel=SEARCH,
        help="What the winner is compared with: largest (the largest that fits), random (the best "
        "of as many epochs of random search, trained besides), or none.",
    ),
]
WidthScaleOption = Annotated[
    str | None,
    option(
        "--scale",
        value="S[,S...]",
        panel=WHAT,
        help="Factors on the widths of families that have them: 0.25, or 0.125,0.25, or "
        "0.0625:1:0.0625.",
    ),
]


def seconds_of(text: str | None) -> float | None:
    """A time as it is written: `90s`, `30min`, `1h`, `1.5h`."""
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|m|h|d)\s*", text.lower())
    if match is None:
        raise UsageError(
            f"a time is a number and a unit, not '{shown(text)}'; write 90s, 30min or 1h"
        )
    return float(match[1]) * _UNITS[match[2]]


def baselines_of(text: str) -> list[str]:
    """The baselines of a list with commas; `none` is none."""
    names = [part.strip().lower() for part in text.split(",") if part.strip()]
    return [] if names == ["none"] else names
