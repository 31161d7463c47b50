"""A sweep that stops itself, replayed: what its looks saw, what is decided, what to train next.

A function of the errors and the rule alone, so that a sweep which was killed, continued, or shared
by several machines comes to the same decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from archscope.errors import plural
from archscope.reporting.judge.pairs import errors_by_template
from archscope.reporting.judge.sequential import Look, SequentialTest, every_level
from archscope.reporting.judge.verdicts import Errors, Verdict
from archscope.sweep.plan.rule import Rule
from archscope.sweep.plan.trial import Trial
from archscope.sweep.store.records import Sweep

Pair: TypeAlias = tuple[str, str]
SPENDING = "the share (n / most)^3 of alpha up to seed n (Kim and DeMets), Bonferroni"


class Round(NamedTuple):
    """The looks at one number of seeds."""

    n: int
    looks: dict[Pair, Look]


@dataclass(frozen=True)
class State:
    """Where a sweep stands by its rule.

    Attributes:
        rounds: what was looked at.
        open: comparisons that go on.
        out: networks that are trained no longer, though a comparison of theirs was open: they were
            found worse than another, or a run of theirs diverged.
        n: seeds of each network that goes on, at the next look.
        missing: the trainings (template, seed) that the next look waits for.
    """

    rounds: list[Round]
    open: list[Pair]
    out: dict[str, Literal["worse", "diverged"]]
    n: int
    missing: list[tuple[str, int]]

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be trained."""
        return not self.missing

    @property
    def going(self) -> list[str]:
        """The networks that go on."""
        return list(dict.fromkeys(name for pair in self.open for name in pair))

    def last(self, pair: Pair) -> Look | None:
        """The last look at a pair."""
        seen = (one.looks[pair] for one in reversed(self.rounds) if pair in one.looks)
        return next(seen, None)


def rule_of(
    pairs: Sequence[Pair],
    seeds: Sequence[int],
    *,
    first: int,
    alpha: float,
    resolve: float,
    drop: bool,
) -> Rule:
    """The rule of a new sweep: its last look is at all of `seeds`."""
    test = SequentialTest(alpha, first, len(seeds), resolve, len(pairs))
    return Rule(
        first=tuple(pair[0] for pair in pairs),
        second=tuple(pair[1] for pair in pairs),
        alpha=alpha,
        looks=(first, len(seeds)),
        seeds=tuple(seeds),
        resolve=resolve,
        drop=drop,
        spending=SPENDING,
        levels=every_level(test),
    )


def test_of(rule: Rule) -> SequentialTest:
    """The test of each of a rule's comparisons."""
    first, most = rule.looks
    return SequentialTest(rule.alpha, first, most, rule.resolve, len(rule.pairs), rule.levels)


def replayed(
    rule: Rule, errors: Mapping[str, Errors], diverged: Mapping[str, Sequence[int]]
) -> State:
    """The state of a sweep.

    Args:
        rule: its rule.
        errors: the test errors (points) of each template that has ended well, by seed.
        diverged: the seeds of each template that diverged.
    """
    test, open_, rounds = test_of(rule), list(rule.pairs), list[Round]()
    out: dict[str, Literal["worse", "diverged"]] = {}
    first, most = rule.looks
    for n in range(first, most + 1):
        seeds = rule.seeds[:n]
        going = dict.fromkeys(name for pair in open_ for name in pair)
        for name in going:
            if not set(seeds).isdisjoint(diverged.get(name, ())):
                out[name] = "diverged"
        open_ = [pair for pair in open_ if not out.keys() & pair]
        going = dict.fromkeys(name for pair in open_ for name in pair)
        missing = [
            (name, seed) for name in going for seed in seeds if seed not in errors.get(name, {})
        ]
        if missing or not open_:
            return State(rounds, open_, out, n, missing)
        runs = {name: [errors[name][seed] for seed in seeds] for name in going}
        looks = {pair: test.look_at(_first(pair, runs)) for pair in open_}
        rounds.append(Round(n, looks))
        open_ = [pair for pair in open_ if not looks[pair].decision]
        if rule.drop:
            losers = (
                pair[look.decision == "better"]
                for pair, look in looks.items()
                if look.decision in ("better", "worse")
            )
            out |= dict.fromkeys(losers, "worse")
            open_ = [pair for pair in open_ if not out.keys() & pair]
    return State(rounds, open_, out, most, [])


