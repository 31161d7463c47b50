"""The answer of a sweep in one sentence, with what it rests on: the first line of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archscope.errors import plural
from archscope.reporting.facts.points import Point, points
from archscope.reporting.facts.wording import data_label
from archscope.reporting.judge.verdicts import CONFIDENCE, Verdict, comparisons
from archscope.sweep.store.records import Sweep


def answer(
    sweep: Sweep, found: Sequence[Verdict], templates: Mapping[str, str] | None = None
) -> str:
    """One sentence: the verdict that says most; what is missing where there is none; "" at first.

    Of the networks shown to be better, the one that is cheapest beside the loser comes first.

    Args:
        sweep: finished or not.
        found: its verdicts.
        templates: what was trained, by the labels that the verdicts have; None: the labels.
    """
    by_template = {point.template: point for point in points(sweep) if point.test_error.n}
    if not by_template:
        return ""
    names = templates or {}
    shown = []
    for verdict in found:
        if verdict.kind in ("better", "worse"):
            best, other = (by_template[names.get(label, label)] for label in _ordered(verdict))
            rank = best.params / other.params, -abs(verdict.difference)
            shown.append((rank, best, other, verdict))
    if shown:
        _, best, other, verdict = min(shown, key=lambda one: one[0])
        return _better(sweep, best, other, verdict, comparisons(found))
    if found:
        nearest = min(found, key=lambda v: (v.seeds_needed is None, v.seeds_needed or 0))
        return f"No network is shown to be better than another so far. {nearest.sentence()}."
    lowest = min(by_template.values(), key=lambda point: point.test_error.mean or 0.0)
    several = f", the lowest of {plural(len(by_template), 'network')}; no pair was compared"
    return (
        f"{lowest.template} has {lowest.test_error.mean:.2f} % test error on {data_label(sweep)}, "
        f"lower is better ({plural(lowest.test_error.n, 'seed')})"
        f"{several if len(by_template) > 1 else ''}."
    )


def _ordered(verdict: Verdict) -> tuple[str, str]:
    """The winner and the loser."""
    pair = verdict.first, verdict.second
    return pair if verdict.kind == "better" else (pair[1], pair[0])


def _better(sweep: Sweep, best: Point, other: Point, verdict: Verdict, together: int) -> str:
    winner, loser = _ordered(verdict)
    rests = f"{best.test_error.mean:.2f} % against {other.test_error.mean:.2f} % test error"
    seeds = plural(verdict.n[0], "seed")
    if len(set(verdict.n)) > 1:
        seeds = f"{verdict.n[0]} and {plural(verdict.n[1], 'seed')}"
    if verdict.interval is None or verdict.stopped:
        certain = verdict.stopped or seeds
    else:
        low, high = sorted(map(abs, verdict.interval))
        certain = (
            f"a difference of {low:.2f} to {high:.2f} points by {seeds} each, {CONFIDENCE:.0%} for "
            f"all {plural(together, 'comparison')} together"
        )
    return (
        f"{winner} is better than {loser} {_cost(best.params / other.params)}: {rests} on "
        f"{data_label(sweep)}, lower is better ({certain})."
    )


def _cost(ratio: float) -> str:
    """How many parameters one has beside the other, in words."""
    if 0.98 <= ratio <= 1.02:
        return "at equal parameters"
    if ratio >= 2:
        return f"with {ratio:.1f} times the parameters"
    return f"with {100 * abs(ratio - 1):.0f} % {'fewer' if ratio < 1 else 'more'} parameters"
