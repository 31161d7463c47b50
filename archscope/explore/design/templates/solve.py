"""Templates of any block at one budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any, Required, TypedDict

from archscope.arch.arrays import whole
from archscope.arch.nodes import Node
from archscope.arch.papers import eq4
from archscope.arch.papers.eq4 import Block, Rounding
from archscope.errors import InfeasibleError, UsageError, joined, plural
from archscope.explore.design.templates.kinds import Kind, Paths, kind_of, own_kind
from archscope.explore.design.templates.widths import Template, solve_template
from archscope.reporting.networks.templates import block_templates
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

MOST_TEMPLATES = 1_000
MOST_SPLITS = 1_000
CONVENTION = (
    "params: learnable parameters of the block's tree, norms and the projection of a shortcut left "
    "out (Eq. 4); macs: multiply-adds of its convolutions at the stage's resolution; activations: "
    "their output elements"
)


@dataclass(frozen=True, repr=False)
class Templates(Result):
    """Templates of a block against one budget.

    Attributes:
        kind: the block.
        size: the channels around it, its kernel and its stage's resolution.
        budget: parameters of the block, norms left out.
        reference: the template of Eq. 4 whose budget is kept, or None where one was given.
        rounding: how the width was made whole.
        templates: the feasible ones, in the order asked for.
        infeasible: one sentence for each number that has no answer.
    """

    kind: Kind
    size: Block
    budget: int
    reference: str | None
    rounding: Rounding
    templates: list[Template]
    infeasible: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.solve/1`."""
        return {
            "schema": "archscope.solve/1",
            "convention": CONVENTION,
            "block": self.kind.name,
            "size": {
                "w_in": self.size.w_in,
                "w_out": None if self.kind.keeps else self.size.w_out,
                "kernel": self.size.kernel,
                "resolution": self.size.resolution,
            },
            "reference": {"template": self.reference, "budget": self.budget},
            "rounding": eq4.rounding_text(self.rounding),
            "templates": [self._row(template) for template in self.templates],
            "notes": self.notes(),
            "infeasible": self.infeasible,
        }

    def tables(self) -> list[Table]:
        """A row for each template."""
        return [block_templates(self.document(), self._words(), self.kind.free)]

    def published_width(self, template: Template) -> int | None:
        """The width that a paper gives for the same question."""
        default = Block(kernel=self.kind.kernel)
        kept = eq4.kept_budget(None, eq4.REFERENCE, eq4.DEFAULT_BLOCK)
        if self.size != default or self.budget != kept:
            return None
        return self.kind.published.get(template.paths)

    def notes(self) -> list[str]:
        """How the widths stand to those of a paper, where it gives some."""
        notes, paper = [], self.kind.paper
        given = [(one, width) for one in self.templates if (width := self.published_width(one))]
        same = [self._at(one) for one, published in given if one.width == published]
        if same:
            widths = "width is that" if len(same) == 1 else "widths are those"
            notes.append(f"At {joined(same)} the {widths} of the {paper} paper.")
        for one, published in given:
            if one.width != published:
                even = self._solved(one.paths, 2).width
                which = ", the nearest even width" if published == even else ""
                notes.append(f"At {self._at(one)} the {paper} paper has {published}{which}.")
        return notes

    def _words(self) -> list[str]:
        """The numbers that the templates differ in, or that the block has alone."""
        words = self.kind.words
        return [
            w
            for w in words
            if len(words) == 1 or any(getattr(t.paths, w) > 1 for t in self.templates)
        ]

    def _at(self, template: Template) -> str:
        cardinality, splits = template.paths
        parts = [f"cardinality {cardinality}"] if cardinality > 1 or splits == 1 else []
        return " and ".join([*parts, f"{splits} splits"] if splits > 1 else parts)

    def _solved(self, paths: Paths, rounding: Rounding) -> Template:
        return solve_template(self.kind, paths, self.size, self.budget, rounding)

    def _row(self, template: Template) -> dict[str, Any]:
        paths = template.paths._asdict().items()
        return {
            "template": template.name,
            **{word: number if word in self.kind.words else None for word, number in paths},
            "width": template.width,
            "exact_width": template.exact,
            "group_width": prod(template.paths) * template.width,
            "params": template.params,
            "macs": template.macs,
            "activations": template.activations,
            "deviation": template.deviation,
            "published_width": self.published_width(template),
        }


