"""Opening files, ours and users': regular files alone, each either whole or absent when written.

What is opened for reading may be a link to a file, but no folder, pipe or device: those would block
or never end. What is opened for writing may not even be a link: it could lead to anybody's file.
Both fail with an `OSError` whose `strerror` is a phrase for people; `reading` makes a sentence of
it.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from archscope.errors import ArchscopeError

MOST = 2**30
"""Bytes above which a file is not read into memory."""

_CAREFUL = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CHUNK = 2**16
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}
_MISSING = (FileNotFoundError, NotADirectoryError)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


class NotRegular(OSError):
    """What has the file's name is a folder, a link, a pipe, a socket or a device."""

    def __init__(self, path: Path | str, mode: int) -> None:
        kind = _KINDS.get(stat.S_IFMT(mode), "a device")
        super().__init__(errno.EINVAL, f"it is {kind}, not a regular file", str(path))


class Unreadable(ArchscopeError):
    """A file of ours is there, but it cannot be read."""


def read(path: Path | str, *, pipes: bool = False, most: int = MOST) -> bytes:
    """The content of a file; `pipes` lets a user's text come through a pipe or device as well.

    Raises `OSError`, also for a name that no file can have and for more than `most` bytes.
    """
    descriptor = _open(path, pipes=pipes)
    try:
        size = os.fstat(descriptor).st_size  # 0 of a pipe
        parts, length = [], 0
        asked = min(max(size, _CHUNK), most) + 1
        while length <= most and (part := os.read(descriptor, asked)):
            parts.append(part)
            length += len(part)
    finally:
        os.close(descriptor)
    if length > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return b"".join(parts)


def read_text(path: Path | str, *, pipes: bool = False, most: int = MOST) -> str:
    """As `read`, as UTF-8; raises `OSError` for other bytes as well."""
    try:
        return read(path, pipes=pipes, most=most).decode("utf-8")
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "it is not UTF-8 text", str(path)) from None


def read_ours(path: Path | str) -> bytes | None:
    """The content of a file that archscope has written; None where there is none.

    Raises `Unreadable` where there is one that cannot be read, or a link that leads nowhere.
    """
    try:
        return read(path)
    except _MISSING as error:
        if Path(path).is_symlink():
            error.strerror = "it is a link that leads nowhere"
            raise unreadable(path, error) from None
        return None
    except OSError as error:
        raise unreadable(path, error) from None


def may_be_read(path: Path | str) -> bool:
    """Whether there is a file that this process may read: no for a folder it may not look into."""
    try:
        return Path(path).is_file() and os.access(path, os.R_OK)
    except (OSError, ValueError):
        return False


def at_home(path: os.PathLike[str] | str) -> Path:
    """A path that a user wrote, `~` in it the home; of a user that is unknown it stays."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 (Path's own refuses unknown users)


def open_to_read(path: Path | str) -> BinaryIO:
    """A stream of a regular file, or of a link to one; raises `OSError`."""
    stream: BinaryIO = os.fdopen(_open(path), "rb")
    return stream


@contextmanager
def reading(
    path: Path | str, fix: str, *, error: type[ArchscopeError] = Unreadable, what: str = ""
) -> Iterator[None]:
    """Turn an `OSError` of reading `path` into `error`, in one sentence that ends with the `fix`.

    `what` precedes the path: "the study ".
    """
    try:
        yield
    except OSError as caught:
        raise error(f"{what}{path} cannot be read ({reason(caught)}): {fix}") from None


def unreadable(path: Path | str, error: OSError) -> Unreadable:
    """The error for a file of ours that is there, but cannot be read."""
    fix = "restore it"
    if error.errno in _FORBIDDEN:
        fix = "allow it"
    elif isinstance(error, NotRegular):
        fix = "remove it"
    elif error.errno == errno.ENAMETOOLONG:
        fix = "name another"
    return Unreadable(f"{path} cannot be read ({reason(error)}): {fix} and try again.")


def only_read(error: OSError) -> bool:
    """Whether nothing is wrong but that a place may only be read."""
    return error.errno in (*_FORBIDDEN, errno.EROFS) and not isinstance(error, NotRegular)


def reason(error: OSError) -> str:
    """What the system says, without number and path."""
    return error.strerror or str(error) or type(error).__name__


def open_to_append(path: Path) -> BinaryIO:
    """A stream that writes at the end of a regular file, which is made if need be.

    Raises `OSError`, `NotRegular` where a link or anything else has that name.
    """
    refuse_special(path)  # for the phrase; the flags decide
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _CAREFUL | _NO_LINK
    descriptor = os.open(path, flags, 0o666)
    _check_regular(descriptor, path)
    stream: BinaryIO = os.fdopen(descriptor, "ab")
    return stream


def refuse_special(path: Path) -> None:
    """Raise `NotRegular` where something that is no regular file has that name."""
    try:
        mode = path.lstat().st_mode
    except _MISSING:
        return
    if not stat.S_ISREG(mode):
        raise NotRegular(path, mode)


def write_atomically(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place.

    The file is synced before the rename and the folder after it, so that a crash or a full disk
    leaves either the old content or the new one, never a part. Raises `OSError`, `NotRegular` where
    a link or anything else has that name.
    """
    refuse_special(path)
    # Not the process's number: another machine that shares the folder may have the same one.
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as stream:
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
    write_text(path, json_text(document))


def json_text(document: Any) -> str:
    """`document` as our files have it."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def destination(path: Path) -> Path:
    """The place of a file that a user named for output: links are followed, as a shell does.

    Raises `OSError` where that is a folder, has none around it, or links run in a circle.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "that is a folder", str(path))
        found = Path(os.path.realpath(path))
        if found.is_symlink():  # realpath gives up on them
            raise OSError(errno.ELOOP, "its symbolic links run in a circle", str(path))
    except ValueError:
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from None
    if not found.parent.is_dir():
        place = found.parent if path.parent.is_dir() else path.parent
        why = f"there is no folder {place}; make it first"
        raise FileNotFoundError(errno.ENOENT, why, str(path))
    return found


def _open(path: Path | str, *, pipes: bool = False) -> int:
    """A descriptor to read from; `pipes` lets all but folders pass, and waits for their writers."""
    try:
        descriptor = os.open(path, os.O_RDONLY | (0 if pipes else _CAREFUL))
    except ValueError:
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from None
    _check_regular(descriptor, path, pipes=pipes)
    return descriptor


def _check_regular(descriptor: int, path: Path | str, *, pipes: bool = False) -> None:
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode) and (not pipes or stat.S_ISDIR(mode)):
        os.close(descriptor)
        raise NotRegular(path, mode)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
