"""A whole experiment of a paper at a chosen scale, put beside the published numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.data.sets.folder import NAME as FILES
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.training.cifar_sweep import SweepResult, load_sweep
from archscope.explore.training.images_from import Source, taken_apart
from archscope.explore.training.run_plan import Console, Order, conduct
from archscope.explore.training.timing_study import TimingOrder, measure
from archscope.explore.training.until_decided import Stopping, train_until_decided
from archscope.reporting.facts.bench_file import read_bench
from archscope.reporting.folder.folder import write as write_report
from archscope.reporting.folder.study_contents import (
    Kept,
    keep,
    kept_study,
    study_document,
    study_tables,
)
from archscope.reporting.folder.timing import timing_document, timing_table
from archscope.reporting.judge.verdicts import RESOLVE, check_resolve
from archscope.reporting.table.formats import text
from archscope.reporting.table.result import Result, Tables
from archscope.reporting.table.table import Column, Table
from archscope.studies.reader import read_study, study_names
from archscope.studies.study import Study
from archscope.sweep.plan.presets import Changes
from archscope.sweep.plan.settings import settings as planned_settings
from archscope.sweep.plan.slots import Resources
from archscope.sweep.store.records import read_sweep

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, repr=False)
class StudyResult(Result):
    """A study; `preset` is None where nothing was trained or timed.

    `trained` is its sweep, `timed` the folder of its times, `files` those of the report that were
    written there.
    """

    study: Study
    preset: str | None
    trained: SweepResult | None
    resolve: float
    timed: Path | None = None
    files: tuple[Path, ...] = ()

    @property
    def folder(self) -> Path | None:
        """Where it was trained or measured."""
        return self.trained.folder if self.trained else self.timed

    @property
    def exit_code(self) -> int:
        """0, or 3 where trials failed or diverged."""
        return self.trained.exit_code if self.trained else 0

    def tables(self) -> list[Table]:
        """Ours beside the published; where trained, verdicts and the proxy's honesty as well."""
        if self.timed is not None:
            return [timing_table(self.study, read_bench(self.timed))]
        return study_tables(*self._arguments)

    def to_frame(self) -> pandas.DataFrame:
        """A pandas row for each row of the study, ours beside the published where trained."""
        import pandas

        rows = self.document()["rows"]
        frame = pandas.DataFrame([{**row.pop("published"), **row} for row in rows])
        return frame.dropna(axis="columns", how="all")

    def document(self) -> dict[str, Any]:
        """The result as JSON: schema `archscope.study_result/1`."""
        if self.timed is not None:
            assert self.preset is not None
            bench = read_bench(self.timed)
            return timing_document(self.study, self.preset, bench, self.timed)
        return study_document(*self._arguments)

    @property
    def _arguments(self) -> tuple[Any, ...]:
        sweep = self.trained.sweep if self.trained else None
        return self.study, self.preset, sweep, self.resolve


def study(
    name: str,
    preset: str | None = None,
    *,
    seeds: str | int | None = None,
    dataset: str | None = None,
    resources: Resources | None = None,
    source: Source | None = None,
    out: Path | str | None = None,
    console: Console | None = None,
    command: Sequence[str] = (),
    resolve: float = RESOLVE,
    until: Stopping | None = None,
) -> StudyResult:
    """Run a study and put the result beside the published numbers.

    Args:
        name: a built-in study (`study_list`), or the path of a TOML file of the same form.
        preset: one of the study's; "none" trains nothing; without it, "proxy" where the study has
            one, else nothing is trained.
        seeds, dataset: instead of the preset's; `folder:DIR` is trained on by the recipe for image
            folders, and on all of its images.
        resources, source, console, command: as `cifar_sweep` has them; for times, `gpus` 0 is
            the CPU and any other number the first GPU.
        out: the folder; without it, `runs/study-NAME-PRESET`.
        resolve: the difference of errors (points) that the verdicts try to resolve.
        until: when to stop: seeds are trained only until the study's pairs are decided; it has the
            seeds and `resolve` as well, which are then left out.

    Returns:
        the study with its trainings. The folder is the study's from its start: it also holds
        study.toml and study.json, and its report is the study's, whoever writes it.

    Raises:
        UsageError: for an unknown study or preset, a file that breaks a rule, or the folder of
            another study.
    """
    check_resolve(resolve)
    chosen = read_study(name)
    if preset is None:
        preset = "proxy" if "proxy" in chosen.presets else "none"
    if preset == "none":
        return StudyResult(chosen, None, None, resolve)
    chosen.check_preset(preset)
    folder = Path(out) if out else Path("runs") / f"study-{chosen.name}-{preset}"
    kept = Kept(chosen, preset)
    _refuse_another(folder, kept)
    asked, say = resources or Resources(), console or Console()
    if chosen.is_timed(preset):
        _refuse_training_options(kept, {"seeds": seeds, "dataset": dataset}, resources, source)
        files = measure(TimingOrder(kept, folder, command), asked, say)
        return StudyResult(chosen, preset, None, resolve, folder, files)
    if until is not None:
        seeds = ",".join(map(str, until.seeds(seeds)))
    changes, where = _changes(kept, seeds, dataset, source or Source())
    order = Order(
        planned_settings(chosen.base(preset), **changes),
        folder,
        report=partial(write_report, resolve=resolve),
        begun=partial(_begin, kept),
        command=command,
        rule=None if until is None else until.rule(_pairs(kept), drop=False),
    )
    trained = SweepResult(*(train_until_decided if until else conduct)(order, asked, where, say))
    return StudyResult(chosen, preset, trained, resolve, files=trained.files)


