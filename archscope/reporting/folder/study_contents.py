"""A study's report: ours beside the published, verdicts, and how honest the proxy is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.cost.formula import CONVENTION
from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError
from archscope.files import read_ours, write_json, write_text
from archscope.reporting.facts.wording import trouble
from archscope.reporting.folder.contents import Contents, markdown
from archscope.reporting.folder.honesty import (
    agreement_rows,
    honesty,
    honesty_against,
    honesty_table,
)
from archscope.reporting.folder.study import (
    VERDICTS,
    judged,
    study_table,
    verdict_row,
    verdict_table,
)
from archscope.reporting.folder.sweep_contents import (
    figures,
    further,
    shared_texts,
)
from archscope.reporting.judge.more_seeds import commands
from archscope.reporting.judge.rounds import sentences
from archscope.reporting.judge.verdicts import RESOLVE
from archscope.reporting.table.json_csv import json_text
from archscope.reporting.table.table import Table
from archscope.studies.reader import read_study
from archscope.studies.study import Study
from archscope.sweep.store.records import Sweep

STUDY_FILE = "study.toml"
RESULT_FILE = "study.json"


@dataclass(frozen=True)
class Kept:
    """A study as a folder has it: its text, and which preset was trained or timed."""

    study: Study
    preset: str


def keep(folder: Path, kept: Kept, document: dict[str, Any]) -> None:
    """Make the folder one of this study: its text, and the preset in `document`.

    study.toml, which says that the folder is a study's, comes last.
    """
    write_json(folder / RESULT_FILE, document)
    write_text(folder / STUDY_FILE, kept.study.source_text)


def kept_study(folder: Path) -> Kept | None:
    """The study that a folder is of; None where it is of none.

    Raises:
        ArchscopeError: where the preset cannot be told, as study.json is damaged, or study.toml is
            not the one that it was written with.
    """
    path = folder / STUDY_FILE
    if not os.path.lexists(path):
        return None
    study = read_study(str(path))
    try:
        document = json_value(read_ours(folder / RESULT_FILE) or b"")
        preset, digest = document["preset"], document.get("study_sha256", study.digest)
        if preset not in study.presets:
            raise KeyError(preset)
    except (Unclear, KeyError, TypeError, AttributeError):
        raise ArchscopeError(
            f"{folder / RESULT_FILE} is missing or damaged, so the preset of the study is not "
            "known; run the study again with the same --out, which trains nothing that is done"
        ) from None
    if digest != study.digest:
        raise ArchscopeError(
            f"{path} was changed or damaged since the study was run: restore it, or run the study "
            "again with the same --out, which trains nothing that is done"
        )
    return Kept(study, preset)


def study_tables(
    study: Study, preset: str | None = None, sweep: Sweep | None = None, resolve: float = RESOLVE
) -> list[Table]:
    """Ours beside the published; where trained, verdicts and the proxy's honesty as well."""
    tables = [study_table(study, preset, sweep)]
    if preset and sweep:
        if found := judged(study, preset, sweep, resolve):
            more = commands(sweep, found, study.templates(preset))
            tables.append(verdict_table(found, more))
        if honest := honesty(study, preset, sweep):
            tables.append(honesty_table(honest))
    return tables


def study_document(
    study: Study, preset: str | None = None, sweep: Sweep | None = None, resolve: float = RESOLVE
) -> dict[str, Any]:
    """The result as JSON: schema `archscope.study_result/1`."""
    table = study_table(study, preset, sweep)
    document = result_document(study, preset, sweep.folder if sweep else None, table)
    if sweep and preset:
        found, honest = judged(study, preset, sweep, resolve), honesty(study, preset, sweep)
        document["verdicts"] = [verdict_row(verdict) for verdict in found]
        document["more_seeds"] = commands(sweep, found, study.templates(preset))
        document["honesty"] = agreement_rows(honest) if honest else []
    return document


def result_document(
    study: Study, preset: str | None, folder: Path | None, table: Table
) -> dict[str, Any]:
    """What the result of any study has as JSON: its rows and notes are those of `table`."""
    return {
        "schema": "archscope.study_result/1",
        "convention": CONVENTION,
        **study.texts,
        "study_sha256": study.digest,
        "preset": preset,
        "folder": None if folder is None else str(folder),
        "measures": list(study.measures),
        "rows": [_named(row, study.measures) for row in table.rows],
        "notes": list(table.notes),
    }


def _named(row: Mapping[str, Any], measures: Sequence[str]) -> dict[str, Any]:
    """The row with its published values under the names of what they are."""
    values = dict(row)
    published = {name: values.pop(f"published{i}") for i, name in enumerate(measures)}
    return {**values, "published": published}


def study_contents(
    kept: Kept,
    sweep: Sweep,
    resolve: float = RESOLVE,
    longer: Sweep | None = None,
    published: bool = False,
) -> Contents:
    """The report of a study's sweep, finished or not; the rest as `folder.contents` has it."""
    study, preset = kept.study, kept.preset
    tables = study_tables(study, preset, sweep, resolve)
    against = None if longer is None else honesty_against(sweep, longer)
    if against:
        tables.append(honesty_table(against))
    result = study_document(study, preset, sweep, resolve)

    def made_page() -> str:
        from archscope.reporting.folder.page import page

        found = judged(study, preset, sweep, resolve)
        shown = [table for table in tables if table.title != VERDICTS]  # they stand at the top
        names = study.templates(preset)
        more = commands(sweep, found, names)
        return page(sweep, title=study.title, found=found, more=more, before=shown, templates=names)

    also = further(sweep)
    every = (*tables, *also.tables())
    texts: dict[str, Callable[[], str]] = {
        **shared_texts(sweep),
        "report.html": made_page,
        RESULT_FILE: lambda: json_text(result),
        "study.md": lambda: markdown(every, [*sentences(sweep), *trouble(sweep)]),
    }
    document = {**result, **also.document(against)}
    return Contents(every, document, texts, figures(sweep, also, published))
