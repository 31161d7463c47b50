"""Files that are either whole or absent."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


def write_atomically(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place.

    The file is synced before the rename and the folder after it, so that a crash or a full disk
    leaves either the old content or the new one, never a part.
    """
    # Not the process's number: another machine that shares the folder may have the same one.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    write_atomically(path, lambda stream: stream.write(text.encode("utf-8")))


def write_json(path: Path, document: Any) -> None:
    """Write `document` as indented JSON, atomically. NaN is refused: JSON has none."""
    write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