def _changes(
    kept: Kept, seeds: str | int | None, dataset: str | None, where: Source
) -> tuple[Changes, Source]:
    """What the study trains, on the data that are asked for, and where these are."""
    changes = kept.study.settings(kept.preset)
    if seeds is not None:
        changes["seeds"] = seeds
    if dataset is not None:
        changes["dataset"] = dataset
    if (named := changes.get("dataset")) is not None:
        changes["dataset"], where = taken_apart(named, where)
    if dataset is not None and changes.get("dataset") == FILES:
        changes.pop("recipe", None)  # these are of images of one size
        changes.pop("samples", None)
        changes.pop("whiten", None)
    return changes, where


def _refuse_training_options(
    kept: Kept,
    given: Mapping[str, object],
    resources: Resources | None,
    source: Source | None,
) -> None:
    """What a measurement of times has no use for."""
    asked = {
        **given,
        "workers": resources and resources.workers,
        "executor": resources and resources.ray,
        "address": resources and resources.ray and resources.ray.address,
        "trials-per-gpu": resources and resources.trials_per_gpu,
        "data-dir": source and source.data_dir,
        "data-label": source and source.label,
        "offline": source and source.offline,
    }
    if needless := [f"--{name}" for name, value in asked.items() if value]:
        raise UsageError(
            f"study {kept.study.name}, preset {kept.preset}, measures times and trains "
            f"nothing; leave out {', '.join(needless)}"
        )


def _pairs(kept: Kept) -> list[tuple[str, str]]:
    """The templates of the study's pairs."""
    templates = kept.study.templates(kept.preset)
    pairs = [(templates[a], templates[b]) for a, b in kept.study.pairs if {a, b} <= {*templates}]
    if not pairs:
        raise UsageError(
            f"study {kept.study.name} names no pairs to compare; name networks to archscope decide"
        )
    return pairs


def _begin(kept: Kept, folder: Path) -> None:
    """Keep the study in its folder, before anything is trained."""
    keep(folder, kept, study_document(kept.study, kept.preset, read_sweep(folder)))


def _refuse_another(folder: Path, asked: Kept) -> None:
    """A folder is of one study and preset: the report has room for no second one."""
    try:
        there = kept_study(folder)
    except ArchscopeError:
        return  # damaged: it is written anew
    if there is None or (there.study.name, there.preset) == (asked.study.name, asked.preset):
        return
    raise UsageError(
        f"{folder} holds study {there.study.name} (preset {there.preset}), not "
        f"{asked.study.name} (preset {asked.preset}); choose another --out"
    )


def load_study(folder: Path | str, resolve: float = RESOLVE) -> StudyResult:
    """A study from its folder, finished or not; raises UsageError where there is none."""
    folder = Path(folder)
    kept = kept_study(folder)
    if kept is None:
        raise UsageError(
            f"{folder} is not a study's folder (it has no study.toml): name one that `archscope "
            "study` has written"
        )
    if kept.study.is_timed(kept.preset):
        return StudyResult(kept.study, kept.preset, None, resolve, folder)
    return StudyResult(kept.study, kept.preset, load_sweep(folder), resolve)


def study_list() -> Tables:
    """The built-in studies, a row each."""
    rows = []
    for name in study_names():
        one = read_study(name)
        rows.append(
            {
                "name": name,
                "source": one.source,
                "question": one.question,
                "presets": ", ".join(one.presets) or "nothing is trained or timed",
            }
        )
    columns = [
        Column("name", "study", text, "left"),
        Column("source", "source", text, "left"),
        Column("question", "question", text, "left"),
        Column("presets", "presets", text, "left"),
    ]
    notes = ["archscope study NAME [--preset P]; a .toml file of the same form is one's own study."]
    return Tables([Table("Studies of the two papers", columns, rows, notes)])
