"""A word from time to time while a command works in silence."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Event, Thread
from typing import Any

from archscope.cli.output import note

FIRST = 20.0  # seconds until the first word; each later one comes after twice as long
FASTER = {
    "solve": "; fewer free numbers or smaller ranges take less time",
    "enumerate": "; fewer free numbers, smaller ranges or --sample N take less time",
    "list": "",
    "compare": "",
    "equivalence": "",
    "table replay": "; fewer --repeats take less time",
}
"""The commands that may work long without a word, and what makes each faster."""


def patient(name: str, command: Callable[..., Any]) -> Callable[..., Any]:
    """The command, which says on stderr after 20, 40, 80, ... s that it is still at work."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        over = Event()
        teller = Thread(target=_tell, args=(over, FIRST, FASTER[name]), daemon=True)
        teller.start()
        try:
            return command(*args, **options)
        finally:
            over.set()
            teller.join()

    return run


def _tell(over: Event, due: float, faster: str) -> None:
    passed = 0.0
    while not over.wait(due - passed):
        note(f"Still at work after {due:g} s (Ctrl-C ends it{faster}).")
        passed, due = due, 2 * due
