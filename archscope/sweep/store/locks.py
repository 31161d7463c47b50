"""Writing into a sweep's folder: one planner at a time, and errors that say what to do."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archscope.errors import ArchscopeError
from archscope.files import NotRegular, only_read, open_to_append, reason

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

_LOCK_FILE = ".lock"
# What a search writes before the plan of its trainings.
_OF_A_SEARCH = ("search.json", "latency.json")
_PATIENCE = 60.0


@contextmanager
def locked(
    folder: Path, patience: float = _PATIENCE, other: str = "cifar-sweep has been planning"
) -> Iterator[str | None]:
    """Make the folder if need be, and plan alone in it meanwhile: others wait for their turn.

    Where a folder that is there may only be read, nobody is locked out, and the context gets the
    system's reason; else None. Raises `ArchscopeError` where that takes longer than `patience`
    seconds (`other` has it), or nothing can be written. The lock is the kernel's: it ends with this
    process, however that ends.
    """
    with explained(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stream = open_to_append(folder / _LOCK_FILE)
        except OSError as error:
            if not (only_read(error) and folder.is_dir()):
                raise
            refused = reason(error)
            stream = None
    if stream is None:
        yield refused
        return
    with stream:
        until = time.monotonic() + patience
        while fcntl is not None:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise ArchscopeError(
                        f"Another {other} in {folder} for {patience:.0f} s: "
                        "end it if it hangs, or choose another --out."
                    ) from None
                time.sleep(0.05)
                continue
            except OSError:
                pass  # a file system without locks: the same command twice makes the same plan
            break
        yield None


def holds_something(folder: Path) -> bool:
    """Whether a folder is there with files in it that no plan precedes; raises `OSError`."""
    return folder.exists() and any(
        not path.name.startswith(".") and path.name not in _OF_A_SEARCH for path in folder.iterdir()
    )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an `OSError` of writing (disk full, read-only, not permitted) into one sentence."""
    try:
        yield
    except NotRegular as error:
        raise ArchscopeError(
            f"{error.filename} cannot be written ({error.strerror}): remove it and run the same "
            "command again (nothing finished is lost)."
        ) from None
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise too_many_files() from None
        raise cannot_write(folder, error.strerror or str(error)) from None


def cannot_write(folder: Path, why: str) -> ArchscopeError:
    """The error for a folder in which nothing can be written."""
    return ArchscopeError(
        f"The sweep's folder {folder} cannot be written ({why}): make room or allow it and run "
        "the same command again (nothing finished is lost), or choose another --out."
    )


def too_many_files() -> ArchscopeError:
    """The error for a system that opens no more files."""
    return ArchscopeError(
        "The system lets this sweep open no more files (too many open files): raise the limit "
        "(ulimit -n) or ask for fewer --workers, and run the same command again (nothing finished "
        "is lost)."
    )
