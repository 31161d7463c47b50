"""Figure 7 on your own data: prepare, plan, train, report; the same call again continues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from archscope.data.sets.folder import NAME as FILES
from archscope.explore.networks.opened import refuse_outside
from archscope.explore.training.images_from import (
    Source,
    measured,
    named_classes,
    taken_apart,
)
from archscope.explore.training.run_plan import (
    Console,
    Hands,
    Order,
    conduct,
    decisive,
    finish,
    reported,
)
from archscope.explore.training.until_decided import (
    Stopping,
    planned_pairs,
    train_rounds,
    train_until_decided,
)
from archscope.reporting.folder.folder import write as write_report
from archscope.reporting.folder.study import verdict_table
from archscope.reporting.folder.sweep import document, results, table7
from archscope.reporting.judge.answer import answer
from archscope.reporting.judge.of_sweep import sweep_verdicts
from archscope.reporting.judge.verdicts import RESOLVE, Verdict, check_resolve
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table
from archscope.sweep.executor import opened as opened_executor
from archscope.sweep.plan import slots as machines
from archscope.sweep.plan.presets import Changes
from archscope.sweep.plan.rule import Rule
from archscope.sweep.plan.settings import Settings, settings
from archscope.sweep.plan.slots import Resources
from archscope.sweep.run import tensorboard
from archscope.sweep.run.signals import told
from archscope.sweep.store import folder as folders
from archscope.sweep.store.records import Sweep, TrialRecord, read_plan, read_sweep
from archscope.sweep.store.scan import scan
from archscope.sweep.store.search import refuse_search

if TYPE_CHECKING:
    import pandas

    from archscope.training.devices import Inventory


@dataclass(frozen=True, repr=False)
class SweepResult(Result):
    """A sweep's `folder`, and the files that the report wrote there when it ran to its end."""

    folder: Path
    files: tuple[Path, ...] = ()

    @cached_property
    def sweep(self) -> Sweep:
        """The folder as it is now."""
        return read_sweep(self.folder)

    @property
    def records(self) -> list[TrialRecord]:
        """The trials, in the plan's order."""
        return self.sweep.trials

    @property
    def failed(self) -> list[TrialRecord]:
        """The trials that failed."""
        return [record for record in self.records if record.status == "failed"]

    @property
    def diverged(self) -> list[TrialRecord]:
        """The trials whose loss was no longer a finite number: they have no test error."""
        return [record for record in self.records if record.status == "diverged"]

    @property
    def exit_code(self) -> int:
        """0, or 3 where trials failed or diverged."""
        return 3 if self.failed or self.diverged else 0

    def tables(self) -> list[Table]:
        """The columns of the paper's Table 7, a row for each network.

        Of a sweep that stops itself its verdicts come first.
        """
        rule = self.sweep.plan.rule
        return [*([verdict_table(self.verdicts())] if rule else []), table7(self.sweep)]

    def document(self) -> dict[str, Any]:
        """The table as JSON: schema `archscope.cifar_sweep/1`, a row for each network and trial."""
        return document(self.sweep)

    def to_frame(self) -> pandas.DataFrame:
        """A row for each trial: the columns of `results.csv`."""
        return results(self.sweep).to_frame()

    def verdicts(self, resolve: float = RESOLVE) -> list[Verdict]:
        """Which of two networks is better, or that no difference is shown, for each pair.

        `resolve` is the difference of errors (points) that the verdicts try to resolve; a sweep
        that stops itself has the one of its rule.
        """
        return sweep_verdicts(self.sweep, resolve)

    def answer(self, resolve: float = RESOLVE) -> str:
        """The verdict that says most, in one sentence with what it rests on."""
        return answer(self.sweep, self.verdicts(resolve))


def load_sweep(folder: Path | str) -> SweepResult:
    """A sweep from its folder, finished or not; raises ArchscopeError where there is none."""
    loaded = SweepResult(Path(folder))
    _ = loaded.sweep  # read now, so that a wrong folder is told here
    return loaded


