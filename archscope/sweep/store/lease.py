"""A trial's lease: which process trains it, so that no two do, on one machine or on several.

A lease is a file `lease.N` in the trial's folder, and the highest N rules. Who wants the trial when
it is free makes `lease.N+1`, which only one process can; numbers never come back while a trial is
open, so that a process which was suspended cannot take an old lease for a new one.

The holder writes a counter into its lease every few seconds. Whoever waits compares what it reads
with what it read before, by its own clock: no two clocks are compared, and no time stamp is read.
On one machine it is quicker: a holder keeps its file locked, and the kernel drops the lock when the
process ends, however it ends. Needs a file system on which a file is made once (hard links, or
O_EXCL) and is soon seen everywhere. Over NFS this was not tested.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from archscope.documents import Unclear, json_value
from archscope.files import (
    NotRegular,
    Unreadable,
    open_to_read,
    read_ours,
    refuse_special,
    unreadable,
)

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

PREFIX = "lease."
_NAME = re.compile(re.escape(PREFIX) + "([1-9][0-9]*)")  # as `acquire` makes them, and no others
_TRIES = 100  # to read a lease that others take over or end meanwhile
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SIZE = 512  # bytes of every lease: written in place, so that a full disk does not end a heartbeat
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK}


@dataclass(frozen=True)
class Timing:
    """Seconds: between two heartbeats, between two looks at others' leases, until one expires."""

    beat: float = 5.0
    look: float = 1.0
    expiry: float = 60.0


class Seen(NamedTuple):
    """A lease as it was read: its number, and its bytes."""

    number: int
    content: bytes

    def document(self) -> dict[str, Any]:
        """What it says; empty where it is torn."""
        try:
            found = json_value(self.content)
        except Unclear:
            return {}
        return found if isinstance(found, dict) else {}


class Lease:
    """A lease that this process holds, until `release` or `discard`."""

    def __init__(self, path: Path, descriptor: int, document: dict[str, Any]) -> None:
        self.path = path
        self._descriptor = descriptor
        self._document = document

    def beat(self) -> None:
        """Show that the holder lives."""
        self._document["beat"] += 1
        self._write()

    def release(self) -> None:
        """Leave the trial to whoever comes; the file stays, as its number must not come back."""
        self._document["state"] = "free"
        try:
            self._write()
        finally:
            os.close(self._descriptor)

    def discard(self) -> None:
        """The trial has ended: no lease is needed any more."""
        os.close(self._descriptor)
        self.path.unlink(missing_ok=True)

    def drop(self) -> None:
        """Somebody else holds the trial now: leave everything as it is."""
        os.close(self._descriptor)

    def _write(self) -> None:
        os.pwrite(self._descriptor, _bytes(self._document), 0)
        getattr(os, "fdatasync", os.fsync)(self._descriptor)  # or a network file system keeps it


def newest(folder: Path) -> Seen | None:
    """The lease that rules a trial's folder, or `None`.

    Raises `Unreadable` where there is one that cannot be read.
    """
    path = folder
    for _ in range(_TRIES):
        numbers = _numbers(folder)
        if not numbers:
            return None
        path = folder / f"{PREFIX}{max(numbers)}"
        if (content := read_ours(path)) is not None:
            return Seen(max(numbers), content)
        # Taken over, or ended, just now.
    raise Unreadable(
        f"{path} cannot be read (it is listed, but cannot be opened): remove it and try again."
    )


def is_free(folder: Path, seen: Seen | None) -> bool:
    """Whether no process holds the trial: never leased, given back, or its holder known to be gone.

    A holder on another machine is never known to be gone: its lease has to expire.
    """
    if seen is None:
        return True
    document = seen.document()
    return document.get("state") == "free" or holder_is_gone(folder, seen)


def holder_is_gone(folder: Path, seen: Seen) -> bool:
    """Whether the holder was a process of this machine that has ended."""
    document = seen.document()
    if not document.get("lock") or document.get("machine") != machine():
        return False
    path = folder / f"{PREFIX}{seen.number}"
    try:
        with open_to_read(path) as stream:
            return _locked(stream.fileno(), shared=True)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unreadable(path, error) from None


def acquire(folder: Path, after: int) -> Lease | None:
    """Take the lease that follows number `after`; `None` where another process was faster."""
    path = folder / f"{PREFIX}{after + 1}"
    document: dict[str, Any] = {
        "state": "held",
        "machine": machine(),
        "host": socket.gethostname()[:64],
        "pid": os.getpid(),
        "lock": False,
        "beat": 0,
    }
    descriptor = _make(path, document)
    if descriptor is None:
        return None
    numbers = _numbers(folder)
    if max(numbers, default=0) > after + 1:  # this was an old number: the trial had moved on
        os.close(descriptor)
        path.unlink(missing_ok=True)
        return None
    for number in numbers:
        if number <= after:
            (folder / f"{PREFIX}{number}").unlink(missing_ok=True)
    return Lease(path, descriptor, document)


def number(path: Path) -> int:
    """The number of the lease at `path`."""
    return int(path.name.removeprefix(PREFIX))


def superseded(path: Path) -> bool:
    """Whether the lease at `path` rules no longer: taken over, or the trial was ended by others."""
    own = number(path)
    numbers = _numbers(path.parent)
    return own not in numbers or max(numbers) > own


def machine() -> str:
    """What identifies this machine for as long as it runs."""
    try:
        return _BOOT.read_text("utf-8").strip()
    except OSError:
        return f"{socket.gethostname()} {uuid.getnode():x}"


def _make(path: Path, document: dict[str, Any]) -> int | None:
    """A descriptor of the new file at `path`, or `None` where there is one.

    The file appears with its content and its lock: no process sees it empty or unlocked.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        document["lock"] = _locked(descriptor)
        _fill(descriptor, document)
        try:
            os.link(temporary, path)
        except FileExistsError:
            # NFS may say so of a link that it has made, when its first answer was lost.
            if os.fstat(descriptor).st_nlink < 2:
                os.close(descriptor)
                return None
        except FileNotFoundError:  # swept away by the winner, which tidies up, or with its folder
            os.close(descriptor)
            return None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(descriptor)
            document["lock"] = False
            return _make_without_links(path, document)
    except BaseException:
        os.close(descriptor)
        raise
    finally:
        temporary.unlink(missing_ok=True)
    return descriptor


def _make_without_links(path: Path, document: dict[str, Any]) -> int | None:
    """As `_make` on a file system without hard links: until it is filled it counts as held."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return None
    _fill(descriptor, document)
    return descriptor


def _fill(descriptor: int, document: dict[str, Any]) -> None:
    os.pwrite(descriptor, _bytes(document), 0)
    os.fsync(descriptor)


def _locked(descriptor: int, *, shared: bool = False) -> bool:
    """Lock the file; no if it is locked, or on a system or a file system without locks."""
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except (OSError, AttributeError):
        return False
    return True


def _bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode("utf-8").ljust(_SIZE - 1) + b"\n"


def _numbers(folder: Path) -> set[int]:
    """The leases in a folder; raises `Unreadable` for what has a lease's name and is no file."""
    found = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if name := _NAME.fullmatch(entry.name):
                    if not entry.is_file(follow_symlinks=False):
                        refuse_special(folder / entry.name)
                    found.add(int(name[1]))
    except FileNotFoundError:
        pass
    except NotRegular as error:
        raise unreadable(str(error.filename), error) from None
    except OSError as error:
        raise unreadable(folder, error) from None
    return found
