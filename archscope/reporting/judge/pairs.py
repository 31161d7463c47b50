"""What a plain sweep compares, and the verdicts on it."""

from __future__ import annotations

from archscope.reporting.facts.points import Point, by_network, final_error, points
from archscope.reporting.figure.population import LEAST
from archscope.reporting.judge.verdicts import RESOLVE, Verdict, verdicts
from archscope.sweep.store.records import Sweep


def pairs_of_interest(sweep: Sweep) -> list[tuple[str, str]]:
    """What a plain sweep compares: the two curves at about equal parameters, else all to the first.

    A network of the cardinality curve is put beside the one of the width curve that is nearest in
    parameters, where they differ by at most a quarter. Without curves, a population (8
    networks or more, see `archscope.reporting.figure.population`) has no pairs: nothing says which
    are of interest.
    """
    found = [point for point in points(sweep) if point.test_error.n]
    cardinality = [p for p in found if p.curves == ("cardinality",)]
    width = [p for p in found if p.curves == ("width",)]
    pairs = []
    for point in cardinality:
        near = min(width, key=lambda other: _apart(point, other), default=None)
        if near is not None and _apart(point, near) <= 1.25:
            pairs.append((point.template, near.template))
    if pairs or len(found) >= LEAST:
        return pairs
    return [(point.template, found[0].template) for point in found[1:]]


def errors_by_template(sweep: Sweep) -> dict[str, dict[int, float]]:
    """The final test errors (%) of each network, by seed."""
    return {
        group[0].trial.template: {
            record.trial.seed: error
            for record in group
            if (error := final_error(record)) is not None
        }
        for group in by_network(sweep)
    }


def sweep_verdicts(sweep: Sweep, resolve: float = RESOLVE) -> list[Verdict]:
    """The verdicts on a plain sweep's pairs, as far as their runs have finished."""
    return verdicts(errors_by_template(sweep), pairs_of_interest(sweep), resolve=resolve)


def _apart(one: Point, other: Point) -> float:
    return max(one.params, other.params) / min(one.params, other.params)
