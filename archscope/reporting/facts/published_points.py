"""Published errors beside exact costs: the points of `list --plot`, and what is said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from archscope.arch.quantities import COSTS
from archscope.errors import UsageError, plural, shown
from archscope.reporting.facts.fronts import pareto


@dataclass(frozen=True)
class PublishedPoint:
    """A network with its published top-1 `error` in %, and what it costs.

    `own` is false where the source states a recipe of its own, as torchvision's weights have one.
    """

    name: str
    family: str
    cost: float
    error: float
    own: bool


@dataclass(frozen=True)
class PublishedPoints:
    """Networks of one dataset, and how many of the listed ones are left out, by the reason.

    `about` is a sentence on the cost, where it needs one.
    """

    dataset: str
    points: Sequence[PublishedPoint]
    left_out: Mapping[str, int]
    about: str = ""

    @cached_property
    def front(self) -> list[PublishedPoint]:
        """Those that no other beats, by rising cost."""
        by_name = {point.name: point for point in self.points}
        errors = {name: point.error for name, point in by_name.items()}
        costs = {name: float(point.cost) for name, point in by_name.items()}
        return [by_name[name] for name in pareto(errors, costs)]

    @property
    def families(self) -> list[str]:
        """In the order of the list."""
        return list(dict.fromkeys(point.family for point in self.points))

    def sentences(self) -> list[str]:
        """What a reader must know before comparing two points."""
        about = f"{plural(len(self.points), 'network')} at the input that the list gives each"
        about += ", with the error of the source that it names."
        if self.left_out:
            parts = [f"{count} {reason}" for reason, count in self.left_out.items()]
            about += f" Left out: {', '.join(parts)}."
        return [
            about,
            "Filled: trained as in its paper. Hollow: by a recipe that the source states. Errors "
            "of different recipes, training data and input sizes are not comparable.",
            "Line: the front, which no other network beats.",
            *([self.about] if self.about else []),
        ]


def published_points(
    rows: Sequence[Mapping[str, Any]], cost: str, about: str = ""
) -> PublishedPoints:
    """The points of the rows of `archscope.list/1`: those of the dataset that most of them are of.

    Args:
        rows: of the list.
        cost: `params`, `macs`, `activations` or `latency`.
        about: a sentence on that cost.

    Raises:
        UsageError: for another cost, a latency that no row has, or where no row has a published
            error.
    """
    key = "latency_ms" if cost == "latency" else cost
    if cost not in (*COSTS, "latency"):
        raise UsageError(
            f"errors are drawn against {', '.join(COSTS)}, latency, not '{shown(cost)}'; use one"
        )
    if key not in COSTS and any(key not in row for row in rows):
        raise UsageError(
            "latency is predicted by a fitted model; give list_networks one, as its latency"
        )
    datasets = Counter(row["published_dataset"] for row in rows if row["published_dataset"])
    if not datasets:
        raise UsageError(
            "a picture of errors needs a network with a published error, and none of these has "
            "one; list others, as archscope list resnet"
        )
    dataset = datasets.most_common(1)[0][0]
    points = [
        PublishedPoint(
            row["name"],
            row["family"],
            row[key],
            row["published_error"],
            row["published_recipe"] is None,
        )
        for row in rows
        if row["published_dataset"] == dataset
    ]
    left_out = {f"on {other}": count for other, count in datasets.items() if other != dataset}
    if without := len(rows) - datasets.total():
        left_out["without a published error"] = without
    return PublishedPoints(dataset, points, left_out, about)
