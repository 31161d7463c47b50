"""`archscope solve` without --network: Eq. 4 for one block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archscope.cli.options.spaces import Numbers
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from archscope.arch.papers.eq4 import Rounding
    from archscope.explore.design.templates.bottleneck import Solution
    from archscope.explore.design.templates.solve import Templates


def solve_one_block(
    numbers: Numbers,
    budgets: list[str],
    reference: str | None,
    size: tuple[int, int | None, int | None, int],
    rule: Rounding,
    kind: str | None,
    splits: str | None,
) -> Solution | Templates:
    """Eq. 4 for a block, its own or another one."""
    from archscope.arch.papers.eq4 import Block
    from archscope.arch.quantities import parse_numbers
    from archscope.explore.design.templates.bottleneck import solve_block

    w_in, w_out, kernel, resolution = size
    if len(budgets) > 1:
        raise UsageError(
            f"a block has one budget, of parameters, not {len(budgets)}; drop the others, or "
            "add --network resnext50"
        )
    budget = _block_budget(budgets[0]) if budgets else None
    given = {"cardinality": numbers.cardinality, "width": numbers.width, "splits": splits}
    asked = {word: parse_numbers(text, word) for word, text in given.items() if text is not None}
    if kind is not None:
        from archscope.explore.design.templates.solve import solve_kind

        return solve_kind(
            kind,
            asked,
            w_in=w_in,
            w_out=w_out,
            kernel=kernel,
            resolution=resolution,
            budget=budget,
            reference=reference,
            rounding=rule,
        )
    if splits is not None:
        raise UsageError("--splits are those of a block that has some; add --block res2net")
    return solve_block(
        cardinalities=asked.get("cardinality", ()),
        widths=asked.get("width", ()),
        budget=budget,
        reference=reference,
        block=Block(w_in, w_in if w_out is None else w_out, kernel or 3, resolution),
        rounding=rule,
    )


def _block_budget(text: str) -> int:
    """A number of parameters; UsageError that names --network where it is a network's budget."""
    from archscope.arch.quantities import parse_budget, parse_limit

    try:
        return parse_budget(text)
    except UsageError as wrong:
        try:
            parse_limit(text)
        except UsageError:
            raise wrong from None
    raise UsageError(
        f"--budget {shown(text)} is the budget of a whole network; add --network resnext50, "
        "or give a block's parameters, as 70k"
    )
