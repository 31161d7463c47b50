"""A sweep's or study's report from its folder: while it runs, or years later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.errors import UsageError
from archscope.explore.cifar_sweep import load_sweep
from archscope.explore.study import load_study
from archscope.report.study import verdict_table
from archscope.report.sweep import write
from archscope.report.sweep_verdicts import sweep_verdicts
from archscope.report.table import Table
from archscope.report.verdicts import RESOLVE, check_resolve

FIGURES = ("png", "svg", "pdf")


@dataclass(frozen=True)
class Report:
    """The files that were written, and the tables that they hold."""

    folder: Path
    files: tuple[Path, ...]
    tables: tuple[Table, ...]
    document: dict[str, Any]


def report(
    folder: Path | str, *, figures: Sequence[str] = ("png", "svg"), resolve: float = RESOLVE
) -> Report:
    """Write tables, figures and report.html of a sweep or study into its folder.

    Args:
        folder: as `cifar_sweep` or `study` wrote it; may still be running, or be a copy.
        figures: kinds of figure files: png, svg, pdf (with embedded fonts).
        resolve: the difference (points) that the verdicts try to resolve.

    Raises:
        UsageError: where the folder holds no sweep, or a kind is unknown.
    """
    check_resolve(resolve)
    if wrong := [kind for kind in figures if kind not in FIGURES]:
        raise UsageError(
            f"figures as {wrong[0]} were asked for; choose any of {', '.join(FIGURES)}"
        )
    folder = Path(folder)
    loaded = load_sweep(folder)
    files = write(folder, figures)
    study = load_study(folder, resolve)
    if study is not None:
        files = list(dict.fromkeys([*files, *study.write()]))
        return Report(folder, tuple(files), tuple(study.tables), study.document())
    tables = [loaded.table()]
    if found := sweep_verdicts(loaded.sweep, resolve):
        tables.append(verdict_table(found))
    return Report(folder, tuple(files), tuple(tables), loaded.document())