def _first(pair: Pair, runs: Mapping[str, Sequence[float]]) -> list[Sequence[float]]:
    """The runs of a pair, then those of the other networks."""
    return [*(runs[name] for name in pair), *(runs[name] for name in runs if name not in pair)]


def state(sweep: Sweep) -> State:
    """Where a sweep that has a rule stands."""
    assert sweep.plan.rule is not None
    diverged = by_template(r.trial for r in sweep.trials if r.status == "diverged")
    return replayed(sweep.plan.rule, errors_by_template(sweep), diverged)


def by_template(trials: Iterable[Trial]) -> dict[str, list[int]]:
    """The seeds of trials by template."""
    found: dict[str, list[int]] = {}
    for trial in trials:
        found.setdefault(trial.template, []).append(trial.seed)
    return found


def standing(rule: Rule, now: State) -> str:
    """Where a sweep stands by its rule: what it waits for, or that it has stopped."""
    every, most = len(rule.pairs), rule.looks[1]
    told = sum(_is_decided(now, pair) for pair in rule.pairs)
    done = f"{told} of {plural(every, 'comparison')} decided"
    if not now.ended:
        return (
            f"Trained until it is decided, {done}: the look at {now.n} seeds waits for "
            f"{plural(len(now.missing), 'training')}."
        )
    last = now.rounds[-1].n if now.rounds else 0
    when = f"after {plural(last, 'seed')} of {most} at most" if last else "before its first look"
    return f"Trained until it is decided, stopped {when}: {done}."


def _is_decided(now: State, pair: Pair) -> bool:
    look = now.last(pair)
    return look is not None and look.decision is not None


def sentences(sweep: Sweep) -> list[str]:
    """What is said of a sweep that stops itself, before all else; nothing of another."""
    rule = sweep.plan.rule
    return [] if rule is None else [standing(rule, state(sweep))]


def decided(sweep: Sweep) -> list[Verdict]:
    """The verdicts of a sweep that stops itself, on all of its comparisons."""
    rule = sweep.plan.rule
    assert rule is not None
    now = state(sweep)
    return [_verdict(rule, now, pair) for pair in rule.pairs]


_KINDS: dict[str | None, Literal["better", "worse", "none", "open"]] = {
    "better": "better",
    "worse": "worse",
    "no difference": "none",
    None: "open",
}


def _verdict(rule: Rule, now: State, pair: Pair) -> Verdict:
    look = now.last(pair)
    if look is None:
        return Verdict(
            *pair, "open", (0, 0), 0.0, None, None, "", rule.resolve, _why_open(now, pair)
        )
    kind = _KINDS[look.decision]
    return Verdict(
        *pair,
        kind,
        (look.n, look.n),
        look.difference,
        look.interval,
        None,
        method(rule),
        rule.resolve,
        f"stopped at {look.n} seeds" if look.decision else _why_open(now, pair),
    )


def _why_open(now: State, pair: Pair) -> str:
    for name in pair:
        if why := now.out.get(name):
            said = (
                "a run of it diverged" if why == "diverged" else "it was found worse than another"
            )
            return f"not decided, as {name} is out: {said}"
    if pair in now.open and not now.ended:
        return "not decided yet"
    return f"undecided at {now.n} seeds"


def method(rule: Rule) -> str:
    """How the verdicts were found, in a sentence."""
    first, most = rule.looks
    together = "" if len(rule.pairs) == 1 else f", all {len(rule.pairs)} comparisons together"
    return (
        f"A test that stops itself, looked at after every seed from {first} to {most}: t, by each "
        "pair's own runs (Welch) or by all networks' where their spreads are alike; the error "
        f"spent is {rule.spending}; the intervals hold at the stop, {100 * (1 - rule.alpha):g}%"
        f"{together}. No difference: of {rule.resolve:g} points or more, each side at "
        f"{100 * rule.alpha:g}%, so that the interval shown may reach beyond. Not "
        "paired by seed. Negative differences favour the first network."
    )