class KindOptions(TypedDict, total=False):
    """What may be asked of a block by its name: see `archscope.solve`."""

    block: Required[str | Callable[[int], Node]]
    cardinality: int | Sequence[int]
    splits: int | Sequence[int]
    reference: str
    w_in: int
    w_out: int
    kernel: int
    resolution: int
    rounding: Rounding


def solve_kind(
    block: str | Callable[[int], Node],
    numbers: Mapping[str, Sequence[int]],
    *,
    w_in: int = 256,
    w_out: int | None = None,
    kernel: int | None = None,
    resolution: int = 56,
    budget: int | None = None,
    reference: str | None = None,
    rounding: Rounding = "nearest",
) -> Templates:
    """Solve for the width of a block by its name, or of one's own.

    Args:
        block: as `res2net`; or a function from the width to a tree.
        numbers: the values by word (`cardinality`, `splits`); the block's usual one without.
        w_in, w_out, kernel, resolution: the block's size, where not its usual one on 256 channels.
        budget, reference, rounding: as `solve_templates`.

    Raises:
        UsageError: for a word that the block has not, and as `solve_templates`.
        InfeasibleError: where none of them has an answer.
    """
    kind = kind_of(block) if isinstance(block, str) else own_kind(block)
    for word, values in numbers.items():
        if not values or word in kind.words:
            continue
        if word == "width":
            raise UsageError(
                f"the width of the {kind.name} block is what is solved for; drop --width, or "
                "--block to solve Eq. 4 for the cardinality"
            )
        raise UsageError(f"the {kind.name} block has no {word}; drop --{word}")
    size = kind.sized(w_in, w_out, kernel, resolution)
    asked = [
        [whole(number, word) for number in numbers.get(word, ())] or [usual]
        for word, usual in kind.usual._asdict().items()
    ]
    if len(asked[0]) * len(asked[1]) > MOST_TEMPLATES:
        raise UsageError(
            f"at most {plural(MOST_TEMPLATES, 'template')} are solved for at once, not "
            f"{len(asked[0]) * len(asked[1]):,}; give fewer"
        )
    paths = [Paths(*pair) for pair in product(*asked)]
    return solve_templates(
        kind, paths, size=size, budget=budget, reference=reference, rounding=rounding
    )


def solve_templates(
    kind: Kind,
    paths: Sequence[Paths],
    *,
    size: Block,
    budget: int | None = None,
    reference: str | None = None,
    rounding: Rounding = "nearest",
) -> Templates:
    """Solve for a block's width at each cardinality and number of splits.

    The budget is `budget` (parameters of a block) or that of the template `reference` of Eq. 4,
    1x64d without either, on the same channels.

    Raises:
        UsageError: where a number or rule cannot be, or both of budget and reference are given.
        InfeasibleError: where none of them has an answer.
    """
    if budget is not None and reference is not None:
        raise UsageError(
            f"the reference {reference} decides the budget, so {budget:,} cannot be given as "
            "well; drop --budget or --reference"
        )
    most = max(one.splits for one in paths)
    if most > MOST_SPLITS:
        raise UsageError(f"splits are at most {MOST_SPLITS:,}, not {most:,}; give fewer")
    eq4.check_rounding(rounding)
    if budget is None:
        reference = eq4.REFERENCE if reference is None else reference.strip().lower()
    budget = eq4.kept_budget(budget, reference or "", _around(kind, size))
    templates, infeasible = [], []
    for one in paths:
        try:
            templates.append(solve_template(kind, one, size, budget, rounding))
        except InfeasibleError as error:
            infeasible.append(str(error))
    if not templates:
        raise InfeasibleError(infeasible[0])
    return Templates(kind, size, budget, reference, rounding, templates, infeasible)


def _around(kind: Kind, size: Block) -> Block:
    """The size of the reference: the block's own, but a 3x3 where the block is not made of them."""
    return Block(size.w_in, size.w_out, size.kernel if kind.kernel == 3 else 3)
