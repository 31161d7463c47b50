"""The verdicts on a sweep: by its rule where it stops itself, else on its pairs of interest."""

from __future__ import annotations

from archscope.reporting.judge.pairs import errors_by_template, pairs_of_interest
from archscope.reporting.judge.rounds import decided
from archscope.reporting.judge.verdicts import RESOLVE, Verdict, verdicts
from archscope.sweep.store.records import Sweep


def sweep_verdicts(sweep: Sweep, resolve: float = RESOLVE) -> list[Verdict]:
    """The verdicts on a sweep, as far as its runs have finished; a rule has its own `resolve`."""
    if sweep.plan.rule is not None:
        return decided(sweep)
    return verdicts(errors_by_template(sweep), pairs_of_interest(sweep), resolve=resolve)
