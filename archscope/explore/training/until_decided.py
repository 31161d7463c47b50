"""Training round by round, until a comparison is decided: more seeds only as long as it is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from archscope.cost.formula import count
from archscope.errors import UsageError, plural
from archscope.explore.training.images_from import Source
from archscope.explore.training.run_plan import Console, Order, conduct, reported
from archscope.reporting.judge.pairs import Standing, pairs_among
from archscope.reporting.judge.rounds import Pair, Round, State, replayed, rule_of, state
from archscope.reporting.judge.verdicts import RESOLVE, check_resolve
from archscope.sweep.executor import opened as opened_executor
from archscope.sweep.plan.rule import Rule
from archscope.sweep.plan.settings import Settings, parse_seeds
from archscope.sweep.plan.slots import Resources
from archscope.sweep.plan.subjects import curves, input_of, networks
from archscope.sweep.run.signals import told
from archscope.sweep.store import folder as folders
from archscope.sweep.store.records import read_sweep

if TYPE_CHECKING:
    from archscope.training.devices import Inventory

FIRST_LOOK, MOST_SEEDS = 3, 16
ALPHA = 0.05


@dataclass(frozen=True)
class Stopping:
    """When to stop.

    Attributes:
        first_look, max_seeds: seeds of each network at the first look, and at the last.
        alpha: the chance of any false difference, over all comparisons and looks.
        resolve: the difference of errors (points) that matters.
    """

    first_look: int = FIRST_LOOK
    max_seeds: int = MOST_SEEDS
    alpha: float = ALPHA
    resolve: float = RESOLVE

    def seeds(self, given: object = None) -> tuple[int, ...]:
        """All seeds that it may train; raises UsageError where others are given."""
        if given is not None:
            raise UsageError(
                "until it is decided, seeds are chosen one after another; leave --seeds out, and "
                "give --max-seeds"
            )
        return parse_seeds(self.max_seeds)

    def rule(self, pairs: Sequence[Pair], *, drop: bool) -> Rule:
        """The rule of these comparisons.

        Raises:
            UsageError: where a number cannot be.
        """
        check_resolve(self.resolve)
        return rule_of(
            pairs,
            self.seeds(),
            first=self.first_look,
            alpha=self.alpha,
            resolve=self.resolve,
            drop=drop,
        )


def planned_pairs(settings: Settings) -> list[Pair]:
    """What a sweep will compare, from its networks alone: see `pairs_of_interest`.

    Raises:
        UsageError: where nothing says what is of interest.
    """
    templates = settings.subjects.templates
    standing, found = (
        curves(templates),
        networks(settings.subjects, input_shape=input_of(settings.dataset)),
    )
    pairs = pairs_among(
        [Standing(one, tuple(standing[one]), count(found[one]).params) for one in templates]
    )
    if not pairs:
        raise UsageError(
            "nothing says which of these networks are compared; name them to archscope decide"
        )
    return pairs


def train_until_decided(
    order: Order,
    asked: Resources,
    where: Source,
    say: Console,
    inventory: Inventory | None = None,
) -> tuple[Path, tuple[Path, ...]]:
    """Train an order that has a rule, round by round, and report: folder and files, as `conduct`.

    The seeds of the order are the rule's: at first as many as the first look takes, then one more
    of each network that goes on. Failed trials end it, as the next command tries them again.
    """
    assert order.rule is not None
    rule, silent = order.rule, replace(order, report=lambda folder: [])

    def train(names: Sequence[str], seeds: Sequence[int]) -> None:
        subjects = replace(order.settings.subjects, templates=tuple(names))
        chosen = replace(order.settings, subjects=subjects, seeds=tuple(seeds))
        conduct(replace(silent, settings=chosen), asked, where, say, inventory)

    with told(order.folder):  # between rounds as well
        # One connection to Ray for all rounds.
        with opened_executor(asked, inventory) if asked.ray else nullcontext():
            train_rounds(order.folder, rule, train, say)
        return order.folder, reported(order.folder, order.report, say)


def train_rounds(
    folder: Path,
    rule: Rule,
    train: Callable[[Sequence[str], Sequence[int]], None],
    say: Console,
) -> None:
    """Train until it is decided, or a trial fails; `train` takes templates and their seeds.

    What has been decided is carried out once more, as far as all networks go: that trains nothing,
    and refuses a folder with another plan.
    """
    before = _standing(folder, rule)
    while True:
        names, n = (rule.networks, rule.looks[0]) if before.ended else (before.going, before.n)
        train(names, rule.seeds[:n])
        now = _standing(folder, rule)
        for one in now.rounds[len(before.rounds) :]:
            say.note(_looked(one))
        if now.ended or now.n == before.n:  # decided, or a trial failed
            say.note(_saved(folder, rule))
            return
        before = now


def _standing(folder: Path, rule: Rule) -> State:
    """Where the folder's sweep stands by its own rule, which is this one; perhaps not begun."""
    plan = folders.existing(folder)
    folders.check_rule(folder, plan, rule)
    return replayed(rule, {}, {}) if plan is None else state(read_sweep(folder))


def _looked(one: Round) -> str:
    told = []
    for (first, second), look in one.looks.items():
        span = "no spread"
        if look.interval is not None:
            low, high = look.interval
            span = f"{look.difference:+.2f} points, {low:+.2f} to {high:+.2f}"
        told.append(f"{first} and {second}: {look.decision or 'open'} ({span})")
    return f"Look at {one.n} seeds: {'; '.join(told)}."


def _saved(folder: Path, rule: Rule) -> str:
    """What was trained, beside what the last look's seeds of every network would be."""
    trained = sum(record.status == "done" for record in read_sweep(folder).trials)
    every = len(rule.networks) * rule.looks[1]
    return (
        f"{plural(trained, 'training')}; {rule.looks[1]} seeds of each of "
        f"{plural(len(rule.networks), 'network')} are {every}."
    )
