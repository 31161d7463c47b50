"""The networks of a sweep as a population: how its errors are distributed, group by group.

After *On Network Design Spaces for Visual Recognition* (Radosavovic et al., arXiv 1905.13214,
section 3): not the best network of a design space is looked at, but the share of its networks that
have less than a given error.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archscope.errors import plural
from archscope.reporting.facts.fronts import ErrorDistribution, error_distribution
from archscope.reporting.facts.points import Point, points
from archscope.reporting.facts.wording import (
    data_label,
    epochs_label,
    family_label,
    samples_label,
    seeds_label,
)
from archscope.reporting.figure.plot import Heading
from archscope.reporting.table.formats import decimal, integer, prefixed, text
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import Sweep

# Below it a step is more than an eighth, and a curve would promise what it does not know.
LEAST = 8
LEAST_GROUP = 4
_CARDINALITY = re.compile(r"(?:^|_)(\d+)x\d+d")


@dataclass(frozen=True)
class Member:
    """One network: `error` is its mean over the seeds, in %."""

    label: str
    error: float
    n: int
    params: int


@dataclass(frozen=True)
class Group:
    """Networks by rising error; `name` is "one", "more", "other" or "all"."""

    name: str
    label: str
    members: Sequence[Member]
    bound: float

    @property
    def distribution(self) -> ErrorDistribution:
        """Of the members' errors, with its area up to the error of guessing."""
        return error_distribution([member.error for member in self.members], self.bound)


@dataclass(frozen=True)
class Population:
    """The distributions that are shown."""

    heading: Heading
    groups: Sequence[Group]
    bound: float


def population(sweep: Sweep) -> Population | None:
    """The population of a sweep; None below 8 networks with a finished training.

    Networks of cardinality 1 and of more are separate groups where there are at least 4 of each.
    The area is taken up to the error of guessing.
    """
    found = [point for point in points(sweep) if point.test_error.mean is not None]
    if len(found) < LEAST:
        return None
    bound = 100 * (1 - 1 / sweep.plan.dataset.classes)
    groups = _groups(found, bound)
    total = sum(len(group.members) for group in groups)
    title = (
        f"Error distribution of {plural(total, 'network')}: {data_label(sweep)}, "
        f"{epochs_label(sweep)}, {seeds_label(sweep)}"
    )
    lines = [
        f"{family_label(sweep)}, {samples_label(sweep)}.",
        "Each step is a network at its mean error; higher is better. The population is what "
        "was trained: it represents a design space only where it was drawn from it at "
        "random.",
    ]
    if left := len(found) - total:
        verb = "is" if left == 1 else "are"
        lines.append(
            f"{plural(left, 'network')} of a kind with fewer than {LEAST_GROUP} {verb} left out."
        )
    return Population(Heading(title, lines), groups, bound)


def _groups(found: Sequence[Point], bound: float) -> list[Group]:
    kinds: dict[str, list[Point]] = {}
    for point in found:
        kinds.setdefault(_kind(point), []).append(point)
    labels = {"one": "cardinality 1", "more": "cardinality above 1", "other": "other networks"}
    large = [kind for kind in labels if len(kinds.get(kind, ())) >= LEAST_GROUP]
    if len(large) < 2:
        kinds, labels, large = {"all": list(found)}, {"all": "all networks"}, ["all"]
    return [Group(kind, labels[kind], _members(kinds[kind]), bound) for kind in large]


def _kind(point: Point) -> str:
    match = _CARDINALITY.search(point.entry.network)
    if match is None:
        return "other"
    return "one" if match[1] == "1" else "more"


def _members(found: Sequence[Point]) -> list[Member]:
    members = [
        Member(point.template, float(point.test_error.mean or 0), point.test_error.n, point.params)
        for point in found
    ]
    return sorted(members, key=lambda member: member.error)


def population_table(population: Population) -> Table:
    """A row for each group: the area under its distribution, and what it is made of."""
    rows: list[dict[str, Any]] = []
    for group in population.groups:
        distribution = group.distribution
        low, high = distribution.area_interval or (None, None)
        errors = [member.error for member in group.members]
        rows.append(
            {
                "group": group.label,
                "networks": len(errors),
                "area": distribution.area,
                "low": low,
                "high": high,
                "best": errors[0],
                "best_network": group.members[0].label,
                "median": statistics.median(errors),
                "median_params": round(statistics.median(m.params for m in group.members)),
            }
        )
    columns = [
        Column("group", "population", text, "left"),
        Column("networks", "networks", integer),
        Column("area", "area", decimal(4), better="higher"),
        Column("low", "from", decimal(4)),
        Column("high", "to", decimal(4)),
        Column("best", "least\nerror (%)", decimal(2)),
        Column("best_network", "of", text, "left"),
        Column("median", "median\nerror (%)", decimal(2)),
        Column("median_params", "median\nparams", prefixed(3)),
    ]
    least = min(len(group.members) for group in population.groups)
    notes = [
        f"Area under the share of networks with less error, up to {population.bound:g} % (guessing)"
        ", over that error: 1 if no network had an error, 0 if all guessed. The interval (95 %, "
        "t over the networks) is that of a random draw of networks; where a few fail by far, it "
        "is too narrow (in simulations it then held in 83 to 90 % of draws of 8 to 50).",
        f"With {least} networks a share is known to ± {_band(least):.0%} (95 %, Dvoretzky, "
        "Kiefer, Wolfowitz); groups also differ in cost, see their median parameters. After "
        f"Radosavovic et al., arXiv 1905.13214; shown from {LEAST} networks up.",
    ]
    return Table("Error distribution of the population", columns, rows, notes)


def _band(networks: int) -> float:
    """Half the width of a 95 % band around an empirical distribution function."""
    return math.sqrt(math.log(2 / 0.05) / (2 * networks))
