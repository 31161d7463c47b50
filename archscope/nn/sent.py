"""A module that somebody holds, sent to a process that we start, and loaded there."""

from __future__ import annotations

import pickle
import sys
from contextlib import redirect_stdout
from io import BytesIO
from types import FunctionType
from typing import Any

from torch import nn

from archscope.errors import ArchscopeError, UsageError, shown
from archscope.running import told


def sent(module: nn.Module, name: str) -> bytes:
    """A module as bytes, its weights included.

    Raises:
        UsageError: where a fresh process could not load it.
    """
    data = BytesIO()
    try:
        _Sender(data, pickle.HIGHEST_PROTOCOL).dump(module)
    except Exception as error:  # pickle raises whatever the module's parts do
        raise UsageError(
            f"a fresh process takes only what it can import, and {shown(name)} is not "
            f"({shown(str(error))}); define it in a file of its own"
        ) from None
    return data.getvalue()


def received(data: bytes, name: str) -> nn.Module:
    """The module that `sent` was given.

    Raises:
        ArchscopeError: where it cannot be loaded.
    """
    try:  # from where the sender found its parts, the working directory included
        with redirect_stdout(sys.stderr):
            return pickle.loads(data)  # type: ignore[no-any-return]
    except Exception as error:
        raise ArchscopeError(f"loading {name} in a fresh process failed: {told(error)}") from error


class _Sender(pickle.Pickler):
    def reducer_override(self, part: Any) -> Any:
        """Refuse what a script or a notebook defines: a fresh process does not run it."""
        if isinstance(part, type | FunctionType) and part.__module__ == "__main__":
            raise pickle.PicklingError(f"{part.__qualname__} is in __main__")
        return NotImplemented
