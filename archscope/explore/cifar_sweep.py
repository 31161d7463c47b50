"""Figure 7 on your own data: prepare, plan, train, report; the same call again continues."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.arch.network import Network
from archscope.data.dataset import Dataset, DatasetInfo
from archscope.data.folder import NAME as FILES
from archscope.data.load import check_view, load, prepare
from archscope.data.view import View
from archscope.errors import UsageError
from archscope.report.folder import write as write_report
from archscope.report.sweep import document, results, table7
from archscope.report.table import Table
from archscope.sweep import folder as folders
from archscope.sweep import machine as machines
from archscope.sweep import plan, speed, tensorboard
from archscope.sweep.executor import Executor
from archscope.sweep.executor import opened as opened_executor
from archscope.sweep.live import Display, Silent, display
from archscope.sweep.machine import Resources
from archscope.sweep.presets import SINGLE
from archscope.sweep.progress import ENDED, Progress
from archscope.sweep.records import (
    RESULT_FILE,
    Sweep,
    TrialRecord,
    read_document,
    read_sweep,
    trial_folder,
)
from archscope.sweep.scan import Brief, look, scan
from archscope.sweep.signals import told
from archscope.sweep.supply import Supply
from archscope.sweep.work import (
    LONG,
    Images,
    duration,
    estimated_seconds,
    longest_first,
    trial_work,
)
from archscope.train.job import check
from archscope.train.recipe import lasting, steps_of

if TYPE_CHECKING:
    import pandas

    from archscope.train.devices import Inventory

_AGAIN = "the command that began the sweep tries them again"


@dataclass(frozen=True)
class SweepResult:
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
    def exit_code(self) -> int:
        """0, or 3 where trials failed."""
        return 3 if self.failed else 0

    def table(self) -> Table:
        """The columns of the paper's Table 7, a row for each network."""
        return table7(self.sweep)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.table()._repr_html_()

    def document(self) -> dict[str, Any]:
        """The table as JSON: schema `archscope.cifar_sweep/1`, a row for each network and trial."""
        return document(self.sweep)

    def to_frame(self) -> pandas.DataFrame:
        """One row for each trial: the columns of `results.csv`."""
        import pandas

        return pandas.DataFrame([dict(row) for row in results(self.sweep).rows])


def load_sweep(folder: Path | str) -> SweepResult:
    """A sweep from its folder, finished or not; raises ArchscopeError where there is none."""
    loaded = SweepResult(Path(folder))
    _ = loaded.sweep  # read now, so that a wrong folder is told here
    return loaded


@dataclass(frozen=True)
class Source:
    """Where the images come from; see `archscope.data.load.prepare`."""

    data_dir: Path | str | None = None
    label: str | None = None
    offline: bool = False

    def check(self) -> None:
        """Raise `UsageError` for a label that cannot be shown."""
        if self.label is not None and not self.label.isprintable():
            raise UsageError(
                "the data label has characters that cannot be printed: write plain text."
            )

    def prepare(self, name: str) -> DatasetInfo:
        """The data set `name`, found or fetched."""
        return prepare(name, data_dir=self.data_dir, offline=self.offline, label=self.label)

    def found(self, before: DatasetInfo) -> DatasetInfo:
        """The data of a sweep under its name for them, where they were, or where this source says.

        Raises `UsageError` for a name of one's own.
        """
        if self.label is not None:
            raise UsageError(
                f"the sweep calls its data {before.label}, and its workers take that from its "
                "plan: leave out --data-label."
            )
        if self.data_dir is None:
            return before
        return replace(self.prepare(before.name), label=before.label)


@dataclass(frozen=True)
class Console:
    """What the sweep says while it runs: `note` takes a sentence, `live` shows the trials.

    `tensorboard` writes event files as well (see `archscope.sweep.tensorboard`).
    """

    note: Callable[[str], None] = lambda text: print(text, file=sys.stderr)
    live: bool = True
    tensorboard: bool = False


