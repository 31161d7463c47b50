"""A whole experiment of a paper at a chosen scale, put beside the published numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.cost.formula import CONVENTION
from archscope.errors import ArchscopeError
from archscope.explore.cifar_sweep import Console, Source, SweepResult, cifar_sweep, load_sweep
from archscope.files import write_json, write_text
from archscope.report import study as report
from archscope.report.formats import text
from archscope.report.table import Column, Table, render
from archscope.report.verdicts import RESOLVE, check_resolve
from archscope.sweep.machine import Resources
from archscope.sweep.study import Study
from archscope.sweep.study_file import read_study, study_names

if TYPE_CHECKING:
    import pandas

STUDY_FILE = "study.toml"


@dataclass(frozen=True)
class StudyResult:
    """A study; `preset` and `trained` are None where nothing was trained."""

    study: Study
    preset: str | None
    trained: SweepResult | None
    resolve: float

    @property
    def exit_code(self) -> int:
        """0, or 3 where trials failed."""
        return self.trained.exit_code if self.trained else 0

    @cached_property
    def tables(self) -> list[Table]:
        """Ours beside the published; where trained, verdicts and the proxy's honesty as well."""
        if self.preset is None or self.trained is None:
            return [report.study_table(self.study)]
        sweep = self.trained.sweep
        tables = [report.study_table(self.study, self.preset, sweep)]
        if found := report.judged(self.study, self.preset, sweep, self.resolve):
            tables.append(report.verdict_table(found))
        if honest := report.honesty(self.study, self.preset, sweep):
            tables.append(report.honesty_table(*honest))
        return tables

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return "".join(table._repr_html_() for table in self.tables)

    def to_frame(self) -> pandas.DataFrame:
        """A pandas row for each row of the study, ours beside the published."""
        import pandas

        rows = self.document()["rows"]
        return pandas.DataFrame([{**row.pop("published"), **row} for row in rows])

    def write(self) -> list[Path]:
        """Write study.json, study.md and the study's report.html into the folder."""
        from archscope.report.page import page

        assert self.trained is not None and self.preset is not None
        folder, sweep = self.trained.folder, self.trained.sweep
        write_json(folder / "study.json", self.document())
        found = report.judged(self.study, self.preset, sweep, self.resolve)
        tables = [table for table in self.tables if table.title != "Verdicts"]
        contents = {
            "study.md": render(self.tables, "markdown"),
            "report.html": page(sweep, title=self.study.title, found=found, before=tables),
        }
        for name, content in contents.items():
            write_text(folder / name, content)
        return [folder / "study.json", *(folder / name for name in contents)]

    def document(self) -> dict[str, Any]:
        """The result as JSON: schema `archscope.study_result/1`."""
        sweep = self.trained.sweep if self.trained else None
        document: dict[str, Any] = {
            "schema": "archscope.study_result/1",
            "convention": CONVENTION,
            **self.study.texts,
            "preset": self.preset,
            "folder": str(self.trained.folder) if self.trained else None,
            "measures": list(self.study.measures),
            "rows": [
                _named(row, self.study.measures)
                for row in report.study_rows(self.study, self.preset, sweep)
            ],
            "notes": list(self.tables[0].notes),
        }
        if sweep and self.preset:
            found = report.judged(self.study, self.preset, sweep, self.resolve)
            honest = report.honesty(self.study, self.preset, sweep)
            document["verdicts"] = [report.verdict_row(verdict) for verdict in found]
            document["honesty"] = [
                {"order": one.order, "tau": one.tau, "interval": one.interval, "n": one.networks}
                for one in (honest[1] if honest else [])
            ]
        return document


def _named(row: dict[str, Any], measures: Sequence[str]) -> dict[str, Any]:
    """The row with its published values under the names of what they are."""
    published = {name: row.pop(f"published{i}") for i, name in enumerate(measures)}
    return {**row, "published": published}


def study(
    name: str,
    preset: str | None = None,
    *,
    seeds: str | int | None = None,
    resources: Resources | None = None,
    source: Source | None = None,
    out: Path | str | None = None,
    console: Console | None = None,
    command: Sequence[str] = (),
    resolve: float = RESOLVE,
) -> StudyResult:
    """Run a study and put the result beside the published numbers.

    Args:
        name: a built-in study (`study_list`), or the path of a TOML file of the same form.
        preset: one of the study's; "none" trains nothing; without it, "proxy" where the study has
            one, else nothing is trained.
        seeds: instead of the preset's.
        resources, source, console, command: as `cifar_sweep` has them.
        out: the folder; without it, `runs/study-NAME-PRESET`.
        resolve: the difference of errors (points) that the verdicts try to resolve.

    Returns:
        the study with its trainings; the folder also holds study.json and study.md then.

    Raises:
        UsageError: for an unknown study or preset, or a file that breaks a rule.
    """
    check_resolve(resolve)
    chosen = read_study(name)
    if preset is None:
        preset = "proxy" if "proxy" in chosen.presets else "none"
    if preset == "none":
        return StudyResult(chosen, None, None, resolve)
    settings = {**chosen.settings(preset)} if chosen.templates(preset) else {}
    if seeds is not None:
        settings["seeds"] = seeds
    trained = cifar_sweep(
        chosen.base(preset),
        resources=resources,
        source=source,
        out=out or Path("runs") / f"study-{chosen.name}-{preset}",
        console=console,
        command=command,
        **settings,
    )
    write_text(trained.folder / STUDY_FILE, chosen.source_text)
    result = StudyResult(chosen, preset, trained, resolve)
    result.write()
    return result


def load_study(folder: Path, resolve: float = RESOLVE) -> StudyResult | None:
    """The study whose trainings stand in a folder; None where it holds a plain sweep."""
    path = folder / STUDY_FILE
    if not path.is_file():
        return None
    try:
        preset = json.loads((folder / "study.json").read_text("utf-8"))["preset"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ArchscopeError(
            f"{folder}/study.json is missing or damaged, so the preset of the study is not known; "
            "run the study again with the same --out, which trains nothing that is done"
        ) from None
    return StudyResult(read_study(str(path)), preset, load_sweep(folder), resolve)


def study_list() -> Table:
    """The built-in studies, a row each."""
    rows = []
    for name in study_names():
        one = read_study(name)
        rows.append(
            {
                "name": name,
                "source": one.source,
                "question": one.question,
                "presets": ", ".join(one.presets) or "nothing is trained",
            }
        )
    columns = [
        Column("name", "study", text, "left"),
        Column("source", "source", text, "left"),
        Column("question", "question", text, "left"),
        Column("presets", "presets", text, "left"),
    ]
    notes = ["archscope study NAME [--preset P]; a .toml file of the same form is one's own study."]
    return Table("Studies of the two papers", columns, rows, notes)
