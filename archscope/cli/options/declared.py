"""How an option is declared, and the groups of options in `--help`."""

from __future__ import annotations

from copy import copy
from typing import Any

import typer

from archscope.cli.completion import Complete
from archscope.cli.help import GENERAL

__all__ = [
    "BLOCK",
    "GENERAL",
    "HOW",
    "LISTED",
    "NETWORK",
    "TASK",
    "WHAT",
    "WHERE",
    "option",
    "otherwise",
]

# The main options of a command stand in no group.
WHAT, HOW, WHERE = "What is trained", "How it is trained", "Where"
BLOCK, NETWORK = "One block", "Whole networks"
TASK, LISTED = "Input and classes", "What is listed"


def option(
    *names: str,
    help: str,
    value: str | None = None,
    panel: str | None = None,
    default: str | None = None,
    complete: Complete | None = None,
    min: int | None = None,
    max: int | None = None,
) -> Any:
    """An option.

    Args:
        names: as `--width`, `-d`.
        help: what it does.
        value: what its value is called in the help; a flag has none.
        panel: its group in the help.
        default: shown where the code's own is None, or unclear.
        complete: what the shell completes.
        min, max: bounds of a number.
    """
    return typer.Option(
        *names,
        help=help,
        metavar=value,
        rich_help_panel=panel,
        show_default=default or True,
        autocompletion=complete,
        min=min,
        max=max,
    )


def otherwise(declared: Any, default: str) -> Any:
    """The same option, of a command in which it has another default."""
    same = copy(declared)
    same.show_default = default
    return same
