"""Eq. 4 at several cardinalities (or widths): Table 2 of the ResNeXt paper, for any budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from archscope.arch.papers import eq4
from archscope.arch.papers.eq4 import Block, Rounding, Template
from archscope.arch.papers.published import TABLE2_WIDTHS
from archscope.errors import InfeasibleError, UsageError
from archscope.reporting.networks.templates import table2
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table


@dataclass(frozen=True, repr=False)
class Solution(Result):
    """Templates against one budget.

    Attributes:
        block: the block around the templates.
        budget: weights of the block's convolutions.
        reference: the template whose budget is kept, or None where one was given.
        rounding: how d (or C) was made whole.
        solved_for: `width` or `cardinality`.
        templates: the feasible ones, in the order asked for.
        infeasible: one sentence for each number that has no answer.
    """

    block: Block
    budget: int
    reference: str | None
    rounding: Rounding
    solved_for: str
    templates: list[Template]
    infeasible: list[str] = field(default_factory=list)

    @property
    def is_paper_setting(self) -> bool:
        """Whether Table 2 of the paper answers the same question."""
        return (
            self.block == eq4.DEFAULT_BLOCK
            and self.budget == eq4.kept_budget(None, eq4.REFERENCE, self.block)
            and self.solved_for == "width"
        )

    def published_width(self, template: Template) -> int | None:
        """The width that Table 2 gives at this cardinality, where it asks the same question."""
        return TABLE2_WIDTHS.get(template.cardinality) if self.is_paper_setting else None

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.solve/1`."""
        exact = f"exact_{self.solved_for}"
        return {
            "schema": "archscope.solve/1",
            "convention": "params: weights of the block's three convolutions (Eq. 4), batch norm "
            "left out; macs: multiply-adds of the block at the stage's resolution",
            "reference": {
                "template": self.reference,
                "budget": self.budget,
                "w_in": self.block.w_in,
                "w_out": self.block.w_out,
                "kernel": self.block.kernel,
                "resolution": self.block.resolution,
            },
            "rounding": eq4.rounding_text(self.rounding),
            "templates": [
                {
                    "template": template.name,
                    "cardinality": template.cardinality,
                    "width": template.width,
                    exact: template.exact,
                    "group_width": template.group_width,
                    "params": template.params,
                    "macs": template.macs,
                    "deviation": template.deviation,
                    "published_width": self.published_width(template),
                }
                for template in self.templates
            ],
            "infeasible": self.infeasible,
        }

    def tables(self) -> list[Table]:
        """Table 2."""
        rows = self.document()["templates"]
        return [table2(rows, self.block, self.budget, self.reference, self.solved_for)]


def solve_block(
    *,
    cardinalities: Sequence[int] = (),
    widths: Sequence[int] = (),
    budget: int | None = None,
    reference: str | None = None,
    block: Block = eq4.DEFAULT_BLOCK,
    rounding: Rounding = "nearest",
) -> Solution:
    """Solve Eq. 4 for d at each of `cardinalities`, or for C at each of `widths`.

    The budget is `budget` (weights of a block) or that of the template `reference`, 1x64d without
    either. Without cardinalities and widths, at the cardinalities of the paper's Table 2.

    Raises:
        UsageError: where both of cardinalities and widths, or of budget and reference are given.
        InfeasibleError: where none of the numbers has an answer.
    """
    if not cardinalities and not widths:
        cardinalities = (*TABLE2_WIDTHS,)
    if cardinalities and widths:
        raise UsageError(
            "Eq. 4 has one unknown, so give either cardinalities or widths; write "
            "--cardinality 32 for the width, or --width 4 for the cardinality"
        )
    if budget is not None and reference is not None:
        raise UsageError(
            f"the reference {reference} decides the budget, so {budget:,} cannot be given as "
            "well; drop --budget or --reference"
        )
    if budget is None:
        reference = eq4.REFERENCE if reference is None else reference.strip().lower()
    budget = eq4.kept_budget(budget, reference or "", block)
    one = eq4.solve_width if cardinalities else eq4.solve_cardinality
    templates, infeasible = [], []
    for number in cardinalities or widths:
        try:
            templates.append(one(number, budget=budget, block=block, rounding=rounding))
        except InfeasibleError as error:
            infeasible.append(str(error))
    if not templates:
        raise InfeasibleError(infeasible[0])
    solved_for = "width" if cardinalities else "cardinality"
    return Solution(block, budget, reference, rounding, solved_for, templates, infeasible)


class BlockOptions(TypedDict, total=False):
    """What may be asked of a block: see `solve`."""

    cardinality: int | Sequence[int]
    width: int | Sequence[int]
    reference: str
    block: Block
    rounding: Rounding
