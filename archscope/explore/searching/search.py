"""The best network that a budget of training can find: draw, train in rungs, choose, decide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from archscope.data.dataset import DatasetInfo
from archscope.errors import UsageError
from archscope.explore.searching.goal import BASELINES, Goal
from archscope.explore.searching.space import feasible, small_forms
from archscope.explore.searching.timed import described, model_for
from archscope.explore.searching.work import Work
from archscope.explore.training.cifar_sweep import SweepResult, asked_settings
from archscope.explore.training.images_from import Source, measured
from archscope.explore.training.run_plan import Console, decisive, reported
from archscope.explore.training.until_decided import Stopping
from archscope.given import a_kind, path_of
from archscope.reporting.folder.folder import contents, write
from archscope.reporting.table.table import Table
from archscope.sweep.executor import opened as opened_executor
from archscope.sweep.plan import slots as machines
from archscope.sweep.plan.presets import Changes
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.slots import Resources
from archscope.sweep.plan.subjects import input_of
from archscope.sweep.run import tensorboard
from archscope.sweep.run.signals import told
from archscope.sweep.store.search import Asked
from archscope.training.job import check

if TYPE_CHECKING:
    from archscope.training.devices import Inventory

__all__ = ["Goal", "search"]
HOLDOUT = 10  # of so many training images one is held out


@dataclass(frozen=True, repr=False)
class Searched(SweepResult):
    """A search's folder; its `document` is of the schema `archscope.search/1`."""

    def document(self) -> dict[str, Any]:
        """Winner, verdicts, trials as JSON."""
        return contents(self.folder).document

    def tables(self) -> list[Table]:
        """The verdicts first, then the best by time, the fronts, and what was spent."""
        return list(contents(self.folder).tables)


def search(
    goal: Goal,
    preset: str = "proxy",
    *,
    stopping: Stopping | None = None,
    resources: Resources | None = None,
    source: Source | None = None,
    out: Path | str | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
    command: Sequence[str] = (),
    **changes: Unpack[Changes],
) -> Searched:
    """Find the best network within some caps that trainings of so much can find, and decide on it.

    Designs are drawn from the feasible set alone and trained in rungs (`methods.schedule_for`);
    held-out images choose among those trained to the end. The best is then trained from fresh seeds
    beside the baselines, until it is decided.

    Args:
        goal: what is sought, and for how long.
        preset: how networks are trained, as `cifar_sweep` has it.
        stopping: when the decision stops.
        resources, source, out, console, inventory, command: as `cifar_sweep` has them.
        changes: to the preset, but for its templates and seeds. Without a `holdout` a tenth of the
            training images is held out.

    Returns:
        the folder, its records, and the verdicts. The same call again continues.

    Raises:
        UsageError: for what cannot be; InfeasibleError where nothing keeps the caps.
    """
    a_kind(goal, Goal, "a goal", "Goal(['wrn'], ['250kparams'], trials=32)")
    if changes.get("templates") or changes.get("seeds"):
        raise UsageError("a search draws its networks and has its own seeds; leave these out")
    asked, where, say = resources or Resources(), source or Source(), console or Console()
    until = stopping or Stopping()
    chosen, where = asked_settings(preset, where, changes)
    where.check()
    shape = input_of(chosen.dataset)
    goal = replace(goal, families=small_forms(goal.families, shape))
    begun = None if out is None else path_of(out, "the folder of a search")
    drawn_from = goal.families, goal.at_most, goal.scale
    # What cannot be is told before data are fetched.
    feasible(*drawn_from, None, shape, model_for(goal.latency, begun))
    info = where.prepare(chosen.dataset)
    if not chosen.view.holdout:
        _, images = measured(info, chosen.view, 1)
        held = max(1, round(images.train / HOLDOUT / info.classes)) * info.classes
        chosen = replace(chosen, view=replace(chosen.view, holdout=held))
    record_of = _asked(goal, until)
    folder = begun or _usual_folder(chosen, asked, where, record_of)
    few = feasible(*drawn_from, info.classes, shape, model_for(goal.latency, folder, say.note))
    with told(folder), opened_executor(asked, inventory) if asked.ray else nullcontext():
        work = Work(goal, few, chosen, folder, asked, where, say, inventory, until, command)
        if record_of.latency is not None and "largest" in record_of.baselines:
            say.note(
                "The largest that fits is sought: the designs above it are all predicted to take "
                "longer, minutes for a large family (--baselines random leaves it out)."
            )
        work.begin(record_of, partial(_check_training, work, info))
        work.climb()
        work.compare()
        return Searched(folder, reported(folder, lambda folder: write(folder), say))


def _check_training(work: Work, info: DatasetInfo) -> None:
    """Raise what the first training would, before there is a folder."""
    if work.say.tensorboard:
        tensorboard.require()
    with opened_executor(work.asked, work.inventory) as by:
        by.check(machines.resolve(work.asked, by.inventory, None)[1])
    recipe = work.settings.recipe
    data, _ = measured(info, work.settings.view, recipe.batch)
    for network in work.few.sample(len(work.few.families), work.goal.seed):  # one of each family
        check(network, recipe, data)


def _asked(goal: Goal, until: Stopping) -> Asked:
    return Asked(
        families=tuple(goal.families),
        caps=tuple(map(str, goal.at_most)),
        method=goal.method,
        trials=goal.trials,
        seconds=goal.seconds,
        seed=goal.seed,
        baselines=tuple(one for one in BASELINES if one in goal.baselines),
        scale=tuple(map(str, goal.scale)),
        first_look=until.first_look,
        max_seeds=until.max_seeds,
        alpha=until.alpha,
        resolve=until.resolve,
        latency=described(goal.latency),
    )


def _usual_folder(chosen: Settings, asked: Resources, where: Source, record_of: Asked) -> Path:
    said = [chosen.document(), dict(decisive(asked, chosen.dataset, where)), repr(record_of)]
    if record_of.latency is not None:
        said.append(record_of.latency)
    digest = sha256(json.dumps(said, sort_keys=True).encode("utf-8")).hexdigest()[:6]
    return Path("runs") / f"search-{digest}"
