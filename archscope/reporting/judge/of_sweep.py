"""The verdicts on a sweep: by its rule where it stops itself, else on the pairs readers ask about.

Those are the networks of the two curves that are nearest in parameters, the largest of each curve,
and the best of all beside the one that both curves begin with. As that is the best by these very
errors, the intervals are widened for each that might have been.
"""

from __future__ import annotations

from statistics import fmean

from archscope.reporting.judge.pairs import (
    errors_by_template,
    extremes,
    pairs_among,
    standings,
    to_the_reference,
)
from archscope.reporting.judge.rounds import decided
from archscope.reporting.judge.verdicts import RESOLVE, Verdict, verdicts
from archscope.sweep.store.records import Sweep


def sweep_verdicts(sweep: Sweep, resolve: float = RESOLVE) -> list[Verdict]:
    """The verdicts on a sweep, as far as its runs have finished; a rule has its own `resolve`."""
    if sweep.plan.rule is not None:
        return decided(sweep)
    errors, found = errors_by_template(sweep), standings(sweep)
    pairs, candidates = pairs_among(found), to_the_reference(found)
    if (ends := extremes(found)) is not None:
        pairs = [*pairs, ends]
    if candidates:
        best = min(candidates, key=lambda pair: fmean(errors[pair[0]].values()))
        pairs = [*pairs, best]
    asked = list(dict.fromkeys(pairs))
    return verdicts(errors, asked, resolve=resolve, among=len({*asked, *candidates}))
