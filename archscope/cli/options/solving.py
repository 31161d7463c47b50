"""Options of `solve` alone: the block that Eq. 4 is solved for, and the rule that scales."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from archscope.cli.completion import one_of, some_of
from archscope.cli.options.declared import BLOCK, NETWORK, option


def _kinds() -> Iterable[str]:
    from archscope.explore.design.templates.kinds import KINDS

    return KINDS


def _rules() -> Iterable[str]:
    from archscope.explore.design.scaling.rules import ALL, RULES

    return (ALL, *RULES)


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
RuleOption = Annotated[
    str | None,
    option(
        "--rule",
        value="NAME[,NAME]",
        panel=NETWORK,
        complete=some_of(_rules),
        help="Scale the network to the budget by a rule: compound (EfficientNet's), dwr (Dollár's "
        "fast one), width, depth, resolution, or all of them side by side.",
    ),
]
