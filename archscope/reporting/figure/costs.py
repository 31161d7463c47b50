"""Error against each cost of a sweep: which networks are on which front, and which answers flip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from archscope.arch.quantities import COSTS
from archscope.errors import plural
from archscope.reporting.facts.fronts import Flip, flips, pareto
from archscope.reporting.facts.points import by_network, points, training_seconds
from archscope.reporting.facts.short_names import shared_sentences
from archscope.reporting.facts.statistics import summarize
from archscope.reporting.facts.wording import (
    data_label,
    epochs_label,
    family_label,
    samples_label,
    seeds_label,
    timing_sentences,
)
from archscope.reporting.figure.plot import Heading
from archscope.reporting.table.formats import text
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import Sweep

AXES = {
    "params": "parameters",
    "macs": "multiply-adds",
    "activations": "activations",
    "seconds": "training time",
}
MEASURED = "seconds"
MOST_TOLD = 6  # flips that are told in words; a population may have thousands


@dataclass(frozen=True)
class Costs:
    """Mean errors (%) and their standard errors by network, and its costs by axis.

    An axis that does not know a network leaves it out. `timing` says how far training times may be
    trusted, `error_label` which errors they are.
    """

    heading: Heading
    errors: Mapping[str, float]
    bars: Mapping[str, float | None]
    costs: Mapping[str, Mapping[str, float]]
    timing: Sequence[str] = ()
    error_label: str = "test error (%)"

    @cached_property
    def flips(self) -> list[Flip]:
        """The pairs whose answer depends on which exact cost is meant.

        Training time has no say: it is measured, and close times change places by chance.
        """
        exact = {axis: values for axis, values in self.costs.items() if axis != MEASURED}
        return flips(self.errors, exact)

    def front(self, axis: str) -> list[str]:
        """The networks that no other beats on an axis, in order of rising cost."""
        return pareto(self.errors, self.costs[axis])


def costs_of(sweep: Sweep) -> Costs | None:
    """The errors and costs of a sweep; None below two networks with an error."""
    found = [point for point in points(sweep) if point.test_error.mean is not None]
    if len(found) < 2:
        return None
    costs = {
        axis: {point.template: float(getattr(point.entry, axis)) for point in found}
        for axis in COSTS
    }
    costs[MEASURED] = seconds_by_network(sweep)
    title = (
        f"Test error against each cost: {data_label(sweep)}, {epochs_label(sweep)}, "
        f"{seeds_label(sweep)}"
    )
    lines = [
        f"{family_label(sweep)}, {samples_label(sweep)}.",
        "Filled and joined: the front, not beaten by any other network (by mean error); hollow: "
        "the others. Bars: ± one standard error, where there are several seeds.",
    ]
    lines += shared_sentences([point.template for point in found])
    if timing := timing_sentences(sweep):
        lines.append(" ".join(timing))
    return Costs(
        Heading(title, lines),
        {point.template: float(point.test_error.mean or 0) for point in found},
        {point.template: point.test_error.standard_error for point in found},
        costs,
        timing,
    )


def costs_table(found: Costs) -> Table:
    """The front of each cost, the flips in the notes."""
    rows = [{"axis": name, "front": ", ".join(found.front(axis))} for axis, name in AXES.items()]
    columns = [
        Column("axis", "error against", text, "left"),
        Column("front", "not beaten by any other (by mean error)", text, "left"),
    ]
    notes = [
        *_told(found.flips),
        "Mean errors alone are compared here: whether a difference is one is for the verdicts. "
        "Training time, which is measured and not exact, is left out of such pairs.",
        *found.timing,
    ]
    return Table("Does the answer depend on the cost?", columns, rows, notes)


def seconds_by_network(sweep: Sweep) -> dict[str, float]:
    """Mean seconds of a finished training, of the networks that have one."""
    found = {}
    for group in by_network(sweep):
        times = [
            seconds
            for record in group
            if record.status == "done" and (seconds := training_seconds(record)) is not None
        ]
        if (mean := summarize(times).mean) is not None:
            found[group[0].trial.template] = mean
    return found


def _told(found: Sequence[Flip]) -> list[str]:
    if not found:
        return ["No answer depends on which of the exact costs is meant."]
    said = [
        f"{flip.winner} has less error than {flip.loser} at no more {_words(flip.on)}, but needs "
        f"more {_words(flip.against)}."
        for flip in found[:MOST_TOLD]
    ]
    if more := len(found) - len(said):
        said.append(f"{plural(more, 'further pair')} of networks change places like that.")
    return said


def _words(axes: Sequence[str]) -> str:
    *most, last = (AXES[axis] for axis in axes)
    return f"{', '.join(most)} and {last}" if most else last
