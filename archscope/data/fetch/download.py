"""Files of datasets from a list of servers: resumable, and verified before they are used.

What has arrived is kept in `FILE.part`; a broken connection, another server or another run
goes on from there (HTTP Range). Whatever a server says about sizes, only the published MD5 decides
that a file is whole and right, and gets its own name. A server that is very slow is left for the
next.

`ARCHSCOPE_MIRRORS`: base addresses, separated by commas or spaces, that are tried before the
official server. `ADDRESS/cifar-10-binary.tar.gz` is asked for; `{name}` in an address becomes the
dataset's name ("cifar10").
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3

from archscope.data.fetch.progress import Meter
from archscope.errors import DataError, UsageError
from archscope.files import NotRegular, open_to_append, open_to_read

SERVERS = (
    "https://www.cs.toronto.edu/~kriz",
    "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/gluon/dataset/{name}",
)
"""CIFAR's official server, then copies of it that others keep."""

_LARGEST = 2**28  # bytes; CIFAR's archives have some 170 million
_CHUNK = 2**16
_TIMEOUT = (10, 30)  # seconds: to connect, between two chunks
_LEAST = 1000  # bytes a second that a server must send, ...
_PATIENCE = 60.0  # ... over so many seconds
_TRIES = 3  # of a server that sends nothing new
_PAUSE = 1.0  # seconds before the second try, doubled before each other one


@dataclass(frozen=True)
class Remote:
    """A published file: of which dataset (key and title), its name, its MD5.

    `servers` are the base addresses of those who publish it (None: CIFAR's), `largest` the bytes
    above which a server lies (None: more than CIFAR has).
    """

    dataset: str
    title: str
    name: str
    md5: str
    servers: tuple[str, ...] | None = None
    largest: int | None = None


def mirrors(servers: tuple[str, ...] | None = None) -> list[str]:
    """Return the base addresses to try: those of `ARCHSCOPE_MIRRORS`, then `servers`.

    Raises UsageError for one that is no http or https address.
    """
    own = re.split(r"[,\s]+", os.environ.get("ARCHSCOPE_MIRRORS", "").strip(", \t\n"))
    for address in filter(None, own):
        if not re.match(r"https?://[^/]", address):
            raise UsageError(
                f'ARCHSCOPE_MIRRORS has "{address}", but a mirror is an http or https address: '
                "write it as https://host/folder"
            )
    return [*filter(None, own), *(SERVERS if servers is None else servers)]


def fetch(remote: Remote, into: Path, *, progress: bool) -> Path:
    """Download a file into the folder `into` and return its path, verified by its MD5.

    Raises DataError where no server has it, or where it cannot be written.
    """
    failures = []
    for base in mirrors(remote.servers):
        url = f"{base.replace('{name}', remote.dataset).rstrip('/')}/{remote.name}"
        try:
            return _Resumable(remote, into, Meter(remote.name, shown=progress)).fetch(url)
        except _Failed as failure:
            failures.append(f"{_without_password(url)} ({failure})")
        except NotRegular as error:
            raise _not_a_file(error) from error
        except OSError as error:
            raise DataError(
                f"{remote.title} cannot be downloaded into {into} ({error.strerror or error}): "
                "make room and give permission there, or name another folder with --data-dir"
            ) from error
    raise DataError(
        f"{remote.title} could not be downloaded from {' or '.join(failures)}: try again (what "
        "has arrived is kept), set ARCHSCOPE_MIRRORS to a server that has it, or name a folder "
        "that holds it with --data-dir"
    )


