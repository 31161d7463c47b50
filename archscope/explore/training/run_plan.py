"""Carrying out a plan of trainings in a folder: prepare, plan, train, report.

The sweep, a single network's training and a study are such plans; each is continued by the same
call again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.arch.network import Network
from archscope.data.dataset import DatasetInfo
from archscope.data.sets.folder import NAME as FILES
from archscope.errors import ArchscopeError, UsageError, plural
from archscope.explore.training.announcement import announcement
from archscope.explore.training.images_from import Source, measured
from archscope.explore.training.part import Part
from archscope.files import only_read, reason
from archscope.plain_text import say
from archscope.reporting.facts.census import census_sentences
from archscope.reporting.folder.folder import write as write_report
from archscope.sweep.executor import Executor
from archscope.sweep.executor import opened as opened_executor
from archscope.sweep.plan import slots as machines
from archscope.sweep.plan.estimate import Images, longest_first
from archscope.sweep.plan.rule import Rule
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.slots import Resources
from archscope.sweep.plan.subjects import input_of
from archscope.sweep.plan.subjects import networks as planned_networks
from archscope.sweep.plan.trial import Conditions, Machine, Trial, entries
from archscope.sweep.run import schedule, speed, tensorboard
from archscope.sweep.run.live import Display, Silent, display
from archscope.sweep.run.progress import ENDED, OVER, Progress
from archscope.sweep.run.signals import told
from archscope.sweep.run.supply import Supply
from archscope.sweep.store import folder as folders
from archscope.sweep.store import lease as leases
from archscope.sweep.store.locks import cannot_write
from archscope.sweep.store.records import read_sweep, trial_folder
from archscope.sweep.store.result import RESULT_FILE
from archscope.sweep.store.scan import Brief, look, scan
from archscope.sweep.store.search import refuse_search
from archscope.training.job import check
from archscope.training.recipe import lasting, steps_of

if TYPE_CHECKING:
    from archscope.training.devices import Inventory


@dataclass(frozen=True)
class Console:
    """What the sweep says while it runs: `note` takes a sentence, `live` shows the trials.

    `tensorboard` writes event files as well (see `archscope.sweep.run.tensorboard`).
    """

    note: Callable[[str], None] = say
    live: bool = True
    tensorboard: bool = False


@dataclass(frozen=True)
class Order:
    """What a command has done: a plan, worked off in a folder.

    Attributes:
        settings: the plan.
        folder: where.
        iterations: mini-batches of each training, from which its epochs follow; None: the recipe's.
        report: writes the report of the folder, and returns the paths.
        begun: called with the folder when its plan is there, before the first training.
        command: what the user typed, for the record.
        classes: outputs that a network was given; None: as many as the data have.
        rule: when it stops itself.
        part: of a search or a table, what is trained now; None: the whole plan.
        as_drawn: trials are begun in the order of the plan, not the longest first.
    """

    settings: Settings
    folder: Path
    iterations: int | None = None
    report: Callable[[Path], list[Path]] = write_report
    begun: Callable[[Path], None] = lambda folder: None
    command: Sequence[str] = ()
    classes: int | None = None
    rule: Rule | None = None
    part: Part | None = None
    as_drawn: bool = False


def conduct(
    order: Order,
    asked: Resources,
    where: Source,
    say: Console,
    inventory: Inventory | None = None,
) -> tuple[Path, tuple[Path, ...]]:
    """Prepare, plan, train, report: return the folder, and the files of the report in it.

    Raises as `cifar_sweep`.
    """
    chosen, folder = order.settings, order.folder
    if say.tensorboard:
        tensorboard.require()
    files, shape = chosen.dataset == FILES, input_of(chosen.dataset)
    planned_networks(chosen.subjects, input_shape=shape)
    where.check()
    with told(folder), opened_executor(asked, inventory) as by:
        if order.part is None:
            refuse_search(folder)
        before, found = folders.existing(folder), by.inventory
        folders.check_dataset(folder, before, chosen)
        folders.check_rule(folder, before, order.rule)
        machine, slots = machines.resolve(asked, found, folders.machine_of(folder, before))
        by.check(slots)
        info = where.prepare(chosen.dataset, before.dataset if before else None)
        _check_classes(order, info)
        data, images = measured(info, chosen.view, chosen.recipe.batch)
        if order.iterations is not None:
            steps, _ = steps_of(images.train, chosen.recipe.batch)
            epochs = max(1, round(order.iterations / steps))
            chosen = replace(chosen, recipe=lasting(chosen.recipe, epochs))
        networks = planned_networks(chosen.subjects, info.classes, shape)
        for network in networks.values():
            check(network, chosen.recipe, data)
        census = data.census
        notes = dict.fromkeys(said for one in networks.values() for said in one.notes_said)
        for sentence in (*notes, *census_sentences(census)):
            say.note(sentence)
        del data
        rates: dict[int, float] = {}
        begun = _begun(folder)  # the data may have taken their time
        if not files and machines.threads_are_open(asked, found, machine, begun):
            kinds = _kinds(chosen, networks, info, machine)
            rates = speed.tried(kinds, len(chosen.seeds), images, found.cpus, say.note)
        with folders.locked(folder) as refused:
            begun = _begun(folder)  # perhaps meanwhile, by another command: then as that has it
            machine, slots = machines.resolve(asked, found, begun)
            if files:
                slots = machines.with_loaders(slots, asked, found)
            elif begun is None and rates:
                machine, slots = machines.divided(machine, found, rates)
            opened = folders.open_folder(
                folder, chosen, networks, machine, info, order.command, census, order.rule
            )
            briefs = scan(folder, opened.plan)
            if order.part is not None:
                briefs = order.part.standing(briefs)
            if refused is None:
                briefs = _forgotten(briefs, folder, say)
                with folders.explained(folder):
                    order.begun(folder)
            elif any(brief.status not in OVER for brief in briefs):
                raise cannot_write(folder, refused)
        until = None if order.part is None else order.part.until
        hands = Hands(images, slots, by, until, order.as_drawn)
        return finish(opened, briefs, hands, say, order.report)


@dataclass(frozen=True)
class Hands:
    """What a sweep works with; `until` is that of a `Part`, `as_drawn` that of an `Order`."""

    images: Images
    slots: Sequence[machines.Slot]
    executor: Executor
    until: int | None = None
    as_drawn: bool = False


def finish(
    opened: folders.Opened,
    briefs: Sequence[Brief],
    hands: Hands,
    say: Console,
    report: Callable[[Path], list[Path]],
) -> tuple[Path, tuple[Path, ...]]:
    """Train what is missing of an opened plan, and report.

    Raises `ArchscopeError` where the report misses trials that have ended.
    """
    for note in (*opened.notes, *hands.executor.notes):
        say.note(note)
    _run(opened, briefs, hands, say)
    files = reported(opened.folder, report, say)
    if hands.until is None:
        _check_complete(opened.folder, briefs)
    return opened.folder, files


def reported(folder: Path, report: Callable[[Path], list[Path]], say: Console) -> tuple[Path, ...]:
    """The files of the folder's report, now written; none and a note where it may only be read."""
    with folders.explained(folder):
        try:
            return tuple(report(folder))
        except OSError as error:
            if not only_read(error):
                raise
            say.note(
                f"{folder} may only be read ({reason(error)}), so nothing is written there: "
                "archscope report --out DIR writes its report elsewhere."
            )
            return ()


