"""A search at work in its folder: draw, train in rungs, choose, decide.

A trial is the training of all epochs, paused at the end of a rung and continued from its checkpoint
where it is chosen: the learning rate is that of all epochs from the start, so that a trial that
went on equals one that never paused, to the bit. What is decided is kept (`sweep.store.search`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.arch.network import Network
from archscope.errors import ArchscopeError, UsageError, plural
from archscope.explore.searching.feasible import FeasibleSet
from archscope.explore.searching.goal import Goal, price
from archscope.explore.searching.methods import KEPT, Schedule, schedule_for, select
from archscope.explore.searching.space import largest
from archscope.explore.searching.timed import begun, model_for, predicted
from archscope.explore.training.images_from import Source
from archscope.explore.training.part import Part, without_left
from archscope.explore.training.run_plan import Console, Order, conduct
from archscope.explore.training.until_decided import Stopping, train_until_decided
from archscope.reporting.facts.searches import held_out_error, trained_seconds, training_errors
from archscope.sweep.plan.estimate import duration
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.slots import Resources
from archscope.sweep.store import folder as folders
from archscope.sweep.store.continued import another_plan
from archscope.sweep.store.records import read_sweep
from archscope.sweep.store.search import (
    DECISION_FOLDER,
    Asked,
    Decision,
    Round,
    Search,
    differing,
    read_search,
    record,
)

if TYPE_CHECKING:
    from archscope.training.devices import Inventory

SEED = 0  # of all trainings of the search; the decision's are 1 and more


@dataclass
class Work:
    """A search at work in its folder."""

    goal: Goal
    few: FeasibleSet
    settings: Settings
    folder: Path
    asked: Resources
    where: Source
    say: Console
    inventory: Inventory | None
    until: Stopping
    command: Sequence[str]

    @property
    def state(self) -> Search:
        """What is decided."""
        found = read_search(self.folder)
        if found is None:
            raise ArchscopeError(f"{self.folder} has lost its search.json: restore it")
        return found

    def begin(self, record_of: Asked, check: Callable[[], None]) -> None:
        """Begin the record after a `check`, or compare it with the one that is there."""
        before = read_search(self.folder)
        if before is None and folders.existing(self.folder) is not None:
            raise UsageError(
                f"--out {self.folder} holds a sweep, not a search; name another folder"
            )
        if before is not None:
            if words := differing(before.asked, record_of):
                raise another_plan(self.folder, words)
            return
        top = largest(self.few, self.goal.at_most) if "largest" in record_of.baselines else None
        check()
        record(self.folder, lambda there: there or begun(self.folder, record_of, self.few, top))
        model = model_for(self.goal.latency, self.folder)  # of another process that began it
        self.few = replace(self.few, latency=model)

    def train(self, names: Sequence[str], epochs: int | None) -> float:
        """Train designs until they have so many epochs, or to the end; seconds of the clock."""
        began = time.monotonic()
        subjects = replace(self.settings.subjects, templates=tuple(names))
        chosen = replace(self.settings, subjects=subjects, seeds=(SEED,))
        part = Part(frozenset(names), epochs)
        order = Order(chosen, self.folder, report=_nothing, command=self.command, part=part)
        quiet = replace(self.say, note=without_left(self.say.note))
        conduct(order, self.asked, self.where, quiet, self.inventory)
        return time.monotonic() - began

    def climb(self) -> None:
        """Draw and train round by round, until what may be spent is spent; then name the winner."""
        while (now := self.state).winner is None:
            last = now.rounds[-1] if now.rounds else None
            if last is not None and not last.over and (last.closes or not self._spent(now)):
                self._rung(now)
            elif last is not None and last.decisions and not last.over:
                self._close(len(now.rounds) - 1)
            elif (drawn := self._next_round(now)) is not None:
                self._record_round(len(now.rounds), *drawn)
            else:
                self._crown(now.incumbents()[-1][2].kept[0])

    def _close(self, number: int) -> None:
        """The time is over: of the last round only the best few are trained to the end."""

        def end(there: Search | None) -> Search:
            assert there is not None
            last = there.rounds[number]
            if last.over or last.closes:
                return there
            return replace(there, rounds=(*there.rounds[:number], last.closing(self._epochs)))

        last = record(self.folder, end).rounds[number]
        best = plural(last.designs[-1], "design")
        self.say.note(f"The time is over: the best {best} of round {number + 1} train to the end.")

    def _crown(self, name: str) -> None:
        record(self.folder, lambda there: _with(there, winner=name))

    def _spent(self, now: Search) -> bool:
        return self.goal.seconds is not None and now.seconds >= self.goal.seconds

    def _next_round(self, now: Search) -> tuple[Round, list[Network]] | None:
        """The next designs and their rungs, and their networks; None where the search is over."""
        schedule = self._schedule(now)
        if schedule is None:
            return None
        known = now.drawn
        seed = random.Random(f"{self.goal.seed} {len(now.rounds)}").randrange(2**31)
        found = self.few.sample(schedule.designs + len(known), seed)
        networks = [one for one in found if one.name not in known][: schedule.designs]
        if not networks:
            return None
        if len(networks) < schedule.designs:
            schedule = self._for(designs=len(networks))
            if not known:
                self.say.note(f"There are {plural(len(networks), 'network')} within the caps.")
        rungs, names = schedule.rungs, tuple(one.name for one in networks)
        epochs, designs = tuple(r.epochs for r in rungs), tuple(r.designs for r in rungs)
        made = Round(names, epochs, designs, by_training=schedule.by_training)
        return made, networks

    def _schedule(self, now: Search) -> Schedule | None:
        if self.goal.seconds is None:
            return None if now.rounds else self._for(designs=self.goal.trials)
        if not now.rounds:
            return self._for(designs=KEPT**2)
        left = self.goal.seconds - now.seconds
        budget = int(left / now.seconds * now.epochs_spent) if now.seconds else 0
        # A rate measured on little is not trusted with all that is left.
        budget = min(budget, 4 * now.epochs_spent)
        return self._for(budget=budget) if budget >= self._epochs else None

    @property
    def _epochs(self) -> int:
        return self.settings.recipe.epochs

    def _for(self, *, designs: int | None = None, budget: int | None = None) -> Schedule:
        return schedule_for(self.goal.method, self._epochs, designs=designs, budget=budget)

    def _record_round(self, number: int, drawn: Round, networks: Sequence[Network]) -> None:
        times = predicted(self.few.latency, networks)

        def add(there: Search | None) -> Search:
            assert there is not None
            if len(there.rounds) > number:
                return there
            latency = (*there.latency, *times)
            return replace(there, rounds=(*there.rounds, drawn), latency=latency)

        made = record(self.folder, add).rounds[number]
        rungs = ", ".join(
            f"{plural(designs, 'design')} for {plural(epochs, 'epoch')}"
            for designs, epochs in zip(made.designs, made.epochs, strict=True)
        )
        self.say.note(f"Round {number + 1}: {rungs}.")
        if number == 0:
            self.say.note(price(self.goal.baselines, self.until, self._epochs))

    def _rung(self, now: Search) -> None:
        """Train the next rung of the last round, and decide who goes on."""
        number, last = len(now.rounds) - 1, now.rounds[-1]
        rung = len(last.decisions)
        names, epochs = last.climbing(rung), last.epochs[rung]
        seconds = self.train(names, epochs if epochs < self._epochs else None)
        sweep = read_sweep(self.folder)
        records = {one.trial.template: one for one in sweep.trials}
        errors = {name: held_out_error(records[name], epochs) for name in names}
        by = training_errors(records, errors, epochs) if self._by_training(rung, last) else errors
        best = select(by, last.designs[rung + 1] if rung + 1 < len(last.designs) else 1)
        if not best:
            before = now.best_of_whole(names)
            if before is None or any(records[name].status != "diverged" for name in names):
                raise ArchscopeError(
                    f"no design of this rung ended well: see archscope report {self.folder}; the "
                    "same command tries again what failed, what diverged needs another search"
                )
            self.say.note(f"All designs of this rung diverged: the best before is {before}.")
            return self._crown(before)
        first = errors[best[0]]
        assert first is not None
        failed = tuple(name for name in names if errors[name] is None)
        made = Decision(
            tuple(best),
            failed,
            first,
            round(now.seconds + max(seconds, trained_seconds(sweep, names, last, rung)), 1),
            sum(one.epochs_done for one in sweep.trials),
        )
        self._decide(number, rung, made)

    def _by_training(self, rung: int, of: Round) -> bool:
        return rung + 1 < len(of.epochs) and of.selects_by_training(self.goal.method)

    def _decide(self, number: int, rung: int, made: Decision) -> None:
        def add(there: Search | None) -> Search:
            assert there is not None
            last = there.rounds[number]
            if len(last.decisions) > rung:
                return there
            last = replace(last, decisions=(*last.decisions, made))
            return replace(there, rounds=(*there.rounds[:number], last))

        now = record(self.folder, add)
        told = now.rounds[number].decisions[rung]
        failed = f" {plural(len(told.failed), 'design')} failed or diverged." if told.failed else ""
        of = now.rounds[number]
        best = "has the least training error" if self._by_training(rung, of) else "is the best"
        self.say.note(
            f"After epoch {of.epochs[rung]}: {told.kept[0]} {best} of round {number + 1}, held-out "
            f"error {told.best:.2f} %; {duration(told.seconds)} spent.{failed}"
        )

    def compare(self) -> None:
        """Train what the winner is compared with, and decide from fresh seeds."""
        now = self.state
        if "random" in now.asked.baselines and now.best_of_random is None:
            self._random(now)
            now = self.state
        assert now.winner is not None
        others = dict.fromkeys([now.largest, now.best_of_random])
        pairs = [(now.winner, one) for one in others if one not in (None, now.winner)]
        if not pairs:
            return
        rule = self.until.rule([(a, b) for a, b in pairs if b is not None], drop=False)
        subjects = replace(self.settings.subjects, templates=tuple(rule.networks))
        chosen = replace(self.settings, subjects=subjects, seeds=self.until.seeds())
        self.say.note(
            f"Decision: {plural(len(rule.networks), 'network')}, each from {rule.looks[0]} to "
            f"{rule.looks[1]} fresh seeds, {plural(self._epochs, 'epoch')} each."
        )
        order = Order(chosen, self.folder / DECISION_FOLDER, command=self.command, rule=rule)
        train_until_decided(order, self.asked, self.where, self.say, self.inventory)

    def _random(self, now: Search) -> None:
        """Random search that spends as many epochs: the first designs drawn, trained to the end."""
        number = min(max(1, now.epochs_spent // self._epochs), len(now.drawn))
        names = tuple(now.drawn[:number])
        now = record(self.folder, lambda there: _with(there, random=names))
        self.say.note(
            f"Baseline: random at the same training is {plural(number, 'design')} trained to the "
            f"end ({plural(now.epochs_spent, 'epoch')} in all); what they have already counts."
        )
        seconds = self.train(now.random, None)
        records = {one.trial.template: one for one in read_sweep(self.folder).trials}
        best = select({name: held_out_error(records[name]) for name in now.random}, 1)
        if best:
            taken = round(seconds, 1)
            record(
                self.folder,
                lambda there: (
                    there
                    if there is not None and there.best_of_random
                    else _with(there, best_of_random=best[0], seconds_random=taken)
                ),
            )


def _with(there: Search | None, **changed: Any) -> Search:
    assert there is not None
    return replace(there, **changed)


def _nothing(folder: Path) -> list[Path]:
    return []
