"""`archscope solve --network NAME --rule RULE`: a network scaled to a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from archscope.arch.papers.eq4 import Rounding
    from archscope.explore.design.scaling.solve import Scalings


class Asked(NamedTuple):
    """How a network is to be scaled: as the options of `solve` have it."""

    rules: str
    rounding: Rounding
    tolerance: str | None
    classes: int | None
    input: str | None


def scale_network(
    network: str, budgets: list[str], like: list[str], refused: Mapping[str, Any], asked: Asked
) -> Scalings:
    """The network by each of the rules; what is `refused` must not be given."""
    from archscope.arch.quantities import parse_percent, parse_shape
    from archscope.explore.design.limits import read_limits
    from archscope.explore.design.scaling.solve import refuse_others, scale_named

    refuse_others(word for word, value in refused.items() if value is not None)
    shape = None if asked.input is None else parse_shape(asked.input)
    return scale_named(
        network,
        read_limits(budgets, like, shape),
        rule=asked.rules,
        rounding=asked.rounding,
        tolerance=None if asked.tolerance is None else parse_percent(asked.tolerance),
        classes=asked.classes,
        input=shape,
    )
