"""What is in the images of a folder: a mark of each file's content, and whether it can be read.

Every file is looked at once: what was found is kept under `$ARCHSCOPE_HOME/images` (or the user's
cache), and counts as long as size and times of the file are the same. Without a place to keep it,
each process looks anew.

    up to 2 GB in all    each file is read whole: its SHA-256 is the mark, and it is decoded
    above                the mark is that of its first and its last 16 KiB, and its header is read
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.data.batches.pictures import coloured, is_transparent, is_turned, opened, reason
from archscope.data.dataset import Files
from archscope.data.fetch import locate
from archscope.data.fetch.progress import Meter
from archscope.data.sets.listing import Listed
from archscope.errors import DataError
from archscope.files import open_to_read, write_atomically

WHOLE = 2 * 10**9
"""Bytes of all images of a folder up to which each of them is read whole."""
ENDS = 2**14
"""Bytes at the beginning and at the end of a file that make its mark where there are more."""

TURNED, TRANSPARENT = 1, 2
_THREADS = 8
_PART = 256  # images that a thread takes at a time
_LARGE = 2**24  # pixels of an image above which one is decoded at a time: each may take 0.6 GB
_FRESH = 2 * 10**9  # nanoseconds: what changed so shortly ago may change again unseen
_SHOWN = 3 * 10**8  # bytes that take so long to read that it is shown
_ONE_LARGE = threading.Lock()

_Marks = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Looked:
    """Of each image a mark, uint8 (N, 32), and what it is: `TURNED`, `TRANSPARENT`, uint8 (N,)."""

    marks: _Marks
    facts: _Marks
    whole: bool


@dataclass(frozen=True, eq=False)
class _Kept:
    """What the last look found, and of which files."""

    names: npt.NDArray[np.bytes_]
    sizes: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    marks: _Marks
    facts: _Marks
    whole: npt.NDArray[np.bool_]


def look(images: Listed, *, progress: bool = False) -> Looked:
    """Look at all images of a folder, or at those that have changed since the last time.

    Raises DataError, in one sentence, where some cannot be read.
    """
    whole = int(images.sizes.sum()) <= WHOLE
    place = locate.home() / "images" / f"{_name(images.files.root)}.npz"
    marks = np.zeros((len(images.sizes), 32), dtype=np.uint8)
    facts = np.zeros(len(images.sizes), dtype=np.uint8)
    known = _remembered(place, images, whole, marks, facts)
    missing = np.flatnonzero(~known)
    if len(missing):
        began = time.time_ns()
        cost = int((images.sizes if whole else np.minimum(images.sizes, 2 * ENDS))[missing].sum())
        with Meter("the images", shown=progress and cost > _SHOWN, doing="reading") as meter:
            meter.begin(0, cost)
            try:
                _look_at(images.files, missing, (marks, facts, known), meter.advance, whole=whole)
            finally:  # also where some are damaged, or it was interrupted
                steady = known & (images.times.max(axis=1) < began - _FRESH)
                _keep(place, images, Looked(marks, facts, whole), steady)
    return Looked(marks, facts, whole)


def _name(root: Path) -> str:
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:32]


def _remembered(
    place: Path, images: Listed, whole: bool, marks: _Marks, facts: _Marks
) -> npt.NDArray[np.bool_]:
    """Fill in what was found before; returns of which images."""
    kept, names = _read(place), images.files.names
    if kept is None or not len(kept.names) or bool(kept.whole) != whole:
        return np.zeros(len(names), dtype=np.bool_)
    order = np.argsort(kept.names, kind="stable")
    at = np.searchsorted(kept.names, names, sorter=order)
    rows = order[np.minimum(at, len(order) - 1)]
    known: npt.NDArray[np.bool_] = kept.names[rows] == names
    known &= kept.sizes[rows] == images.sizes
    known &= (kept.times[rows] == images.times).all(axis=1)
    marks[known], facts[known] = kept.marks[rows[known]], kept.facts[rows[known]]
    return known


def _read(place: Path) -> _Kept | None:
    """What is kept, or None: it is looked up again where it is damaged."""
    try:
        with open_to_read(place) as stream, np.load(stream, allow_pickle=False) as found:
            kept = _Kept(**{name: found[name] for name in _Kept.__annotations__})
        lengths = {len(column) for column in (kept.names, kept.sizes, kept.times, kept.marks)}
        fits = lengths == {len(kept.facts)} and kept.marks.shape[1:] == (32,)
        return kept if fits and kept.times.shape[1:] == (2,) else None
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _keep(place: Path, images: Listed, found: Looked, steady: npt.NDArray[np.bool_]) -> None:
    columns: dict[str, Any] = {
        "names": images.files.names[steady],
        "sizes": images.sizes[steady],
        "times": images.times[steady],
        "marks": found.marks[steady],
        "facts": found.facts[steady],
        "whole": np.array(found.whole),
    }
    with suppress(OSError):  # without it the next process looks anew
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, lambda stream: np.savez(stream, **columns))


def _look_at(
    files: Files,
    missing: npt.NDArray[np.int64],
    into: tuple[_Marks, _Marks, npt.NDArray[np.bool_]],
    advance: Callable[[int], None],
    *,
    whole: bool,
) -> None:
    """Look at the images of these numbers, several at a time.

    Their marks, what they are, and that they are known, is written down.
    """
    damage: list[tuple[int, str]] = []
    stopped = threading.Event()

    def of_part(numbers: list[int]) -> int:
        read = 0
        for number in numbers:
            if stopped.is_set():
                break
            path = files.root / os.fsdecode(bytes(files.names[number]))
            try:
                mark, fact, size = _one(path, whole)
            except Exception as error:  # Pillow raises many kinds for a damaged file
                damage.append((number, f"{path} cannot be read as an image ({reason(error)})"))
                continue
            into[0][number] = np.frombuffer(mark, dtype=np.uint8)
            into[1][number] = fact
            into[2][number] = True
            read += size
        return read

    parts = [part.tolist() for part in np.split(missing, range(_PART, len(missing), _PART))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a damaged EXIF, or many pixels
        pool = ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1))
        try:
            for read in pool.map(of_part, parts):
                advance(read)
        finally:  # after Ctrl-C each thread ends with the image that it has
            stopped.set()
            pool.shutdown(cancel_futures=True)
    if damage:
        raise DataError(_sentence(sorted(damage), len(files)))


def _one(path: Path, whole: bool) -> tuple[bytes, int, int]:
    """A file's mark, what it is, and how many bytes were read for it."""
    digest, read = hashlib.sha256(), 0
    with open_to_read(path) as stream:
        if whole:
            while chunk := stream.read(2**20):
                digest.update(chunk)
                read += len(chunk)
        else:
            size = os.fstat(stream.fileno()).st_size
            for start in (0, max(0, size - ENDS)):
                stream.seek(start)
                digest.update(part := stream.read(ENDS))
                read += len(part)
    with opened(path) as image:
        fact = TURNED * is_turned(image) + TRANSPARENT * is_transparent(image)
        if whole:
            large = image.width * image.height > _LARGE
            with _ONE_LARGE if large else nullcontext():
                coloured(image)
    return digest.digest(), fact, read


def _sentence(damage: list[tuple[int, str]], images: int) -> str:
    first = damage[0][1]
    if len(damage) == 1:
        return f"{first}: replace it, or remove it"
    second = damage[1][1].partition(" cannot be read")[0]
    return (
        f"{first}, nor can {len(damage) - 1:,} more of the {images:,}, as {second}: replace them, "
        "or remove them"
    )