def cifar_sweep(
    preset: str = "proxy",
    *,
    resources: Resources | None = None,
    source: Source | None = None,
    out: Path | str | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
    command: Sequence[str] = (),
    **settings: Any,
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
        settings: changes to the preset: `dataset`, `samples`, `holdout`, `whiten`, `depth`,
            `scale`, `templates`, `seeds`, `recipe`, `epochs`, `batch`, `lr`.

    Returns:
        the folder and its records. A folder that already holds some of the trials is continued at
        the step where each was stopped (after a crash at its last finished epoch); those that had
        failed are tried again.

    Raises:
        UsageError: for what cannot be, before anything is written.
        Interrupted: after SIGINT or SIGTERM; ArchscopeError: where the folder cannot be written.
    """
    asked, where, say = resources or Resources(), source or Source(), console or Console()
    chosen = plan.settings(preset, **settings)
    name = folders.default_folder(chosen, decisive(asked))
    order = Order(chosen, Path(out) if out else name, command=command)
    return SweepResult(*conduct(order, asked, where, say, inventory))


@dataclass(frozen=True)
class Order:
    """What a command has done: a plan, worked off in a folder.

    Attributes:
        settings: the plan.
        folder: where.
        iterations: mini-batches of each training, from which its epochs follow; None: the recipe's.
        report: writes the report of the folder, and returns the paths.
        begun: told the folder when its plan stands there, before the first training.
        command: what the user typed, for the record.
    """

    settings: plan.Settings
    folder: Path
    iterations: int | None = None
    report: Callable[[Path], list[Path]] = write_report
    begun: Callable[[Path], None] = lambda folder: None
    command: Sequence[str] = ()


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
    files, shape = chosen.dataset == FILES, plan.input_of(chosen.dataset)
    plan.networks(chosen.subjects, input_shape=shape)
    where.check()
    with told(folder), opened_executor(asked, inventory) as by:
        before, found = folders.existing(folder), by.inventory
        folders.check_dataset(folder, before, chosen)
        machine, slots = machines.resolve(asked, found, before or folders.remains(folder))
        by.check(slots)
        info = where.prepare(chosen.dataset)
        data, images = _measured(info, chosen.view, chosen.recipe.batch)
        if order.iterations is not None:
            steps, _ = steps_of(images.train, chosen.recipe.batch)
            epochs = max(1, round(order.iterations / steps))
            chosen = replace(chosen, recipe=lasting(chosen.recipe, epochs))
        networks = plan.networks(chosen.subjects, info.classes, shape)
        for network in networks.values():
            check(network, chosen.recipe, data)
        del data
        rates: dict[int, float] = {}
        begun = _begun(folder)  # the data may have taken their time
        if not files and machines.threads_are_open(asked, found, machine, begun):
            kinds = _kinds(chosen, networks, info, machine)
            rates = speed.tried(kinds, len(chosen.seeds), images, found.cpus, say.note)
        with folders.locked(folder):
            begun = _begun(folder)  # perhaps meanwhile, by another command: then as that has it
            machine, slots = machines.resolve(asked, found, begun)
            if files:
                slots = machines.with_loaders(slots, asked, found)
            elif begun is None and rates:
                machine, slots = machines.divided(machine, found, rates)
            opened = folders.open_folder(
                folder, chosen, networks, machine, asdict(info), order.command
            )
            with folders.explained(folder):
                order.begun(folder)
            briefs = _forget_failures(scan(folder, opened.document), folder)
        return _work_off(opened, briefs, _Hands(images, slots, by), say, order.report)


def work_off(
    folder: Path | str,
    *,
    resources: Resources | None = None,
    source: Source | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
) -> SweepResult:
    """Join the sweep in `folder`, as its plan stands, beside any others that work it off.

    For more machines: each takes trials that nobody trains, and returns when all have ended. The
    arguments are those of `cifar_sweep`.
    """
    asked, where, say = resources or Resources(), source or Source(), console or Console()
    where.check()
    if say.tensorboard:
        tensorboard.require()
    folder = Path(folder)
    with told(folder), opened_executor(asked, inventory) as by:
        before, found = read_document(folder), by.inventory
        machine, slots = machines.resolve(asked, found, before)
        by.check(slots)
        settings = before["settings"]
        if settings["dataset"] == FILES:
            slots = machines.with_loaders(slots, asked, found)
        info = where.found(DatasetInfo(**before["dataset"]))
        _, images = _measured(info, View.of(settings), settings["recipe"]["batch"])
        opened = folders.join_folder(folder, machine, asdict(info))
        briefs = scan(folder, opened.document)
        return SweepResult(*_work_off(opened, briefs, _Hands(images, slots, by), say, write_report))


@dataclass(frozen=True)
class _Hands:
    """What a sweep works with: the images of an epoch, where trials train, and by what."""

    images: Images
    slots: Sequence[machines.Slot]
    executor: Executor


def _work_off(
    opened: folders.Opened,
    briefs: Sequence[Brief],
    hands: _Hands,
    say: Console,
    report: Callable[[Path], list[Path]],
) -> tuple[Path, tuple[Path, ...]]:
    for note in (*opened.notes, *hands.executor.notes):
        say.note(note)
    _run(opened, briefs, hands, say)
    with folders.explained(opened.folder):
        return opened.folder, tuple(report(opened.folder))


def _run(opened: folders.Opened, briefs: Sequence[Brief], hands: _Hands, say: Console) -> None:
    missing = [brief for brief in briefs if brief.status not in (*ENDED, "failed")]
    images, slots = hands.images, hands.slots
    say.note(_announcement(opened, briefs, missing, images, len(slots)))
    trials = longest_first([(brief.trial, brief.epochs_done) for brief in missing], images)
    progress = Progress(briefs, images, len(slots))
    observer: Display = display(progress) if say.live and missing else Silent()
    if say.tensorboard:
        observer = tensorboard.EventFiles(observer, opened.folder, briefs)
    with observer:
        if missing:
            supply = Supply(opened.folder, trials)
            hands.executor.run(supply, slots, observer)


def _begun(folder: Path) -> Mapping[str, Any] | None:
    """What there is of an earlier plan in the folder, be it damaged."""
    return folders.existing(folder) or folders.remains(folder)


def _kinds(
    chosen: plan.Settings, networks: Mapping[str, Network], info: DatasetInfo, machine: plan.Machine
) -> list[dict[str, Any]]:
    """A trial of each network, as far as its speed depends on it."""
    shared = {
        "dataset": asdict(info),
        "recipe": chosen.recipe.to_dict(),
        "precision": machine.precision,
    }
    return [
        {
            **shared,
            "network": entry.network,
            "input": networks[entry.template].input,
            **entry.counts,
        }
        for entry in plan.entries(networks)
    ]


def _forget_failures(briefs: list[Brief], folder: Path) -> list[Brief]:
    """Failed trials are tried again: from here on, a failure is one of this run."""
    for number, brief in enumerate(briefs):
        if brief.status == "failed":
            path = trial_folder(folder, brief.key)
            with folders.explained(folder):
                (path / RESULT_FILE).unlink(missing_ok=True)
            briefs[number] = look(brief.trial, str(path))
    return briefs


def _announcement(
    opened: folders.Opened,
    briefs: Sequence[Brief],
    missing: Sequence[Brief],
    images: Images,
    workers: int,
) -> str:
    """What is about to happen, and on a CPU how long it will take."""
    machine, label = opened.document["machine"], opened.document["dataset"]["label"]
    failed = sum(brief.status == "failed" for brief in briefs)
    ended = len(briefs) - len(missing) - failed
    if not missing:
        but = f", but {failed} that failed: {_AGAIN}" if failed else ""
        return f"All {len(briefs)} trials in {opened.folder} are done{but}."
    work = [trial_work(brief.trial, images, brief.epochs_done) for brief in missing]
    counts = [f"{ended} more are done"] * bool(ended) + [f"{failed} failed"] * bool(failed)
    others = f" ({', '.join(counts)})" if counts else ""
    text = (
        f"{len(missing)} trials{others} on {label}, "
        f"{machine['device']}, {machine['precision']}, {workers} at a time, {machine['threads']} "
        f"thread{'s' * (machine['threads'] > 1)} each, in {opened.folder}"
    )
    if machine["device"] == "cpu":
        seconds = estimated_seconds(work, machine["precision"], workers)
        text += f"; about {duration(seconds)}, estimated before anything is measured"
        preset = opened.document["settings"]["preset"]
        if seconds > LONG and preset not in ("quick", SINGLE):
            text += " (--preset quick takes minutes)"
    return text + "."


def _measured(info: DatasetInfo, view: View, batch: int) -> tuple[Dataset, Images]:
    """The data as a trial sees them (but for whitening, which takes long), and their number.

    Raises `UsageError` where they are too few.
    """
    check_view(info, view)
    data = load(info, replace(view, whiten=None))
    if batch > len(data.train):
        raise UsageError(
            f"batch {batch} is more than the {len(data.train)} training images: choose less."
        )
    return data, Images(len(data.train), len(data.validation or data.test))


def decisive(asked: Resources) -> Mapping[str, Any]:
    """What was asked of the machine and decides results: part of the default folder's name."""
    device = None if asked.gpus is None else "gpu" if asked.gpus else "cpu"
    compiled = {"compile": True} if asked.compile else {}
    return {"device": device, "threads": asked.threads, "precision": asked.precision, **compiled}
