"""What others wrote, run with care: optional packages, a user's functions, saved programs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError, UsageError


def require(package: str, extra: str | None = None) -> Any:
    """An optional package, imported.

    Raises:
        UsageError: naming the extra that installs it.
    """
    try:
        with without_cwd():
            return import_module(package)
    except ImportError as error:
        root = package.partition(".")[0]
        missing = isinstance(error, ModuleNotFoundError) and error.name == root
        why = "is not installed" if missing else f"cannot be imported ({told(error)})"
        raise UsageError(
            f"this needs {root}, which {why}; run pip install 'archscope[{extra or root}]'"
        ) from None


@contextmanager
def running(what: str) -> Iterator[None]:
    """Run what others wrote: a failure is one sentence, and what it prints goes to stderr."""
    try:
        with without_cwd(), redirect_stdout(sys.stderr):
            yield
    except ArchscopeError:
        raise
    except (Exception, SystemExit) as error:
        raise ArchscopeError(f"{what} failed with {told(error)}") from error


@contextmanager
def without_cwd() -> Iterator[None]:
    """Search no module in the working directory, unless PYTHONPATH names it.

    `python -m` and an empty entry of PYTHONPATH put it on `sys.path` unasked.
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
    first = first if first.isprintable() else ascii(first)[1:-1]
    return f"{type(error).__name__}: {first if len(first) <= 200 else first[:197] + '...'}"


@contextmanager
def held_to_weights() -> Iterator[None]:
    """Let `torch.load` read tensors alone, also where torch would try once more without limits."""
    key = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(key)
    os.environ[key] = "1"
    try:
        yield
    finally:
        os.environ.pop(key) if before is None else os.environ.update({key: before})


def _is_cwd(entry: str) -> bool:
    try:
        return Path(entry).resolve() == Path.cwd()
    except OSError:  # there is no working directory any more
        return entry == ""
