"""The named networks, with what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from archscope.arch.families.family import Family
from archscope.arch.families.own import check_named, place_of
from archscope.arch.families.spelling import normal
from archscope.arch.names import forms, parse, read, well_known
from archscope.arch.network import Network
from archscope.arch.papers.published import published_errors
from archscope.arch.quantities import COSTS
from archscope.arch.times import LATENCY, MILLISECOND
from archscope.cost.formula import CONVENTION, count
from archscope.cost.memory import memory
from archscope.errors import UsageError, plural, shown
from archscope.explore.latency.fitted import LatencyModel, check_models
from archscope.reporting.facts.published_points import published_points
from archscope.reporting.figure.plot import PLAIN, Style
from archscope.reporting.networks.listed import network_list
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

_KEYS = {
    **{cost: cost for cost in COSTS},
    "memory": "peak_activation_bytes",
    LATENCY: "latency_ms",
    "error": "published_error",
}
SORTED = (*_KEYS,)
"""What a list may be sorted by: costs, the predicted latency, then the published error."""


@dataclass(frozen=True, repr=False)
class NetworkList(Result):
    """Named networks, a row each, with their costs; `family` is theirs, where it is a user's.

    Their `latency` is predicted, where a model is given.
    """

    rows: Sequence[dict[str, Any]]
    family: Family[Any] | None = None
    latency: LatencyModel | None = None

    def document(self) -> dict[str, Any]:
        """The list as JSON, schema `archscope.list/1`."""
        return {
            "schema": "archscope.list/1",
            "convention": CONVENTION,
            "networks": list(self.rows),
        }

    def tables(self) -> list[Table]:
        """A row a network."""
        table = network_list(self.rows, forms())
        notes = [*table.notes]
        if (own := self.family) is not None:
            table = replace(table, title=f"Named networks of {own.title}")
            notes[-1] = f"Its members are spelled {own.form}."
        if self.latency:
            notes.append(self.latency.sentence())
        return [replace(table, notes=notes)]

    def draw(self, suffix: str, cost: str = "macs", style: Style = PLAIN) -> bytes:
        """Published errors against a cost (params, macs, activations, latency).

        Returns:
            a file of that extension.

        Raises:
            UsageError: for another cost, a latency that was not predicted, or where no network has
                a published error.
        """
        about = self.latency.sentence() if self.latency and cost == "latency" else ""
        points = published_points(self.rows, cost, about)
        from archscope.reporting.figure.canvas import file_bytes
        from archscope.reporting.figure.published_plot import draw

        return file_bytes(draw(points, cost, style), suffix)


def list_networks(
    pattern: str = "",
    *,
    ranges: Mapping[str, tuple[int, int | None]] | None = None,
    sort: str = "",
    latency: LatencyModel | None = None,
) -> NetworkList:
    """The named networks of the papers whose name holds `pattern`, with their costs.

    Of `FILE.py:NAME` those that the family in the file says to be known.

    Args:
        pattern: a part of the name.
        ranges: least and most of costs, a key of `SORTED` but the last, of latency in nanoseconds;
            None: no upper end.
        sort: a key of `SORTED`, `-macs` for the largest first; without it as families come.
            Networks without a published error come last.
        latency: a fitted model, which predicts the time of each.

    Raises:
        UsageError: where none does, or for a key that is none.
    """
    check_models(latency)
    ranges = ranges or {}
    key, falling = sort.removeprefix("-"), sort.startswith("-")
    for word in (*({*ranges} - {*SORTED[:-1]}), *({key} - {"", *SORTED})):
        raise UsageError(
            f"a list is sorted by {', '.join(SORTED)}, not '{shown(word)}'; write --sort macs, "
            "or --sort -macs for the largest first"
        )
    if LATENCY in (key, *ranges) and latency is None:
        raise UsageError("latency is predicted by a fitted model; give list_networks one")
    check_named(pattern)
    spelled = normal(pattern)
    names, own = [name for name in well_known() if spelled in normal(name)], None
    if (place := place_of(pattern)) is not None:
        own = read(pattern).family
        names = [f"{place.path}:{name}" for name in own.names.known]
    if own and not names:
        raise UsageError(f"{own.title} says no known members; show one, spelled {own.form}")
    if not names:
        raise UsageError(
            f"the list has no network with '{pattern}' in its name; run archscope list for "
            "all, or show NAME for any template"
        )
    peaks = "memory" in (key, *ranges)
    every = (_row(parse(name), peaks, latency) for name in names)
    rows = [row for row in every if _inside(row, ranges)]
    if not rows:
        raise UsageError(
            f"none of {plural(len(names), 'network')} of that name is within these ranges; widen "
            "them, or run archscope enumerate, which knows every member of a family"
        )
    if key:
        column = _KEYS[key]
        known = [row for row in rows if row[column] is not None]
        known.sort(key=lambda row: row[column], reverse=falling)
        rows = known + [row for row in rows if row[column] is None]
    return NetworkList(rows, own, latency)


def _row(network: Network, peaks: bool, latency: LatencyModel | None) -> dict[str, Any]:
    """A network of the list; with the peak of its activations and its time where asked for."""
    cost, errors = count(network), published_errors(network)
    return {
        "name": network.name,
        "input": "x".join(map(str, network.input)),
        "params": cost.params,
        "macs": cost.macs,
        "activations": cost.activations,
        **({"peak_activation_bytes": memory(network).peak_activation_bytes} if peaks else {}),
        "published_error": errors[0].error if errors else None,
        "published_dataset": errors[0].dataset if errors else None,
        "published_source": errors[0].source if errors else None,
        "published_recipe": errors[0].recipe if errors else None,
        "family": network.design.family.name if network.design else None,
        **(latency.predicted(network).document() if latency else {}),
    }


def _inside(row: Mapping[str, Any], ranges: Mapping[str, tuple[int, int | None]]) -> bool:
    """Whether each cost is between its ends."""
    costs = {cost: row[_KEYS[cost]] for cost in ranges}
    if LATENCY in costs:
        costs[LATENCY] *= MILLISECOND
    return all(
        low <= costs[cost] and (high is None or costs[cost] <= high)
        for cost, (low, high) in ranges.items()
    )
