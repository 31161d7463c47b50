"""What `equivalence` found: the forms of a network side by side, as JSON, tables, sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from archscope.arch.network import Network
from archscope.arch.rewrite import blocks
from archscope.cost.clock import Timing
from archscope.cost.formula import CONVENTION, Count
from archscope.errors import UsageError
from archscope.explore.forms.drawn import FIGURES, draw_forms
from archscope.reporting.figure.plot import PLAIN, Style
from archscope.reporting.networks.forms import check_table, cost_table, csv_table, drawing
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table
from archscope.short_repr import ShortRepr

# Forms that differ by less are equal: float64 rounds at 1.1e-16, and a deep network adds up.
LIMIT = 1e-10
# Where layers magnify roundings, more is still rounding: a changed last bit of the input is one
# rounding, another order of the sums is one at every layer. From 1e-6 on nothing is explained so.
ROUNDINGS, LARGEST = 10, 1e-6
# By mode (`eval`, `train`): of `outputs`, `gradients`, and in train mode `running_statistics`.
Differences = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Settings:
    """How forms are compared and timed.

    Attributes:
        batch: images, at least 2, of the comparison and of the timed passes.
        seed: of weights and images.
        rounds: timed rounds; 0 leaves the clock out, None takes what fits into half a minute.
    """

    batch: int
    seed: int
    rounds: int | None

    def __post_init__(self) -> None:
        if self.batch < 2 or (self.rounds or 0) < 0:
            raise UsageError(
                "batch norm needs 2 images in training, so batch must be at least 2 and "
                f"rounds at least 0, not {self.batch} and {self.rounds}"
            )


class Built(NamedTuple):
    """What fvcore counts of a built form."""

    params: int
    macs: int
    activations: int


class Checks(NamedTuple):
    """What was checked beside the numbers of each form.

    Attributes:
        tree: the way back, form by form, gave each tree again.
        weights: the way back gave all weights again, bit for bit.
        sensitivity: only where forms differ too much: how far form (c) itself moves (relatively,
            as forms differ) when each pixel moves to the next float64 number.
    """

    tree: bool
    weights: bool
    sensitivity: float | None = None


@dataclass(frozen=True, repr=False)
class FormResult(ShortRepr):
    """One form of a network.

    Attributes:
        network: the rewritten one.
        count, built: by the formula, and by fvcore as it was built.
        differences: from form (c); None for form (c).
        timings: by `forward` and `training_step`; empty where no clock ran.
    """

    form: str
    network: Network
    count: Count
    built: Built
    differences: Differences | None
    timings: Mapping[str, Timing]

    @property
    def formula(self) -> Built:
        """What the formula counts, as `built` has it."""
        return Built(*map(int, (self.count.params, self.count.macs, self.count.activations)))


@dataclass(frozen=True, repr=False)
class Equivalence(Result):
    """A network in its forms; `depth` is the number of convolutions of a block."""

    network: Network
    depth: int
    paths: int
    forms: Sequence[FormResult]
    settings: Settings
    checks: Checks

    @property
    def figure(self) -> int:
        """The ResNeXt paper's figure that shows these forms."""
        return FIGURES[self.depth]

    @property
    def failures(self) -> list[str]:
        """What keeps the forms from being equivalent, in words; nothing where they are."""
        reference, *others = self.forms
        found = []
        for one in self.forms:
            if one.built != one.formula:
                found.append(f"fvcore counts form ({one.form}) otherwise than the formula does")
        for one in others:
            if one.formula[:2] != reference.formula[:2]:
                found.append(f"form ({one.form}) has other parameters or multiply-adds than (c)")
            gap = largest(one.differences or {})
            if not gap < limit_of(self.checks.sensitivity):
                found.append(
                    f"form ({one.form}) differs from (c) by {gap:.1e} of the largest value"
                )
        if not self.checks.tree:
            found.append("the way back did not give the same tree again")
        if not self.checks.weights:
            found.append("the way back did not give the same weights again")
        if found and (moved := self.checks.sensitivity) is not None:
            found.append(moved_words("(c)", moved))
        return found

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.equivalence/1`; seconds, and null for infinity."""
        return {
            **shared_document(self, len(blocks(self.network.tree)), self.checks.sensitivity),
            "figure": self.figure,
            "paths": self.paths,
            "tree_restored": self.checks.tree,
            "weights_restored": self.checks.weights,
        }

    def tables(self) -> list[Table]:
        """The block drawn in each form, then what each form costs, then how far they differ."""
        document = self.document()
        shown = [(one.form, one.network) for one in self.forms]
        return [drawing(document, shown), cost_table(document), check_table(document)]

    def draw(self, suffix: str, style: Style = PLAIN) -> bytes:
        """The block in each form, as Figure 3 draws it: a file of that extension.

        Raises:
            UsageError: where a form is wider than the figure may be.
        """
        from archscope.reporting.figure.canvas import file_bytes

        forms = {one.form: one.network for one in self.forms}
        return file_bytes(draw_forms(self.network.name, forms, self.figure, style), suffix)

    def csv_tables(self) -> list[Table]:
        """A row for each form."""
        return [csv_table(self.document())]


class InForms(Protocol):
    """A network in several forms, the one that the others are held against first."""

    @property
    def network(self) -> Network:
        """What was rewritten."""

    @property
    def forms(self) -> Sequence[FormResult]:
        """Each form."""

    @property
    def settings(self) -> Settings:
        """How they were checked and timed."""

    @property
    def failures(self) -> list[str]:
        """What keeps them from being equivalent."""


def shared_document(found: InForms, blocks: int, sensitivity: float | None) -> dict[str, Any]:
    """Every key of `archscope.equivalence/1`, null for the figure and the way back."""
    return {
        "schema": "archscope.equivalence/1",
        "convention": CONVENTION,
        "name": found.network.name,
        "input": list(found.network.input),
        "classes": found.network.classes,
        "figure": None,
        "paths": None,
        "blocks": blocks,
        "equivalent": not found.failures,
        "failures": found.failures,
        "tree_restored": None,
        "weights_restored": None,
        "check": check_document(found.settings, sensitivity),
        "timing": timing_document(found.settings) if found.forms[0].timings else None,
        "forms": [form_document(one, found.forms[0]) for one in found.forms],
    }


def largest(differences: Differences) -> float:
    """The largest of all differences; 0 where there are none."""
    return max((gap for kinds in differences.values() for gap in kinds.values()), default=0.0)


def limit_of(sensitivity: float | None) -> float:
    """Below which difference forms are equal.

    `sensitivity` is how far one form moves when its input changes by the last bit; None: not known.
    """
    if sensitivity is None or not math.isfinite(sensitivity):
        return LIMIT
    return min(max(LIMIT, ROUNDINGS * sensitivity), LARGEST)


def moved_words(what: str, moved: float) -> str:
    """How far a form moves by itself, and what to do about it."""
    hint = ", so take more images or a larger input" if moved > LIMIT / 100 else ""
    return f"{what} itself moves by {moved:.1e} when its input changes by the last bit{hint}"


def check_document(settings: Settings, sensitivity: float | None) -> dict[str, Any]:
    """How forms were compared, as JSON."""
    return {
        "batch": settings.batch,
        "seed": settings.seed,
        "precision": "float64",
        "limit": limit_of(sensitivity),
        "sensitivity": _finite(sensitivity),
    }


def timing_document(settings: Settings) -> dict[str, Any]:
    """On what they were timed, as JSON."""
    from archscope.cost.workload import threads
    from archscope.sweep.store.environment import environment

    return {
        "batch": settings.batch,
        "precision": "float32",
        "threads": threads(),
        "environment": environment(),
    }


def form_document(one: FormResult, reference: FormResult) -> dict[str, Any]:
    """A form as JSON, its times also over those of the `reference`."""
    return {
        "form": one.form,
        **one.formula._asdict(),
        "built": one.built._asdict(),
        "differences": None
        if one.differences is None
        else {
            mode: {kind: _finite(gap) for kind, gap in kinds.items()}
            for mode, kinds in one.differences.items()
        },
        **{kind: _seconds(one, reference, kind) for kind in ("forward", "training_step")},
    }


def _seconds(one: FormResult, reference: FormResult, kind: str) -> dict[str, float] | None:
    if kind not in one.timings:
        return None
    timing = one.timings[kind]
    first, third = timing.quartiles
    return {
        "median": timing.median,
        "first_quartile": first,
        "third_quartile": third,
        f"ratio_to_{reference.form}": timing.ratio_to(reference.timings[kind]),
        "rounds": len(timing.seconds),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
