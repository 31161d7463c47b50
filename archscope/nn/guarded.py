"""What others wrote, opened with care: optional packages and saved programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from archscope.errors import UsageError
from archscope.running import running, told, without_cwd, without_log

__all__ = ["held_to_weights", "require", "running", "told", "without_cwd", "without_log"]


def require(package: str, extra: str | None = None) -> Any:
    """An optional package, imported.

    Raises:
        UsageError: naming the extra that installs it.
    """
    try:
        with without_cwd():
            return import_module(package)
    except (ImportError, RuntimeError, OSError) as error:  # made for another torch, say
        root = package.partition(".")[0]
        missing = isinstance(error, ModuleNotFoundError) and error.name == root
        why = "is not installed" if missing else f"cannot be imported ({told(error)})"
        raise UsageError(
            f"this needs {root}, which {why}; run pip install 'archscope[{extra or root}]'"
        ) from None


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