def _check_complete(folder: Path, briefs: Sequence[Brief]) -> None:
    """Hold what a finished sweep scanned against what is read of it: all must have ended."""
    statuses = {record.key: record.status for record in read_sweep(folder).trials}
    lost = [
        brief.key
        for brief in briefs
        if statuses.get(brief.key) not in (*ENDED, "failed")
        and leases.is_free(trial := trial_folder(folder, brief.key), leases.newest(trial))
    ]
    if lost:
        raise ArchscopeError(
            f"{plural(len(lost), 'trial')} in {folder} ended, but "
            f"{'their results are' if len(lost) > 1 else 'its result is'} missing now "
            f"({', '.join(lost[:3])}{', ...' * (len(lost) > 3)}): run the same command again, "
            "which trains what is missing."
        )


def _run(opened: folders.Opened, briefs: Sequence[Brief], hands: Hands, say: Console) -> None:
    missing = [one for one in briefs if one.status not in OVER]
    images, slots, until = hands.images, hands.slots, hands.until
    say.note(announcement(opened, briefs, missing, images, len(slots), until))
    trials = [one.trial for one in missing]
    if not hands.as_drawn:
        trials = longest_first([(one.trial, one.epochs_done) for one in missing], images)
    progress = Progress(briefs, images, len(slots), until=until)
    observer: Display = display(progress) if say.live and missing else Silent()
    if say.tensorboard:
        observer = tensorboard.EventFiles(observer, opened.folder, briefs)
    with observer:
        if missing:
            supply = Supply(opened.folder, trials, until=until)
            hands.executor.run(supply, slots, observer, schedule.RUNNER)


def _check_classes(order: Order, found: DatasetInfo) -> None:
    """Raise `UsageError` where a network was given other classes than its images have."""
    if order.classes not in (None, found.classes):
        raise UsageError(
            f"{found.label} has {found.classes:,} classes, not {order.classes:,}; give a network "
            "of as many, or leave its classes out"
        )


def _begun(folder: Path) -> Machine | None:
    """The machine of an earlier plan in the folder, be it damaged."""
    return folders.machine_of(folder, folders.existing(folder))


def _kinds(
    chosen: Settings, networks: Mapping[str, Network], info: DatasetInfo, machine: Machine
) -> list[Trial]:
    """A trial of each network, for its speed: of no key and no seed of the plan."""
    shared = Conditions.of(chosen, info, machine)
    return [Trial("", 1, entry, shared) for entry in entries(networks)]


def _forgotten(briefs: list[Brief], folder: Path, say: Console) -> list[Brief]:
    """Failed trials are tried again, and damaged results put aside, which is said."""
    aside = f"{RESULT_FILE}.damaged"
    for number, brief in enumerate(briefs):
        path = trial_folder(folder, brief.key)
        if brief.damaged:
            with folders.explained(folder):
                (path / RESULT_FILE).replace(path / aside)
            say.note(
                f"{path / RESULT_FILE} was damaged and is kept as {aside}: the trial is trained "
                "again."
            )
        elif brief.status == "failed":
            with folders.explained(folder):
                (path / RESULT_FILE).unlink(missing_ok=True)
        else:
            continue
        briefs[number] = look(brief.trial, str(path))
    return briefs


def decisive(asked: Resources, dataset: str, where: Source) -> Mapping[str, Any]:
    """What was asked beside settings and decides results: part of the default folder's name."""
    device = None if asked.gpus is None else "gpu" if asked.gpus else "cpu"
    compiled = {"compile": True} if asked.compile else {}
    data = {"data": str(where.data_dir)} if dataset == FILES else {}
    return {
        "device": device,
        "threads": asked.threads,
        "precision": asked.precision,
        **compiled,
        **data,
    }
