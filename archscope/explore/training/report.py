"""A folder's report: of a sweep, a study or a training, while it runs, or years later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.errors import UsageError
from archscope.files import only_read, reason
from archscope.reporting.figure.plot import PLAIN, Style
from archscope.reporting.folder import folder as folders
from archscope.reporting.folder.contents import Contents
from archscope.reporting.folder.versus_contents import versus_contents
from archscope.reporting.judge.verdicts import RESOLVE, check_resolve
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table
from archscope.sweep.store.locks import explained

FIGURES = ("png", "svg", "pdf")


@dataclass(frozen=True, repr=False)
class Report(Result):
    """The files that were written into `folder`, and what they hold.

    `refused` is why there are none, where the folder may only be read; else None.
    """

    folder: Path
    files: tuple[Path, ...]
    contents: Contents
    refused: str | None = None

    def document(self) -> dict[str, Any]:
        """The result as JSON, under the schema of what the folder holds."""
        return self.contents.document

    def tables(self) -> tuple[Table, ...]:
        """The tables that the files hold."""
        return self.contents.tables


def report(
    folder: Path | str,
    *,
    figures: Sequence[str] = folders.KINDS,
    resolve: float = RESOLVE,
    against: Path | str | None = None,
    versus: Path | str | None = None,
    out: Path | str | None = None,
    published: bool = False,
    style: Style = PLAIN,
) -> Report:
    """Write tables, figures and report.html of a sweep, study or training into its folder.

    Where that may only be read and no other is named, nothing is written: see `Report.refused`.

    Args:
        folder: as `cifar_sweep`, `study` or `train` wrote it; may still be running, or be
            a copy.
        figures: kinds of figure files: png, svg, pdf (with embedded fonts).
        resolve: the difference (points) that the verdicts try to resolve.
        against: the folder of a longer sweep of the same networks: how far the two orders agree.
        versus: the folder of a sweep of other designs: two populations side by side, see
            `archscope.reporting.judge.versus`.
        published: Figure 7 with the paper's own 14 points beside the sweep's.
        style: the width of the figures, and whether they have titles.
        out: another folder for the files, made if need be.

    Raises:
        UsageError: where the folder holds no sweep, or a kind is unknown; ArchscopeError: where it
            cannot be written.
    """
    check_resolve(resolve)
    if wrong := [kind for kind in figures if kind not in FIGURES]:
        raise UsageError(f"figures are {', '.join(FIGURES)}, not {wrong[0]}; choose any of these")
    folder = Path(folder)
    if versus is None:
        made = folders.contents(folder, resolve, against, published)
    elif against is not None or published:
        raise UsageError("--versus is a report of its own; leave --against and --published out")
    else:
        made = versus_contents(folder, Path(versus))
    into = folder if out is None else Path(out)
    with explained(into):
        try:
            into.mkdir(parents=True, exist_ok=True)
            return Report(into, tuple(made.write(into, figures, style)), made)
        except OSError as error:
            if out is not None or not only_read(error):
                raise
            return Report(folder, (), made, reason(error))
