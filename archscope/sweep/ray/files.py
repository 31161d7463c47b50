"""A trial's folder in two places: what a training changes in one is done again in the other.

For a machine that trains without seeing the sweep's folder. No ray here: what travels is a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from archscope.files import read, write_atomically
from archscope.sweep.store.records import METRICS_FILE
from archscope.sweep.store.result import RESULT_FILE

_STATE = (".pt",)  # checkpoints, by the ending of their names
# In this order they are put in place: metrics.jsonl is a view of the checkpoint.
_LAST = (METRICS_FILE, RESULT_FILE)


@dataclass(frozen=True)
class Changes:
    """What to do in a folder: files to rename (old, new), contents to write, files to remove."""

    moves: tuple[tuple[str, str], ...]
    contents: dict[str, bytes]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.moves or self.contents or self.removed)


class _Stamp(NamedTuple):
    """A version of a file: the same under another name, it was renamed."""

    inode: int
    size: int
    changed: int


class Mirror:
    """Tells what has changed in `folder` since it was last asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known = self._stamps()

    def changes(self) -> Changes:
        """What has changed; nothing may write there meanwhile.

        A checkpoint that only took another name is not sent again.
        """
        before, now = self._known, self._stamps()
        names = {stamp: name for name, stamp in before.items()}
        fresh = {name: stamp for name, stamp in now.items() if before.get(name) != stamp}
        moves = tuple((names[stamp], name) for name, stamp in fresh.items() if stamp in names)
        moved = {new for _, new in moves}
        contents = {name: read(self.folder / name) for name in fresh if name not in moved}
        gone = set(before) - set(now) - {old for old, _ in moves}
        self._known = now
        return Changes(moves, contents, tuple(sorted(gone)))

    def _stamps(self) -> dict[str, _Stamp]:
        found = {}
        for path in self.folder.iterdir():
            if _travels(path.name):
                status = path.stat()
                found[path.name] = _Stamp(status.st_ino, status.st_size, status.st_mtime_ns)
        return found


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a trial from which its training goes on."""
    return {path.name: read(path) for path in folder.iterdir() if _travels(path.name)}


def has_begun(folder: Path) -> bool:
    """Whether there are such files."""
    return any(_travels(path.name) for path in folder.iterdir())


def apply(changes: Changes, folder: Path) -> None:
    """Do in `folder` what was done in another; whenever it is cut short, the state there is whole.

    Raises OSError where it cannot be written.
    """
    for old, new in changes.moves:
        (folder / old).replace(folder / new)
    for name, content in sorted(changes.contents.items(), key=_place):
        write_atomically(folder / name, partial(_write, content))
    for name in changes.removed:
        (folder / name).unlink(missing_ok=True)


def _travels(name: str) -> bool:
    return not name.startswith(".") and (name.endswith(_STATE) or name in _LAST)


def _place(file: tuple[str, bytes]) -> int:
    return _LAST.index(file[0]) + 1 if file[0] in _LAST else 0


def _write(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)
