"""A folder that may only be read, for this process, whoever it is: root is refused nothing."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CLOSED: list[str] = []
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link"}


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not _CLOSED or (event != "open" and event not in _CHANGES):
        return
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITES):
        return
    path = arguments[0]
    if isinstance(path, int) or path is None:
        return
    if event == "os.mkdir" and Path(os.fsdecode(path)).is_dir():
        return  # as the system, which says that it is there
    place = os.path.realpath(os.fsdecode(path))
    if any(place == closed or place.startswith(f"{closed}/") for closed in _CLOSED):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fsdecode(path))


_hooked: list[bool] = []


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Refuse whatever would write below `folder`, as a file system that is mounted so does."""
    if not _hooked:
        sys.addaudithook(_refuse)
        _hooked.append(True)
    _CLOSED.append(os.path.realpath(folder))
    try:
        yield
    finally:
        _CLOSED.pop()
