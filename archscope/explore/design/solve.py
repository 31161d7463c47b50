"""Eq. 4 at several cardinalities (or widths): Table 2 of the ResNeXt paper, for any budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

from archscope.arch.papers import eq4
from archscope.arch.papers.eq4 import Block, Rounding, Template
from archscope.arch.papers.published import TABLE2_WIDTHS
from archscope.arch.quantities import parse_budget
from archscope.errors import InfeasibleError, UsageError
from archscope.reporting.networks.templates import table2
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

if TYPE_CHECKING:
    from archscope.arch.network import Network
    from archscope.arch.windows import Shape
    from archscope.explore.design.answer import Inverse
    from archscope.explore.design.limits import Limit


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
            "rounding": self.rounding
            if isinstance(self.rounding, str)
            else f"multiple-of-{self.rounding}",
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
    either.

    Raises:
        UsageError: where both or neither of cardinalities and widths, or both of budget and
            reference are given.
        InfeasibleError: where none of the numbers has an answer.
    """
    if bool(cardinalities) == bool(widths):
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


class NetworkOptions(TypedDict, total=False):
    """What may be asked of a whole network: see `solve`."""

    cardinality: int | Sequence[int]
    width: int | Sequence[int]
    depth: int | Sequence[int | Sequence[int]]
    widen: float | Sequence[float]
    deepening: int | Sequence[int]
    scale: float | Sequence[float]
    free: Sequence[str]
    rounding: Rounding
    nearest: int
    tolerance: float
    classes: int
    input: Shape
    resolution: Sequence[int]
    at_most: str | Limit | Sequence[str | Limit]
    flash: str
    sram: str
    maximise: str
    all: bool


@overload
def solve(
    network: None = None, budget: str | int | None = None, **options: Unpack[BlockOptions]
) -> Solution: ...
@overload
def solve(
    network: str | Network,
    budget: str | Limit | Network | Sequence[str | Limit | Network] | None = None,
    **options: Unpack[NetworkOptions],
) -> Inverse: ...
def solve(network: Any = None, budget: Any = None, **options: Any) -> Solution | Inverse:
    """Solve for the numbers of a network that keep a budget: Eq. 4 for a block, or a whole network.

        a.solve(cardinality=[1, 2, 4, 8, 32])  # Table 2 of the ResNeXt paper
        a.solve(cardinality=32, budget="70k").templates[0].name
        a.solve("resnext50", "4.1GMACs", cardinality=32).answers[0].designs[0]
        a.solve("wrn_28", ["36.5M params", "5.2GMACs"])
        a.solve("resnext101", a.network("resnet152"))  # its params and multiply-adds
        a.solve("mobilenet_v2", at_most=["5M params", "256kB memory:int8"], maximise="macs")

    Args:
        network: whose numbers are sought, as `resnext50`, `wrn_28`; without it those of one block.
        budget: of a block's convolutions, a number of parameters or text as `70k`. Of a network
            `4.1GMACs`, `25M params`, `as resnet50`, a network, or several of these.
        options: of both, `cardinality` and `width` (numbers that are asked for) and `rounding`
            (`nearest`, `floor`, `ceil`, or K for multiples of K). Of a block, `reference`, the
            template whose budget is kept without one, and `block`, its size. Of a network,
            `depth`, `widen`, `deepening` and `scale`, as `cardinality`; `free`, the words of what
            is sought; `nearest`, how many designs; `tolerance`, the largest relative deviation;
            `classes` and `input`, where not the family's own, or `resolution`, its heights; `all`,
            whether degenerate designs stand in their place, not last. `at_most`, caps that no
            design passes: `5M params`, `1MB weights:int8`, `256kB memory:int8`, `flash` and `sram`
            the same of bytes, `1MB:int8`; `maximise`, the cost by which the largest come first.

    Returns:
        the templates; of a network the designs nearest to the budget, or the largest within the
        caps, each with its exact costs, and the proof that none is better.

    Raises:
        UsageError: for a word or number that cannot be, or where nothing or too much is sought.
        InfeasibleError: where there is no answer; it says what comes nearest.
    """
    return _block(budget, **options) if network is None else _network(network, budget, **options)


def _block(
    budget: str | int | None,
    *,
    cardinality: int | Sequence[int] = (),
    width: int | Sequence[int] = (),
    **options: Any,
) -> Solution:
    size = parse_budget(budget) if isinstance(budget, str) else budget
    cardinalities, widths = _listed(cardinality), _listed(width)
    return solve_block(cardinalities=cardinalities, widths=widths, budget=size, **options)


def _network(
    network: str | Network,
    budget: str | Limit | Network | Sequence[str | Limit | Network] | None,
    *,
    free: Sequence[str] = (),
    rounding: Rounding = "nearest",
    nearest: int = 5,
    tolerance: float | None = None,
    classes: int | None = None,
    input: Shape | None = None,
    at_most: str | Limit | Sequence[str | Limit] = (),
    flash: str | None = None,
    sram: str | None = None,
    maximise: str | None = None,
    all: bool = False,
    **given: Any,
) -> Inverse:
    from archscope.arch.network import Network  # a block alone needs none of these
    from archscope.explore.design.caps.read import cost_named, read_caps
    from archscope.explore.design.inverse import Options, inverse
    from archscope.explore.design.limits import of_network
    from archscope.explore.networks.opened import named

    limits: list[str | Limit] = []
    for one in [] if budget is None else _listed(budget):
        limits += of_network(one) if isinstance(one, Network) else [one]
    asked = named(network, "a design")
    shape = input or asked.input
    limits += read_caps(at_most, flash, sram, shape)
    return inverse(
        asked.name,
        limits,
        given={word: _listed(values) for word, values in given.items()},
        free=[free] if isinstance(free, str) else free,
        options=Options(
            *(rounding, nearest, tolerance, classes or asked.classes, shape),
            maximise=None if maximise is None else cost_named(maximise),
            every=all,
        ),
    )


def _listed(value: Any) -> list[Any]:
    alone = isinstance(value, str) or not isinstance(value, Iterable)
    return [value] if alone else list(value)