def is_published(md5: str, file: Path) -> bool:
    """Say whether a file has the published MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    with open_to_read(file) as stream:
        while chunk := stream.read(2**20):
            digest.update(chunk)
    return digest.hexdigest() == md5


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Keep other processes out of a download into `folder` until this one is through.

    Where files cannot be locked nothing is: then two at once may fail, by the checksum.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    lock = folder / f".{name}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = open_to_append(lock)
    except NotRegular as error:
        raise _not_a_file(error) from error
    except OSError as error:
        raise DataError(
            f"{folder} cannot hold the dataset {name} ({error.strerror}): give permission there, "
            "or name another folder with --data-dir"
        ) from error
    with stream:
        with suppress(OSError):
            fcntl.flock(stream, fcntl.LOCK_EX)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _not_a_file(error: NotRegular) -> DataError:
    return DataError(
        f"{error.filename} cannot be written ({error.strerror}): remove it, or name another folder "
        "with --data-dir"
    )


class _Failed(Exception):
    """This server does not give us the file; the next may."""


class _Resumable:
    """Brings one address to a file, going on with what is there in part."""

    def __init__(self, remote: Remote, folder: Path, meter: Meter) -> None:
        self.remote = remote
        self.whole = folder / remote.name
        self.part = folder / f"{remote.name}.part"
        self.meter = meter

    def fetch(self, url: str) -> Path:
        """Download `url` and return the file, or raise _Failed (and keep what may be of use)."""
        if self.whole.is_file() and is_published(self.remote.md5, self.whole):
            return self.whole
        self.part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.meter:
                self._complete(url)
        finally:
            if self.part.is_file() and not self._size():
                self.part.unlink()
        self.part.replace(self.whole)
        return self.whole

    def _complete(self, url: str) -> None:
        """Ask until the part has the right checksum, or until it is clear that it never will."""
        most, idle, from_start = self._size(), 0, False
        while idle < _TRIES:
            if idle:
                time.sleep(_PAUSE * 2 ** (idle - 1))
            from_start = from_start or self._size() == 0
            try:
                self._ask(url)
                broken = None
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                broken = _reason(error)
            except ValueError as error:  # of an address that no library can take apart
                raise _Failed("it leads to a malformed address") from error
            if self._is_right():
                return
            if broken is None and self._size() <= most:
                # The server has nothing to add, so what we have is wrong from somewhere on.
                self.part.unlink(missing_ok=True)
                if from_start:
                    raise _Failed("its archive has another checksum than the published one")
            idle = 0 if self._size() > most else idle + 1
            most = max(most, self._size())
        raise _Failed(broken or "its archive has another checksum than the published one")

    def _ask(self, url: str) -> None:
        """Send one request and append to the part what comes; a whole answer replaces it."""
        have = self._size()
        # Not compressed on the way: the checksum is that of the file as published.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable and have:
                return
            if response.status_code >= 500:
                response.raise_for_status()  # it may pass: tried again
            if response.status_code >= 400:
                raise _Failed(f"HTTP {response.status_code} {response.reason}".strip())
            resumed = response.status_code == requests.codes.partial_content
            start = have if resumed and _starts_at(response, have) else 0
            if resumed and not start:
                raise _Failed("it answers with another part of the file than requested")
            self._append(response, start)

    def _append(self, response: requests.Response, start: int) -> None:
        self.meter.begin(start, _total(response, start))
        with open_to_append(self.part) as part:
            part.seek(part.truncate(start))
            for chunk in _hurried(_chunks(response)):
                part.write(chunk)
                self.meter.advance(len(chunk))
                if part.tell() > (self.remote.largest or _LARGEST):
                    part.truncate(0)
                    raise _Failed("it sends far more than the archive has")

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _is_right(self) -> bool:
        return self._size() > 0 and is_published(self.remote.md5, self.part)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body as it arrives: requests' own iterator would unpack a gzip transfer.

    And it would wait for whole chunks, however slowly they come.
    """
    raw: urllib3.HTTPResponse = response.raw
    while chunk := raw.read1(_CHUNK, decode_content=False):
        yield chunk


def _hurried(
    chunks: Iterator[bytes], clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """Yield the chunks while they come fast enough, else raise _Failed."""
    since, arrived = clock(), 0
    for chunk in chunks:
        yield chunk
        arrived += len(chunk)
        if (passed := clock() - since) >= _PATIENCE:
            if arrived < _LEAST * passed:
                raise _Failed(f"it sends less than {_LEAST // 1000} kB a second")
            since, arrived = clock(), 0


def _starts_at(response: requests.Response, start: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _total(response: requests.Response, start: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return start + int(length) if length.isdigit() else None


def _reason(error: Exception) -> str:
    """Return what went wrong in a few words; the text of these exceptions is a page."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}".strip()
    chain: list[BaseException] = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) and inner not in chain:
        chain.append(inner)
    for cause in chain:
        if isinstance(cause, socket.gaierror):
            return "its name is unknown, or there is no network"
        if isinstance(cause, urllib3.exceptions.ReadTimeoutError | TimeoutError):
            return "no answer in time"
        if isinstance(cause, requests.exceptions.SSLError):
            return "its certificate is not trusted"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    return "the connection broke"


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