def cifar_sweep(
    preset: str = "proxy",
    *,
    resources: Resources | None = None,
    source: Source | None = None,
    out: Path | str | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
    command: Sequence[str] = (),
    until: Stopping | None = None,
    resolve: float = RESOLVE,
    **changes: Unpack[Changes],
) -> SweepResult:
    """Train the preset's templates, each from several seeds, and write table and figure.

    Args:
        preset: "paper", "proxy" or "quick".
        resources: GPUs, workers, threads, precision, or a Ray cluster; without it, the best that
            this machine has.
        source: where the images are.
        out: the sweep's folder; without it, `runs/cifar-sweep-...`, named after what was asked.
        console: what is said meanwhile, on stderr.
        inventory: what the machine has; for tests.
        command: what the user typed, for the record.
        until: when to stop: seeds are trained only until the pairs of interest are decided. It has
            the seeds as well, which `changes` then has not, and a `resolve` of its own.
        resolve: the difference of errors (points) that the report's verdicts try to resolve.
        changes: to the preset: `dataset`, `samples`, `holdout`, `whiten`, `test_crop`,
            `test_classes`, `depth`, `scale`, `templates`, `seeds`, `recipe`, `epochs`, `batch`,
            `lr`, `label_smoothing`, `drop_path`; see `archscope.sweep.plan.presets.Changes`.

    Returns:
        the folder and its records. A folder that already holds some of the trials is continued at
        the step where each was stopped (after a crash at its last finished epoch); those that had
        failed are tried again.

    Raises:
        UsageError: for what cannot be, before anything is written.
        Interrupted: after SIGINT or SIGTERM; ArchscopeError: where the folder cannot be written.
    """
    check_resolve(resolve)
    asked, where, say = resources or Resources(), source or Source(), console or Console()
    if until is not None:
        changes["seeds"] = until.seeds(changes.get("seeds"))
    chosen, where = asked_settings(preset, where, changes)
    rule = None if until is None else until.rule(planned_pairs(chosen), drop=False)
    usual = usual_folder(chosen, asked, where, rule)
    order = Order(
        chosen,
        Path(out) if out else usual,
        report=partial(write_report, resolve=resolve if rule is None else rule.resolve),
        command=command,
        rule=rule,
    )
    by = train_until_decided if rule else conduct
    return SweepResult(*by(order, asked, where, say, inventory))


def asked_settings(preset: str, where: Source, changes: Changes) -> tuple[Settings, Source]:
    """The preset's settings with changes as a user gives them, and where the images are.

    Raises:
        UsageError: for what cannot be.
    """
    if (dataset := changes.get("dataset")) is not None:
        changes["dataset"], where = taken_apart(dataset, where)
    name = changes.get("dataset") or ""
    changes["test_classes"] = named_classes(changes.get("test_classes"), name, where)
    chosen = settings(preset, **changes)
    trained = [one for one in chosen.subjects.templates if ".py:" not in one]
    refuse_outside(trained, "trained", "name one, as wrn_28_10")
    return chosen, where


def usual_folder(chosen: Settings, asked: Resources, where: Source, rule: Rule | None) -> Path:
    """The folder where none is named: for each thing that is asked, another."""
    others = {} if rule is None else {"rule": rule.choices}
    return folders.default_folder(chosen, {**decisive(asked, chosen.dataset, where), **others})


def join_sweep(
    folder: Path | str,
    *,
    resources: Resources | None = None,
    source: Source | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
) -> SweepResult:
    """Join the sweep in `folder` and train its plan, beside any other processes.

    For more machines: each takes trials that no other trains, and returns when all have ended. The
    arguments are those of `cifar_sweep`. A sweep that stops itself is trained round by round until
    it stops, as by the command that began it. Users' files of networks that are not here are read
    where the sweep was begun, which is the current folder meanwhile.
    """
    asked, where, say = resources or Resources(), source or Source(), console or Console()
    where.check()
    if say.tensorboard:
        tensorboard.require()
    folder = Path(folder)
    refuse_search(folder)
    before = read_plan(folder)
    if (begun := folders.begun_in(before)) is not None:
        say.note(f"The networks' files are not here; they are read from {begun}, as at the start.")
        folder, where = folder.absolute(), where.absolute()
    with told(folder), chdir(begun or Path()), opened_executor(asked, inventory) as by:
        found = by.inventory
        machine, slots = machines.resolve(asked, found, before.machine)
        by.check(slots)
        if before.settings.dataset == FILES:
            slots = machines.with_loaders(slots, asked, found)
        info = where.found(before.dataset)
        _, images = measured(info, before.settings.view, before.settings.recipe.batch)
        hands = Hands(images, slots, by)

        def train(report: Callable[[Path], list[Path]]) -> tuple[Path, tuple[Path, ...]]:
            opened = folders.join_folder(folder, machine, info)
            return finish(opened, scan(folder, opened.plan), hands, say, report)

        def train_more(names: Sequence[str], seeds: Sequence[int]) -> None:
            folders.extend(folder, names, seeds)
            train(lambda folder: [])

        if before.rule is None:
            return SweepResult(*train(write_report))
        train_rounds(folder, before.rule, train_more, say)
        return SweepResult(folder, reported(folder, write_report, say))
