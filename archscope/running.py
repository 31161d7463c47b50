"""What others wrote, run with care: a failure is one sentence, the cwd is not searched."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from archscope.errors import ArchscopeError
from archscope.plain_text import visible


@contextmanager
def running(what: str) -> Iterator[None]:
    """Run what others wrote: a failure is one sentence, and what it prints goes to stderr."""
    try:
        with without_cwd(), without_arguments(), redirect_stdout(sys.stderr):
            yield
    except ArchscopeError:
        raise
    except (Exception, SystemExit) as error:
        raise ArchscopeError(f"{what} failed with {told(error)}") from error


@contextmanager
def without_log(name: str) -> Iterator[None]:
    """Silence a library's log but for errors: what it warns of is said by us, or by its failure."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def without_arguments() -> Iterator[None]:
    """Let a script's own parser of arguments see none: ours are not meant for it."""
    before = list(sys.argv)
    sys.argv[1:] = []
    try:
        yield
    finally:
        sys.argv[:] = before


@contextmanager
def without_cwd() -> Iterator[None]:
    """Search no module in the working directory, unless PYTHONPATH names it.

    `python -m` and an empty entry of PYTHONPATH put it on `sys.path`.
    """
    before = list(sys.path)
    asked = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if not any(map(_is_cwd, asked)):
        sys.path[:] = [entry for entry in before if not _is_cwd(entry)]
    try:
        yield
    finally:
        sys.path[:] = [*(entry for entry in sys.path if entry not in before), *before]


def told(error: BaseException) -> str:
    """An error by its first sentence: `ValueError: no such width`."""
    sentences = re.split(r"(?<=[.!?])\s|\n", str(error).strip())
    first = sentences[0].rstrip(".") or "no message"
    first = visible(first)
    return f"{type(error).__name__}: {first if len(first) <= 200 else first[:197] + '...'}"


def _is_cwd(entry: str) -> bool:
    try:
        return Path(entry).resolve() == Path.cwd()
    except OSError:  # there is no working directory any more
        return entry == ""
