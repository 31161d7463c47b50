"""What the training commands share: refuse early, and report the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archscope.cli.output import Format, check_destination, note, print_result, resolve_format
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.explore.training.cifar_sweep import SweepResult


def check_output(format: Format | None, output: Path | None) -> None:
    """Refuse before hours of training what could not be written after them."""
    try:
        resolve_format(format, output)
    except UsageError as error:
        raise UsageError(f"{error}; what is trained is kept in --out") from None
    check_destination(output)


def show(result: SweepResult, format: Format | None, output: Path | None) -> None:
    """Print the table, and say what failed and what was written."""
    print_result(result, format, output)
    for record in (*result.failed, *result.diverged):
        note(f"{record.status}: {record.key}: {record.reason or 'unknown'}")
    if result.failed:
        note("Run the same command again to retry what failed once more.")
    if result.diverged:
        note("A diverged trial would diverge again: choose a lower --lr and another --out.")
    written(result.folder, result.files)


def written(folder: Path, files: Sequence[Path]) -> None:
    """Say what was written, if anything was."""
    if files:
        note(f"Written to {folder}: {', '.join(path.name for path in files)}.")


def conclude(answer: str, folder: Path, files: Sequence[Path]) -> None:
    """Say the answer, and where its page is."""
    if answer:
        note(answer)
    page = folder / "report.html"
    if page in files:
        note(f"The page: {page}")
