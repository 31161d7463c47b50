"""Error against each cost of a sweep: who stands on which front, and which answers flip."""

from __future__ import annotations

from collections.abc import Sequence

from archscope.report.axes import Flip, flips, pareto
from archscope.report.formats import text
from archscope.report.points import by_network, points
from archscope.report.statistics import summarize
from archscope.report.table import Column, Table
from archscope.report.wording import plural
from archscope.sweep.records import Sweep

AXES = {
    "params": "parameters",
    "macs": "multiply-adds",
    "activations": "activations",
    "seconds": "training time",
}
MOST_TOLD = 6  # flips that are told in words; a population may have thousands


def costs_table(sweep: Sweep) -> Table | None:
    """The front of each cost, the flips in the notes; None below two networks with an error."""
    found = [point for point in points(sweep) if point.test_error.mean is not None]
    if len(found) < 2:
        return None
    errors = {point.template: float(point.test_error.mean or 0) for point in found}
    costs = {
        axis: {point.template: float(point.network[axis]) for point in found}
        for axis in ("params", "macs", "activations")
    }
    costs["seconds"] = seconds_by_network(sweep)
    rows = [
        {"axis": name, "front": ", ".join(pareto(errors, costs[axis]))}
        for axis, name in AXES.items()
    ]
    columns = [
        Column("axis", "error against", text, "left"),
        Column("front", "not beaten by any other (by mean error)", text, "left"),
    ]
    notes = [
        *_told(flips(errors, costs)),
        "Mean errors alone are compared here: whether a difference is one is for the verdicts. "
        "Training time was measured while trials ran side by side.",
    ]
    return Table("Does the answer depend on the cost?", columns, rows, notes)


def seconds_by_network(sweep: Sweep) -> dict[str, float]:
    """Mean seconds of a finished training, of the networks that have one."""
    found = {}
    for group in by_network(sweep):
        times = [
            float(record.result["timing"]["seconds"])
            for record in group
            if record.result and record.status == "done" and "seconds" in record.result["timing"]
        ]
        if (mean := summarize(times).mean) is not None:
            found[str(group[0].trial["template"])] = mean
    return found


def _told(found: Sequence[Flip]) -> list[str]:
    if not found:
        return ["No answer depends on which of these costs is meant."]
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
