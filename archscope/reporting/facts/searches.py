"""What a search has found, and what it spent: rows and sentences from its records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from archscope.errors import plural
from archscope.sweep.plan.estimate import duration
from archscope.sweep.store.records import Sweep, TrialRecord
from archscope.sweep.store.search import Round, Search


def held_out_error(record: TrialRecord, epochs: int | None = None) -> float | None:
    """The error on held-out images after so many epochs, the last of them without; in %."""
    lines = record.epochs if epochs is None else record.epochs[epochs - 1 : epochs]
    value = lines[-1].get("validation_error") if lines else None
    whole = record.result is None or record.result.status == "done"
    return float(value) if whole and isinstance(value, (int, float)) else None


def training_errors(
    records: Mapping[str, TrialRecord], errors: Mapping[str, float | None], epochs: int
) -> dict[str, float | None]:
    """The error on the training images over one epoch, in %, of each design that has `errors`."""
    return {
        name: None if error is None else records[name].epochs[epochs - 1].get("train_error")
        for name, error in errors.items()
    }


def trained_seconds(sweep: Sweep, names: Collection[str], of: Round, rung: int) -> float:
    """Seconds of a rung's trainings: what the clock of a killed process would have shown."""
    begun = of.epochs[rung - 1] if rung else 0
    lines = [
        line
        for one in sweep.trials
        if one.trial.template in names
        for line in one.epochs[begun : of.epochs[rung]]
    ]
    total = sum(float(line.get("seconds") or 0) for line in lines)
    return total / sweep.plan.machine.workers


def stands(search: Search) -> str:
    """How far a search is, in a sentence."""
    if search.winner is not None:
        by = "on held-out images"
        for number, rung, _ in search.incumbents()[-1:]:
            epochs = search.rounds[number].epochs
            if rung + 1 < len(epochs):
                by = f"when time ran out at epoch {epochs[rung]}"
        return (
            f"Search over: {search.winner} is the best of {plural(len(search.drawn), 'design')} "
            f"{by}, after {duration(search.seconds)}."
        )
    number = len(search.rounds)
    if not number:
        return "Search begun: nothing is drawn yet."
    last = search.rounds[-1]
    return (
        f"Search: round {number}, {len(last.decisions)} of {plural(len(last.epochs), 'rung')} "
        f"decided, {plural(len(search.drawn), 'design')} drawn, {duration(search.seconds)} spent."
    )


def latency_entries(search: Search) -> dict[str, dict[str, Any]]:
    """The predicted latency of each design, with its interval, as entries of a JSON; by name."""
    return {
        one.network: {"latency_ms": one.ms, "latency_ms_interval": [one.low, one.high]}
        for one in search.latency
    }


def incumbent_rows(search: Search) -> list[dict[str, Any]]:
    """The best design by time, a row each time that another one, or more epochs, took its place."""
    times = latency_entries(search)
    return [
        {
            "seconds": one.seconds,
            "epochs_spent": one.epochs_spent,
            "round": number + 1,
            "epochs": search.rounds[number].epochs[rung],
            "network": one.kept[0],
            "held_out_error": one.best,
            **times.get(one.kept[0], {}),
        }
        for number, rung, one in search.incumbents()
    ]


def spent_rows(search: Search, sweep: Sweep, decision: Sweep | None) -> list[dict[str, Any]]:
    """Epochs and seconds of training by what they were spent on."""
    epochs = sum(record.epochs_done for record in sweep.trials)
    rows: list[dict[str, Any]] = [
        {"on": "search", "epochs": search.epochs_spent, "seconds": search.seconds}
    ]
    if search.random:
        more = epochs - search.epochs_spent
        rows.append(
            {"on": "best of random", "epochs": more, "seconds": search.seconds_random or 0.0}
        )
    if decision is not None:
        lines = [line for record in decision.trials for line in record.epochs]
        seconds = sum(float(line.get("seconds") or 0) for line in lines)
        seconds /= decision.plan.machine.workers
        rows.append({"on": "decision on fresh seeds", "epochs": len(lines), "seconds": seconds})
    return rows


def errors_tried(sweep: Sweep) -> dict[str, float]:
    """The held-out error of each design after its last epoch; of those that have one."""
    errors = {record.trial.template: held_out_error(record) for record in sweep.trials}
    return {name: error for name, error in errors.items() if error is not None}


def costs_tried(sweep: Sweep) -> Mapping[str, Mapping[str, float]]:
    """The exact costs of the designs, by cost."""
    return {
        cost: {one.template: float(getattr(one, cost)) for one in sweep.plan.networks}
        for cost in ("params", "macs", "activations")
    }
