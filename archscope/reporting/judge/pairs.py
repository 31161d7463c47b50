"""What a plain sweep compares, and the errors that it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archscope.reporting.facts.points import by_network, final_error, points
from archscope.reporting.figure.populations.population import LEAST
from archscope.sweep.store.records import Sweep


def pairs_of_interest(sweep: Sweep) -> list[tuple[str, str]]:
    """What a plain sweep compares: the two curves at about equal parameters, else all to the first.

    A network of the cardinality curve is put beside the one of the width curve that is nearest in
    parameters, where they differ by at most a quarter. Without curves, a population (8
    networks or more, see `archscope.reporting.figure.populations.population`) has no pairs:
    nothing says which are of interest.
    """
    return pairs_among(standings(sweep))


def standings(sweep: Sweep) -> list[Standing]:
    """The networks of a sweep of which a run has finished."""
    return [
        Standing(one.template, one.curves, one.params) for one in points(sweep) if one.test_error.n
    ]


class Standing(NamedTuple):
    """A network of a sweep: the curves that it is on, and its parameters."""

    template: str
    curves: tuple[str, ...]
    params: int


def pairs_among(found: Sequence[Standing]) -> list[tuple[str, str]]:
    """The pairs of interest of some networks, see `pairs_of_interest`."""
    cardinality = [one for one in found if one.curves == ("cardinality",)]
    width = [one for one in found if one.curves == ("width",)]
    pairs = []
    for one in cardinality:
        near = min(width, key=lambda other: _apart(one, other), default=None)
        if near is not None and _apart(one, near) <= 1.25:
            pairs.append((one.template, near.template))
    if pairs or len(found) >= LEAST:
        return pairs
    return [(one.template, found[0].template) for one in found[1:]]


def extremes(found: Sequence[Standing]) -> tuple[str, str] | None:
    """The largest network of the cardinality curve beside the largest of the width curve."""
    curves = [[one for one in found if one.curves == (name,)] for name in ("cardinality", "width")]
    if not all(curves):
        return None
    more, wider = (max(curve, key=lambda one: one.params) for curve in curves)
    return more.template, wider.template


def to_the_reference(found: Sequence[Standing]) -> list[tuple[str, str]]:
    """All others of two curves beside the network that both begin with; none without curves."""
    shared = [one.template for one in found if set(one.curves) == {"cardinality", "width"}]
    on_curves = [one.template for one in found if one.curves]
    return [(one, shared[0]) for one in on_curves if one != shared[0]] if shared else []


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


def _apart(one: Standing, other: Standing) -> float:
    return max(one.params, other.params) / min(one.params, other.params)
