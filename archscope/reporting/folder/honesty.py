"""How honest a proxy is: whether its order of the networks is that of a paper, or a longer run.

Always beside the orders by exact cost, which train nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archscope.reporting.facts.points import points
from archscope.reporting.facts.statistics import Summary, summarize
from archscope.reporting.facts.wording import (
    data_label,
    epochs_label,
    family_label,
    samples_label,
    seeds_label,
)
from archscope.reporting.folder.study import complexity, errors_by_label
from archscope.reporting.judge.agreement import Agreement, agreements
from archscope.reporting.table.formats import integer, signed_decimal, text
from archscope.reporting.table.table import Column, Table
from archscope.studies.study import Study
from archscope.sweep.store.records import Sweep

PAPERS_ORDER = "Does the proxy order the networks as the paper does?"
LONGER_ORDER = "Does it order the networks as the other sweep does?"
_NAMED = {"our errors": "our errors", "params": "more parameters", "macs": "more multiply-adds"}


@dataclass(frozen=True)
class Honesty:
    """The agreement of each order with that of a target.

    Attributes:
        title: the question.
        target: what the target's order is that of, in words.
        noise: whose noise the interval is over, in words.
        found: our errors, then each cost.
    """

    title: str
    target: str
    noise: str
    found: list[Agreement]


def honesty(study: Study, preset: str, sweep: Sweep) -> Honesty | None:
    """Kendall's tau of our order with the published one, beside the trivial baselines.

    None where fewer than three rows have both.
    """
    measure = study.measure_of(study.presets[preset].get("dataset"))
    if measure is None:
        return None
    ours: dict[str, Summary] = {}
    target: dict[str, float] = {}
    costs: dict[str, dict[str, float]] = {"params": {}, "macs": {}}
    errors = errors_by_label(study, preset, sweep)
    for row in study.rows:
        published = row.published[measure]
        if errors.get(row.label) and isinstance(published, (int, float)):
            ours[row.label] = summarize(errors[row.label].values())
            target[row.label] = float(published)
            for cost, value in complexity(study, row).items():
                costs[cost][row.label] = value
    if len(ours) < 3:
        return None
    found = agreements(ours, target, costs)
    return Honesty(PAPERS_ORDER, f"the published {study.measures[measure]}", "our seeds", found)


def honesty_against(sweep: Sweep, longer: Sweep) -> Honesty:
    """Kendall's tau of a sweep's order with a longer one's, beside the baselines.

    Networks are matched by their labels.

    Raises:
        UsageError: where fewer than three networks have an error in both.
    """
    ours = {p.template: p for p in points(sweep) if p.test_error.n}
    target = {
        p.template: p.test_error for p in points(longer) if p.test_error.n and p.template in ours
    }
    costs = {
        cost: {name: float(getattr(ours[name].entry, cost)) for name in target}
        for cost in ("params", "macs")
    }
    found = agreements({name: ours[name].test_error for name in target}, target, costs)
    setting = ", ".join(
        label(longer)
        for label in (family_label, data_label, samples_label, epochs_label, seeds_label)
    )
    described = f"the mean errors of the other sweep ({setting}; networks matched by label)"
    return Honesty(LONGER_ORDER, described, "both sweeps' seeds", found)


def honesty_table(honest: Honesty) -> Table:
    """How well each order agrees with the target's."""
    rows: list[Mapping[str, Any]] = [
        {
            "order": _NAMED[one.order],
            "tau": one.tau,
            "low": one.interval[0] if one.interval else None,
            "high": one.interval[1] if one.interval else None,
            "networks": one.networks,
        }
        for one in honest.found
    ]
    columns = [
        Column("order", "networks ordered by", text, "left"),
        Column("tau", "Kendall's tau", signed_decimal),
        Column("low", "from", signed_decimal),
        Column("high", "to", signed_decimal),
        Column("networks", "networks", integer),
    ]
    known = any(one.interval for one in honest.found)
    interval = (
        f"The interval (95 %) is over the noise of {honest.noise}, not over the choice of networks."
        if known
        else f"There is no interval: it takes two or more of {honest.noise} for each network."
    )
    notes = [
        f"Agreement with the order of {honest.target}: 1 the same order, 0 none, -1 reversed "
        f"(tau-b). {interval} Ordering by exact cost is the trivial baseline: it trains nothing."
    ]
    return Table(honest.title, columns, rows, notes)


def agreement_rows(honest: Honesty) -> list[dict[str, Any]]:
    """The agreements as plain data, for JSON."""
    return [
        {"order": one.order, "tau": one.tau, "interval": one.interval, "n": one.networks}
        for one in honest.found
    ]


def against_document(honest: Honesty) -> dict[str, Any]:
    """The comparison with another sweep, for JSON."""
    return {"target": honest.target, "orders": agreement_rows(honest)}
