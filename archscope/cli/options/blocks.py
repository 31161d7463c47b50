"""Options of `solve` that say which block Eq. 4 is solved for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from archscope.cli.completion import one_of
from archscope.cli.options.declared import BLOCK, option


def _kinds() -> Iterable[str]:
    from archscope.explore.design.templates.kinds import KINDS

    return KINDS


BlockOption = Annotated[
    str | None,
    option(
        "--block",
        value="NAME",
        panel=BLOCK,
        complete=one_of(_kinds),
        help="Solve for the width of another block, by its tree: bottleneck, basic, se, res2net, "
        "depthwise, inverted, mbconv, fused, shuffle, dense, convnext.",
        default="Eq. 4's",
    ),
]
SplitsOption = Annotated[
    str | None,
    option(
        "--splits", value="S[,S...]", panel=BLOCK, help="Splits of --block res2net: 4, or 2,4,8."
    ),
]
